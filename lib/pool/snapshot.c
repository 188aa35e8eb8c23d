/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - snapshots, clones, reverts, growing, and the beginning of a deletion: changes of records. A snapshot
 * takes the root that its head has on the disk, so nothing of the head may differ from the disk.
 */
#include <string.h>

#include "layout.h"
#include "node.h"
#include "range.h"
#include "space.h"
#include "volume.h"

/* So many new records can be made, each with a birth of its own. */
static enum pool_status may_add(const struct pool *p, u32 count)
{
	enum pool_status status = volume_may_change(p);
	u32 unused = 0;

	for (u32 i = 0; i < p->memory.volumes; i++)
		unused += p->volume[i].r.id == 0;
	if (status != POOL_OK)
		return status;
	return unused < count || ~0u - p->super.next_volume < count || p->super.birth + (u64)count > ~0u - 1
		? POOL_FULL : POOL_OK;
}

static enum pool_status may_name(const struct pool *p, const char *name)
{
	if (!layout_name(name, sizeof(p->volume->r.name)))
		return POOL_INVAL;
	return pool_volume_find(p, name) != NULL ? POOL_EXISTS : POOL_OK;
}

/* A record that has what `from` has, with no own granules. */
static struct volume *add_like(struct pool *p, const struct pool_record *from, const char *name,
	const u8 uuid[POOL_UUID_BYTES])
{
	struct volume *v = volume_unused(p);

	v->r = *from;
	v->r.id = p->super.next_volume++;
	v->r.flags = 0;
	memset(v->r.name, 0, sizeof(v->r.name));
	strcpy(v->r.name, name);
	memcpy(v->r.uuid, uuid, sizeof(v->r.uuid));
	v->r.head = v->r.origin = 0;
	v->r.reserve = 0;
	return v;
}

static bool is_deleting(const struct volume *v)
{
	return (v->r.flags & POOL_VOLUME_DELETING) != 0;
}

static enum pool_status may_snapshot(struct pool *p, u32 id, struct keep_change *kept)
{
	const struct volume *v = volume_of(p, id);
	struct pool_record after;

	if (v == NULL || is_deleting(v))
		return POOL_NO_VOLUME;
	if (v->r.head != 0)
		return POOL_READ_ONLY;
	if (v->busy > 0 || !nodes_are_clean(p, v))
		return POOL_AGAIN;
	after = v->r;
	after.own = 0;
	volume_keep_add(p, kept, v, &after);
	return POOL_OK;
}

static enum pool_status may_be_in_group(const struct pool *p, const struct pool_snapshot_spec *specs, u32 i)
{
	for (u32 k = 0; k < i; k++)
		if (specs[k].volume == specs[i].volume || strcmp(specs[k].name, specs[i].name) == 0)
			return POOL_EXISTS;
	return may_name(p, specs[i].name);
}

static void snapshot(struct pool *p, struct pool_snapshot_spec *spec)
{
	struct volume *v = volume_of(p, spec->volume), *s = add_like(p, &v->r, spec->name, spec->uuid);

	s->r.flags = POOL_VOLUME_READ_ONLY;
	s->r.head = v->r.id;
	s->r.birth = p->super.birth++;
	v->r.own = 0;
	volume_changed(p, v);
	volume_table_changed(p, s);
	spec->snapshot = s->r.id;
}

enum pool_status pool_snapshot(struct pool *p, struct pool_snapshot_spec *specs, u32 count)
{
	enum pool_status status = may_add(p, count);
	struct keep_change kept = { 0 };

	for (u32 i = 0; i < count && status == POOL_OK; i++) {
		status = may_be_in_group(p, specs, i);
		if (status == POOL_OK)
			status = may_snapshot(p, specs[i].volume, &kept);
	}
	if (status == POOL_OK)
		status = volume_may_keep(p, &kept);
	for (u32 i = 0; i < count && status == POOL_OK; i++)
		snapshot(p, &specs[i]);
	return status;
}

