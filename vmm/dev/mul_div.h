/* SPDX-License-Identifier: MIT */
/*
 * mul_div.h - a * b / c with a 128-bit product, for conversions between clocks. Saturates instead of overflowing.
 */
#ifndef VOS_MUL_DIV_H
#define VOS_MUL_DIV_H

#include "types.h"

#define NS_PER_SECOND 1000000000ull

/* DIV: the quotient fits in 64 bits exactly if the upper half is less than the divisor. */
static inline u64 divide_wide(unsigned __int128 a, u64 c)
{
	u64 low = (u64)a, high = (u64)(a >> 64);

	if (high >= c)
		return ~0ull;
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
	return low;
}

/* c is not 0. */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
	return divide_wide((unsigned __int128)a * b, c);
}

/* Likewise, rounded up: the first moment at which so much has passed. */
static inline u64 mul_div_up(u64 a, u64 b, u64 c)
{
	return divide_wide((unsigned __int128)a * b + (c - 1), c);
}

#endif
