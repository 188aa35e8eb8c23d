/* SPDX-License-Identifier: MIT */
/*
 * log_blocks.c - see log_blocks.h.
 */
#include "log_blocks.h"

#include <stddef.h>
#include <string.h>

static void hash_of(const struct log_block *block, u8 hash[BLAKE2B_BYTES])
{
	struct blake2b sum;

	blake2b_init(&sum);
	blake2b_add(&sum, block, offsetof(struct log_block, hash));
	blake2b_add(&sum, block->bytes, block->count);
	blake2b_finish(&sum, hash);
}

void log_block_fill(struct log_block *block, u64 log, u64 start, const char *bytes, u32 count)
{
	memset(block, 0, sizeof(*block));
	memcpy(block->magic, LOG_MAGIC, sizeof(block->magic));
	block->log = log;
	block->start = start;
	block->count = count;
	memcpy(block->bytes, bytes, count);
	hash_of(block, block->hash);
}

bool log_block_ok(const struct log_block *block, u64 log)
{
	u8 hash[BLAKE2B_BYTES];

	if (memcmp(block->magic, LOG_MAGIC, sizeof(block->magic)) != 0 || block->log != log || block->count == 0 ||
	    block->count > LOG_PIECE_BYTES || block->start > ~0ull - LOG_PIECE_BYTES)
		return false;
	hash_of(block, hash);
	return memcmp(hash, block->hash, sizeof(hash)) == 0;
}

void log_index_read(struct log_index *index, const struct log_block blocks[LOG_BLOCKS], u64 log)
{
	for (u32 i = 0; i < LOG_BLOCKS; i++) {
		bool is_ok = log_block_ok(&blocks[i], log);

		index->start[i] = is_ok ? blocks[i].start : 0;
		index->count[i] = is_ok ? blocks[i].count : 0;
	}
}

/* Another place has the same bytes, and perhaps more. */
static bool is_superseded(const struct log_index *index, u32 place)
{
	for (u32 i = 0; i < LOG_BLOCKS; i++)
		if (i != place && index->start[i] == index->start[place] &&
		    (index->count[i] > index->count[place] ||
		     (index->count[i] == index->count[place] && i > place)))
			return true;
	return false;
}

u32 log_index_place(const struct log_index *index)
{
	u32 oldest = 0;

	for (u32 i = 0; i < LOG_BLOCKS; i++)
		if (index->count[i] == 0)
			return i;
	for (u32 i = 0; i < LOG_BLOCKS; i++) {
		if (is_superseded(index, i))
			return i;
		if (index->start[i] < index->start[oldest])
			oldest = i;
	}
	return oldest;
}

u32 log_index_next(const struct log_index *index, u64 from)
{
	u32 best = LOG_BLOCKS;

	for (u32 i = 0; i < LOG_BLOCKS; i++) {
		if (index->count[i] == 0 || index->start[i] < from)
			continue;
		if (best == LOG_BLOCKS || index->start[i] < index->start[best] ||
		    (index->start[i] == index->start[best] && index->count[i] > index->count[best]))
			best = i;
	}
	return best;
}
