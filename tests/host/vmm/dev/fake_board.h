/* SPDX-License-Identifier: MIT */
/*
 * fake_board.h - what device models need of a machine, for host tests: a clock that tests set, an interrupt line
 * that counts, and power callbacks.
 */
#ifndef VOS_FAKE_BOARD_H
#define VOS_FAKE_BOARD_H

#include "device.h"
#include "mul_div.h"
#include "power.h"

struct fake_board {
	u64 ns;			/* guest time */
	u64 wall_start_ns;	/* Unix time at ns = 0 */
	u64 tsc_hz;
	u32 gsi;		/* last line that changed */
	bool is_asserted;
	u32 edges;		/* rising */
	u32 resets, poweroffs, suspends;
	bool is_suspended;
};

static inline u64 fake_ns(void *ctx)
{
	return ((struct fake_board *)ctx)->ns;
}

static inline u64 fake_wall_ns(void *ctx)
{
	struct fake_board *m = ctx;

	return m->wall_start_ns + m->ns;
}

static inline u64 fake_tsc(void *ctx)
{
	struct fake_board *m = ctx;

	return mul_div(m->ns, m->tsc_hz, NS_PER_SECOND);
}

static inline void fake_set_irq(void *ctx, u32 gsi, bool is_asserted)
{
	struct fake_board *m = ctx;

	m->edges += is_asserted && !m->is_asserted;
	m->is_asserted = is_asserted;
	m->gsi = gsi;
}

static inline void fake_reset(void *ctx)
{
	((struct fake_board *)ctx)->resets++;
}

static inline void fake_poweroff(void *ctx)
{
	((struct fake_board *)ctx)->poweroffs++;
}

static inline void fake_suspend(void *ctx, bool is_suspended)
{
	struct fake_board *m = ctx;

	m->suspends += is_suspended;
	m->is_suspended = is_suspended;
}

static inline struct clock fake_clock(struct fake_board *m)
{
	return (struct clock){ fake_tsc, fake_ns, fake_wall_ns, m->tsc_hz, m };
}

static inline struct irq_line fake_line(struct fake_board *m, u32 gsi)
{
	return (struct irq_line){ fake_set_irq, m, gsi };
}

static inline struct power_ops fake_power(struct fake_board *m)
{
	return (struct power_ops){ fake_reset, fake_poweroff, fake_suspend, m };
}

#endif
