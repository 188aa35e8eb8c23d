/* SPDX-License-Identifier: MIT */
/*
 * change_pools.c - see change_pools.h. A pool is another machine's if it has definitions while another pool's count,
 * and has not been imported (decision 80).
 */
#include "change_pools.h"

#include <string.h>

#include "definition_volume.h"
#include "guid_text.h"
#include "pools.h"
#include "spec.h"
#include "storage_report.h"
#include "store_client.h"
#include "volume_judge.h"

static const char *new_name(const struct change *c)
{
	return c->request.spec.disks[1].volume;
}

/* ---- which pool ---- */

/* Of a mirror, whichever disk list-pool took it from. */
static bool is_of_member(const struct pool *pool, const char *name)
{
	char uuid[GUID_TEXT_BYTES];

	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		if (pool->member[k] == NULL)
			continue;
		guid_text(uuid, pool->member[k]->guid);
		if (strcmp(uuid, name) == 0)
			return true;
	}
	return false;
}

static u32 find(const char *name)
{
	char uuid[GUID_TEXT_BYTES];
	u32 p = pool_find(name);

	for (u32 i = 0; p == STORE_POOLS_MAX && i < STORE_POOLS_MAX; i++) {
		if (pool_at(i) == NULL || pool_at(i)->partition->is_going)
			continue;
		guid_text(uuid, pool_at(i)->partition->guid);
		if (strcmp(uuid, name) == 0 || is_of_member(pool_at(i), name))
			return i;
	}
	return p;
}

/* Both disks of a mirror are to say what it is. */
static struct error_info judge_members(u32 p)
{
	const struct pool *pool = pool_at(p);

	for (u32 k = 0; pool->is_mirror && k < STORE_MEMBERS; k++) {
		const struct volume *v = pool->member[k];

		if (v == NULL || !v->is_there || !disk_at(v->slot)->is_there)
			return error_info_about(ERR_POOL_HALF, pool->partition->name);
		if (v->is_making || v->is_going || v->is_joining)
			return error_info_about(ERR_VOLUME_CHANGING, pool->partition->name);
	}
	return ERROR_INFO_NONE;
}

/* Nothing of it is in use, so it can be closed. */
static struct error_info judge_free(u32 p)
{
	const struct pool *pool = pool_at(p);
	const struct volume *v = pool->partition;
	struct error_info no = judge_members(p);

	if (no.error != ERR_NONE)
		return no;
	if (v->is_making || v->change != CHANGE_NONE || pool->mark != POOL_MARK_NONE)
		return error_info_about(ERR_VOLUME_CHANGING, v->name);
	if (!v->is_there || !disk_at(v->slot)->is_there)
		return error_info_about(ERR_VOLUME_MISSING, v->name);
	if (pools_are_coming())
		return error_info_about(ERR_POOL_COMING, v->name);
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *in = volume_at(i);

		if (in != NULL && volume_is_in_pool(in) && in->pool == p && volume_is_in_use(in))
			return error_info_about(ERR_POOL_IN_USE, v->name);
	}
	return ERROR_INFO_NONE;
}

static struct error_info judge_there(struct change *c)
{
	const struct disk_spec *want = change_volume(c);

	if (!spec_disk_ok(want) || want->volume[0] == '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	c->run = find(want->volume);
	return c->run == STORE_POOLS_MAX ? error_info_about(ERR_NO_POOL, want->volume) : ERROR_INFO_NONE;
}

static struct error_info judge_meant(struct change *c)
{
	struct error_info no = judge_there(c);

	if (no.error != ERR_NONE)
		return no;
	if (c->run == definition_volume_pool())
		return error_info_about(c->request.op == REQ_IMPORT_POOL ? ERR_POOL_OWN : ERR_POOL_HOME,
					pool_at(c->run)->partition->name);
	return judge_free(c->run);
}

/* ---- import-pool ---- */

static struct error_info judge_name(const char *name, u32 p)
{
	const struct volume *v = volume_find(name);

	if (!spec_volume_name_ok(name, VOLUME_NAME_BYTES) || strlen(name) > STORE_POOL_NAME_MAX)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (name[0] == '\0' || v == pool_at(p)->partition)
		return ERROR_INFO_NONE;
	if (disk_owns_name(name) || volume_is_of_vos(name) || strcmp(name, VOLUME_RAM) == 0)
		return error_info_about(ERR_VOLUME_NAME, name);
	if (v == NULL)
		return ERROR_INFO_NONE;
	return error_info_about(v->kind == VOLUME_ROW_POOL ? ERR_POOL_EXISTS : ERR_VOLUME_EXISTS, name);
}

static bool counts_elsewhere(u32 p)
{
	return pool_with_definitions(p) != STORE_POOLS_MAX;
}

struct error_info pool_import_judge(struct change *c)
{
	struct error_info no = judge_meant(c);
	const struct pool *pool;

