/* SPDX-License-Identifier: MIT */
/*
 * frames.c - see frames.h. Pure: bitmaps and lists, no hardware.
 *
 * A chunk is in the list that `chunk_list` says, always; whoever changes its bitmap or class calls chunk_relist.
 * Counters follow the bitmaps. A broken invariant here (a frame freed twice) panics: somebody would own another's
 * memory.
 */
#include "frames.h"
#include "panic.h"
#include "range.h"

#define CHUNK_NONE 0xffffffffu
#define CHUNK_BYTES PAGE_SIZE_2M
#define CHUNKS_1G 512u
#define CHUNKS_4G 2048u
#define LOW_LIMIT (1ull << 20)

/* wholly free USER chunks; partly free USER; KERNEL with a free frame */
enum { LIST_WHOLE, LIST_USER, LIST_KERNEL, LIST_NONE };

static u32 chunk_list(const struct chunk *c)
{
	if (c->free_count == 0)
		return LIST_NONE;
	if (c->class == FRAME_KERNEL)
		return LIST_KERNEL;
	return c->free_count == CHUNK_FRAMES ? LIST_WHOLE : LIST_USER;
}

static void list_unlink(struct frame_pool *pool, struct chunk *c)
{
	if (c->list == LIST_NONE)
		return;
	if (c->prev == CHUNK_NONE)
		pool->lists[c->list] = c->next;
	else
		pool->chunks[c->prev].next = c->next;
	if (c->next != CHUNK_NONE)
		pool->chunks[c->next].prev = c->prev;
	c->list = LIST_NONE;
}

static void chunk_relist(struct frame_pool *pool, struct chunk *c)
{
	u32 index = (u32)(c - pool->chunks);
	u32 list = chunk_list(c);

	if (list == c->list)
		return;
	list_unlink(pool, c);
	if (list == LIST_NONE)
		return;
	c->list = list;
	c->prev = CHUNK_NONE;
	c->next = pool->lists[list];
	if (c->next != CHUNK_NONE)
		pool->chunks[c->next].prev = index;
	pool->lists[list] = index;
}

static void count_free(struct frame_pool *pool, struct chunk *c, u32 changed, bool is_used)
{
	u64 *count = c->class == FRAME_KERNEL ? &pool->free_kernel : &pool->free_user;

	*count += is_used ? ~(u64)changed + 1 : changed;
	c->free_count = (u16)(is_used ? c->free_count - changed : c->free_count + changed);
}

/* Set bits [first, end) of a word, end at most 64; returns how many changed. */
static u32 word_set(u64 *word, u32 first, u32 end, bool is_used)
{
	u64 flips = (is_used ? ~*word : *word) & ~0ull << first & ~0ull >> (64 - end);
	u32 changed = flips == ~0ull ? 64 : 0;

	*word ^= flips;
	for (; changed < 64 && flips != 0; changed++)
		flips &= flips - 1;
	return changed;
}

/* Set frames [first, first + count) of a chunk; returns how many changed. */
static u32 chunk_set(struct frame_pool *pool, struct chunk *c, u32 first, u32 count, bool is_used)
{
	u32 changed = 0, end = first + count, next;

	pool->changes++;
	for (u32 i = first; i < end; i = next) {
		next = (u32)min_u64(end, (i / 64 + 1) * 64);
		changed += word_set(&c->used[i / 64], i % 64, next - i / 64 * 64, is_used);
	}
	count_free(pool, c, changed, is_used);
	chunk_relist(pool, c);
	return changed;
}

/* Set whole frames [first, end), given as frame numbers, beyond the records left out. */
static u64 pool_set(struct frame_pool *pool, u64 first, u64 end, bool is_used)
{
	u64 changed = 0;
	u32 in_chunk, count;

	end = min_u64(end, (u64)pool->chunk_count * CHUNK_FRAMES);
	for (; first < end; first += count) {
		in_chunk = (u32)(first % CHUNK_FRAMES);
		count = (u32)min_u64(CHUNK_FRAMES - in_chunk, end - first);
		changed += chunk_set(pool, &pool->chunks[first / CHUNK_FRAMES], in_chunk, count, is_used);
	}
	return changed;
}

void frame_pool_init(struct frame_pool *pool, struct chunk *chunks, u32 chunk_count,
		     enum status (*make_kernel)(hpa_t chunk))
{
	*pool = (struct frame_pool){ .chunks = chunks, .chunk_count = chunk_count, .make_kernel = make_kernel };
	for (u32 i = 0; i < ARRAY_COUNT(pool->lists); i++)
		pool->lists[i] = CHUNK_NONE;
	for (u32 i = 0; i < chunk_count; i++) {
		chunks[i] = (struct chunk){ .next = CHUNK_NONE, .prev = CHUNK_NONE, .list = LIST_NONE };
		for (u32 word = 0; word < ARRAY_COUNT(chunks[i].used); word++)
			chunks[i].used[word] = ~0ull;
	}
}

