/* SPDX-License-Identifier: MIT */
/*
 * mirror_oracle.h - a pool on two simulated disks, random requests, and what must be there. The oracle shares no code
 * with the pool: it knows what was written to each block, and what was flushed. Included by one test program.
 */
#ifndef MIRROR_ORACLE_H
#define MIRROR_ORACLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim_disk.h"

#define BLOCKS 768u
#define SECTORS (BLOCKS * POOL_BLOCK_SECTORS)
#define VOLUMES 2u
#define VOLUME_BLOCKS 96u
#define REQUESTS 4u
#define RUN_BLOCKS 20u
#define VALUES 48u

static const struct pool_memory memory = { .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
	.limbo = 64, .is_mirror = true };

/* ---- what must be there ---- */

struct block {
	u32 stable;
	u32 value[VALUES];	/* written since, in their order */
	u64 ended[VALUES];	/* when; 0 = not yet */
	u32 values;
};

static struct block oracle[VOLUMES][VOLUME_BLOCKS];
static u64 now;
static u64 seed, state, nested, refused, degraded, rotten;

#define die(...) (fprintf(stderr, "seed %lu, state %lu: ", (unsigned long)seed, (unsigned long)state), \
	fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

static u64 random_state;

static u32 below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state * 0x2545f4914f6cdd1du >> 32) % limit);
}

static void fill(u8 *data, u32 value)
{
	u32 *words = (u32 *)data;

	for (u32 i = 0; i < POOL_BLOCK / 4; i++)
		words[i] = value == 0 ? 0 : value + i / (POOL_SECTOR / 4) * 0x1000000;
}

/* The value that a block has; dies if its sectors differ. */
static bool value_of(const u8 *data, u32 *value)
{
	static _Alignas(8) u8 whole[POOL_BLOCK];

	memcpy(value, data, sizeof(*value));
	fill(whole, *value);
	return memcmp(whole, data, POOL_BLOCK) == 0;
}

static bool may_be(const struct block *b, u32 value)
{
	bool is = value == b->stable;

	for (u32 i = 0; i < b->values; i++)
		is = is || value == b->value[i];
	return is;
}

/* Torn: each sector is that of some value which it may be. */
static bool may_be_torn(const struct block *b, const u8 *data)
{
	for (u32 s = 0; s < POOL_BLOCK_SECTORS; s++) {
		u32 value;

		memcpy(&value, data + s * POOL_SECTOR, sizeof(value));
		if (!may_be(b, value == 0 ? 0 : value - s * 0x1000000))
			return false;
	}
	return true;
}

static void flushed(u64 asked)
{
	for (u32 v = 0; v < VOLUMES; v++)
		for (u32 i = 0; i < VOLUME_BLOCKS; i++) {
			struct block *b = &oracle[v][i];
			u32 kept = 0;

			for (u32 k = 0; k < b->values; k++) {
				if (b->ended[k] != 0 && b->ended[k] <= asked)
					b->stable = b->value[k];
				else
					b->ended[kept] = b->ended[k], b->value[kept++] = b->value[k];
			}
			b->values = kept;
		}
}

/* ---- requests ---- */

static struct sim_disk disks[POOL_MEMBERS];
static struct pool *pool;
static void *arena, *trial_arena, *check_arena;
static enum pool_status opened_as;
static u32 ids[VOLUMES];
static bool is_dead[POOL_MEMBERS];

static struct asked {
	struct pool_request r;
	u32 volume, block, count, value;
	u64 at;
	bool is_used;
	_Alignas(8) u8 data[RUN_BLOCKS * POOL_BLOCK];
} asked[REQUESTS];

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

static void check_read(const struct asked *a)
{
	for (u32 i = 0; i < a->count; i++) {
		u32 value;
		const struct block *b = &oracle[a->volume][a->block + i];

		if (!value_of(a->data + i * POOL_BLOCK, &value) || value != (b->values > 0 ? b->value[b->values - 1] :
			b->stable))
			die("volume %u, block %u has %x", (unsigned)a->volume, (unsigned)(a->block + i),
				(unsigned)value);
	}
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	struct asked *a = r->context;

	(void)p;
	a->is_used = false;
	if (status != POOL_OK)
		die("a request of kind %u: status %u", (unsigned)r->op, (unsigned)status);
	now++;
	if (r->op == POOL_FLUSH || r->op == POOL_COMMIT)
		flushed(a->at);
	else if (r->op == POOL_READ)
		check_read(a);
	for (u32 i = 0; r->op == POOL_WRITE && i < a->count; i++) {
		struct block *b = &oracle[a->volume][a->block + i];

		for (u32 k = 0; k < b->values; k++)
			if (b->value[k] == a->value)
				b->ended[k] = now;
	}
}

static bool is_busy(u32 volume, u32 block, u32 count)
{
	for (u32 i = 0; i < REQUESTS; i++)
		if (asked[i].is_used && asked[i].r.op <= POOL_WRITE && asked[i].volume == volume &&
			block < asked[i].block + asked[i].count && asked[i].block < block + count)
			return true;
	return false;
}

static bool is_full(u32 volume, u32 block, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (oracle[volume][block + i].values == VALUES)
			return true;
	return false;
}

static u32 next_value = 1;
static u8 written_to[1u << 24];	/* the volume that a value was for, + 1 */

static void ask(void)
{
	struct asked *a = &asked[below(REQUESTS)];
	u32 dice = below(16);

	if (a->is_used)
		return;
	a->volume = below(VOLUMES);
	a->count = 1 + below(below(4) == 0 ? RUN_BLOCKS : 3);
	a->block = below(VOLUME_BLOCKS - a->count + 1);
	a->r = (struct pool_request){ .op = dice == 0 ? POOL_COMMIT : dice < 4 ? POOL_FLUSH : dice < 6 ? POOL_READ :
		POOL_WRITE, .done = ended, .context = a };
	a->at = ++now;
	if (a->r.op <= POOL_WRITE) {
		if (is_busy(a->volume, a->block, a->count) || is_full(a->volume, a->block, a->count))
			return;
		a->r.volume = ids[a->volume];
		a->r.sector = a->block * POOL_BLOCK_SECTORS;
		a->r.sectors = a->count * POOL_BLOCK_SECTORS;
		a->r.data = a->data;
	}
	if (a->r.op == POOL_WRITE) {
		a->value = next_value++ & 0xffffff;
		written_to[a->value] = (u8)(1 + a->volume);
		for (u32 i = 0; i < a->count; i++) {
			struct block *b = &oracle[a->volume][a->block + i];

			fill(a->data + i * POOL_BLOCK, a->value);
			b->ended[b->values] = 0;
			b->value[b->values++] = a->value;
		}
	}
	a->is_used = true;
	if (pool_submit(pool, &a->r) != POOL_OK)
		die("a request of kind %u is refused", (unsigned)a->r.op);
}

#endif
