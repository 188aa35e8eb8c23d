/* SPDX-License-Identifier: MIT */
/*
 * layout.c - see layout.h.
 */
#include "layout.h"

#include <string.h>

#include "crc32c.h"
#include "entry.h"
#include "range.h"

u32 layout_sum(const void *bytes, u32 count, u32 crc_at)
{
	static const u8 zero[4];
	const u8 *from = bytes;
	u32 sum = crc32c(0, from, crc_at);

	sum = crc32c(sum, zero, sizeof(zero));
	return crc32c(sum, from + crc_at + 4, count - crc_at - 4);
}

bool layout_name(const char *name, u32 size)
{
	u32 length = 0;

	for (; length < size && name[length] != 0; length++)
		if (name[length] <= ' ' || name[length] > '~')
			return false;
	return length > 0 && length < size;
}

u64 layout_first_block(const struct pool_label *l)
{
	return POOL_LOG_BLOCK + l->log_blocks;
}

u32 layout_granule_blocks(enum pool_kind kind)
{
	return kind == POOL_PLAIN ? POOL_CHUNK_BLOCKS : 1;
}

u64 layout_capacity(enum pool_kind kind, u32 levels)
{
	u64 granules = levels > 0 ? entry_fanout(kind) : 1;

	for (u32 i = 1; i < levels; i++)
		granules *= POOL_FANOUT;
	return granules;
}

u64 layout_granules_of(enum pool_kind kind, u64 sectors)
{
	u64 size = layout_granule_blocks(kind) * POOL_BLOCK_SECTORS;

	return sectors / size + (sectors % size != 0);
}

u32 layout_levels(enum pool_kind kind, u64 sectors)
{
	u32 levels = 1;

	while (levels < POOL_LEVELS_MAX && layout_capacity(kind, levels) < layout_granules_of(kind, sectors))
		levels++;
	return levels;
}

/* The log and a few chunks. */
static bool is_size_ok(const struct pool_label *l, u64 device_sectors)
{
	return l->log_blocks >= POOL_LOG_MIN && l->log_blocks <= POOL_LOG_MAX && l->blocks <= POOL_BLOCKS_MAX &&
		l->blocks <= device_sectors / POOL_BLOCK_SECTORS &&
		l->blocks >= layout_first_block(l) + 4 * POOL_CHUNK_BLOCKS && l->dirty_max >= 2 * POOL_LEVELS_MAX;
}

/* The only one, or one of two with a bit for each region. */
static bool is_member_ok(const struct pool_label *l)
{
	if ((l->features & POOL_FEATURE_MIRROR) == 0)
		return l->member_count == 1 && l->member_index == 0;
	return l->member_count == POOL_MEMBERS && l->member_index < POOL_MEMBERS && l->region_shift >= 4 &&
		l->region_shift < 32 && l->blocks >> l->region_shift < POOL_BLOCK * 8;
}

enum pool_status layout_label(const struct pool_label *l, u64 device_sectors)
{
	if (memcmp(l->magic, POOL_LABEL_MAGIC, sizeof(l->magic)) != 0)
		return POOL_NO_POOL;
	if (l->crc != layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc)))
		return POOL_CORRUPT;
	if (l->version != POOL_VERSION || (l->features & ~POOL_FEATURES) != 0 || l->block_shift != 12 ||
		l->chunk_shift != 16 || !is_member_ok(l))
		return POOL_UNKNOWN;
	if (!is_size_ok(l, device_sectors) || !layout_name(l->name, sizeof(l->name)))
		return POOL_CORRUPT;
	return POOL_OK;
}

static bool is_block(const struct pool_label *l, u64 block)
{
	return block >= layout_first_block(l) && block < l->blocks;
}

static bool is_ref(const struct pool_ref *r, const struct pool_label *l, u32 birth)
{
	return (r->block == 0 || is_block(l, r->block)) && r->birth <= birth;
}

bool layout_is_same_pool(const struct pool_label *a, const struct pool_label *b)
{
	struct pool_label as = *a;

	as.member_index = b->member_index;
	as.crc = b->crc;
	memcpy(as.member_uuid, b->member_uuid, sizeof(as.member_uuid));
	return memcmp(&as, b, sizeof(as)) == 0;
}

bool layout_super(const struct pool_super *s, const struct pool_label *l)
{
	return s->magic == POOL_SUPER_MAGIC && s->crc == layout_sum(s, sizeof(*s), offsetof(struct pool_super, crc)) &&
		memcmp(s->uuid, l->uuid, sizeof(s->uuid)) == 0 && s->generation > 0 && s->generation < ~0ull &&
		s->log_seq > 0 && s->log_seq < 1ull << 62 && s->birth > 0 && s->birth < ~0u && s->next_volume > 0 &&
		s->used_blocks <= l->blocks && s->nonces <= POOL_NONCES &&
		is_ref(&s->volumes, l, s->birth) && is_ref(&s->free_map, l, s->birth);
}

