/* SPDX-License-Identifier: MIT */
/*
 * history.c - see history.h.
 */
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "range.h"

static void allocate(struct history *h)
{
	if (!h->bytes)
		h->bytes = malloc(HISTORY_BYTES);
}

void history_add(struct history *h, const char *bytes, size_t count)
{
	if (count)
		allocate(h);
	for (size_t done = 0, part; done < count && h->bytes; done += part) {
		size_t at = (h->written + done) % HISTORY_BYTES;

		part = min_u64(count - done, HISTORY_BYTES - at);
		memcpy(h->bytes + at, bytes + done, part);
	}
	h->written += count;
}

void history_put_before(struct history *h, const struct history *old)
{
	u64 used = h->written - h->first, room = used < HISTORY_BYTES ? HISTORY_BYTES - used : 0;
	u64 count = min_u64(min_u64(room, h->first), old->written - history_start(old));

	if (count != 0)
		allocate(h);
	if (!h->bytes)
		return;
	for (u64 i = 1; i <= count; i++)
		h->bytes[(h->first - i) % HISTORY_BYTES] = old->bytes[(old->written - i) % HISTORY_BYTES];
	h->first -= count;
}

void history_free(struct history *h)
{
	free(h->bytes);
	*h = (struct history){ 0 };
}

u64 history_start(const struct history *h)
{
	if (!h->bytes)
		return h->written;
	return max_u64(h->first, h->written > HISTORY_BYTES ? h->written - HISTORY_BYTES : 0);
}

u64 history_tail(const struct history *h, u32 lines)
{
	u64 start = history_start(h), at = h->written;

	if (at > start && h->bytes[(at - 1) % HISTORY_BYTES] == '\n')
		at--;
	for (; at > start; at--)
		if (h->bytes[(at - 1) % HISTORY_BYTES] == '\n' && --lines == 0)
			break;
	return at;
}

size_t history_read(const struct history *h, u64 from, char *to, size_t count)
{
	size_t i;

	if (from < history_start(h) || from > h->written)
		return 0;
	if (count > h->written - from)
		count = (size_t)(h->written - from);
	for (i = 0; i < count; i++)
		to[i] = h->bytes[(from + i) % HISTORY_BYTES];
	return i;
}
