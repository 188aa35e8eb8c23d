/* SPDX-License-Identifier: MIT */
/*
 * space.c - see space.h.
 */
#include "space.h"

#include <string.h>

#include "layout.h"
#include "meta.h"
#include "range.h"

#define WORDS_PER_LEAF (POOL_NODE_BYTES / 2u)
#define FULL 0xffffu
#define SEARCH 64u		/* chunks that are looked at for one that is used in part, before a new one is begun */

static u32 bits_of(u64 block, u32 count)
{
	return (BIT32(count) - 1) << (block % POOL_CHUNK_BLOCKS);
}

static void set_busy(struct space *s, u64 block, u32 count)
{
	u16 *word = &s->busy[block / POOL_CHUNK_BLOCKS];

	s->free_chunks -= *word == 0;
	s->free_blocks -= count;
	*word = (u16)(*word | bits_of(block, count));
}

static void clear_busy(struct space *s, u64 block, u32 count)
{
	u16 *word = &s->busy[block / POOL_CHUNK_BLOCKS];

	*word = (u16)(*word & ~bits_of(block, count));
	s->free_chunks += *word == 0;
	s->free_blocks += count;
}

void space_init(struct pool *p)
{
	struct space *s = &p->space;
	u64 first = layout_first_block(&p->label), blocks = p->label.blocks;

	s->chunks = (u32)(align_up(blocks, POOL_CHUNK_BLOCKS) / POOL_CHUNK_BLOCKS);
	memset(s->busy, 0, s->chunks * sizeof(*s->busy));
	memset(s->used, 0, s->chunks * sizeof(*s->used));
	s->free_chunks = s->chunks;
	s->free_blocks = (u64)s->chunks * POOL_CHUNK_BLOCKS;
	s->used_blocks = first;
	for (u64 b = 0; b < first; b++) {
		set_busy(s, b, 1);
		s->used[b / POOL_CHUNK_BLOCKS] = s->busy[b / POOL_CHUNK_BLOCKS];
	}
	for (u64 b = blocks; b < (u64)s->chunks * POOL_CHUNK_BLOCKS; b++)
		set_busy(s, b, 1);
}

