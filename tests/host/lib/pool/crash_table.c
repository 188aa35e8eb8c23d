/* SPDX-License-Identifier: MIT */
/*
 * crash_table.c - changes of the table of volumes.
 */
#include "crash_world.h"

#include <stdio.h>
#include <string.h>

#define VOLUME_SECTORS 640u
#define WINDOW 128u		/* of a sparse volume: whole granules */

/* What a change of the table came to; true: it was made. */
static bool is_made(struct world *w, enum pool_status status, const char *what)
{
	/* POOL_EXISTS: a deletion of what is needed until an earlier one has ended. */
	if (status != POOL_OK && status != POOL_AGAIN && status != POOL_FULL && status != POOL_EXISTS &&
		status != POOL_NO_SPACE && !(status == POOL_FAILED && w->is_failing))
		world_die(w, "%s: status %u", what, (unsigned)status);
	return status == POOL_OK;
}

static void added(struct world *w, struct oracle_volume *v)
{
	if (v == NULL)
		world_die(w, "no room for a volume");
	v->changed = v->made = ++w->disk.time;
}

void world_make_volume(struct world *w)
{
	struct pool_volume_spec spec = { .kind = POOL_PLAIN + world_below(w, 3),
		.cipher = POOL_AES_256_GCM + world_below(w, 2) };
	bool is_plain = spec.kind == POOL_PLAIN, is_sparse = world_below(w, 3) == 0;
	u32 id, sectors = (1 + world_below(w, (is_plain ? VOLUME_SECTORS : VOLUME_SECTORS / 4) / 8)) * 8;
	u32 window = sectors, stride = sectors;

	/* A map of two levels: each window lies in a leaf of its own, the first at its beginning and the others not. */
	if (is_sparse) {
		window = WINDOW;
		stride = (POOL_FANOUT + 2) * (is_plain ? POOL_CHUNK_SECTORS : POOL_BLOCK_SECTORS);
		sectors = (2 + world_below(w, 2)) * window;
	}
	spec.sectors = (u64)sectors / window * stride;
	spec.is_thick = !is_sparse && world_below(w, 4) == 0;
	snprintf(spec.name, sizeof(spec.name), "v%u", (unsigned)w->next_name++);
	if (!is_made(w, pool_volume_create(w->pool, &spec, &id), "a new volume"))
		return;
	added(w, oracle_add(&w->oracle, spec.name, sectors, window, stride));
	if (world_below(w, 4) == 0)
		(void)is_made(w, pool_reserve(w->pool, id, spec.sectors / 2), "a reserve");
}

static bool has_requests(const struct world *w, const struct oracle_volume *v)
{
	return world_is_busy(w, v, 0, v->sectors);
}

static enum pool_status take_snapshot(struct world *w, u32 of, const char *name)
{
	struct pool_snapshot_spec spec = { .volume = of };

	strcpy(spec.name, name);
	return pool_snapshot(w->pool, &spec, 1);
}

/* A snapshot, or a clone of one. */
static void copy_volume(struct world *w, struct oracle_volume *v)
{
	static const u8 uuid[POOL_UUID_BYTES];
	struct oracle_volume *copy;
	char name[64];
	u32 id, from = pool_volume_find(w->pool, v->name)->id;
	bool is_clone = v->is_read_only;

	if (has_requests(w, v) || (is_clone && world_below(w, 3) != 0))
		return;
	snprintf(name, sizeof(name), "%s-%u", is_clone ? "c" : "s", (unsigned)w->next_name++);
	if (!is_made(w, is_clone ? pool_clone(w->pool, from, name, uuid, &id) :
		take_snapshot(w, from, name), name))
		return;
	copy = oracle_copy(&w->oracle, v, name);
	added(w, copy);
	copy->is_read_only = !is_clone;
	w->copies++;
}

static void deleted(struct world *w, struct oracle_volume *v)
{
	v->is_deleted = v->may_be_missing = true;
	v->changed = ++w->disk.time;
	w->deletions++;
}

static void delete_one(struct world *w, struct oracle_volume *v)
{
	u32 id = pool_volume_find(w->pool, v->name)->id;

	if (!has_requests(w, v) && v->uses == 0 && is_made(w, pool_delete(w->pool, &id, 1), "a deletion"))
		deleted(w, v);
}

