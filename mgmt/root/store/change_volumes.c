/* SPDX-License-Identifier: MIT */
/*
 * change_volumes.c - see change_volumes.h.
 */
#include "change_volumes.h"

#include <string.h>

#include "accounts.h"
#include "import.h"
#include "pool_groups.h"
#include "pool_judge.h"
#include "pools.h"
#include "rt_log.h"
#include "spec.h"
#include "store_client.h"
#include "volume_extents.h"
#include "volume_judge.h"
#include "volume_marks.h"

/* Its contents come by an upload (image_store.h), after the change. */
static bool waits_for_upload(const struct change *c)
{
	return c->request.op == REQ_CREATE_VOLUME && (c->request.flags & REQ_FLAG_UPLOAD) != 0;
}

/* Nobody gets the partition that a pool is made of. */
static void hold_partition(struct change *c, const char *on)
{
	struct volume *v = volume_find(on);

	if (v != NULL && v->kind == VOLUME_ROW_PARTITION)
		change_hold(c, v);
}

/* What a person calls it. */
static const char *name_of(const struct volume *v)
{
	return v->kind == VOLUME_ROW_POOL ? pool_at(v->pool)->partition->name : v->name;
}

static struct error_info make_row(struct change *c, struct volume *v, const struct disk_spec *want)
{
	char name[VOLUME_NAME_BYTES];
	struct error_info no;
	enum status st;

	if (v == NULL)
		return error_info_limit(STORE_RAM_SLOTS, "volumes");
	v->change = c->number;
	v->is_unfinished = want->image[0] != '\0' || waits_for_upload(c);
	v->is_marked = change_kinds[c->request.op].has_vm && volume_is_on_disk(v) &&
		       volume_is_named_after(v, c->request.name);
	if (v->kind == VOLUME_ROW_POOL)
		hold_partition(c, want->on);
	if (v->was_blank)
		rt_log("root: disk %s is blank and is taken into use for %s %s", v->on,
		       v->kind == VOLUME_ROW_POOL ? "pool" : "volume", name_of(v));
	strcpy(name, name_of(v));
	st = store_create(v);
	if (st == ST_OK)
		return ERROR_INFO_NONE;
	no = error_info_of(st == ST_NOMEM ? ERR_DISK_MEMORY : ERR_INTERNAL, want->bytes,
			   st == ST_NOMEM ? stats_of_memory()[MEM_STAT_FREE] : st);
	strcpy(no.text, name);
	return no;
}

static struct error_info make(struct change *c, const char *name, const struct disk_spec *want)
{
	return make_row(c, volume_new(name, want), want);
}

/* On one disk, or two. */
static struct error_info make_pool(struct change *c)
{
	const struct disk_spec *want = c->request.spec.disks;
	struct volume *first = pool_new(want->volume, want);
	struct error_info no = make_row(c, first, want);

	if (no.error != ERR_NONE || want[1].on[0] == '\0')
		return no;
	return make_row(c, pool_new_member(first, &want[1]), want);
}

/* The partition of the new disk, or the old one's, which is to join once more. */
static struct error_info replace_member(struct change *c)
{
	const struct disk_spec *want = c->request.spec.disks;
	struct volume *v = pool_replace(want);

	if (v == NULL || v->is_making)
		return make_row(c, v, &want[1]);
	change_hold(c, v);
	store_groups();
	return ERROR_INFO_NONE;
}

static void open_alone(const struct change *c)
{
	u32 p = pool_find(change_volume(c)->volume);

	pool_at(p)->is_forced = true;
	pool_try_again(p);
	store_groups();
}

static struct error_info make_missing(struct change *c)
{
	struct error_info no = ERROR_INFO_NONE;
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < c->request.spec.disk_count && no.error == ERR_NONE; i++) {
		struct volume *v;

		volume_name_of(name, c->request.name, &c->request.spec, i);
		v = volume_find(name);
		if (v == NULL)
			no = make(c, name, &c->request.spec.disks[i]);
		else if (v->vm == VOLUME_NOBODY)
			change_hold(c, v);
	}
	return no;
}

/* The rest of a mirror that is there. */
static void delete_other(const struct change *c, const struct volume *of)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || v == of || !v->is_member || v->pool != of->pool || !v->is_there ||
		    !disk_at(v->slot)->is_there)
			continue;
		v->change = c->number;
		store_delete(v);
	}
}

struct error_info change_volumes_begin(struct change *c)
{
	struct volume *v;

	if (!change_concerns_disks(c))
		return ERROR_INFO_NONE;
	if (c->request.op == REQ_CREATE_POOL)
		return make_pool(c);
	if (c->request.op == REQ_REPLACE_DISK)
		return replace_member(c);
	if (c->request.op == REQ_OPEN_POOL) {
		open_alone(c);
		return ERROR_INFO_NONE;
	}
	if (change_kinds[c->request.op].order != NULL)
		return change_kinds[c->request.op].order(c);
	if (change_kinds[c->request.op].has_vm)
		return make_missing(c);
	if (!change_kinds[c->request.op].deletes)
		return make(c, change_volume(c)->volume, change_volume(c));
	v = volume_find(change_volume(c)->volume);
	if (v->is_member)
		delete_other(c, v);
	if (!v->is_busy)		/* else it is the import's, which ends by that */
		v->change = c->number;
	store_delete(v);
	return ERROR_INFO_NONE;
}