	if (no.error == ERR_NONE)
		no = judge_name(new_name(c), c->run);
	if (no.error != ERR_NONE)
		return no;
	pool = pool_at(c->run);
	if (pool->is_exported || new_name(c)[0] != '\0' || pool_is_of_other(c->run, STORE_POOLS_MAX) ||
	    (pool->is_imported && !counts_elsewhere(c->run)))
		return ERROR_INFO_NONE;
	return error_info_about(ERR_POOL_OWN, pool->partition->name);
}

struct error_info pool_export_judge(struct change *c)
{
	return judge_meant(c);
}

/* ---- carrying it out ---- */

struct error_info pool_mark_order(struct change *c)
{
	u32 flags = c->request.op == REQ_EXPORT_POOL ? STORE_IS_EXPORTED :
		    counts_elsewhere(c->run) ? STORE_IS_IMPORTED : 0;

	pool_mark(c->run, new_name(c)[0] != '\0' ? new_name(c) : pool_at(c->run)->partition->name, flags);
	store_groups();
	return ERROR_INFO_NONE;
}

/* What the store said of an order about its partition. */
static struct error_info failure(const struct change *c, u32 error)
{
	static const u8 errors[STORE_ERROR_COUNT] = {
		[STORE_IO] = ERR_DISK_IO, [STORE_NO_DISK] = ERR_DISK_COMING, [STORE_BUSY] = ERR_POOL_BUSY,
		[STORE_WRITE_PROTECTED] = ERR_DISK_READ_ONLY, [STORE_EXISTS] = ERR_POOL_EXISTS,
		[STORE_NO_VOLUME] = ERR_VOLUME_MISSING, [STORE_FULL] = ERR_POOL_EDGE,
	};
	const struct pool *pool = pool_at(c->run);
	bool is_of_pool = error == STORE_BUSY || error == STORE_EXISTS || error == STORE_FULL || pool == NULL;

	if (error >= STORE_ERROR_COUNT || errors[error] == 0)
		return error_info_of(ERR_INTERNAL, 0, error);
	return error_info_about((enum error)errors[error], is_of_pool ? change_volume(c)->volume : pool->partition->on);
}

bool pool_mark_is_done(const struct change *c, struct error_info *no)
{
	const struct pool *pool = pool_at(c->run);
	u32 error = pool != NULL ? pool->mark_error : STORE_NO_VOLUME;

	*no = ERROR_INFO_NONE;
	if (pool != NULL && (pool->mark != POOL_MARK_NONE || (error == STORE_OK && pool_is_coming(c->run)))) {
		*no = error_info_about(ERR_DISK_SILENT, pool->partition->on);
		return false;
	}
	if (error != STORE_OK)
		*no = failure(c, error);
	return true;
}

/* Of one that the store has been sent it says itself what it is then. */
void pool_mark_give_up(const struct change *c)
{
	if (pool_at(c->run) == NULL || pool_at(c->run)->mark != POOL_MARK_DUE)
		return;
	pool_mark_done(c->run, STORE_OK);
	store_groups();
}

struct error_info pool_mark_finish(struct change *c)
{
	const struct pool *pool = pool_at(c->run);

	if (pool == NULL || (!pool->is_exported && !pool_is_usable(c->run)))
		return error_info_about(ERR_POOL_SHUT, change_volume(c)->volume);
	pool_row_fill(c->run, &c->pool);
	return ERROR_INFO_NONE;
}

/* ---- grow-pool ---- */

struct error_info pool_grow_judge(struct change *c)
{
	struct error_info no = judge_there(c);

	if (no.error != ERR_NONE)
		return no;
	if (pool_at(c->run)->is_mirror)
		return error_info_about(ERR_POOL_MIRROR, pool_at(c->run)->partition->name);
	return pool_at(c->run)->partition->change == CHANGE_NONE
		? pool_judge_usable(c->run) : error_info_about(ERR_VOLUME_CHANGING, pool_at(c->run)->partition->name);
}

struct error_info pool_grow_order(struct change *c)
{
	struct pool *pool = pool_at(c->run);

	change_hold(c, pool->partition);
	if (pool->grow == POOL_GROW_NONE) {	/* else one before has not waited for the store's answer */
		pool->grow = POOL_GROW_DUE;
		pool->grow_error = STORE_OK;
	}
	store_groups();
	return ERROR_INFO_NONE;
}

bool pool_grow_is_done(const struct change *c, struct error_info *no)
{
	const struct pool *pool = pool_at(c->run);

	*no = ERROR_INFO_NONE;
	if (pool == NULL)
		return true;
	if (pool->grow != POOL_GROW_NONE || (pool->grow_error == STORE_OK && !pool_is_usable(c->run) &&
					     pool->state != POOL_HAS_FAILED)) {
		*no = error_info_about(ERR_DISK_SILENT, pool->partition->on);
		return false;
	}
	if (pool->grow_error != STORE_OK)
		*no = failure(c, pool->grow_error);
	return true;
}

void pool_grow_give_up(const struct change *c)
{
	if (pool_at(c->run) != NULL && pool_at(c->run)->grow == POOL_GROW_DUE)
		pool_at(c->run)->grow = POOL_GROW_NONE;
}
