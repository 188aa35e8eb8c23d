/* SPDX-License-Identifier: MIT */
/*
 * meta.c - see meta.h.
 */
#include "meta.h"

#include <string.h>

#include "crc32c.h"
#include "layout.h"
#include "space.h"
#include "volume.h"

/* What lies in the leaves of each kind. */
struct content {
	u16 entry_bytes;
	void (*fill)(const struct pool *p, u64 leaf, u8 *bytes);
	bool (*load)(struct pool *p, u64 leaf, const u8 *bytes);
};

static bool load_space(struct pool *p, u64 leaf, const u8 *bytes)
{
	space_load(p, leaf, bytes);
	return true;
}

static const struct content contents[] = {
	[POOL_NODE_VOLUMES] = { POOL_RECORD_BYTES, volumes_fill, volumes_load },
	[POOL_NODE_FREE] = { 1, space_fill, load_space },
};

static u32 entry_bytes(const struct meta_file *f, u32 level)
{
	return level == 0 ? contents[f->kind].entry_bytes : sizeof(struct pool_ref);
}

u32 meta_count(const struct meta_file *f, u32 level)
{
	return level == 0 ? f->leaf_count : level == 1 ? f->inner_count : 1;
}

struct pool_ref *meta_ref(struct meta_file *f, u32 level, u32 at)
{
	return level == 0 ? &f->leaf[at] : level == 1 ? &f->inner[at] : &f->root;
}

static u8 *state_of(struct meta_file *f, u32 level, u32 at)
{
	return level == 0 ? &f->leaf_state[at] : level == 1 ? &f->inner_state[at] : &f->root_state;
}

static void place(struct pool *p, struct meta_file *f, u32 level, u32 at)
{
	struct pool_ref *ref = meta_ref(f, level, at);

	if (ref->block != 0)
		space_free(p, ref->block, 1);
	else
		p->space.promised--;
	ref->block = space_take_block(p);
	if (ref->block == 0)
		p->is_failed = true;	/* the reserve is for this, so it can't happen */
	else
		space_use(p, ref->block, 1);
	ref->birth = p->super.birth;
	*state_of(f, level, at) = META_PLACED;
	if (level + 1 < META_LEVELS && *state_of(f, level + 1, at / POOL_FANOUT) == META_CLEAN)
		*state_of(f, level + 1, at / POOL_FANOUT) = META_DIRTY;
}

bool meta_place(struct pool *p, struct meta_file *f)
{
	bool is_changed = false;

	for (u32 level = 0; level < META_LEVELS; level++)
		for (u32 at = 0; at < meta_count(f, level); at++)
			if (*state_of(f, level, at) == META_DIRTY) {
				place(p, f, level, at);
				is_changed = true;
			}
	return is_changed;
}

u32 meta_missing(struct meta_file *f)
{
	u32 missing = 0;

	for (u32 level = 0; level < META_LEVELS; level++)
		for (u32 at = 0; at < meta_count(f, level); at++)
			missing += meta_ref(f, level, at)->block == 0;
	return missing;
}

bool meta_is_dirty(const struct meta_file *f)
{
	for (u32 i = 0; i < f->leaf_count; i++)
		if (f->leaf_state[i] != META_CLEAN)
			return true;
	return false;
}

void meta_settle(struct meta_file *f)
{
	memset(f->leaf_state, META_CLEAN, f->leaf_count);
	memset(f->inner_state, META_CLEAN, f->inner_count);
	f->root_state = META_CLEAN;
}

static void build(struct pool *p, struct meta_file *f, u32 level, u32 at, struct pool_node *node)
{
	struct pool_ref *ref = meta_ref(f, level, at);

	memset(node, 0, sizeof(*node));
	node->h = (struct pool_node_header){
		.magic = POOL_NODE_MAGIC, .kind = (u8)f->kind, .level = (u8)level,
		.entry_bytes = (u16)entry_bytes(f, level), .index = at, .birth = ref->birth,
	};
	if (level == 0) {
		contents[f->kind].fill(p, at, node->bytes);
	} else {
		u32 first = at * POOL_FANOUT, count = meta_count(f, level - 1) - first;

		memcpy(node->ref, meta_ref(f, level - 1, first),
			(count < POOL_FANOUT ? count : POOL_FANOUT) * sizeof(struct pool_ref));
	}
	ref->crc = crc32c(0, node, sizeof(*node));
}

u64 meta_next(struct pool *p, struct meta_file *f, u32 *level, u32 *at, struct pool_node *node)
{
	for (; *level < META_LEVELS; ++*level, *at = 0) {
		while (*at < meta_count(f, *level) && *state_of(f, *level, *at) != META_PLACED)
			++*at;
		if (*at == meta_count(f, *level))
			continue;
		build(p, f, *level, *at, node);
		return meta_ref(f, *level, (*at)++)->block;
	}
	return 0;
}

/* A place in the tree for something that this pool can't have. */
static bool is_rest_empty(const struct pool_node *node, u32 count)
{
	for (u32 i = count; i < POOL_FANOUT; i++)
		if (node->ref[i].block != 0)
			return false;
	return true;
}

bool meta_load(struct pool *p, struct meta_file *f, u32 level, u32 at, const struct pool_node *node)
{
	struct layout_node as = { f->kind, level, at, entry_bytes(f, level) };
	u32 first = at * POOL_FANOUT, count;

	if (!layout_node(node, meta_ref(f, level, at), &as, &p->label))
		return false;
	if (level == 0)
		return contents[f->kind].load(p, at, node->bytes);
	count = meta_count(f, level - 1) - first;
	if (count > POOL_FANOUT)
		count = POOL_FANOUT;
	memcpy(meta_ref(f, level - 1, first), node->ref, count * sizeof(struct pool_ref));
	return is_rest_empty(node, count);
}