void change_volumes_release(struct change *c, bool is_failed)
{
	bool is_let_go = false;

	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || v->change != c->number)
			continue;
		v->change = CHANGE_NONE;
		if (v->is_held) {
			v->is_held = v->is_locked = false;
			is_let_go = true;
			continue;
		}
		v->is_fresh = !is_failed && change_kinds[c->request.op].has_vm;
		if (is_failed && !change_kinds[c->request.op].deletes && !v->is_going)
			store_delete(v);
	}
	if (is_let_go)
		volumes_are_let_go();
}

void change_volumes_drop_fresh(const struct change *c)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || !v->is_fresh || !change_kinds[c->request.op].has_vm)
			continue;
		v->is_fresh = false;
		store_delete(v);
	}
}

static struct error_info store_error(const struct volume *v)
{
	static const u8 errors[STORE_ERROR_COUNT] = {
		[STORE_EXISTS] = ERR_VOLUME_EXISTS, [STORE_FULL] = ERR_DISK_FULL, [STORE_NO_DISK] = ERR_DISK_COMING,
		[STORE_NOT_EMPTY] = ERR_DISK_CONTENTS, [STORE_WRITE_PROTECTED] = ERR_DISK_READ_ONLY,
		[STORE_IO] = ERR_DISK_IO, [STORE_BUSY] = ERR_DISK_BUSY, [STORE_NOT_VOS] = ERR_VOLUME_FOREIGN,
		[STORE_NO_POOL] = ERR_POOL_SHUT, [STORE_POOL_FAILED] = ERR_POOL_SHUT,
		[STORE_POOL_DAMAGED] = ERR_POOL_SHUT, [STORE_NEEDED] = ERR_VOLUME_NEEDED,
		[STORE_NO_RECORD] = ERR_POOL_RECORDS, [STORE_LOCKED] = ERR_POOL_LOCKED,
	};
	enum error error = v->error < STORE_ERROR_COUNT && errors[v->error] != 0 ? errors[v->error] : ERR_INTERNAL;
	bool is_about_volume = error == ERR_VOLUME_EXISTS || error == ERR_VOLUME_FOREIGN || error == ERR_VOLUME_NEEDED;
	struct error_info no = error_info_of(error, v->bytes, error == ERR_INTERNAL ? v->error : 0);

	strcpy(no.text, is_about_volume ? v->name : v->on);
	if (error == ERR_POOL_RECORDS)
		no.have = STORE_POOL_VOLUMES;
	if (error == ERR_DISK_FULL && (v->traits & DISK_TRAIT(TRAIT_THICK, true)) != 0)
		no.error = ERR_POOL_ROOM;
	if (error == ERR_DISK_FULL && volume_is_on_disk(v))
		no.have = volume_is_in_pool(v) ? pool_at(v->pool)->free_bytes : disk_at(v->slot)->largest_bytes;
	return no;
}

/* A pool that was made is to be open, too. */
static struct error_info failure_of(const struct change *c, const struct volume *v)
{
	struct error_info no = error_info_of(ERR_POOL_SHUT, 0, 0);

	if (v->error != STORE_OK)
		return store_error(v);
	if ((c->request.op != REQ_CREATE_POOL && c->request.op != REQ_OPEN_POOL) || pool_is_usable(v->pool))
		return ERROR_INFO_NONE;
	if (pool_at(v->pool)->error == STORE_ARENA)
		no = error_info_of(ERR_DISK_MEMORY, pool_at(v->pool)->arena_bytes, stats_of_memory()[MEM_STAT_FREE]);
	strcpy(no.text, v->name);
	return no;
}

/* One that an import had is not the change's that deletes it. */
static bool is_waited_for(const struct change *c, const struct volume *v)
{
	bool is_named = strcmp(v->name, change_volume(c)->volume) == 0;
	bool is_meant = (change_kinds[c->request.op].deletes && v->is_going && is_named) ||
			(c->request.op == REQ_OPEN_POOL && v->kind == VOLUME_ROW_POOL && is_named);
	bool is_held = v->is_held && c->request.op != REQ_REPLACE_DISK;

	return (v->change == c->number && !is_held) || is_meant;
}

