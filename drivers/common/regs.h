/* SPDX-License-Identifier: MIT */
/*
 * regs.h - a device's registers, as memory or as I/O ports: through functions, so that host tests can play the device.
 *
 * Accesses happen in program order, and after all earlier stores to memory (registers are mapped uncached, and
 * x86 orders stores; the compiler is told by regs_write).
 */
#ifndef VOS_REGS_H
#define VOS_REGS_H

#include "types.h"

struct regs {
	u64 (*read)(void *at, u32 offset, u32 size);		/* size: 1, 2, 4 or 8 */
	void (*write)(void *at, u32 offset, u32 size, u64 value);
	void *at;
	u64 bytes;	/* or ports; offsets below */
};

/* Registers in memory at `address`, and I/O ports from `port` on. */
struct regs regs_memory(u64 address, u64 bytes);
struct regs regs_ports(u32 port, u32 count);
/* A part of them; the caller has checked that it is inside. */
struct regs regs_part(const struct regs *r, u32 offset, u64 bytes);

static inline u32 regs_read(const struct regs *r, u32 offset, u32 size)
{
	return (u32)r->read(r->at, offset, size);
}

static inline u64 regs_read64(const struct regs *r, u32 offset)
{
	return r->read(r->at, offset, 8);
}

static inline void regs_write(const struct regs *r, u32 offset, u32 size, u64 value)
{
	__asm__ volatile("" : : : "memory");
	r->write(r->at, offset, size, value);
}

#endif