/* End of a range in bytes, without overflow: memory ends far below 2^64. */
static u64 range_end(u64 start, u64 bytes)
{
	return range_ok(start, bytes, ~0ull - PAGE_SIZE) ? start + bytes : ~0ull - PAGE_SIZE;
}

void frame_pool_add(struct frame_pool *pool, u64 start, u64 bytes)
{
	u64 end = align_down(range_end(start, bytes), PAGE_SIZE);

	if (start > end)
		return;
	start = max_u64(align_up(start, PAGE_SIZE), LOW_LIMIT);
	pool->total += pool_set(pool, start >> PAGE_SHIFT, end >> PAGE_SHIFT, false);
}

void frame_pool_take(struct frame_pool *pool, u64 start, u64 bytes)
{
	u64 end = align_up(range_end(start, bytes), PAGE_SIZE);

	(void)pool_set(pool, align_down(start, PAGE_SIZE) >> PAGE_SHIFT, end >> PAGE_SHIFT, true);
}

static enum status chunk_make_kernel(struct frame_pool *pool, struct chunk *c)
{
	hpa_t start = HPA((u64)(c - pool->chunks) * CHUNK_BYTES);
	enum status status = pool->make_kernel != NULL ? pool->make_kernel(start) : ST_OK;

	if (status != ST_OK)
		return status;
	c->class = FRAME_KERNEL;
	pool->free_user -= CHUNK_FRAMES;
	pool->free_kernel += CHUNK_FRAMES;
	pool->kernel += CHUNK_FRAMES;
	chunk_relist(pool, c);
	return ST_OK;
}

enum status frame_pool_make_kernel(struct frame_pool *pool, u64 start)
{
	u64 index = start / CHUNK_BYTES;

	if (index >= pool->chunk_count || pool->chunks[index].list != LIST_WHOLE)
		return ST_STATE;
	if (pool->free_user - pool->reserved < CHUNK_FRAMES)
		return ST_NOMEM;
	return chunk_make_kernel(pool, &pool->chunks[index]);
}

enum status frame_pool_reserve(struct frame_pool *pool, u64 count)
{
	if (pool->free_user - pool->reserved < count)
		return ST_NOMEM;
	pool->reserved += count;
	return ST_OK;
}

void frame_pool_unreserve(struct frame_pool *pool, u64 count)
{
	if (count > pool->reserved)
		panic("frames: %llu unreserved, %llu reserved", (unsigned long long)count,
		      (unsigned long long)pool->reserved);
	pool->reserved -= count;
}

/* First frame of `count` free ones, aligned to count (a power of two up to 64); CHUNK_FRAMES if there are none. */
static u32 chunk_find(const struct chunk *c, u32 count)
{
	u64 mask = count == 64 ? ~0ull : BIT64(count) - 1;

	for (u32 word = 0; word < ARRAY_COUNT(c->used); word++) {
		u64 used = c->used[word];

		for (u32 i = used == ~0ull ? 64 : 0; i < 64; i += count)
			if ((used & mask << i) == 0)
				return word * 64 + i;
	}
	return CHUNK_FRAMES;
}

static hpa_t chunk_take(struct frame_pool *pool, struct chunk *c, u32 first, u32 count)
{
	(void)chunk_set(pool, c, first, count, true);
	return HPA((u64)(c - pool->chunks) * CHUNK_BYTES + first * PAGE_SIZE);
}

static u32 chunk_1g_find(const struct frame_pool *pool)
{
	u32 run = 0;

	for (u32 i = 0; i < pool->chunk_count; i++) {
		run = i % CHUNKS_1G == 0 ? 0 : run;
		run = pool->chunks[i].list == LIST_WHOLE ? run + 1 : 0;
		if (run == CHUNKS_1G)
			return i + 1 - CHUNKS_1G;
	}
	return CHUNK_NONE;
}

static hpa_t chunk_1g_take(struct frame_pool *pool, u32 first)
{
	for (u32 i = first; i < first + CHUNKS_1G; i++)
		(void)chunk_set(pool, &pool->chunks[i], 0, CHUNK_FRAMES, true);
	return HPA((u64)first * CHUNK_BYTES);
}

enum status frame_pool_alloc_reserved(struct frame_pool *pool, enum pt_level level, hpa_t *out)
{
	u64 count = 1ull << 9 * (level - PT_LEVEL_4K);
	u32 index = pool->lists[LIST_WHOLE];

	if (count > pool->reserved)
		return ST_NOMEM;
	if (level == PT_LEVEL_4K && pool->lists[LIST_USER] != CHUNK_NONE)
		index = pool->lists[LIST_USER];
	if (level == PT_LEVEL_1G)
		index = chunk_1g_find(pool);
	if (index == CHUNK_NONE)
		return ST_NOMEM;
	if (level == PT_LEVEL_1G)
		*out = chunk_1g_take(pool, index);
	else
		*out = chunk_take(pool, &pool->chunks[index],
				  level == PT_LEVEL_4K ? chunk_find(&pool->chunks[index], 1) : 0, (u32)count);
	pool->reserved -= count;
	pool->granted += count;
	return ST_OK;
}

