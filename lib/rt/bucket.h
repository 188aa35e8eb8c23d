/* SPDX-License-Identifier: MIT */
/*
 * bucket.h - a limit of so many units a second, with a burst: a token bucket, kept as the time at which all that was
 * taken is paid for (the generic cell rate algorithm, ITU-T I.371). Pure.
 *
 * Something is taken whole as long as less than a burst is owed, whatever its size; so a request that is larger than
 * the burst passes too, and what follows waits longer.
 */
#ifndef VOS_BUCKET_H
#define VOS_BUCKET_H

#include "rt_time.h"
#include "types.h"

#define BUCKET_BURST_NS (100 * NS_PER_MS)

struct bucket {
	u64 rate;		/* units a second; 0 = no limit */
	u64 paid_ns;
};

/* 0: take; else so many nanoseconds later. */
static inline u64 bucket_wait_ns(const struct bucket *b, u64 now_ns)
{
	return b->rate != 0 && b->paid_ns > now_ns + BUCKET_BURST_NS ? b->paid_ns - now_ns - BUCKET_BURST_NS : 0;
}

/* units < 2^32 */
static inline void bucket_take(struct bucket *b, u64 now_ns, u64 units)
{
	if (b->rate == 0)
		return;
	if (b->paid_ns < now_ns)
		b->paid_ns = now_ns;
	b->paid_ns += units * NS_PER_S / b->rate;
}

/* Nothing is owed under the new rate. */
static inline void bucket_set(struct bucket *b, u64 rate)
{
	*b = (struct bucket){ .rate = rate };
}

#endif
