/* SPDX-License-Identifier: MIT */
/*
 * pool_size.c - see pool_size.h.
 */
#include "pool_size.h"

#include <string.h>

#include "range.h"

#define LOG_MAX 1024u		/* 4 MiB: recovery reads what is in use of it */
#define DIRTY_MAX 512u
#define TASKS 64u
#define BOUNCES 16u		/* 1 MiB: as many as there are slots for them in a disk's window */
#define LIMBO 4096u
#define CACHE_MIN 64u		/* nodes besides those that tasks and a checkpoint need */
#define CACHE_MAX 2048u
#define BLOCKS_PER_CACHED 16384u

static u64 blocks_of(u64 sectors)
{
	return sectors / POOL_BLOCK_SECTORS;
}

static u32 dirty_of(u64 sectors)
{
	return (u32)min_u64(DIRTY_MAX, max_u64(blocks_of(sectors) / 32, 2 * POOL_LEVELS_MAX));
}

struct pool_memory pool_memory_of(u64 sectors, bool is_mirror)
{
	u32 dirty_max = dirty_of(sectors);
	u32 cache = (u32)min_u64(CACHE_MAX, max_u64(blocks_of(sectors) / BLOCKS_PER_CACHED, CACHE_MIN));

	return (struct pool_memory){
		.volumes = STORE_POOL_VOLUMES, .tasks = TASKS, .bounces = BOUNCES, .dirty_max = dirty_max,
		.limbo = LIMBO, .nodes = dirty_max + TASKS * POOL_LEVELS_MAX + cache, .is_mirror = is_mirror,
	};
}

u64 pool_arena_of(u64 sectors, bool is_mirror)
{
	const struct pool_memory memory = pool_memory_of(sectors, is_mirror);

	return align_up(pool_arena_bytes(&memory, sectors), POOL_BLOCK);
}

/* The pool's UUID is that of its first member, which was made with it. */
static void set_member(struct pool_spec *spec, const u8 guid[STORE_GUID_BYTES])
{
	spec->is_mirror = true;
	spec->member = (u8)store_member(guid);
	spec->uuid[POOL_UUID_BYTES - 1] = 0;
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		memcpy(spec->member_uuid[k], spec->uuid, sizeof(spec->uuid));
		spec->member_uuid[k][POOL_UUID_BYTES - 1] = (u8)k;
	}
}

bool pool_new(const struct gpt_part *part, u64 sectors, u8 *to)
{
	static struct pool_node blocks[POOL_LOG_BLOCK];
	struct pool_spec spec = {
		.log_blocks = (u32)min_u64(LOG_MAX, max_u64(blocks_of(sectors) / 16, POOL_LOG_MIN)),
		.dirty_max = dirty_of(sectors),
	};

	memcpy(spec.uuid, part->guid, sizeof(spec.uuid));
	if (part->is_member)
		set_member(&spec, part->guid);
	if (strlen(part->label) >= sizeof(spec.name))
		return false;
	strcpy(spec.name, part->label);
	if (pool_make(&spec, sectors, blocks) != POOL_OK)
		return false;
	if (part->is_member && store_member_turn(part->guid) != 0)
		memset(blocks, 0, sizeof(blocks));
	memcpy(to, blocks, sizeof(blocks));
	return true;
}
