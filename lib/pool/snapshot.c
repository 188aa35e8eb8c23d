/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - snapshots, clones, and the beginning of a deletion: changes of records only. A snapshot takes the root
 * that its head has on the disk, so nothing of the head may differ from the disk.
 */
#include <string.h>

#include "layout.h"
#include "node.h"
#include "volume.h"

/* A new record of that name can be made. */
static enum pool_status may_add(struct pool *p, const char *name)
{
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if (!layout_name(name, sizeof(p->volume->r.name)))
		return POOL_INVAL;
	if (pool_volume_find(p, name) != NULL)
		return POOL_EXISTS;
	return volume_unused(p) == NULL || p->super.next_volume == ~0u ? POOL_FULL : POOL_OK;
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
	return v;
}

static bool is_deleting(const struct volume *v)
{
	return (v->r.flags & POOL_VOLUME_DELETING) != 0;
}

enum pool_status pool_snapshot_ready(struct pool *p, u32 id)
{
	const struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if (v == NULL || is_deleting(v))
		return POOL_NO_VOLUME;
	if (v->r.head != 0)
		return POOL_READ_ONLY;
	return v->busy > 0 || !nodes_are_clean(p, v) ? POOL_AGAIN : POOL_OK;
}

enum pool_status pool_snapshot(struct pool *p, u32 id, const char *name, const u8 uuid[POOL_UUID_BYTES], u32 *snapshot)
{
	struct volume *v = volume_of(p, id), *s;
	enum pool_status status = pool_snapshot_ready(p, id);

	if (status == POOL_OK)
		status = may_add(p, name);
	if (status != POOL_OK)
		return status;
	if (p->super.birth >= ~0u - 1)
		return POOL_FULL;
	s = add_like(p, &v->r, name, uuid);
	s->r.flags = POOL_VOLUME_READ_ONLY;
	s->r.head = v->r.id;
	s->r.birth = p->super.birth++;
	v->r.own = 0;
	volume_changed(p, v);
	volume_table_changed(p, s);
	*snapshot = s->r.id;
	return POOL_OK;
}

enum pool_status pool_clone(struct pool *p, u32 snapshot, const char *name, const u8 uuid[POOL_UUID_BYTES], u32 *id)
{
	const struct volume *s = volume_of(p, snapshot);
	struct volume *v;
	enum pool_status status = may_add(p, name);

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

static bool is_needed(const struct pool *p, u32 id)
{
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (p->volume[i].r.id != 0 && (p->volume[i].r.head == id || p->volume[i].r.origin == id))
			return true;
	return false;
}

enum pool_status pool_delete(struct pool *p, u32 id)
{
	struct volume *v = volume_of(p, id);
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if (v == NULL || is_deleting(v))
		return POOL_NO_VOLUME;
	if (is_needed(p, id))
		return POOL_EXISTS;
	if (v->busy > 0 || !nodes_are_clean(p, v))
		return POOL_AGAIN;
	v->r.flags = POOL_VOLUME_READ_ONLY | POOL_VOLUME_DELETING;
	v->r.cursor = 0;
	v->deleted_in = p->super.generation;
	volume_table_changed(p, v);
	job_ready(p, &p->reap.job);
	return POOL_OK;
}
