/* SPDX-License-Identifier: MIT */
/*
 * mem.c - see mem.h.
 *
 * Frames are counted as reserved when the object is made; each grant turns reserved ones into used ones, and
 * destruction gives both back. MEM_OVERCOMMIT reserves nothing. Every frame is zeroed when it is granted, so nobody
 * reads what its last owner left.
 */
#include "arch.h"
#include "frames.h"
#include "mem.h"
#include "panic.h"
#include "range.h"
#include "stats.h"
#include "syscalls.h"

#define FREE_BUDGET 256u	/* leaves per step of destruction */
#define SEARCH_BUDGET 256u
#define TABLE_BUDGET 256u
#define ZERO_BUDGET 32u		/* 4 KiB pieces of a fresh frame per step: about as long as a UART's FIFO can wait */

static struct mem *mem_of(struct object *object)
{
	return (struct mem *)(void *)object;
}

static enum status reserve(u64 count)
{
	enum status status;

	lock_acquire(&frames.lock);
	status = frame_pool_reserve(&frames, count);
	lock_release(&frames.lock);
	return status;
}

static void unreserve(u64 count)
{
	lock_acquire(&frames.lock);
	frame_pool_unreserve(&frames, count);
	lock_release(&frames.lock);
}

static bool is_overcommitted(const struct mem *mem)
{
	return (mem->flags & MEM_OVERCOMMIT) != 0;
}

static enum status frame_alloc(const struct mem *mem, enum pt_level level, hpa_t *out)
{
	enum status status;

	lock_acquire(&frames.lock);
	if ((mem->flags & MEM_BELOW_4G) != 0)
		status = frame_pool_alloc_low(&frames, out);
	else if (is_overcommitted(mem))
		status = frame_pool_alloc_unreserved(&frames, level, out);
	else
		status = frame_pool_alloc_reserved(&frames, level, out);
	lock_release(&frames.lock);
	return status;
}

/* Back to the pool, and again part of the reservation if there is one. Bad ones are neither. */
static void frame_free(struct mem *mem, hpa_t frame, enum pt_level level)
{
	u64 count = pt_level_bytes(level) >> PAGE_SHIFT, retired;

	lock_acquire(&frames.lock);
	retired = frame_pool_free(&frames, frame, count);
	count -= retired;
	mem->retired_frames += retired;
	if (!is_overcommitted(mem) && frame_pool_reserve(&frames, count) != ST_OK)
		panic("mem: a frame just freed can't be reserved");
	lock_release(&frames.lock);
}

/* As few as can hold `bytes`, and the largest leaf that fits. */
static u32 tree_levels(u64 bytes, u32 flags)
{
	u32 level = (flags & MEM_LARGE) != 0 ? PT_LEVEL_2M : PT_LEVEL_4K;

	while (level < PT_LEVEL_TOP && pt_level_bytes(level + 1) <= bytes)
		level++;
	return level;
}

enum status mem_create(u64 bytes, u32 flags, struct mem **out)
{
	u64 reserved = (flags & MEM_OVERCOMMIT) != 0 ? 0 : bytes >> PAGE_SHIFT;
	enum status status;
	struct object *object;

	if (bytes == 0 || bytes > MEM_BYTES_MAX || !aligned_ok(bytes, PAGE_SIZE) || (flags & ~MEM_FLAGS_ALL) != 0 ||
	    !mem_dma_ok(bytes, flags))
		return ST_INVAL;
	status = reserve(reserved);
	if (status != ST_OK)
		return status;
	object = object_alloc(&mem_type);
	if (object == NULL) {
		status = ST_NOMEM;
		goto out_unreserve;
	}
	status = pt_init(&mem_of(object)->tree, &pt_host,
			 (flags & MEM_OVERCOMMIT) != 0 ? &guest_pt_frames : &kernel_pt_frames, true);
	if (status != ST_OK)
		goto out_object;
	mem_of(object)->tree.top = tree_levels(bytes, flags);
	mem_of(object)->bytes = bytes;
	mem_of(object)->flags = flags;
	*out = mem_of(object);
	return ST_OK;

out_object:
	object_free(object);
out_unreserve:
	unreserve(reserved);
	return status;
}

enum status mem_create_fixed(hpa_t start, u64 bytes, struct mem **out)
{
	struct object *object;

