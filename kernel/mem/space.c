/* SPDX-License-Identifier: MIT */
/*
 * space.c - see space.h.
 *
 * Regions are sorted by address and don't overlap, so a lookup is a binary search. They hold references on their
 * sources: a MEM that root has destroyed is freed when its last region goes, in bounded pieces (ST_AGAIN).
 */
#include "arch.h"
#include "frames.h"
#include "mem.h"
#include "quiesce.h"
#include "range.h"
#include "space.h"
#include "syscalls.h"

#define UNMAP_BUDGET 8u		/* per call */
#define FILL_BUDGET 32u
#define AHEAD 64u		/* pages that are mapped with the one that was touched, if they are there */
#define FINI_REGIONS 16u	/* per call */
#define FINI_TABLES 256u
#define KERNEL_HALF 256u	/* first entry of the top table that is the kernel's */

_Static_assert(RIGHT_R == PT_R && RIGHT_W == PT_W && RIGHT_X == PT_X, "handle rights are mapping rights");
_Static_assert(REGIONS_PER_FRAME * sizeof(struct region) <= PAGE_SIZE, "a part of the table is one frame");

static struct region *region_at(const struct space *space, u32 i)
{
	return &space->frames[i / REGIONS_PER_FRAME][i % REGIONS_PER_FRAME];
}