enum pool_status pool_clone(struct pool *p, u32 snapshot, const char *name, const u8 uuid[POOL_UUID_BYTES], u32 *id)
{
	const struct volume *s = volume_of(p, snapshot);
	struct volume *v;
	enum pool_status status = may_add(p, 1);

	if (status == POOL_OK)
		status = may_name(p, name);
	if (status != POOL_OK)
		return status;
	if (s == NULL || is_deleting(s))
		return POOL_NO_VOLUME;
	if (s->r.head == 0)
		return POOL_INVAL;
	v = add_like(p, &s->r, name, uuid);
	v->r.own = 0;
	v->r.origin = s->r.id;
	volume_table_changed(p, v);
	*id = v->r.id;
	return POOL_OK;
}

static bool is_in(u32 id, const u32 *ids, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* It has clones, or snapshots that are not being deleted: beside those that go with it. */
static bool is_needed(const struct pool *p, u32 id, const u32 *ids, u32 count)
{
	for (u32 i = 0; i < p->memory.volumes; i++) {
		const struct volume *v = &p->volume[i];

		if (v->r.id != 0 && (v->r.origin == id ||
			(v->r.head == id && !is_deleting(v) && !is_in(v->r.id, ids, count))))
			return true;
	}
	return false;
}

/* Something that a revert has let go is newer than `v`, and may have what neither the head nor others after it have:
 * POOL_AGAIN; POOL_IO: that can't be read. */
static enum pool_status may_go(const struct pool *p, const struct volume *v)
{
	enum pool_status status = POOL_OK;

	for (u32 i = 0; i < p->memory.volumes; i++) {
		const struct volume *s = &p->volume[i];

		if (s->r.id != 0 && v->r.head != 0 && s->r.head == v->r.head && s->r.until != 0 &&
			s->r.birth > v->r.birth && status != POOL_IO)
			status = s->is_stuck ? POOL_IO : POOL_AGAIN;
	}
	return status;
}

static void let_go(struct pool *p, struct volume *v)
{
	v->r.flags = POOL_VOLUME_READ_ONLY | POOL_VOLUME_DELETING;
	v->r.cursor = v->r.reserve = 0;
	v->deleted_in = p->super.generation;
}

static enum pool_status may_delete(struct pool *p, const u32 *ids, u32 count, u32 i)
{
	const struct volume *v = volume_of(p, ids[i]);

	if (v == NULL || is_deleting(v))
		return POOL_NO_VOLUME;
	if (is_in(ids[i], ids, i))
		return POOL_INVAL;
	if (is_needed(p, ids[i], ids, count))
		return POOL_EXISTS;
	return v->busy > 0 || !nodes_are_clean(p, v) ? POOL_AGAIN : may_go(p, v);
}

enum pool_status pool_delete(struct pool *p, const u32 *ids, u32 count)
{
	enum pool_status status = volume_may_change(p);

	for (u32 i = 0; i < count && status == POOL_OK; i++)
		status = may_delete(p, ids, count, i);
	if (status != POOL_OK)
		return status;
	for (u32 i = 0; i < count; i++) {
		let_go(p, volume_of(p, ids[i]));
		volume_changed(p, volume_of(p, ids[i]));
	}
	volume_table_changed(p, volume_of(p, ids[0]));
	job_ready(p, &p->reap.job);
	return POOL_OK;
}

/* A snapshot of the same volume that is newer, and that no earlier revert has let go. */
static bool is_after(const struct pool *p, u32 at, const struct volume *s)
{
	const struct pool_record *r = &p->volume[at].r;

	return r->id != 0 && r->head == s->r.head && r->until == 0 && r->birth > s->r.birth;
}

static enum pool_status may_let_go(const struct pool *p, const struct volume *s)
{
	enum pool_status status = POOL_OK;

	for (u32 i = 0; i < p->memory.volumes && status == POOL_OK; i++) {
		if (!is_after(p, i, s))
			continue;
		if (is_needed(p, p->volume[i].r.id, NULL, 0))
			status = POOL_EXISTS;
		else
			status = p->volume[i].busy > 0 ? POOL_AGAIN : may_go(p, &p->volume[i]);
	}
	return status;
}

static enum pool_status may_revert(struct pool *p, u32 snapshot, struct keep_change *kept)
{
	const struct volume *s = volume_of(p, snapshot), *v;
	struct pool_record after;

	if (s == NULL || is_deleting(s))
		return POOL_NO_VOLUME;
	v = volume_of(p, s->r.head);
	if (v == NULL)
		return POOL_INVAL;
	if (v->busy > 0 || !nodes_are_clean(p, v) || !nodes_forget(p, v))
		return POOL_AGAIN;
	after = v->r;
	after.sectors = s->r.sectors;
	after.levels = s->r.levels;
	after.own = 0;
	volume_keep_add(p, kept, v, &after);
	return may_let_go(p, s);
}

/* Another of the group puts the same volume back. */
static bool is_reverted_twice(struct pool *p, const u32 *snapshots, u32 i)
{
	const struct volume *s = volume_of(p, snapshots[i]);

	for (u32 k = 0; k < i && s != NULL; k++)
		if (volume_of(p, snapshots[k])->r.head == s->r.head)
			return true;
	return false;
}

/* What the head was becomes a snapshot that is being deleted, like all that are newer than the one that stays. */
static void revert(struct pool *p, u32 snapshot)
{
	const struct volume *s = volume_of(p, snapshot);
	struct volume *v = volume_of(p, s->r.head), *was = add_like(p, &v->r, v->r.name, v->r.uuid);

	was->r.head = v->r.id;
	was->r.birth = p->super.birth++;
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (is_after(p, i, s)) {
			if (!is_deleting(&p->volume[i]))
				let_go(p, &p->volume[i]);
			p->volume[i].r.until = was->r.birth;
			volume_changed(p, &p->volume[i]);
		}
	v->r.root = s->r.root;
	v->r.levels = s->r.levels;
	v->r.sectors = s->r.sectors;
	v->r.mapped = s->r.mapped;
	v->r.own = 0;
	volume_changed(p, v);
	volume_table_changed(p, was);
}

enum pool_status pool_revert(struct pool *p, const u32 *snapshots, u32 count)
{
	enum pool_status status = may_add(p, count);
	struct keep_change kept = { 0 };

	for (u32 i = 0; i < count && status == POOL_OK; i++)
		status = is_reverted_twice(p, snapshots, i) ? POOL_INVAL : may_revert(p, snapshots[i], &kept);
	if (status == POOL_OK)
		status = volume_may_keep(p, &kept);
	if (status != POOL_OK)
		return status;
	for (u32 i = 0; i < count; i++)
		revert(p, snapshots[i]);
	job_ready(p, &p->reap.job);
	return POOL_OK;
}

enum pool_status pool_resize(struct pool *p, u32 id, u64 sectors)
{
	struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);
	struct keep_change kept = { 0 };
	struct pool_record after;
	u32 more;

	if (status != POOL_OK)
		return status;
	if (v == NULL || is_deleting(v))
		return POOL_NO_VOLUME;
	if (v->r.head != 0)
		return POOL_READ_ONLY;
	if (!volume_size_ok(v->r.kind, sectors) || sectors < v->r.sectors)
		return POOL_INVAL;
	after = v->r;
	after.sectors = sectors;
	after.levels = (u8)max_u64(v->r.levels, layout_levels(v->r.kind, sectors));
	more = after.levels - v->r.levels;
	volume_keep_add(p, &kept, v, &after);
	status = volume_may_keep(p, &kept);
	if (status != POOL_OK)
		return status;
	if (space_room(p, (struct space_part){ 0 }) < more && more > 0)
		return POOL_NO_SPACE;
	if (p->dirty_count + more + POOL_LEVELS_MAX > p->label.dirty_max)
		return POOL_AGAIN;
	while (v->r.levels < after.levels)
		if (!nodes_raise(p, v))
			return POOL_AGAIN;
	v->r.sectors = sectors;
	volume_table_changed(p, v);
	return POOL_OK;
}