enum status frame_pool_alloc_low(struct frame_pool *pool, hpa_t *out)
{
	u32 end = (u32)min_u64(pool->chunk_count, CHUNKS_4G), i = 0;

	while (i < end && pool->chunks[i].list != LIST_WHOLE)
		i++;
	if (i == end)
		return ST_NOMEM;
	list_unlink(pool, &pool->chunks[i]);
	chunk_relist(pool, &pool->chunks[i]);	/* now the first, which is taken */
	return frame_pool_alloc_reserved(pool, PT_LEVEL_2M, out);
}

enum status frame_pool_alloc_unreserved(struct frame_pool *pool, enum pt_level level, hpa_t *out)
{
	u64 count = 1ull << 9 * (level - PT_LEVEL_4K);
	enum status status = frame_pool_reserve(pool, count + pool->watermark_user);

	if (status != ST_OK)
		return status;
	frame_pool_unreserve(pool, pool->watermark_user);
	status = frame_pool_alloc_reserved(pool, level, out);
	if (status != ST_OK)
		frame_pool_unreserve(pool, count);
	return status;
}

static bool can_make_kernel(const struct frame_pool *pool)
{
	return pool->lists[LIST_WHOLE] != CHUNK_NONE && pool->free_user - pool->reserved >= CHUNK_FRAMES;
}

enum status frame_pool_check_watermark(struct frame_pool *pool)
{
	if (pool->free_kernel > pool->watermark_kernel)
		return ST_OK;
	if (!can_make_kernel(pool) || pool->free_user - pool->reserved - CHUNK_FRAMES < pool->watermark_user)
		return ST_NOMEM;
	return chunk_make_kernel(pool, &pool->chunks[pool->lists[LIST_WHOLE]]);
}

enum status frame_pool_alloc_kernel(struct frame_pool *pool, u32 count, hpa_t *out)
{
	enum status status;
	struct chunk *c;
	u32 first;

	for (u32 i = pool->lists[LIST_KERNEL]; i != CHUNK_NONE; i = pool->chunks[i].next) {
		first = chunk_find(&pool->chunks[i], count);
		if (first == CHUNK_FRAMES)
			continue;
		*out = chunk_take(pool, &pool->chunks[i], first, count);
		return ST_OK;
	}
	if (!can_make_kernel(pool))
		return ST_NOMEM;
	c = &pool->chunks[pool->lists[LIST_WHOLE]];
	status = chunk_make_kernel(pool, c);
	if (status == ST_OK)
		*out = chunk_take(pool, c, 0, count);
	return status;
}

/* Those of them that are bad leave the pool. */
static u64 drop_bad(struct frame_pool *pool, u64 first, u64 count)
{
	u64 dropped = 0, bad;

	for (u32 i = 0; i < pool->bad_count;) {
		bad = pool->bad[i];
		if (bad - first >= count) {
			i++;
			continue;
		}
		pool->bad[i] = pool->bad[--pool->bad_count];
		dropped += pool_set(pool, bad, bad + 1, true);
	}
	pool->total -= dropped;
	if (pool->chunks[first / CHUNK_FRAMES].class == FRAME_KERNEL)
		pool->kernel -= dropped;
	return dropped;
}

u64 frame_pool_free(struct frame_pool *pool, hpa_t frame, u64 count)
{
	u64 first = frame.raw >> PAGE_SHIFT;

	if (!range_ok(first, count, (u64)pool->chunk_count * CHUNK_FRAMES) ||
	    pool_set(pool, first, first + count, false) != count)
		panic("frames: %llu freed at %llx were not all in use", (unsigned long long)count,
		      (unsigned long long)frame.raw);
	if (pool->chunks[first / CHUNK_FRAMES].class == FRAME_USER)
		pool->granted -= count;
	return drop_bad(pool, first, count);
}

bool frame_pool_is_awaited(const struct frame_pool *pool, hpa_t frame)
{
	for (u32 i = 0; i < pool->bad_count; i++)
		if (pool->bad[i] == frame.raw >> PAGE_SHIFT)
			return true;
	return false;
}

enum status frame_pool_retire(struct frame_pool *pool, hpa_t frame)
{
	u64 number = frame.raw >> PAGE_SHIFT;
	const struct chunk *c = &pool->chunks[number / CHUNK_FRAMES];

	if (number / CHUNK_FRAMES >= pool->chunk_count)
		return ST_INVAL;
	if (frame_pool_is_awaited(pool, frame))
		return ST_STATE;
	if (pool->bad_count == FRAMES_BAD_MAX)
		return ST_FULL;
	pool->bad[pool->bad_count++] = number;
	/* One that is promised to somebody can't be taken from him. */
	if ((c->used[number % CHUNK_FRAMES / 64] & BIT64(number % 64)) != 0 ||
	    (c->class == FRAME_USER && pool->free_user == pool->reserved))
		return ST_STATE;
	(void)drop_bad(pool, number, 1);
	return ST_OK;
}
