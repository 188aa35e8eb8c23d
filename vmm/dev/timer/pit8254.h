/* SPDX-License-Identifier: MIT */
/*
 * pit8254.h - the three counters of an 8254 at 1.193182 MHz, and port 61h with the gate of counter 2.
 *
 * Counters are computed from the clock when they are read; only counter 0 has an interrupt and therefore a deadline.
 * All ticks that the VMM missed make one edge, and the phase is kept.
 */
#ifndef VOS_PIT8254_H
#define VOS_PIT8254_H

#include "device.h"

#define PIT_HZ 1193182u
#define PIT_COUNTERS 3u

struct pit_counter {
	u64 start_tick;		/* PIT tick at which the count was loaded or the gate rose */
	u64 frozen_ticks;	/* while the gate is low: how far it had come */
	u32 count;		/* 1..65536; BCD already decoded; 0 = none since the mode was set */
	u16 latch;
	u8 latch_bytes;		/* bytes of the latched count still to be read, 0 = not latched */
	u8 status;		/* latched status, if is_status_latched */
	u8 access, mode, low;	/* low = first byte of a count in two bytes */
	bool is_status_latched, is_bcd, gate, is_triggered, read_high, write_high;
};

struct pit {
	struct clock clock;
	struct irq_line irq;
	struct pit_counter counter[PIT_COUNTERS];
	u64 fired_tick;		/* counter 0: edges up to this tick have been raised */
	u8 speaker;		/* bits 0-1 of port 61h */
};

void pit_init(struct pit *p, const struct clock *clock, const struct irq_line *irq);

extern const struct region_ops pit_region;		/* 4 ports; device = struct pit */
extern const struct region_ops pit_control_region;	/* port 61h; device = struct pit */
extern const struct timer_ops pit_timer;

#endif
