/* SPDX-License-Identifier: MIT */
/*
 * rt_time.h - time stamp counter <-> nanoseconds, without a division after the start.
 *
 * Both conversions are a multiplication by a 32.32 fixed-point factor and a shift; they are exact to one part in 2^31
 * or better for counters between 2 MHz and 500 GHz, and saturate instead of wrapping.
 */
#ifndef VOS_RT_TIME_H
#define VOS_RT_TIME_H

#include "types.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

struct rt_time {
	u64 ns_factor;		/* ns per tick, 32.32 */
	u64 tsc_factor;		/* ticks per ns, 32.32 */
	u64 tsc_boot;
};

/* tsc_hz and tsc_boot as in the info page; a rate of 0 is taken as 1 GHz. */
void rt_time_init(struct rt_time *time, u64 tsc_hz, u64 tsc_boot);

/* Durations. */
u64 rt_time_ns(const struct rt_time *time, u64 ticks);
u64 rt_time_ticks(const struct rt_time *time, u64 ns);

static inline u64 rt_time_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* Nanoseconds since the kernel started. */
u64 rt_time_now_ns(const struct rt_time *time);

/* The counter's value ns nanoseconds from now, as a deadline for system calls. */
u64 rt_time_after(const struct rt_time *time, u64 ns);

#endif