	if (bytes == 0 || bytes > MEM_BYTES_MAX || !aligned_ok(start.raw | bytes, PAGE_SIZE))
		return ST_INVAL;
	object = object_alloc(&mem_type);
	if (object == NULL)
		return ST_NOMEM;
	mem_of(object)->bytes = bytes;
	mem_of(object)->is_fixed = true;
	mem_of(object)->fixed = start;
	mem_of(object)->fixed_rights = PT_R | PT_W | PT_X;
	*out = mem_of(object);
	return ST_OK;
}

enum status mem_create_device(hpa_t start, u64 bytes, struct mem **out)
{
	enum status status = ST_INVAL;

	if (!frames_own(start, bytes))
		status = mem_create_fixed(start, bytes, out);
	if (status == ST_OK)
		(*out)->fixed_rights = PT_R | PT_W | PT_UNCACHED;
	return status;
}

static struct pt_leaf fixed_leaf(const struct mem *mem, u64 offset)
{
	u64 large = align_down(offset, PAGE_SIZE_2M);
	bool is_large = aligned_ok(mem->fixed.raw, PAGE_SIZE_2M) && range_ok(large, PAGE_SIZE_2M, mem->bytes);

	return (struct pt_leaf){ .level = is_large ? PT_LEVEL_2M : PT_LEVEL_4K,
				 .hpa = HPA(mem->fixed.raw + (is_large ? large : align_down(offset, PAGE_SIZE))),
				 .rights = mem->fixed_rights };
}

/* Take a frame of this level for what is around offset. ST_EXISTS or ST_INVAL: smaller ones are there, or it would
 * stick out. */
static enum status fresh_begin(struct mem *mem, u64 offset, enum pt_level level)
{
	u64 at = align_down(offset, pt_level_bytes(level));
	enum status status;
	u64 first;
	hpa_t frame;

	if (!range_ok(at, pt_level_bytes(level), mem->bytes))
		return ST_INVAL;
	if (level != PT_LEVEL_4K && pt_next(&mem->tree, at, at + pt_level_bytes(level), &first).level != 0)
		return ST_EXISTS;
	status = frame_alloc(mem, level, &frame);
	if (status == ST_OK)
		mem->zeroing = (struct zeroing){ .level = level, .frame = frame, .offset = at };
	return status;
}

/* Zero a piece of the fresh frame; when all of it is zero, it is granted. ST_AGAIN: there is more to do. */
static enum status fresh_step(struct mem *mem)
{
	struct zeroing *f = &mem->zeroing;
	enum pt_level level = f->level;
	enum status status;

	for (u32 i = 0; i < ZERO_BUDGET && f->done < pt_level_bytes(level); i++, f->done += PAGE_SIZE)
		arch_frame_zero(HPA(f->frame.raw + f->done));
	if (f->done < pt_level_bytes(level))
		return ST_AGAIN;
	f->level = 0;
	status = pt_map(&mem->tree, f->offset, f->frame, level, PT_R | PT_W | PT_X);
	if (status == ST_OK)
		mem->granted_frames += pt_level_bytes(level) >> PAGE_SHIFT;
	else
		frame_free(mem, f->frame, level);
	return status;
}

/* Leaves of `largest` or less. Who comes while another's frame is being zeroed helps with that first. */
static enum status grant_locked(struct mem *mem, u64 offset, enum pt_level largest, struct pt_leaf *out)
{
	u32 least = (mem->flags & MEM_DMA) != 0 ? PT_LEVEL_2M : PT_LEVEL_4K;
	enum status status = ST_OK;

	*out = pt_lookup(&mem->tree, offset);
	if (out->level != 0)
		return ST_OK;
	if (mem->zeroing.level == 0) {
		for (u32 level = (u32)max_u64(largest, least); level >= least; level--) {
			status = fresh_begin(mem, offset, (enum pt_level)level);
			if (status == ST_OK)
				break;
		}
	}
	if (status == ST_OK)
		status = fresh_step(mem);
	if (status != ST_OK)
		return status;
	*out = pt_lookup(&mem->tree, offset);
	return out->level != 0 ? ST_OK : ST_AGAIN;
}

enum status mem_grant(struct mem *mem, u64 offset, enum pt_level largest, struct pt_leaf *out)
{
	enum status status;

	if (offset >= mem->bytes)
		return ST_INVAL;
	if (mem->is_fixed) {
		*out = fixed_leaf(mem, offset);
		return ST_OK;
	}
	lock_acquire(&mem->lock);
	status = grant_locked(mem, offset, (mem->flags & MEM_LARGE) != 0 ? largest : PT_LEVEL_4K, out);
	lock_release(&mem->lock);
	return status;
}

