/* SPDX-License-Identifier: MIT */
/*
 * history.h - the last 64 KiB that a VM wrote to its terminal. Taken from the heap with the first byte; if that
 * fails, what is written is counted and lost.
 */
#ifndef VOS_HISTORY_H
#define VOS_HISTORY_H

#include "types.h"

#define HISTORY_BYTES 65536u

struct history {
	char *bytes;	/* HISTORY_BYTES, or 0 */
	u64 written;	/* bytes ever added, and `first`; byte n is at n % HISTORY_BYTES */
	u64 first;	/* number of the first one: what came before it may be added later */
};

void history_add(struct history *history, const char *bytes, size_t count);
/* What came before the first byte: the last of `old`, as far as there is room. */
void history_put_before(struct history *history, const struct history *old);
void history_free(struct history *history);
/* The oldest byte still there. */
u64 history_start(const struct history *history);
/* Where the last `lines` lines begin (a last line without its newline counts). */
u64 history_tail(const struct history *history, u32 lines);
/* Copy up to count bytes from position `from` on; returns how many. */
size_t history_read(const struct history *history, u64 from, char *to, size_t count);

#endif
