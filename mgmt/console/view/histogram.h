/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - counts of how long something took, by powers of two of a nanosecond: bucket i counts what took from 2^i
 * to 2^(i+1) ns, bucket 0 also what took no time.
 */
#ifndef VOS_HISTOGRAM_H
#define VOS_HISTOGRAM_H

#include "out.h"
#include "types.h"

/* One line a bucket, from the first to the last that is not empty; what is in bucket 0 happened "at once". */
void histogram_show(const struct out *out, const u64 *buckets, u32 count);

/* The bucket in which `percent` of all counts are reached; `count` if there are none. */
u32 histogram_percentile(const u64 *buckets, u32 count, u32 percent);

#endif
