/* SPDX-License-Identifier: MIT */
/*
 * check.c - see check.h.
 *
 * Each volume's map is walked next to that of the snapshot before it. What is older than that snapshot must be the same
 * there, and is not looked into; what is newer is claimed, and must not have been claimed before. So each block is
 * claimed once, by the oldest that has it. Then the free map is compared with what was claimed.
 */
#include "check.h"

#include <string.h>

#include "crc32c.h"
#include "entry.h"
#include "layout.h"
#include "range.h"

#define RECORDS_MAX (POOL_FANOUT * POOL_RECORDS)

const char *const pool_check_text[CHECK_FAULTS] = {
	[CHECK_READ] = "the block can't be read",
	[CHECK_LABEL] = "the label is not that of a pool that is known here",
	[CHECK_SUPER] = "neither superblock is valid",
	[CHECK_NODE] = "the node is malformed, or differs from its checksum",
	[CHECK_RECORD] = "the record of a volume is malformed",
	[CHECK_FAMILY] = "the head or the origin of the volume is not there",
	[CHECK_TWICE] = "the block is used twice",
	[CHECK_NOT_SHARED] = "the block is older than the snapshot before, which does not have it",
	[CHECK_FREE] = "the block is used, and free in the free map",
	[CHECK_LOST] = "the block is used in the free map, and by nobody",
	[CHECK_COUNT_MAPPED] = "the count of mapped granules is wrong",
	[CHECK_COUNT_OWN] = "the count of own granules is wrong",
	[CHECK_COUNT_USED] = "the count of used blocks is wrong",
	[CHECK_DATA] = "the data differs from its checksum",
};

/* The nodes of a map that are in memory: the last one looked at of each level. */
struct path {
	const struct pool_record *r;
	struct pool_node node[POOL_LEVELS_MAX];
	u64 block[POOL_LEVELS_MAX];
};

struct arena {
	struct pool_record record[RECORDS_MAX];
	struct path own, before;
	struct pool_node node[3], buffer;	/* of the tables, by level; data, records of the log */
	u64 claimed[];				/* a bit a block */
};

struct walk {
	struct pool_check *c;
	struct arena *a;
	const struct pool_record *r;
	const struct pool_record *before;	/* the snapshot, or the origin; NULL = there is none */
	u64 mapped, own;
	bool is_open;		/* the snapshot before is being deleted: own granules are counted at its end */
};

u64 pool_check_bytes(u64 device_sectors)
{
	return sizeof(struct arena) + (device_sectors / POOL_BLOCK_SECTORS / 64 + 1) * sizeof(u64);
}

const struct pool_record *pool_check_record(const void *arena, u32 at)
{
	return &((const struct arena *)arena)->record[at];
}

static bool fault(struct pool_check *c, enum check_fault what, u64 block, u32 id)
{
	c->faults++;
	c->found(c->context, what, block, id);
	return false;
}

static bool read_block(struct pool_check *c, u64 block, void *to, u32 id)
{
	return c->read(c->context, block, to) || fault(c, CHECK_READ, block, id);
}

static void claim(struct pool_check *c, struct arena *a, u64 block, u32 count, u32 id)
{
	for (u64 b = block; b < block + count; b++) {
		if ((a->claimed[b / 64] >> b % 64 & 1) != 0)
			fault(c, CHECK_TWICE, b, id);
		else
			c->used_blocks++;
		a->claimed[b / 64] |= 1ull << b % 64;
	}
}

/* ---- maps ---- */

/* A node of a map: of the volume, or of the one before it. NULL: it can't be had, which was said. */
static struct pool_node *map_node(struct walk *w, struct path *path, u32 level, u64 index,
	const struct pool_ref *ref)
{
	struct layout_node as = { POOL_NODE_MAP, level, index,
		level > 0 ? sizeof(struct pool_ref) : entry_bytes(w->r->kind) };
	struct pool_node *n = &path->node[level];

	if (path->block[level] == ref->block)
		return n;
	path->block[level] = 0;
	if (!read_block(w->c, ref->block, n, w->r->id))
		return NULL;
	if (!layout_node(n, ref, &as, &w->c->label) ||
		(level == 0 && !layout_granules(n, &w->c->label, w->r->kind))) {
		fault(w->c, CHECK_NODE, ref->block, w->r->id);
		return NULL;
	}
	path->block[level] = ref->block;
	return n;
}

