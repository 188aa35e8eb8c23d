/* SPDX-License-Identifier: MIT */
/*
 * definition_slots.c - see definition_slots.h.
 */
#include "definition_slots.h"

#include <string.h>

static void hash_of(const struct definition_header *h, u8 hash[BLAKE2B_BYTES])
{
	struct blake2b sum;

	blake2b_init(&sum);
	blake2b_add(&sum, h, offsetof(struct definition_header, hash));
	blake2b_finish(&sum, hash);
}

void definition_header_fill(struct definition_header *h, u64 generation, u64 bytes, u64 record_bytes,
	const u8 text_hash[BLAKE2B_BYTES])
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, DEFINITION_MAGIC, sizeof(h->magic));
	h->generation = generation;
	h->bytes = bytes;
	h->record_bytes = record_bytes;
	memcpy(h->text_hash, text_hash, sizeof(h->text_hash));
	hash_of(h, h->hash);
}

u64 definition_content_bytes(const struct definition_header *h)
{
	return h->bytes + h->record_bytes;
}

bool definition_is_same_text(const struct definition_header *a, const struct definition_header *b)
{
	return a->bytes == b->bytes && a->record_bytes == b->record_bytes &&
	       memcmp(a->text_hash, b->text_hash, sizeof(a->text_hash)) == 0;
}

static bool is_zero(const void *bytes, size_t count)
{
	const u8 *p = bytes;
	u8 all = 0;

	for (size_t i = 0; i < count; i++)
		all |= p[i];
	return all == 0;
}

enum definition_slot_state definition_header_judge(const struct definition_header *h)
{
	u8 hash[BLAKE2B_BYTES];

	if (is_zero(h, sizeof(*h)))
		return DEFINITION_SLOT_EMPTY;
	if (memcmp(h->magic, DEFINITION_MAGIC, sizeof(h->magic)) != 0 || h->generation == 0 ||
	    h->generation == ~0ull || h->bytes > DEFINITION_TEXT_BYTES ||
	    h->record_bytes > DEFINITION_RECORDS_BYTES || !is_zero(h->zero, sizeof(h->zero)))
		return DEFINITION_SLOT_BAD;
	hash_of(h, hash);
	return memcmp(hash, h->hash, sizeof(hash)) == 0 ? DEFINITION_SLOT_FULL : DEFINITION_SLOT_BAD;
}

u32 definition_newest(const struct definition_header h[DEFINITION_SLOTS], u32 slots)
{
	u32 best = DEFINITION_SLOTS;

	for (u32 i = 0; i < DEFINITION_SLOTS; i++)
		if ((slots & BIT32(i)) != 0 && (best == DEFINITION_SLOTS || h[i].generation > h[best].generation))
			best = i;
	return best;
}
