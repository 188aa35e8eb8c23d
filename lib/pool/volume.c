/* SPDX-License-Identifier: MIT */
/*
 * volume.c - see volume.h.
 */
#include "volume.h"

#include <string.h>

#include "crypt.h"
#include "layout.h"
#include "meta.h"
#include "range.h"
#include "space.h"

/* Looked for once, in general. */
struct volume *volume_of(struct pool *p, u32 id)
{
	u16 *found = &p->found[id % VOLUMES_FOUND];

	if (id == 0)
		return NULL;
	if (p->volume[*found].r.id == id)
		return &p->volume[*found];
	for (u32 i = 0; i < p->memory.volumes; i++) {
		if (p->volume[i].r.id != id)
			continue;
		*found = (u16)i;
		return &p->volume[i];
	}
	return NULL;
}

/* Of a snapshot that is being deleted, what its own cursor has passed is done. */
static bool is_done_at(const struct volume *s, u64 granule)
{
	return (s->r.flags & POOL_VOLUME_DELETING) != 0 && granule < s->r.cursor;
}

u32 volume_owned_after(const struct volume *v, u64 granule)
{
	const struct volume *s = v->previous;

	while (s != NULL && is_done_at(s, granule))
		s = s->previous;
	return s != NULL ? s->r.birth : v->base;
}

static bool is_snapshot_of(const struct volume *s, u32 head)
{
	return s->r.id != 0 && s->r.head == head;
}

/* The newest snapshot of that head which a state of that birth descends from. */
static struct volume *older(struct pool *p, u32 head, u32 birth)
{
	struct volume *best = NULL;

	for (u32 i = 0; i < p->memory.volumes; i++) {
		struct volume *s = &p->volume[i];

		if (is_snapshot_of(s, head) && s->r.birth < birth && (s->r.until == 0 || birth <= s->r.until) &&
			(best == NULL || s->r.birth > best->r.birth))
			best = s;
	}
	return best;
}

struct volume *volume_next(struct pool *p, const struct volume *v)
{
	struct volume *best = NULL;

	if (v->r.head == 0)
		return NULL;
	for (u32 i = 0; i < p->memory.volumes; i++) {
		struct volume *s = &p->volume[i];

		if (is_snapshot_of(s, v->r.head) && s->r.birth > v->r.birth && !is_done_at(s, v->r.cursor) &&
			(best == NULL || s->r.birth < best->r.birth))
			best = s;
	}
	return best != NULL ? best : volume_of(p, v->r.head);
}

/* A snapshot's head is there, and is none; a clone's origin is a snapshot that stays. */
static bool is_related(struct pool *p, struct volume *v)
{
	const struct volume *head = volume_of(p, v->r.head), *origin = volume_of(p, v->r.origin);

	if (v->r.head != 0 && (head == NULL || head->r.head != 0 || !layout_same_kind(&v->r, &head->r) ||
		!layout_may_have_head(&v->r, &head->r) || (v->r.flags & POOL_VOLUME_READ_ONLY) == 0))
		return false;
	if (v->r.origin != 0 && (origin == NULL || origin->r.head == 0 || origin->r.birth != v->r.birth ||
		!layout_same_kind(&v->r, &origin->r) || (origin->r.flags & POOL_VOLUME_DELETING) != 0))
		return false;
	v->previous = older(p, v->r.head != 0 ? v->r.head : v->r.id, v->r.head != 0 ? v->r.birth : ~0u);
	v->base = v->r.head != 0 ? head->r.birth : v->r.birth;
	return true;
}

bool volumes_relate(struct pool *p)
{
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (p->volume[i].r.id != 0 && !is_related(p, &p->volume[i]))
			return false;
	return true;
}

void volume_changed(struct pool *p, const struct volume *v)
{
	meta_change(&p->files[FILE_VOLUMES], v->at / POOL_RECORDS);
}

/* The log names volumes by ids: it must not name one that the table on the disk does not have, so the next commit is a
 * checkpoint. */
void volume_table_changed(struct pool *p, const struct volume *v)
{
	volume_changed(p, v);
	for (u32 i = 0; i < p->memory.volumes; i++)
		volume_keep(p, &p->volume[i]);
	p->commit.wants_checkpoint = true;
	if (!volumes_relate(p))
		p->is_failed = true;	/* all changes are judged before, so it can't happen */
}

void volumes_fill(const struct pool *p, u64 leaf, u8 *bytes)
{
	for (u32 i = 0; i < POOL_RECORDS; i++) {
		u64 at = leaf * POOL_RECORDS + i;

		if (at < p->memory.volumes)
			memcpy(bytes + i * POOL_RECORD_BYTES, &p->volume[at].r, POOL_RECORD_BYTES);
	}
}

