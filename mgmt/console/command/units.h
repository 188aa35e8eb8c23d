/* SPDX-License-Identifier: MIT */
/*
 * units.h - sizes, times, counts and names as people write them, and back.
 */
#ifndef VOS_UNITS_H
#define VOS_UNITS_H

#include "types.h"

#define NS_PER_MS 1000000ull
#define NS_PER_SECOND 1000000000ull
#define UNIT_TEXT_BYTES 24u
#define SET_TEXT_BYTES 256u

/* Each judges the whole text and leaves *value alone if it is not right. None overflows. */
bool count_parse(const char *text, u32 limit, u32 *value);	/* decimal, 0 .. limit */
bool number_parse(const char *text, u64 *value);			/* decimal */
bool size_parse(const char *text, u64 *bytes);	/* 8G, 1.5G and 8GiB binary, 8GB decimal; a unit (K M G T) is needed */
bool time_parse(const char *text, u64 *ns);	/* 5ms, 10s, 2m, 1h; a bare number is seconds */
bool set_parse(const char *text, u64 *mask);	/* 0,2-3: numbers 0 to 63 and ranges of them, as bits */
bool ipv4_parse(const char *text, u32 *address);	/* 10.0.0.1, in the processor's byte order */
bool name_ok(const char *text);			/* [a-z0-9][a-z0-9-]{0,30} */

/* Exactly 2 * count digits, 0-9 and a-f. */
bool hex_parse(const char *text, u8 *to, size_t count);

/* Write into text[UNIT_TEXT_BYTES] and return it. */
const char *size_text(char *text, u64 bytes, bool rounds_up);	/* "3.1 GiB" */
const char *size_short(char *text, u64 bytes);			/* "3.1G", "64M" */
const char *size_flag(char *text, u64 bytes); /* "3G", "768M": what a flag takes, not more than bytes */
const char *rate_text(char *text, u64 bytes); /* a multiple of 1K, exactly: "64K", "3M"; "" for 0 */
const char *duration_text(char *text, u64 ns);			/* "00:14:02", "3d 00:14:02" */
const char *seconds_text(char *text, u64 ns);			/* "12.345 s" */
const char *count_text(char *text, u64 count);			/* "1,234,567" */
const char *ipv4_text(char *text, u32 address);			/* "10.0.0.1" */
const char *date_text(char *text, u64 unix_ns);			/* "2024-02-29 12:34:56", UTC */
/* Into text[SET_TEXT_BYTES]: "0,2-3", "-" for the empty set. */
const char *set_text(char *text, u64 mask);

/* On average. */
u64 per_second(u64 count, u64 ns);

#endif