/* The reference to a node of the one before, or NULL where that has none. */
static const struct pool_ref *before_ref(struct walk *w, u32 level, u64 granule)
{
	const struct pool_ref *ref = &w->before->root;

	if (level >= w->before->levels || granule >= layout_capacity(w->r->kind, w->before->levels))
		return NULL;
	for (u32 l = w->before->levels; l-- > level + 1;) {
		const struct pool_node *n;

		if (ref->block == 0)
			return NULL;
		n = map_node(w, &w->a->before, l, granule / layout_capacity(w->r->kind, l + 1), ref);
		if (n == NULL)
			return NULL;
		ref = &n->ref[granule / layout_capacity(w->r->kind, l) % POOL_FANOUT];
	}
	return ref;
}

static pool_place before_place(struct walk *w, u64 granule)
{
	const struct pool_ref *ref = before_ref(w, 0, granule);
	struct pool_node *leaf = ref == NULL || ref->block == 0 ? NULL :
		map_node(w, &w->a->before, 0, granule / entry_fanout(w->r->kind), ref);

	return leaf == NULL ? 0 : entry_granule(leaf, w->r->kind, granule)->place;
}

static const struct pool_record *record_of(const struct pool_check *c, const struct arena *a, u32 id)
{
	for (u32 i = 0; id != 0 && i < c->records; i++)
		if (a->record[i].id == id)
			return &a->record[i];
	return NULL;
}

/* The newest snapshot of that head which a state of that birth descends from. */
static const struct pool_record *older(const struct pool_check *c, const struct arena *a, u32 head, u32 birth)
{
	const struct pool_record *best = NULL;

	for (u32 i = 0; i < c->records; i++) {
		const struct pool_record *s = &a->record[i];

		if (s->head == head && s->birth < birth && (s->until == 0 || birth <= s->until) &&
			(best == NULL || s->birth > best->birth))
			best = s;
	}
	return best;
}

/* The one that a granule may be shared with: a snapshot that is being deleted counts no more where it is done. */
static const struct pool_record *before_at(struct walk *w, u64 granule)
{
	const struct pool_record *r = w->r, *head = r->head != 0 ? record_of(w->c, w->a, r->head) : r;
	const struct pool_record *s = older(w->c, w->a, head->id, r->head != 0 ? r->birth : ~0u);

	while (s != NULL && (s->flags & POOL_VOLUME_DELETING) != 0 && granule < s->cursor)
		s = older(w->c, w->a, head->id, s->birth);
	return s != NULL ? s : record_of(w->c, w->a, head->origin);
}

static void set_before(struct walk *w, u64 granule)
{
	const struct pool_record *before = before_at(w, granule);

	if (before != w->before)
		memset(w->a->before.block, 0, sizeof(w->a->before.block));
	w->before = before;
}

static void check_data(struct walk *w, const struct pool_granule *g)
{
	u64 block = pool_place_block(g->place);

	if (!w->c->with_data || w->r->kind == POOL_PLAIN)
		return;
	if (read_block(w->c, block, &w->a->buffer, w->r->id) &&
		crc32c(0, &w->a->buffer, sizeof(w->a->buffer)) != g->crc)
		fault(w->c, CHECK_DATA, block, w->r->id);
}

static void show_plain(struct walk *w, const struct pool_granule *g)
{
	u64 block = pool_place_block(g->place);
	u32 mask = pool_place_mask(g->place);

	if (w->c->plain == NULL || w->r->kind != POOL_PLAIN)
		return;
	for (u32 i = 0; i < POOL_CHUNK_BLOCKS; i++)
		if ((mask >> i & 1) != 0)
			w->c->plain(w->c->context, block + i, 1, w->r->id);
}

static void check_granule(struct walk *w, u64 granule, const struct pool_granule *g)
{
	u64 block = pool_place_block(g->place);

	if (g->place == 0)
		return;
	w->mapped++;
	set_before(w, granule);
	if (w->before != NULL && g->birth <= w->before->birth) {
		if (pool_place_block(before_place(w, granule)) != block)
			fault(w->c, CHECK_NOT_SHARED, block, w->r->id);
		return;
	}
	w->own++;
	claim(w->c, w->a, block, layout_granule_blocks(w->r->kind), w->r->id);
	check_data(w, g);
	show_plain(w, g);
}