static u64 minus(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

u64 space_room(const struct pool *p, struct space_part mine)
{
	const struct space *s = &p->space;
	u64 nodes = mine.blocks == 0 ? s->kept_nodes : 0;

	return minus(s->free_blocks, s->reserve + s->promised + s->kept_blocks - mine.blocks + nodes);
}

u64 space_coming(const struct pool *p)
{
	const struct space *s = &p->space;

	return minus(s->free_blocks + s->pending_blocks, s->reserve + s->promised + s->kept_blocks + s->kept_nodes);
}

/* The next that is wholly free; s->chunks = there is none. */
static u32 find_chunk(const struct space *s)
{
	u32 at = s->chunk_at;

	for (u32 i = 0; s->free_chunks > 0 && i < s->chunks; i++, at = (at + 1) % s->chunks)
		if (s->busy[at] == 0)
			return at;
	return s->chunks;
}

static u64 take_chunk(struct space *s)
{
	u32 at = find_chunk(s);

	if (at == s->chunks)
		return 0;
	s->chunk_at = at;
	set_busy(s, (u64)s->chunk_at * POOL_CHUNK_BLOCKS, POOL_CHUNK_BLOCKS);
	return (u64)s->chunk_at * POOL_CHUNK_BLOCKS;
}

static u64 take_in(struct space *s, u32 chunk)
{
	u64 block = (u64)chunk * POOL_CHUNK_BLOCKS + (u32)__builtin_ctz(~(u32)s->busy[chunk]);

	set_busy(s, block, 1);
	s->block_at = chunk;
	return block;
}

/* Whether a chunk may be begun for a single block: those that are kept, and what nodes need, stay whole. */
static bool may_begin_chunk(const struct space *s)
{
	return s->free_chunks * (u64)POOL_CHUNK_BLOCKS > s->kept_chunks * POOL_CHUNK_BLOCKS + s->reserve;
}

/* Single blocks are gathered in few chunks, so that whole ones stay free. */
u64 space_take_block(struct pool *p)
{
	struct space *s = &p->space;
	u32 at = s->block_at, look = may_begin_chunk(s) ? SEARCH : s->chunks;

	for (u32 i = 0; i < look && i < s->chunks; i++, at = (at + 1) % s->chunks)
		if (s->busy[at] != 0 && s->busy[at] != FULL)
			return take_in(s, at);
	at = find_chunk(s);
	if (at < s->chunks)
		return take_in(s, at);
	at = s->block_at;
	for (u32 i = 0; i < s->chunks; i++, at = (at + 1) % s->chunks)
		if (s->busy[at] != FULL)
			return take_in(s, at);
	return 0;
}

u64 space_take(struct pool *p, struct space_part mine, u32 count)
{
	struct space *s = &p->space;
	u64 broken = s->free_blocks - s->free_chunks * (u64)POOL_CHUNK_BLOCKS;	/* free, and not in a whole chunk */

	if (space_room(p, mine) < count)
		return 0;
	if (count == 1)
		return broken > 0 || may_begin_chunk(s) ? space_take_block(p) : 0;
	return s->free_chunks > s->kept_chunks - mine.chunks ? take_chunk(s) : 0;
}

/* A chunk with nothing in it that is used: with luck all of it is pending. */
static bool has_pending_chunk(const struct space *s)
{
	for (u32 i = 0; i < s->limbo_count; i++)
		if (s->used[s->limbo[i].block / POOL_CHUNK_BLOCKS] == 0)
			return true;
	return false;
}

bool space_may_come(const struct pool *p, u32 count)
{
	return p->commit.is_frozen || (count == 1 ? p->space.pending_blocks > 0 : has_pending_chunk(&p->space));
}

void space_put_back(struct pool *p, u64 block, u32 count)
{
	clear_busy(&p->space, block, count);
}

static void changed(struct pool *p, u64 block)
{
	meta_change(&p->files[FILE_FREE], (u32)(block / POOL_BITMAP_BITS));
}

void space_use(struct pool *p, u64 block, u32 count)
{
	u16 *word = &p->space.used[block / POOL_CHUNK_BLOCKS];

	*word = (u16)(*word | bits_of(block, count));
	p->space.used_blocks += count;
	changed(p, block);
}

bool space_claim(struct pool *p, u64 block, u32 count)
{
	struct space *s = &p->space;

	if ((s->busy[block / POOL_CHUNK_BLOCKS] & bits_of(block, count)) != 0)
		return false;
	set_busy(s, block, count);
	space_use(p, block, count);
	return true;
}

void space_free(struct pool *p, u64 block, u32 count)
{
	struct space *s = &p->space;
	u16 *word = &s->used[block / POOL_CHUNK_BLOCKS];

	if ((*word & bits_of(block, count)) != bits_of(block, count) || s->limbo_count == s->limbo_max) {
		p->is_failed = true;
		job_ready(p, &p->commit.job);
		return;
	}
	*word = (u16)(*word & ~bits_of(block, count));
	s->used_blocks -= count;
	s->pending_blocks += count;
	s->limbo[s->limbo_count++] = (struct extent){ block, count };
	changed(p, block);
}

void space_settle(struct pool *p)
{
	struct space *s = &p->space;

	for (u32 i = 0; i < s->limbo_count; i++)
		clear_busy(s, s->limbo[i].block, s->limbo[i].count);
	s->limbo_count = 0;
	s->pending_blocks = 0;
}

/* Words of that leaf. */
static u32 words_of(const struct pool *p, u64 leaf)
{
	return (u32)min_u64(WORDS_PER_LEAF, p->space.chunks - leaf * WORDS_PER_LEAF);
}

void space_fill(const struct pool *p, u64 leaf, u8 *bytes)
{
	memcpy(bytes, p->space.used + leaf * WORDS_PER_LEAF, words_of(p, leaf) * sizeof(u16));
}

/* Bits of blocks that do not exist, and of the fixed area, count for nothing. */
void space_load(struct pool *p, u64 leaf, const u8 *bytes)
{
	struct space *s = &p->space;

	for (u32 i = 0; i < words_of(p, leaf); i++) {
		u64 chunk = leaf * WORDS_PER_LEAF + i;
		u16 word;

		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		word = (u16)(word & ~s->busy[chunk]);
		s->free_chunks -= s->busy[chunk] == 0 && word != 0;
		s->busy[chunk] |= word;
		s->used[chunk] |= word;
		s->free_blocks -= (u32)__builtin_popcount(word);
		s->used_blocks += (u32)__builtin_popcount(word);
	}
}

u32 pool_space_percent(const struct pool_space *s)
{
	u64 gone = minus(s->data_blocks, s->free_blocks);

	return s->data_blocks == 0 ? 100 : (u32)(gone * 100 / s->data_blocks);
}

void pool_space_get(const struct pool *p, struct pool_space *out)
{
	*out = (struct pool_space){
		.blocks = p->label.blocks, .used_blocks = p->space.used_blocks,
		.pending_blocks = p->space.pending_blocks, .reserve_blocks = p->space.reserve,
		.kept_blocks = p->space.kept_blocks + p->space.kept_nodes,
		.free_blocks = space_room(p, (struct space_part){ 0 }),
		.coming_blocks = space_coming(p),
		.data_blocks = minus(p->label.blocks, layout_first_block(&p->label) + p->space.reserve),
	};
}