/* How many regions begin at or below `address`: the last of them is the one that may hold it. */
static u32 region_search(const struct space *space, u64 address)
{
	u32 low = 0, high = space->region_count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (region_at(space, middle)->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum status space_init_pd(struct space *space)
{
	enum status status;

	*space = (struct space){ .limit = USER_LIMIT, .leaf_rights = PT_USER };
	status = pt_init(&space->pt, &pt_host, &kernel_pt_frames, false);
	if (status == ST_OK)
		arch_space_init(direct_pointer(space->pt.root));
	space->pt.is_walked = true;
	return status;
}

enum status space_init_guest(struct space *space, const struct pt_format *format, u64 limit, bool has_1g)
{
	enum status status;

	*space = (struct space){ .limit = limit, .is_guest = true };
	status = pt_init(&space->pt, format, &kernel_pt_frames, has_1g);
	space->pt.is_walked = true;
	return status;
}

static bool source_range_ok(const struct object *source, u64 offset, u64 bytes)
{
	if (source->type == &mem_type)
		return range_ok(offset, bytes, ((const struct mem *)(const void *)source)->bytes);
	return source->type->page != NULL && offset == 0 && bytes == PAGE_SIZE;
}

static bool map_arguments_ok(const struct space *space, const struct object *source, u64 address, u64 offset, u64 bytes,
			     u32 rights)
{
	if (bytes == 0 || !aligned_ok(address | offset | bytes, PAGE_SIZE) || !range_ok(address, bytes, space->limit))
		return false;
	if (rights == 0 || (rights & ~(PT_R | PT_W | PT_X)) != 0)
		return false;
	if (!space->is_guest && (rights & PT_W) != 0 && (rights & PT_X) != 0)
		return false;
	if (source->type->page != NULL && (space->is_guest || (rights & PT_X) != 0))
		return false;
	return source_range_ok(source, offset, bytes);
}

/* Make room at index i. ST_FULL, ST_NOMEM. */
static enum status region_insert(struct space *space, u32 i, const struct region *region)
{
	u32 frame = space->region_count / REGIONS_PER_FRAME;

	if (frame >= REGION_FRAMES)
		return ST_FULL;
	if (space->frames[frame] == NULL)
		space->frames[frame] = kernel_frames_alloc(1);
	if (space->frames[frame] == NULL)
		return ST_NOMEM;
	for (u32 at = space->region_count; at > i; at--)
		*region_at(space, at) = *region_at(space, at - 1);
	*region_at(space, i) = *region;
	space->region_count++;
	return ST_OK;
}

static void region_remove(struct space *space, u32 i)
{
	u32 frame;

	space->region_count--;
	for (; i < space->region_count; i++)
		*region_at(space, i) = *region_at(space, i + 1);
	frame = space->region_count / REGIONS_PER_FRAME;
	if (space->region_count % REGIONS_PER_FRAME != 0 || space->frames[frame] == NULL)
		return;
	kernel_frames_free(space->frames[frame], 1);
	space->frames[frame] = NULL;
}

static enum status map_locked(struct space *space, const struct region *region)
{
	u32 i = region_search(space, region->address);
	const struct region *before = i > 0 ? region_at(space, i - 1) : NULL;
	const struct region *after = i < space->region_count ? region_at(space, i) : NULL;

	if (before != NULL && region->address - before->address < before->bytes)
		return ST_EXISTS;
	if (after != NULL && after->address - region->address < region->bytes)
		return ST_EXISTS;
	return region_insert(space, i, region);
}

enum status space_map(struct space *space, struct object *source, u64 address, u64 offset, u64 bytes, u32 rights)
{
	struct region region = {
		.address = address, .bytes = bytes, .offset = offset, .source = source, .rights = rights
	};
	enum status status;

	if (!map_arguments_ok(space, source, address, offset, bytes, rights))
		return ST_INVAL;
	lock_acquire(&space->lock);
	status = map_locked(space, &region);
	if (status == ST_OK) {
		object_ref(source);
		__atomic_fetch_add(&space->map_count, 1, __ATOMIC_RELEASE);
	}
	lock_release(&space->lock);
	return status;
}

/* Remove up to UNMAP_BUDGET blocks with leaves from the range, each a lowest table or a large leaf. ST_AGAIN if there
 * are more. */
static enum status unmap_leaves(struct space *space, u64 address, u64 bytes)
{
	struct pt_leaf leaf;
	u64 at, end, from = address;
	u32 i;

	for (i = 0; i < UNMAP_BUDGET; i++, from = end) {
		leaf = pt_next(&space->pt, from, address + bytes, &at);
		if (leaf.level == 0)
			break;
		end = leaf.level == PT_LEVEL_4K ? min_u64(align_up(at + 1, PAGE_SIZE_2M), address + bytes)
						: at + pt_level_bytes(leaf.level);
		if (pt_unmap(&space->pt, at, end - at) != ST_OK)
			return ST_STATE;	/* can't be: leaves lie within regions */
	}
	if (i > 0 && space->is_guest)
		__atomic_fetch_add(&space->shrink_count, 1, __ATOMIC_RELEASE);
	return i == UNMAP_BUDGET ? ST_AGAIN : ST_OK;
}

static bool is_loaded_elsewhere(const struct space *space)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* between the leaves' removal and the look */
	for (u32 i = 0; i < pcpu_count; i++)
		if (pcpu_at(i) != pcpu_self() &&
		    __atomic_load_n(&pcpu_at(i)->space, __ATOMIC_RELAXED) == space->pt.root.raw)
			return true;
	return false;
}

/* Leaves are gone; who may have them cached? A guest's vCPUs flush before their next entry, wherever they are. The
 * usual case is root, which is alone in its space: it interrupts nobody. */
static u64 forget_leaves(const struct space *space)
{
	if (space->is_guest || is_loaded_elsewhere(space))
		return quiesce_begin();
	arch_tlb_flush_user();
	return 0;
}

/* No access finds the region from now on; its leaves go; other pCPUs forget them; its source is let go. */
static enum status unmap_locked(struct space *space, u64 address, u64 bytes)
{
	u32 i = region_search(space, address);
	struct region *region = i > 0 ? region_at(space, i - 1) : NULL;
	enum status status;

	if (region == NULL || region->address != address || region->bytes != bytes)
		return ST_INVAL;
	region->rights = 0;
	status = unmap_leaves(space, address, bytes);
	if (status != ST_OK)
		return status;
	if (region->grace == 0)
		region->grace = forget_leaves(space);
	status = quiesce_passed(region->grace) ? object_unref(region->source) : ST_AGAIN;
	if (status == ST_OK)
		region_remove(space, i - 1);
	return status;
}

enum status space_unmap(struct space *space, u64 address, u64 bytes)
{
	enum status status;

	lock_acquire(&space->lock);
	status = unmap_locked(space, address, bytes);
	lock_release(&space->lock);
	return status;
}

/* The leaf of the source behind `offset`. */
static enum status source_leaf(struct object *source, u64 offset, enum pt_level largest, struct pt_leaf *out)
{
	if (source->type == &mem_type)
		return mem_grant((struct mem *)(void *)source, offset, largest, out);
	*out = (struct pt_leaf){ .level = PT_LEVEL_4K, .hpa = source->type->page(source) };
	return ST_OK;
}

/* Where the tables for a region come from. */
static const struct pt_frames *tables_for(const struct region *region)
{
	bool is_mem = region->source->type == &mem_type;

	return is_mem && (((const struct mem *)(const void *)region->source)->flags & MEM_OVERCOMMIT) != 0
		       ? &guest_pt_frames
		       : &kernel_pt_frames;
}

/*
 * Map the block of `level` around address, if it lies within the region and the source's leaf, and all alignments
 * agree. ST_EXISTS or ST_INVAL: try a smaller one.
 */
static enum status install(struct space *space, const struct region *region, u64 address, const struct pt_leaf *leaf,
			   u32 level)
{
	u64 block = align_down(address, pt_level_bytes(level));
	u64 offset, in_leaf;

	if (level > leaf->level || block < region->address ||
	    !range_ok(block - region->address, pt_level_bytes(level), region->bytes))
		return ST_INVAL;
	space->pt.frames = tables_for(region);
	offset = region->offset + (block - region->address);
	in_leaf = offset & (pt_level_bytes(leaf->level) - 1);
	return pt_map(&space->pt, block, HPA(leaf->hpa.raw + in_leaf), (enum pt_level)level,
		      region->rights | space->leaf_rights | (leaf->rights & PT_UNCACHED));
}

/* Boot modules and what another has touched are there already: save a fault for each page. Tables are not made. */
static void map_ahead(struct space *space, const struct region *region, u64 address)
{
	struct pt_leaf leaf;

	if (region->source->type != &mem_type)
		return;
	for (u32 i = 1; i < AHEAD; i++) {
		address += PAGE_SIZE;
		if (address % PAGE_SIZE_2M == 0 || address - region->address >= region->bytes)
			return;
		leaf = mem_lookup((struct mem *)(void *)region->source, region->offset + (address - region->address));
		if (leaf.level == 0 || install(space, region, address, &leaf, PT_LEVEL_4K) != ST_OK)
			return;
	}
}

/* Have a leaf at `address`, which lies in the region. */
static enum status provide(struct space *space, const struct region *region, u64 address, enum pt_level largest)
{
	u64 offset = region->offset + (align_down(address, PAGE_SIZE) - region->address);
	struct pt_leaf leaf;
	enum status status = source_leaf(region->source, offset, largest, &leaf);

	if (status != ST_OK)
		return status == ST_AGAIN ? ST_AGAIN : ST_NOMEM;
	for (u32 level = PT_LEVEL_1G; level >= PT_LEVEL_4K; level--) {
		status = install(space, region, address, &leaf, level);
		if (status == ST_OK && level == PT_LEVEL_4K)
			map_ahead(space, region, align_down(address, PAGE_SIZE));
		if (status == ST_OK || status == ST_NOMEM)
			return status;
	}
	return ST_INVAL;
}

static enum status fault_locked(struct space *space, u64 address, u32 access)
{
	u32 i = region_search(space, address);
	const struct region *region = i > 0 ? region_at(space, i - 1) : NULL;
	struct pt_leaf leaf;

	if (region == NULL || address - region->address >= region->bytes || (access & ~region->rights) != 0)
		return ST_INVAL;
	leaf = pt_lookup(&space->pt, address);
	if (leaf.level != 0)
		return (access & ~leaf.rights) == 0 ? ST_OK : ST_INVAL;	/* somebody was faster, or a stale TLB */
	return provide(space, region, address, PT_LEVEL_2M);
}

static enum status fill_locked(struct space *space, const struct object *source, u64 address, u64 bytes)
{
	u32 i = region_search(space, address);
	struct region *region = i > 0 ? region_at(space, i - 1) : NULL;
	enum status status = ST_OK;
	struct pt_leaf leaf;
	u64 at;

	if (region == NULL || region->address != address || region->bytes != bytes || region->source != source ||
	    region->rights == 0)
		return ST_EXISTS;
	for (i = 0; i < FILL_BUDGET && region->filled < bytes; i++) {
		at = address + region->filled;
		leaf = pt_lookup(&space->pt, at);
		if (leaf.level == 0)
			status = provide(space, region, at, PT_LEVEL_1G);
		if (status != ST_OK)
			return status;
		if (leaf.level != 0)
			region->filled = align_down(at, pt_level_bytes(leaf.level)) + pt_level_bytes(leaf.level) -
					 address;
	}
	return region->filled < bytes ? ST_AGAIN : ST_OK;
}

enum status space_fill(struct space *space, const struct object *source, u64 address, u64 bytes)
{
	enum status status;

	lock_acquire(&space->lock);
	status = fill_locked(space, source, address, bytes);
	lock_release(&space->lock);
	return status;
}

enum status space_fault(struct space *space, u64 address, u32 access)
{
	enum status status;

	lock_acquire(&space->lock);
	status = fault_locked(space, address, access);
	lock_release(&space->lock);
	return status;
}

u64 space_frames(const struct space *space)
{
	u64 count = space->pt.table_count;

	for (u32 i = 0; i < REGION_FRAMES; i++)
		count += space->frames[i] != NULL;
	return count;
}

enum status space_fini_step(struct space *space)
{
	enum status status;

	for (u32 i = 0; i < FINI_REGIONS && space->region_count > 0; i++) {
		status = object_unref(region_at(space, space->region_count - 1)->source);
		if (status != ST_OK)
			return status;
		region_remove(space, space->region_count - 1);
	}
	if (space->region_count > 0)
		return ST_AGAIN;
	return pt_fini_step(&space->pt, space->is_guest ? 512 : KERNEL_HALF, FINI_TABLES);
}