/* Granules of a subtree that is shared are counted, and not looked at. */
static void check_map(struct walk *w, u32 level, u64 index, const struct pool_ref *ref, bool is_shared)
{
	u64 granule = index * layout_capacity(w->r->kind, level + 1);
	u32 fanout = level > 0 ? POOL_FANOUT : entry_fanout(w->r->kind);
	struct pool_node *n;

	if (ref->block == 0)
		return;
	if (!is_shared) {
		set_before(w, granule);
		is_shared = w->before != NULL && ref->birth <= w->before->birth;
		if (is_shared) {
			const struct pool_ref *there = before_ref(w, level, granule);

			if (there == NULL || there->block != ref->block)
				fault(w->c, CHECK_NOT_SHARED, ref->block, w->r->id);
		} else {
			claim(w->c, w->a, ref->block, 1, w->r->id);
		}
	}
	n = map_node(w, &w->a->own, level, index, ref);
	for (u32 i = 0; n != NULL && i < fanout; i++) {
		if (level > 0)
			check_map(w, level - 1, index * POOL_FANOUT + i, &n->ref[i], is_shared);
		else if (is_shared)
			w->mapped += entry_granule(n, w->r->kind, i)->place != 0;
		else
			check_granule(w, granule + i, entry_granule(n, w->r->kind, i));
	}
}

static bool is_deleting_before(const struct walk *w)
{
	for (u32 i = 0; i < w->c->records; i++) {
		const struct pool_record *s = &w->a->record[i];

		if ((s->flags & POOL_VOLUME_DELETING) != 0 &&
			(s == w->r || s->head == (w->r->head != 0 ? w->r->head : w->r->id)))
			return true;
	}
	return false;
}

static void check_volume(struct pool_check *c, struct arena *a, const struct pool_record *r)
{
	struct walk w = { .c = c, .a = a, .r = r };

	memset(a->own.block, 0, sizeof(a->own.block));
	memset(a->before.block, 0, sizeof(a->before.block));
	check_map(&w, r->levels - 1u, 0, &r->root, false);
	if ((r->flags & POOL_VOLUME_DELETING) == 0 && w.mapped != r->mapped)
		fault(c, CHECK_COUNT_MAPPED, 0, r->id);
	if (!is_deleting_before(&w) && w.own != r->own)
		fault(c, CHECK_COUNT_OWN, 0, r->id);
}

static bool check_family(struct pool_check *c, const struct arena *a, const struct pool_record *r)
{
	const struct pool_record *head = record_of(c, a, r->head), *origin = record_of(c, a, r->origin);

	if (r->head != 0 && (head == NULL || head->head != 0 || !layout_same_kind(head, r) ||
		!layout_may_have_head(r, head)))
		return fault(c, CHECK_FAMILY, 0, r->id);
	if (r->origin != 0 && (origin == NULL || origin->head == 0 || origin->birth != r->birth ||
		!layout_same_kind(origin, r)))
		return fault(c, CHECK_FAMILY, 0, r->id);
	return true;
}

/* ---- tables ---- */

static void take_records(struct pool_check *c, struct arena *a, const struct pool_node *leaf)
{
	for (u32 i = 0; i < POOL_RECORDS && c->records < RECORDS_MAX; i++) {
		struct pool_record *r = &a->record[c->records];

		memcpy(r, leaf->bytes + i * POOL_RECORD_BYTES, sizeof(*r));
		if (r->id == 0)
			continue;
		if (!layout_volume(r, &c->super, &c->label) || record_of(c, a, r->id) != NULL)
			fault(c, CHECK_RECORD, 0, r->id);
		else
			c->records++;
	}
}

/* The leaf of the free map against what was claimed; NULL: it says that all is free, except the fixed area. */
static void compare_bits(struct pool_check *c, const struct arena *a, u64 index, const struct pool_node *leaf)
{
	u64 first = index * POOL_BITMAP_BITS, end = min_u64(first + POOL_BITMAP_BITS, c->label.blocks);

	for (u64 b = max_u64(first, layout_first_block(&c->label)); b < end; b++) {
		bool is_claimed = (a->claimed[b / 64] >> b % 64 & 1) != 0;
		bool is_used = leaf != NULL && (leaf->bytes[(b - first) / 8] >> (b - first) % 8 & 1) != 0;

		if (is_claimed != is_used)
			fault(c, is_claimed ? CHECK_FREE : CHECK_LOST, b, 0);
	}
}

enum pass { PASS_CLAIM, PASS_COMPARE };

