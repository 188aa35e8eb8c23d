/*
 * mul_div.h - a * b / c with a 128-bit product, for conversions between clocks. Saturates instead of overflowing.
 */
#ifndef VOS_MUL_DIV_H
#define VOS_MUL_DIV_H

#include "types.h"

#define NS_PER_SECOND 1000000000ull

/* c is not 0. */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
	unsigned __int128 result = (unsigned __int128)a * b / c;

	return result > ~0ull ? ~0ull : (u64)result;
}

/* Likewise, rounded up: the first moment at which so much has passed. */
static inline u64 mul_div_up(u64 a, u64 b, u64 c)
{
	unsigned __int128 result = ((unsigned __int128)a * b + (c - 1)) / c;

	return result > ~0ull ? ~0ull : (u64)result;
}

#endif