/* With its snapshots, of which some may be being deleted. False: one has a clone. */
static bool delete_with_snapshots(struct world *w, struct oracle_volume *v)
{
	struct oracle_volume *all[ORACLE_VOLUMES] = { v };
	u32 ids[ORACLE_VOLUMES] = { 0 }, count = 1;

	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *s = &w->oracle.volume[i];

		if (!s->is_used || s->is_deleted || s->of != v)
			continue;
		if (s->uses > 0)
			return false;
		all[count++] = s;
	}
	for (u32 i = 0; i < count; i++) {
		if (has_requests(w, all[i]))
			return true;
		ids[i] = pool_volume_find(w->pool, all[i]->name)->id;
	}
	if (is_made(w, pool_delete(w->pool, ids, count), "a deletion with snapshots"))
		for (u32 i = 0; i < count; i++)
			deleted(w, all[i]);
	return true;
}

/* Of a snapshot sometimes all of its line, in any order. */
static void delete_volume(struct world *w, struct oracle_volume *v)
{
	const struct oracle_volume *head = v->of;
	bool is_line = v->is_read_only && world_below(w, 3) == 0;
	u32 first = world_below(w, ORACLE_VOLUMES);

	if (!v->is_read_only && world_below(w, 2) == 0 && delete_with_snapshots(w, v))
		return;
	delete_one(w, v);
	for (u32 i = 0; is_line && i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *s = &w->oracle.volume[(first + i) % ORACLE_VOLUMES];

		if (s->is_used && !s->is_deleted && s->is_read_only && s->of == head)
			delete_one(w, s);
	}
}

/* Snapshots that are newer go with it. */
static void revert_volume(struct world *w, struct oracle_volume *v)
{
	struct oracle_volume *head = v->of;
	u32 to = pool_volume_find(w->pool, v->name)->id;

	if (!v->is_read_only || has_requests(w, head) || head->sectors != v->sectors ||
		head->stable_sectors != v->sectors || !oracle_revert(head, v, 0))
		return;
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *s = &w->oracle.volume[i];

		if (s->is_used && s->is_read_only && s->of == head && has_requests(w, s))
			return;
	}
	if (!is_made(w, pool_revert(w->pool, &to, 1), "a revert"))
		return;
	oracle_revert(head, v, ++w->disk.time);
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *s = &w->oracle.volume[i];

		if (s->is_used && s->is_read_only && s->of == head && s->made > v->made && !s->is_deleted) {
			s->is_deleted = s->may_be_missing = true;
			s->changed = w->disk.time;
		}
	}
	w->reverts++;
}

/* Also with requests; but what a discard at the end covers is as the volume was when it began. */
static void grow_volume(struct world *w, struct oracle_volume *v)
{
	u64 tail = v->sectors > WINDOW ? v->sectors - WINDOW : 0;
	u64 sectors = v->window == v->stride ? v->sectors + 8 * (1 + world_below(w, 40)) : v->sectors + v->window;

	if (v->is_read_only || v->stable_sectors != v->sectors || sectors > 2 * VOLUME_SECTORS ||
		world_is_busy(w, v, tail, WINDOW))
		return;
	if (!is_made(w, pool_resize(w->pool, pool_volume_find(w->pool, v->name)->id,
		v->window == v->stride ? sectors : sectors / v->window * v->stride), "a larger size"))
		return;
	oracle_grow(v, sectors, ++w->disk.time);
	w->resizes++;
}

static u32 count_volumes(const struct world *w)
{
	u32 count = 0;

	for (u32 i = 0; i < w->memory.volumes; i++)
		count += pool_volume(w->pool, i) != NULL || w->oracle.volume[i].is_used;
	return count;
}

void world_change_table(struct world *w)
{
	struct oracle_volume *v = world_some_volume(w);
	u32 what = world_below(w, 10);

	if (what == 9 && v != NULL)
		revert_volume(w, v);
	else if (what == 8 && v != NULL)
		grow_volume(w, v);
	else if (what >= 4 && v != NULL)
		delete_volume(w, v);
	else if (count_volumes(w) > 12)
		return;
	else if (what >= 1 && v != NULL)
		copy_volume(w, v);
	else if (what < 1)
		world_make_volume(w);
}