static void take_leaf(struct pool_check *c, struct arena *a, const struct layout_node *as, const struct pool_node *leaf,
	enum pass pass)
{
	if (as->kind == POOL_NODE_VOLUMES)
		take_records(c, a, leaf);
	else if (pass == PASS_COMPARE)
		compare_bits(c, a, as->index, leaf);
}

/* Calls take_leaf() for each leaf that there can be. */
static void walk_table(struct pool_check *c, struct arena *a, struct layout_node as, const struct pool_ref *ref,
	enum pass pass)
{
	static const u64 span[] = { POOL_BITMAP_BITS, (u64)POOL_BITMAP_BITS * POOL_FANOUT };
	struct pool_node *n = &a->node[as.level];
	u32 level = as.level;

	as.entry_bytes = level > 0 ? sizeof(struct pool_ref) : as.kind == POOL_NODE_FREE ? 1 : POOL_RECORD_BYTES;
	if (ref->block == 0) {
		memset(n, 0, sizeof(*n));
	} else {
		if (pass == PASS_CLAIM)
			claim(c, a, ref->block, 1, 0);
		if (!read_block(c, ref->block, n, 0))
			return;
		if (!layout_node(n, ref, &as, &c->label)) {
			fault(c, CHECK_NODE, ref->block, 0);
			return;
		}
	}
	if (level == 0) {
		take_leaf(c, a, &as, n, pass);
		return;
	}
	for (u32 i = 0; i < POOL_FANOUT; i++) {
		struct layout_node below = { as.kind, level - 1, as.index * POOL_FANOUT + i, 0 };

		if (n->ref[i].block != 0 || (pass == PASS_COMPARE && below.index * span[level - 1] < c->label.blocks))
			walk_table(c, a, below, &n->ref[i], pass);
	}
}

/* ---- the whole ---- */

static bool choose_super(struct pool_check *c, struct arena *a)
{
	const struct pool_super *s = (const struct pool_super *)&a->buffer;
	bool is_found = false;

	for (u32 i = 0; i < 2; i++) {
		if (!read_block(c, POOL_SUPER_BLOCK + i, &a->buffer, 0) || !layout_super(s, &c->label) ||
			(s->generation & 1) != i || (is_found && s->generation < c->super.generation))
			continue;
		c->super = *s;
		is_found = true;
	}
	return is_found || fault(c, CHECK_SUPER, POOL_SUPER_BLOCK, 0);
}

static bool read_label(struct pool_check *c, struct arena *a)
{
	enum pool_status status;

	if (!read_block(c, POOL_LABEL_BLOCK, &a->buffer, 0))
		return false;
	memcpy(&c->label, &a->buffer, sizeof(c->label));
	status = layout_label(&c->label, c->device_sectors);
	return status == POOL_OK || fault(c, CHECK_LABEL, status, 0);
}

static void count_log(struct pool_check *c, struct arena *a)
{
	const struct pool_log_record *r = (const struct pool_log_record *)&a->buffer;

	for (; c->log_records < c->label.log_blocks; c->log_records++) {
		u64 seq = c->super.log_seq + c->log_records;

		if (!read_block(c, POOL_LOG_BLOCK + seq % c->label.log_blocks, &a->buffer, 0) ||
			!layout_record(r, &c->super, seq))
			return;
	}
}

bool pool_check(struct pool_check *c, void *arena)
{
	struct arena *a = arena;
	struct layout_node volumes = { POOL_NODE_VOLUMES, 2, 0, 0 }, map = { POOL_NODE_FREE, 2, 0, 0 };
	bool is_related = true;

	memset(a->claimed, 0, pool_check_bytes(c->device_sectors) - sizeof(*a));
	c->records = c->log_records = 0;
	c->faults = c->used_blocks = 0;
	if (!read_label(c, a) || !choose_super(c, a))
		return false;
	claim(c, a, 0, (u32)layout_first_block(&c->label), 0);
	walk_table(c, a, volumes, &c->super.volumes, PASS_CLAIM);
	walk_table(c, a, map, &c->super.free_map, PASS_CLAIM);
	for (u32 i = 0; i < c->records; i++)
		is_related &= check_family(c, a, &a->record[i]);
	for (u32 i = 0; is_related && i < c->records; i++)
		check_volume(c, a, &a->record[i]);
	walk_table(c, a, map, &c->super.free_map, PASS_COMPARE);
	if (c->used_blocks != c->super.used_blocks)
		fault(c, CHECK_COUNT_USED, 0, 0);
	count_log(c, a);
	return c->faults == 0;
}
