/* SPDX-License-Identifier: MIT */
/*
 * memory.c - see memory.h.
 */
#include "memory.h"

#include <string.h>

#include "mirror.h"
#include "range.h"
#include "task.h"

struct arena {
	u8 *at;			/* NULL: only the size is wanted */
	u64 used;
};

static void *carve(struct arena *a, u64 count, u64 bytes, u64 align)
{
	u64 from = align_up(a->used, align);

	a->used = from + count * bytes;
	return a->at == NULL ? NULL : a->at + from;
}

static u32 leaves_of_volumes(const struct pool_memory *m)
{
	return (m->volumes + POOL_RECORDS - 1) / POOL_RECORDS;
}

static u32 leaves_of_blocks(u64 blocks)
{
	return (u32)((blocks + POOL_BITMAP_BITS - 1) / POOL_BITMAP_BITS);
}

static u32 inner_of(u32 leaves)
{
	return (leaves + POOL_FANOUT - 1) / POOL_FANOUT;
}

static void carve_file(struct arena *a, struct meta_file *f, enum pool_node_kind kind, u32 leaves)
{
	f->kind = kind;
	f->leaf_count = leaves;
	f->inner_count = inner_of(leaves);
	f->leaf = carve(a, f->leaf_count, sizeof(*f->leaf), 8);
	f->inner = carve(a, f->inner_count, sizeof(*f->inner), 8);
	f->leaf_state = carve(a, f->leaf_count, 1, 1);
	f->inner_state = carve(a, f->inner_count, 1, 1);
}

static u32 hash_size(const struct pool_memory *m)
{
	u32 size = 16;

	while (size < m->nodes)
		size *= 2;
	return size;
}

static u64 pool_blocks(u64 device_sectors)
{
	return min_u64(device_sectors / POOL_BLOCK_SECTORS, POOL_BLOCKS_MAX);
}

/* The largest reserve that a pool on this device can need: memory_fits(). */
static u64 reserve_max(const struct pool_memory *m, u64 device_sectors)
{
	u32 volumes = leaves_of_volumes(m), bitmaps = leaves_of_blocks(pool_blocks(device_sectors));

	return m->dirty_max + volumes + inner_of(volumes) + bitmaps + inner_of(bitmaps) + 2;
}

static void carve_mirror(struct pool *p, struct arena *a, const struct pool_memory *m)
{
	static struct mirror shape;	/* too large for the stack */
	struct mirror *of = carve(a, 1, sizeof(*of), 8);
	u64 **const bits[] = { &shape.want, &shape.have, &shape.written, &shape.before, &shape.sync };

	memset(&shape, 0, sizeof(shape));
	for (u32 i = 0; i < ARRAY_COUNT(bits); i++)
		*bits[i] = carve(a, 1, POOL_BLOCK, POOL_BLOCK);
	shape.mark_block = carve(a, 1, POOL_BLOCK, POOL_BLOCK);
	shape.region_block = carve(a, 1, POOL_BLOCK, POOL_BLOCK);
	shape.open_block = carve(a, 4 * POOL_MEMBERS, POOL_BLOCK, POOL_BLOCK);
	shape.copy_data = carve(a, POOL_CHUNK_BLOCKS, POOL_BLOCK, POOL_BLOCK);
	shape.compare_data = carve(a, POOL_CHUNK_BLOCKS, POOL_BLOCK, POOL_BLOCK);
	shape.pair = carve(a, MIRROR_PAIRS + MIRROR_KEPT + m->tasks, sizeof(struct pair), 8);
	p->mirror = of;
	if (of != NULL)
		*of = shape;
}

