/* SPDX-License-Identifier: MIT */
/*
 * clock.c - see clock.h. The layout is that of Linux' asm/pvclock-abi.h.
 */
#include "clock.h"

#define MSR_WALL 0x4b564d00u
#define MSR_SYSTEM 0x4b564d01u

static struct {
	volatile u32 version;
	u32 pad;
	volatile u64 tsc, ns;
	volatile u32 multiplier;
	volatile s8 shift;
	volatile u8 flags, pad2[2];
} page __attribute__((aligned(64)));

static struct {
	volatile u32 version, seconds, ns;
} wall __attribute__((aligned(64)));

bool clock_init(void)
{
	if (cpuid(0x40000000, 0).a < 0x40000001 || !(cpuid(0x40000001, 0).a & BIT32(3)))
		return false;
	write_msr(MSR_WALL, (u64)&wall);
	write_msr(MSR_SYSTEM, (u64)&page | 1);
	return page.multiplier != 0;
}

u64 clock_ns(void)
{
	u64 since, ns;
	u32 version;

	if (page.multiplier == 0)
		return read_tsc();
	do {
		version = page.version;
		__asm__ volatile("lfence" : : : "memory");
		since = read_tsc() - page.tsc;
		since = page.shift >= 0 ? since << page.shift : since >> -page.shift;
		ns = page.ns + (u64)((unsigned __int128)since * page.multiplier >> 32);
		__asm__ volatile("lfence" : : : "memory");
	} while ((version & 1) || version != page.version);
	return ns;
}

u64 clock_wall_ns(void)
{
	return clock_ns() + wall.seconds * 1000000000ull + wall.ns;
}