static struct error_info group_error(const struct change *c, u32 error)
{
	static const u8 errors[STORE_ERROR_COUNT] = {
		[STORE_EXISTS] = ERR_VOLUME_EXISTS, [STORE_FULL] = ERR_POOL_FULL, [STORE_BUSY] = ERR_POOL_BUSY,
		[STORE_NEEDED] = ERR_POOL_BUSY, [STORE_NO_VOLUME] = ERR_POOL_BUSY, [STORE_IO] = ERR_DISK_IO,
		[STORE_NO_DISK] = ERR_DISK_COMING, [STORE_NO_POOL] = ERR_POOL_SHUT,
		[STORE_POOL_FAILED] = ERR_POOL_SHUT, [STORE_POOL_DAMAGED] = ERR_POOL_SHUT,
		[STORE_LOCKED] = ERR_POOL_LOCKED, [STORE_NO_KEY] = ERR_POOL_NO_KEY, [STORE_WRONG_KEY] = ERR_WRONG_KEY,
		[STORE_NO_RANDOM] = ERR_NO_RANDOM, [STORE_POOL_UNKNOWN] = ERR_POOL_OLD,
	};
	const char *made = c->request.op == REQ_CLONE_VM ? c->request.to : c->request.snapshot;
	const struct pool *pool = pool_at(group_pool(c->group));

	if (error >= STORE_ERROR_COUNT || errors[error] == 0)
		return error_info_of(ERR_INTERNAL, 0, error);
	return error_info_about((enum error)errors[error],
				error == STORE_EXISTS ? made : pool != NULL ? pool->partition->name : "");
}

/* What it asked of a pool (pool_groups.h). */
static bool is_group_done(const struct change *c, struct error_info *no)
{
	const struct pool *pool;
	u32 error;

	if (c->group == GROUP_NONE)
		return true;
	if (group_is_done(c->group, &error)) {
		if (error != STORE_OK)
			*no = group_error(c, error);
		return true;
	}
	pool = pool_at(group_pool(c->group));
	*no = error_info_about(ERR_DISK_SILENT, pool != NULL ? pool->partition->name : "");
	return false;
}

bool change_volumes_are_done(const struct change *c, struct error_info *no)
{
	bool is_done;

	*no = ERROR_INFO_NONE;
	if (change_kinds[c->request.op].is_done != NULL)
		return change_kinds[c->request.op].is_done(c, no);
	is_done = is_group_done(c, no);
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v == NULL || !is_waited_for(c, v))
			continue;
		if (v->error == STORE_OK && (v->is_making || v->is_going || v->is_joining ||
					     (v->kind == VOLUME_ROW_POOL && pool_is_coming(v->pool)))) {
			is_done = false;
			*no = error_info_of(ERR_DISK_SILENT, 0, 0);
			strcpy(no->text, v->on);
		} else if (no->error == ERR_NONE || (no->error == ERR_POOL_SHUT && v->error != STORE_OK)) {
			*no = failure_of(c, v);		/* that of a member says why the pool is not open */
		}
	}
	return is_done;
}

/* ---- images ---- */

/* Its disks that may be new; what root has not judged yet is bounded here. */
static u32 disks_of(const struct change *c)
{
	const struct change_kind *kind = &change_kinds[c->request.op];

	if (kind->deletes || kind->order != NULL || c->request.op == REQ_DETACH_DISK || !change_concerns_disks(c))
		return 0;
	return !kind->has_vm ? 1 : c->request.spec.disk_count < VM_DEVICES ? c->request.spec.disk_count : VM_DEVICES;
}

static struct volume *volume_for(const struct change *c, u32 disk)
{
	char name[VOLUME_NAME_BYTES];

	volume_name_of(name, c->request.name, &c->request.spec, disk);
	return volume_find(name);
}

/* Its volume may have come since it was judged before: that has a size of its own. */
static struct error_info judge_image(struct change *c, u32 disk)
{
	struct disk_spec *want = &c->request.spec.disks[disk];

	if ((c->sized & BIT32(disk)) != 0)
		want->bytes = 0;
	c->sized &= ~BIT32(disk);
	if (!spec_disk_ok(want) || want->image[0] == '\0' || volume_for(c, disk) != NULL)
		return ERROR_INFO_NONE;
	c->sized |= want->bytes == 0 ? BIT32(disk) : 0;
	return import_judge(want);
}

struct error_info change_images_judge(struct change *c)
{
	struct error_info no = ERROR_INFO_NONE;

	for (u32 i = 0; i < disks_of(c) && no.error == ERR_NONE; i++)
		no = judge_image(c, i);
	return no;
}

bool change_images_begin(struct change *c, struct error_info *no)
{
	bool is_some = false;

	*no = ERROR_INFO_NONE;
	for (u32 i = 0; i < disks_of(c) && no->error == ERR_NONE; i++) {
		const char *image = c->request.spec.disks[i].image;
		struct volume *v = volume_for(c, i);

		if (v == NULL || v->change != c->number || v->is_held || !v->is_unfinished)
			continue;
		*no = image[0] != '\0' ? import_begin(v, image) : import_begin_stream(v);
		is_some = is_some || no->error == ERR_NONE;
	}
	return is_some;
}

bool change_images_are_done(const struct change *c, struct error_info *no)
{
	bool is_done = true;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);
		struct error_info one;

		if (v == NULL || v->change != c->number || v->is_held)
			continue;
		if (no->error != ERR_NONE)	/* nobody needs the rest */
			import_cancel(v);
		if (!import_end(v, &one))
			is_done = false;
		else if (no->error == ERR_NONE)
			*no = one;
	}
	return is_done;
}
