/* SPDX-License-Identifier: MIT */
/*
 * range.h - the only way to check a range that somebody else named.
 */
#ifndef VOS_RANGE_H
#define VOS_RANGE_H

#include "types.h"

/* True if [start, start + len) lies within [0, limit). Never overflows. */
static inline bool range_ok(u64 start, u64 len, u64 limit)
{
	return len <= limit && start <= limit - len;
}

/* True if x is a multiple of the power of two `align`. */
static inline bool aligned_ok(u64 x, u64 align)
{
	return (x & (align - 1)) == 0;
}

static inline u64 align_down(u64 x, u64 align)
{
	return x & ~(align - 1);
}

/* The caller has made sure that x + align does not overflow. */
static inline u64 align_up(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

#endif
