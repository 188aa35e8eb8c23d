/* SPDX-License-Identifier: MIT */
/*
 * device.h - the interfaces between a device model and the rest of the VMM.
 *
 * Device models are pure: they know neither system calls nor other devices, only these interfaces, so that host tests
 * run them as they are. All values from the guest are foreign. A device never fails: an access that means nothing reads
 * as all ones and writes nothing.
 */
#ifndef VOS_DEVICE_H
#define VOS_DEVICE_H

#include "syscalls.h"	/* DEADLINE_NONE */
#include "types.h"

/*
 * An access of `size` (1, 2, 4 or 8) bytes at `offset` from the start of the region; PIO regions: offset from the first
 * port.
 */
#define SETS_TIMER_BY_READ BIT32(0)
#define SETS_TIMER_BY_WRITE BIT32(1)

struct region_ops {
	u64 (*read)(void *device, u64 offset, u32 size);
	void (*write)(void *device, u64 offset, u32 size, u64 value);
	/* SETS_TIMER_*: which accesses may bring the deadline of its timer_ops nearer. Ports only: see bus_add_mmio. */
	u32 sets_timer;
	/* May the vCPU sleep that reads this clock over and over? NULL: it is no clock. Ports only. */
	bool (*may_nap)(void *device, u64 offset);
};

/* An input of the interrupt controllers (I/O APIC and, on platform pc, the 8259s). */
struct irq_line {
	void (*set)(void *ctx, u32 gsi, bool is_asserted); /* level as seen on the wire; an edge is false -> true */
	void *ctx;
	u32 gsi;
};

static inline void irq_line_set(const struct irq_line *line, bool is_asserted)
{
	line->set(line->ctx, line->gsi, is_asserted);
}

/* Time as devices see it: guest TSC ticks and nanoseconds; both stand still while the VM is paused. */
struct clock {
	u64 (*tsc)(void *ctx);		/* guest TSC now */
	u64 (*ns)(void *ctx);		/* guest monotonic time in ns since power on */
	u64 (*wall_ns)(void *ctx);	/* Unix time */
	u64 tsc_hz;
	void *ctx;
};

/* A device with timers: its next deadline (guest ns; DEADLINE_NONE = none), and a function that runs what is due. */
struct timer_ops {
	u64 (*deadline_ns)(void *device);
	void (*run)(void *device);
};

#endif
