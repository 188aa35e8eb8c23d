/* SPDX-License-Identifier: MIT */
/*
 * rtc.h - MC146818 real-time clock with 128 bytes of CMOS memory.
 *
 * The time is the wall clock plus an offset that the guest changes by setting the clock; it dies with the run.
 * Periodic, alarm and update interrupts.
 */
#ifndef VOS_RTC_H
#define VOS_RTC_H

#include "device.h"

#define CMOS_BYTES 128u

struct rtc {
	struct clock clock;
	struct irq_line irq;
	s64 offset_s;		/* guest's time minus wall time */
	u64 period_count;	/* periods of the periodic interrupt accounted so far */
	u64 update_s;		/* last second (guest's time) accounted */
	u8 index;
	u8 cmos[CMOS_BYTES];
};

/* What a PC's CMOS memory says of the machine. */
struct rtc_machine {
	u64 memory_low, memory_high;	/* bytes of RAM below 4 GiB and from there on */
	u32 cpus;
};

void rtc_init(struct rtc *r, const struct clock *clock, const struct irq_line *irq, const struct rtc_machine *machine);

extern const struct region_ops rtc_region;	/* 2 ports; device = struct rtc */
extern const struct timer_ops rtc_timer;

#endif
