/* SPDX-License-Identifier: MIT */
/*
 * hpet.h - a high precision event timer (IA-PC HPET specification 1.0a): a 64-bit counter of 100 MHz and three
 * comparators, each one-shot or periodic, through the I/O APIC inputs HPET_ROUTES.
 *
 * The capabilities offer neither legacy replacement nor message interrupts. The counter and the comparators are
 * computed from the clock when they are read. All periods that the VMM missed make one interrupt, and the phase is
 * kept.
 */
#ifndef VOS_HPET_H
#define VOS_HPET_H

#include "device.h"

#define HPET_TIMERS 3u
#define HPET_TICK_NS 10u
/* First half of the capabilities register, block id of the ACPI table: the PCI bridge's vendor, 64 bits, timers. */
#define HPET_ID 0x1b362201u
#define HPET_ROUTES 0x00f00000u		/* I/O APIC inputs 20-23 */

struct hpet_timer {
	u64 config;		/* what the guest may write */
	u64 comparator, period;
	u64 due;		/* counter at which it fires; ~0 = never. Good while the counter runs */
};

struct hpet_ops {
	void (*armed)(void *ctx);	/* the deadline of hpet_timer_ops may have come nearer */
	void *ctx;
};

struct hpet {
	struct clock clock;
	struct hpet_ops ops;
	struct irq_line irq;	/* gsi: that of a timer is put in */
	u64 config, status;
	u64 start_tick;		/* running: the clock's tick at which the counter was 0 */
	u64 stopped;		/* else: the counter */
	u32 lines;		/* I/O APIC inputs that are asserted */
	struct hpet_timer timer[HPET_TIMERS];
};

void hpet_init(struct hpet *h, const struct hpet_ops *ops, const struct clock *clock, const struct irq_line *irq);

extern const struct region_ops hpet_region;	/* HPET_BYTES; device = struct hpet */
extern const struct timer_ops hpet_timer_ops;

#endif