bool layout_record(const struct pool_log_record *r, const struct pool_super *s, u64 seq)
{
	return r->magic == POOL_LOG_MAGIC && r->generation == s->generation && r->seq == seq && r->durable < seq &&
		(r->entry_bytes == sizeof(r->entry[0]) || r->entry_bytes == sizeof(r->encrypted[0])) &&
		r->count <= sizeof(r->entry) / r->entry_bytes &&
		memcmp(r->uuid, s->uuid, sizeof(r->uuid)) == 0 &&
		r->crc == layout_sum(r, sizeof(*r), offsetof(struct pool_log_record, crc));
}

static bool is_place(pool_place place, const struct pool_label *l, enum pool_kind kind)
{
	u64 block = pool_place_block(place);

	if (place == 0)
		return true;
	if (pool_place_state(place) != POOL_MAPPED || !is_block(l, block))
		return false;
	if (kind == POOL_PLAIN)
		return aligned_ok(block, POOL_CHUNK_BLOCKS) && block + POOL_CHUNK_BLOCKS <= l->blocks;
	return pool_place_mask(place) == 1;
}

bool layout_entry(const struct pool_entry *e, const struct pool_label *l, const struct pool_record *v, u32 birth)
{
	if (e->granule >= layout_granules_of(v->kind, v->sectors) || e->birth == 0 || e->birth > birth)
		return false;
	return (e->op == POOL_LOG_HOLE && e->place == 0) ||
		(e->op == POOL_LOG_MAP && e->place != 0 && is_place(e->place, l, v->kind));
}

bool layout_granules(struct pool_node *n, const struct pool_label *l, enum pool_kind kind)
{
	for (u32 i = 0; i < entry_fanout(kind); i++) {
		const struct pool_granule *g = entry_granule(n, kind, i);

		if (g->birth > n->h.birth || !is_place(g->place, l, kind))
			return false;
	}
	return true;
}

bool layout_node(const struct pool_node *n, const struct pool_ref *ref, const struct layout_node *as,
	const struct pool_label *l)
{
	const struct pool_node_header *h = &n->h;

	if (crc32c(0, n, sizeof(*n)) != ref->crc || h->magic != POOL_NODE_MAGIC || h->kind != as->kind ||
		h->level != as->level || h->index != as->index || h->birth != ref->birth ||
		h->entry_bytes != as->entry_bytes)
		return false;
	for (u32 i = 0; h->level > 0 && i < POOL_FANOUT; i++)
		if (!is_ref(&n->ref[i], l, h->birth))
			return false;
	return true;
}

#define KNOWN_FLAGS POOL_VOLUME_FLAGS

/* A clone, a snapshot, or neither. */
static bool is_family(const struct pool_record *r, const struct pool_super *s)
{
	bool is_let_go = r->head != 0 && (r->flags & POOL_VOLUME_DELETING) != 0;

	if (r->head != 0 && (r->origin != 0 || (r->flags & POOL_VOLUME_THICK) != 0))
		return false;
	if (r->until != 0 && (!is_let_go || r->until < r->birth || r->until >= s->birth))
		return false;
	return (r->head != 0 || r->origin != 0) == (r->birth != 0) && r->birth < s->birth;
}

bool layout_may_have_head(const struct pool_record *snapshot, const struct pool_record *head)
{
	return (head->flags & POOL_VOLUME_DELETING) == 0 ||
		(head->cursor == 0 && (snapshot->flags & POOL_VOLUME_DELETING) != 0);
}

static bool is_kind(const struct pool_record *r, const struct pool_super *s, const struct pool_label *l)
{
	if (r->kind != POOL_ENCRYPTED)
		return (r->kind == POOL_PLAIN || r->kind == POOL_INTEGRITY) && r->crypto == 0 && r->cipher == 0;
	return (l->features & POOL_FEATURE_ENCRYPTED) != 0 && r->crypto > 0 && r->crypto < s->next_volume &&
		r->cipher > 0 && r->cipher < POOL_CIPHER_KINDS;
}

bool layout_same_kind(const struct pool_record *a, const struct pool_record *b)
{
	return a->kind == b->kind && a->crypto == b->crypto && a->cipher == b->cipher;
}

bool layout_volume(const struct pool_record *r, const struct pool_super *s, const struct pool_label *l)
{
	return r->id > 0 && r->id < s->next_volume && is_kind(r, s, l) &&
		r->levels >= 1 && r->levels <= POOL_LEVELS_MAX && (r->flags & ~KNOWN_FLAGS) == 0 &&
		(r->head == 0 || r->reserve == 0) &&
		layout_name(r->name, sizeof(r->name)) && r->sectors > 0 && r->sectors <= 1ull << 50 &&
		r->sectors % POOL_BLOCK_SECTORS == 0 &&
		layout_granules_of(r->kind, r->sectors) <= layout_capacity(r->kind, r->levels) &&
		r->mapped <= layout_granules_of(r->kind, r->sectors) &&
		is_ref(&r->root, l, s->birth) && is_family(r, s);
}