/* The name of what is being deleted is free. */
static bool is_same_name(const struct pool_record *a, const struct pool_record *b)
{
	return ((a->flags | b->flags) & POOL_VOLUME_DELETING) == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_new(const struct pool *p, u64 at)
{
	const struct pool_record *r = &p->volume[at].r;

	for (u64 i = 0; i < p->memory.volumes; i++)
		if (i != at && p->volume[i].r.id != 0 &&
			(p->volume[i].r.id == r->id || is_same_name(&p->volume[i].r, r)))
			return false;
	return true;
}

bool volumes_load(struct pool *p, u64 leaf, const u8 *bytes)
{
	for (u32 i = 0; i < POOL_RECORDS; i++) {
		u64 at = leaf * POOL_RECORDS + i;
		struct pool_record r;

		memcpy(&r, bytes + i * POOL_RECORD_BYTES, sizeof(r));
		if (r.id == 0)
			continue;
		if (at >= p->memory.volumes || !layout_volume(&r, &p->super, &p->label))
			return false;
		p->volume[at].r = r;
		if (!is_new(p, at))
			return false;
	}
	return true;
}

const struct pool_record *pool_volume(const struct pool *p, u32 at)
{
	return at < p->memory.volumes && p->volume[at].r.id != 0 ? &p->volume[at].r : NULL;
}

const struct pool_record *pool_volume_find(const struct pool *p, const char *name)
{
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (p->volume[i].r.id != 0 && (p->volume[i].r.flags & POOL_VOLUME_DELETING) == 0 &&
			strcmp(p->volume[i].r.name, name) == 0)
			return &p->volume[i].r;
	return NULL;
}

/* The table may change now. */
enum pool_status volume_may_change(const struct pool *p)
{
	if (p->is_failed)
		return POOL_FAILED;
	return p->commit.is_frozen ? POOL_AGAIN : POOL_OK;
}

struct volume *volume_unused(struct pool *p)
{
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (p->volume[i].r.id == 0)
			return &p->volume[i];
	return NULL;
}

bool volume_size_ok(enum pool_kind kind, u64 sectors)
{
	return sectors > 0 && sectors <= 1ull << 50 && sectors % POOL_BLOCK_SECTORS == 0 &&
		layout_granules_of(kind, sectors) <= layout_capacity(kind, POOL_LEVELS_MAX);
}

/* How many granules a volume has, or can have at any time. */
static u64 promised_to(const struct pool_record *r, u64 all)
{
	return (r->flags & POOL_VOLUME_THICK) != 0 ? all : min_u64(all, r->reserve);
}

static u64 spare_of(const struct pool *p, const struct pool_record *r)
{
	return r->kind == POOL_PLAIN ? 0 : p->memory.tasks;
}

u64 volume_keeps_spare(const struct pool *p, const struct volume *v)
{
	return v->kept_blocks != 0 ? spare_of(p, &v->r) : 0;
}

/* It may take a chunk, or a block, for each of these that is not its own, and nodes above them; a thick one without
 * such has all its nodes. Overwriting an integrity volume takes blocks before others become free. */
struct keep { u64 blocks, chunks, nodes; };

static struct keep keep_of(const struct pool *p, const struct pool_record *r)
{
	u64 all = layout_granules_of(r->kind, r->sectors), nodes = 0;
	u64 own = r->own > all ? 0 : r->own;	/* beyond: not right just now */
	u64 promised = promised_to(r, all), lacking = promised > own ? promised - own : 0;
	struct keep k = { 0 };

	if (r->id == 0 || promised == 0)
		return k;
	for (u32 level = 1; level <= r->levels; level++)
		nodes += all / layout_capacity(r->kind, level) + 1;
	k.blocks = lacking * layout_granule_blocks(r->kind);
	k.nodes = lacking == 0 && promised == all ? 0 : min_u64(nodes, promised * r->levels);
	if (r->kind == POOL_PLAIN)
		k.chunks = lacking;
	k.blocks += spare_of(p, r);
	return k;
}

void volume_keep(struct pool *p, struct volume *v)
{
	struct keep k = keep_of(p, &v->r);

	p->space.kept_blocks += k.blocks - v->kept_blocks;
	p->space.kept_chunks += k.chunks - v->kept_chunks;
	p->space.kept_nodes += k.nodes - v->kept_nodes;
	v->kept_nodes = k.nodes;
	v->kept_blocks = k.blocks;
	v->kept_chunks = k.chunks;
}

void volume_keep_add(const struct pool *p, struct keep_change *sum, const struct volume *v,
	const struct pool_record *changed)
{
	struct keep after = keep_of(p, changed);

	sum->blocks += v->kept_blocks + v->kept_nodes;
	sum->chunks += v->kept_chunks;
	sum->blocks_after += after.blocks + after.nodes;
	sum->chunks_after += after.chunks;
}

enum pool_status volume_may_keep(const struct pool *p, const struct keep_change *sum)
{
	const struct space *s = &p->space;
	u64 blocks = sum->blocks_after > sum->blocks ? sum->blocks_after - sum->blocks : 0;
	u64 chunks = sum->chunks_after > sum->chunks ? s->kept_chunks - sum->chunks + sum->chunks_after : 0;

	if (blocks <= space_room(p, (struct space_part){ 0 }) && chunks <= s->free_chunks)
		return POOL_OK;
	/* Of each run of blocks that are freed, one chunk at most. */
	return blocks <= space_coming(p) && chunks <= s->free_chunks + (u64)s->limbo_count ? POOL_AGAIN : POOL_NO_SPACE;
}

enum pool_status pool_volume_create(struct pool *p, const struct pool_volume_spec *spec, u32 *id)
{
	struct volume *v = volume_unused(p);
	enum pool_status status = volume_may_change(p);
	struct keep_change kept = { 0 };
	struct pool_record r;

	if (status != POOL_OK)
		return status;
	if (!layout_name(spec->name, sizeof(spec->name)) || !volume_size_ok(spec->kind, spec->sectors) ||
		spec->kind < POOL_PLAIN || spec->kind > POOL_ENCRYPTED ||
		(spec->kind == POOL_ENCRYPTED && (spec->cipher == 0 || spec->cipher >= POOL_CIPHER_KINDS)))
		return POOL_INVAL;
	if (spec->kind == POOL_ENCRYPTED && (p->label.features & POOL_FEATURE_ENCRYPTED) == 0)
		return POOL_UNKNOWN;
	if (spec->kind == POOL_ENCRYPTED && !crypt_has_cipher(p, spec->cipher))
		return POOL_LOCKED;
	if (pool_volume_find(p, spec->name) != NULL)
		return POOL_EXISTS;
	if (v == NULL || p->super.next_volume == ~0u)
		return POOL_FULL;
	r = (struct pool_record){
		.id = p->super.next_volume, .kind = (u8)spec->kind, .sectors = spec->sectors,
		.levels = (u8)layout_levels(spec->kind, spec->sectors),
		.flags = spec->is_thick ? POOL_VOLUME_THICK : 0,
	};
	if (spec->kind == POOL_ENCRYPTED) {
		r.crypto = r.id;
		r.cipher = (u8)spec->cipher;
	}
	strcpy(r.name, spec->name);
	memcpy(r.uuid, spec->uuid, sizeof(r.uuid));
	volume_keep_add(p, &kept, v, &r);
	status = volume_may_keep(p, &kept);
	if (status != POOL_OK)
		return status;
	v->r = r;
	p->super.next_volume++;
	volume_table_changed(p, v);
	*id = v->r.id;
	return POOL_OK;
}

enum pool_status pool_volume_rename(struct pool *p, u32 id, const char *name)
{
	struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if (v == NULL || (v->r.flags & POOL_VOLUME_DELETING) != 0)
		return POOL_NO_VOLUME;
	if (!layout_name(name, sizeof(v->r.name)))
		return POOL_INVAL;
	if (pool_volume_find(p, name) != NULL)
		return POOL_EXISTS;
	memset(v->r.name, 0, sizeof(v->r.name));
	strcpy(v->r.name, name);
	volume_table_changed(p, v);
	return POOL_OK;
}

enum pool_status pool_reserve(struct pool *p, u32 id, u64 sectors)
{
	struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);
	struct keep_change kept = { 0 };
	struct pool_record after;

	if (status != POOL_OK)
		return status;
	if (v == NULL || (v->r.flags & POOL_VOLUME_DELETING) != 0)
		return POOL_NO_VOLUME;
	if (v->r.head != 0)
		return POOL_READ_ONLY;
	if (sectors > v->r.sectors)
		return POOL_INVAL;
	after = v->r;
	after.reserve = layout_granules_of(v->r.kind, sectors);
	volume_keep_add(p, &kept, v, &after);
	status = volume_may_keep(p, &kept);
	if (status != POOL_OK)
		return status;
	v->r.reserve = after.reserve;
	volume_table_changed(p, v);
	return POOL_OK;
}

enum pool_status pool_volume_mark(struct pool *p, u32 id, u32 marks, bool is_set)
{
	struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if (v == NULL || (v->r.flags & POOL_VOLUME_DELETING) != 0)
		return POOL_NO_VOLUME;
	if ((marks & ~POOL_VOLUME_MARKS) != 0)
		return POOL_INVAL;
	v->r.flags = (u16)((v->r.flags & ~marks) | (is_set ? marks : 0));
	volume_table_changed(p, v);
	return POOL_OK;
}
