/* SPDX-License-Identifier: MIT */
/*
 * rt_time.c - see rt_time.h.
 */
#include "rt_time.h"

static u64 scale(u64 value, u64 factor)
{
	unsigned __int128 product = (unsigned __int128)value * factor >> 32;

	return product > ~0ull ? ~0ull : (u64)product;
}

void rt_time_init(struct rt_time *time, u64 tsc_hz, u64 tsc_boot)
{
	u64 hz = tsc_hz != 0 ? tsc_hz : NS_PER_S;

	time->ns_factor = (u64)(((unsigned __int128)NS_PER_S << 32) / hz);
	time->tsc_factor = (u64)(((unsigned __int128)hz << 32) / NS_PER_S);
	time->tsc_boot = tsc_boot;
}

u64 rt_time_ns(const struct rt_time *time, u64 ticks)
{
	return scale(ticks, time->ns_factor);
}

u64 rt_time_ticks(const struct rt_time *time, u64 ns)
{
	return scale(ns, time->tsc_factor);
}

u64 rt_time_now_ns(const struct rt_time *time)
{
	return rt_time_ns(time, rt_time_tsc() - time->tsc_boot);
}

u64 rt_time_after(const struct rt_time *time, u64 ns)
{
	u64 now = rt_time_tsc(), ticks = rt_time_ticks(time, ns);

	return ticks < ~0ull - now ? now + ticks : ~0ull;
}