static void carve_all(struct pool *p, struct arena *a, const struct pool_memory *m, u64 device_sectors)
{
	u64 chunks = align_up(pool_blocks(device_sectors), POOL_CHUNK_BLOCKS) / POOL_CHUNK_BLOCKS;

	p->commit.record = carve(a, POOL_BATCH + 1, POOL_BLOCK, POOL_BLOCK);
	p->commit.buffer = carve(a, 1, POOL_BLOCK, POOL_BLOCK);
	p->bounces = carve(a, m->bounces, POOL_CHUNK_BLOCKS * POOL_BLOCK, POOL_BLOCK);
	for (u32 i = 0; i < m->nodes; i++) {
		struct pool_node *bytes = carve(a, 1, POOL_BLOCK, POOL_BLOCK);

		if (p->node != NULL)
			p->node[i].bytes = bytes;
	}
	if (m->is_mirror)
		carve_mirror(p, a, m);
	p->volume = carve(a, m->volumes, sizeof(*p->volume), 8);
	p->hash = carve(a, hash_size(m), sizeof(struct node *), 8);
	p->hash_mask = hash_size(m) - 1;
	p->task = carve(a, m->tasks, sizeof(*p->task), 8);
	p->locks = carve(a, GRANULE_LOCKS, sizeof(*p->locks), 8);
	p->free_bounce = carve(a, m->bounces, sizeof(*p->free_bounce), 8);
	p->commit.filling.entry = carve(a, POOL_PENDING, sizeof(struct pool_entry_encrypted), 8);
	p->commit.writing.entry = carve(a, POOL_PENDING, sizeof(struct pool_entry_encrypted), 8);
	p->space.limbo_max = (u32)(m->limbo + reserve_max(m, device_sectors));
	p->space.limbo = carve(a, p->space.limbo_max, sizeof(*p->space.limbo), 8);
	p->space.busy = carve(a, chunks, sizeof(*p->space.busy), 8);
	p->space.used = carve(a, chunks, sizeof(*p->space.used), 8);
	carve_file(a, &p->files[FILE_VOLUMES], POOL_NODE_VOLUMES, leaves_of_volumes(m));
	carve_file(a, &p->files[FILE_FREE], POOL_NODE_FREE, leaves_of_blocks(pool_blocks(device_sectors)));
}

static bool is_sane(const struct pool_memory *m, u64 device_sectors)
{
	return m->volumes > 0 && m->volumes <= POOL_FANOUT * POOL_RECORDS && m->tasks > 0 && m->tasks <= 4096 &&
		m->bounces > 0 && m->bounces <= 4096 && m->dirty_max > 0 && m->dirty_max <= 1u << 20 &&
		m->limbo > 0 && m->limbo <= 1u << 24 && m->nodes <= 1u << 24 &&
		m->nodes >= m->dirty_max + m->tasks * POOL_LEVELS_MAX && device_sectors >= POOL_BLOCK_SECTORS;
}

u64 pool_arena_bytes(const struct pool_memory *memory, u64 device_sectors)
{
	static struct pool nobody;	/* too large for the stack; nothing in it is read */
	struct arena a = { 0 };

	if (!is_sane(memory, device_sectors))
		return 0;
	carve(&a, 1, sizeof(nobody), 8);
	carve(&a, memory->nodes, sizeof(struct node), 8);
	carve_all(&nobody, &a, memory, device_sectors);
	return a.used;
}

struct pool *memory_carve(void *arena, const struct pool_memory *memory, u64 device_sectors)
{
	u64 bytes = pool_arena_bytes(memory, device_sectors);
	struct arena a = { .at = arena };
	struct pool *p;

	if (bytes == 0)
		return NULL;
	memset(arena, 0, bytes);
	p = carve(&a, 1, sizeof(*p), 8);
	p->node = carve(&a, memory->nodes, sizeof(struct node), 8);
	p->memory = *memory;
	carve_all(p, &a, memory, device_sectors);
	for (u32 i = 0; i < memory->volumes; i++)
		p->volume[i].at = i;
	list_init(&p->ready);
	list_init(&p->io_waiting);
	return p;
}

/* A checkpoint gives a new place to each dirty node and at worst to each node of the tables, and the old ones stay. */
bool memory_fits(struct pool *p)
{
	struct meta_file *volumes = &p->files[FILE_VOLUMES], *map = &p->files[FILE_FREE];

	map->leaf_count = leaves_of_blocks(p->label.blocks);
	map->inner_count = inner_of(map->leaf_count);
	p->space.reserve = p->label.dirty_max + volumes->leaf_count + volumes->inner_count + map->leaf_count +
		map->inner_count + 2;
	return p->label.dirty_max <= p->memory.dirty_max;
}

const struct pool_label *pool_label_get(const struct pool *p)
{
	return &p->label;
}