struct pt_leaf mem_lookup(struct mem *mem, u64 offset)
{
	struct pt_leaf leaf;

	if (mem->is_fixed)
		return fixed_leaf(mem, offset);
	lock_acquire(&mem->lock);
	leaf = pt_lookup(&mem->tree, offset);
	lock_release(&mem->lock);
	return leaf;
}

enum status mem_search(struct mem *mem, hpa_t frame, u64 *offset)
{
	enum status status = ST_AGAIN;
	struct pt_leaf leaf;
	u64 at;

	if (mem->is_fixed) {
		*offset = frame.raw - mem->fixed.raw;
		return *offset < mem->bytes ? ST_OK : ST_INVAL;
	}
	lock_acquire(&mem->lock);
	for (u32 i = 0; i < SEARCH_BUDGET && status == ST_AGAIN; i++) {
		leaf = pt_next(&mem->tree, mem->searched, mem->bytes, &at);
		if (leaf.level == 0) {
			status = ST_INVAL;
			break;
		}
		mem->searched = at + pt_level_bytes(leaf.level);
		*offset = at + frame.raw - leaf.hpa.raw;
		status = frame.raw - leaf.hpa.raw < pt_level_bytes(leaf.level) ? ST_OK : ST_AGAIN;
	}
	if (status != ST_AGAIN)
		mem->searched = 0;
	lock_release(&mem->lock);
	return status;
}

enum status mem_write(struct mem *mem, u64 offset, const void *from, u64 bytes)
{
	const u8 *p = from;
	enum status status;
	struct pt_leaf leaf;
	u64 count, in_leaf;

	if (!range_ok(offset, bytes, mem->bytes))
		return ST_INVAL;
	for (; bytes > 0; offset += count, p += count, bytes -= count) {
		do
			status = mem_grant(mem, offset, PT_LEVEL_4K, &leaf);
		while (status == ST_AGAIN);
		if (status != ST_OK)
			return status;
		count = min_u64(bytes, PAGE_SIZE - offset % PAGE_SIZE);
		in_leaf = offset % pt_level_bytes(leaf.level);
		arch_frame_write(HPA(leaf.hpa.raw + in_leaf), p, count);
	}
	return ST_OK;
}

static void fill_stats(struct object *object, u64 *words)
{
	struct mem *mem = mem_of(object);

	words[STAT_BYTES] = words[STAT_BYTES_GRANTED] = mem->bytes;
	if (mem->is_fixed)
		return;
	lock_acquire(&mem->lock);
	words[STAT_BYTES_GRANTED] = words[STAT_BYTES_HELD] = mem->granted_frames << PAGE_SHIFT;
	if (mem->zeroing.level != 0)
		words[STAT_BYTES_HELD] += pt_level_bytes(mem->zeroing.level);
	mem_dma_stats(mem, words);
	lock_release(&mem->lock);
	if (!is_overcommitted(mem))
		words[STAT_BYTES_HELD] = mem->bytes;
}

static u64 count_frames(const struct object *object)
{
	return ((const struct mem *)(const void *)object)->tree.table_count;
}

static enum status destroy_step(struct object *object)
{
	struct mem *mem = mem_of(object);
	enum status status;
	struct pt_leaf leaf;
	u64 at;

	if (mem->is_fixed)
		return ST_OK;
	if (mem->zeroing.level != 0)
		frame_free(mem, mem->zeroing.frame, mem->zeroing.level);
	mem->zeroing.level = 0;
	/* The leaves stay in the tree: nobody asks it any more. */
	for (u32 i = 0; i < FREE_BUDGET; i++) {
		leaf = pt_next(&mem->tree, mem->freed, mem->bytes, &at);
		if (leaf.level == 0)
			break;
		frame_free(mem, leaf.hpa, leaf.level);
		mem->granted_frames -= pt_level_bytes(leaf.level) >> PAGE_SHIFT;
		mem->freed = at + pt_level_bytes(leaf.level);
	}
	if (mem->granted_frames != 0)
		return ST_AGAIN;
	status = pt_fini_step(&mem->tree, 512, TABLE_BUDGET);
	if (status != ST_OK)
		return status;
	if (!is_overcommitted(mem))
		unreserve((mem->bytes >> PAGE_SHIFT) - mem->retired_frames);
	return ST_OK;
}

const struct object_type mem_type = {
	OBJECT_TYPE(struct mem), .step = destroy_step, .frames = count_frames, .stats = fill_stats,
};
