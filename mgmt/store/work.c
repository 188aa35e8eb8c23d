/* SPDX-License-Identifier: MIT */
/*
 * work.c - see work.h.
 */
#include "work.h"

#define SECTORS_EACH 128u	/* a driver's work for a request grows with its pages, slowly */

static struct store_work *work;
static u64 (*now)(void);
static u64 quantum, since, untold;

/* Root reads it at any time. */
static void add(u64 *word, u64 count)
{
	__atomic_store_n(word, *word + count, __ATOMIC_RELAXED);
}

void work_init(struct store_work *to, u64 (*clock)(void), u64 ticks)
{
	work = to;
	now = clock;
	quantum = ticks;
	untold = 0;
	work_begin();
}

void work_begin(void)
{
	since = now();
}

void work_for(u32 vm)
{
	u64 passed = now() - since;

	since += passed;
	untold += passed;
	add(&work->ticks[vm], passed);
}

void work_handed(u32 driver, u32 vm, u64 sectors)
{
	add(&work->requests[driver][vm], 1 + sectors / SECTORS_EACH);
}

bool work_is_due(void)
{
	bool is_due = untold >= quantum;

	if (is_due)
		untold = 0;
	return is_due;
}
