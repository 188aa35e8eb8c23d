/* SPDX-License-Identifier: MIT */
/*
 * upkeep.c - see upkeep.h.
 */
#include "upkeep.h"

#include <string.h>

#include "error_info.h"
#include "order_ring.h"
#include "pools.h"
#include "rt_log.h"
#include "spec.h"
#include "volume_judge.h"

enum upkeep_state { UPKEEP_NONE, UPKEEP_DUE, UPKEEP_SENT, UPKEEP_RUNS, UPKEEP_ENDED };

/* Of the pool with that number; one that is deleted takes its last run with it. */
static struct upkeep {
	const struct volume *partition;
	enum upkeep_state state;
	bool with_data;
	u32 run;		/* counts them */
	u32 error, percent;	/* enum store_error: why it ended early */
	u64 blocks, faults;
} upkeeps[STORE_POOLS_MAX];

static struct upkeep *upkeep_of(u32 p)
{
	struct upkeep *u = &upkeeps[p];
	const struct pool *pool = pool_at(p);

	if (pool == NULL || u->partition != pool->partition)
		*u = (struct upkeep){ .partition = pool != NULL ? pool->partition : NULL, .run = u->run };
	return u;
}

static bool is_under_way(const struct upkeep *u)
{
	return u->state != UPKEEP_NONE && u->state != UPKEEP_ENDED;
}

/* ---- the store ---- */

bool upkeep_send(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		struct upkeep *u = upkeep_of(p);
		struct store_order order = { .op = STORE_SCRUB, .slot = STORE_POOL_SLOT + p,
			.flags = u->with_data ? STORE_WITH_DATA : 0 };

		if (u->state != UPKEEP_DUE || !pool_is_usable(p))
			continue;
		if (!store_order_send(&order, p))
			return false;
		u->state = UPKEEP_SENT;
	}
	return true;
}

static void end(struct upkeep *u, u32 error)
{
	u->state = UPKEEP_ENDED;
	u->error = error;
}

void upkeep_begun(u32 p, u32 error)
{
	struct upkeep *u = p < STORE_POOLS_MAX ? upkeep_of(p) : NULL;

	if (u == NULL || u->state != UPKEEP_SENT)
		return;
	u->state = UPKEEP_RUNS;
	if (error != STORE_OK)
		end(u, error);
}

static void take_found(u32 p, const struct store_report *r)
{
	static const char *const what[STORE_FOUND_COUNT] = {
		[STORE_FOUND_READ] = "can't be read", [STORE_FOUND_LABEL] = "is not the pool's label",
		[STORE_FOUND_SUPER] = "is not the superblock that was written last",
		[STORE_FOUND_NODE] = "is damaged: a part of a map or table",
		[STORE_FOUND_FREE] = "is in use, and counts as free", [STORE_FOUND_DATA] = "is damaged: data",
	};
	bool has_volume = spec_volume_name_ok(r->volume, sizeof(r->volume)) && r->volume[0] != 0;

	if (r->fault < STORE_FOUND_COUNT)
		rt_log("root: pool %s: block %lu %s%s%s", pool_at(p)->partition->name, (unsigned long)r->first,
		       what[r->fault], has_volume ? ", of volume " : "", has_volume ? r->volume : "");
}

static void take_news(struct upkeep *u, const struct store_report *r)
{
	if (r->extent == STORE_SCRUB_NONE || r->extent >= STORE_SCRUB_COUNT || r->percent > 100 ||
	    r->error >= STORE_ERROR_COUNT)
		return;
	u->percent = r->percent;
	u->blocks = r->first;
	u->faults = r->identity;
	if (r->extent == STORE_SCRUB_RUNS)
		return;
	end(u, r->error);
	rt_log("root: pool %s was read%s: %lu MiB, %lu faults%s", u->partition->name,
	       u->with_data ? "" : " without data", (unsigned long)(u->blocks / 256), (unsigned long)u->faults,
	       r->error != STORE_OK ? "; not all of it" : "");
}

void upkeep_take_report(const struct store_report *r)
{
	u32 p = r->slot - STORE_POOL_SLOT;

	if (r->slot < STORE_POOL_SLOT || p >= STORE_POOLS_MAX || upkeep_of(p)->state != UPKEEP_RUNS)
		return;
	if (r->kind == STORE_FOUND)
		take_found(p, r);
	else
		take_news(&upkeeps[p], r);
}

void upkeep_forget(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (is_under_way(&upkeeps[p]))
			end(&upkeeps[p], STORE_NO_POOL);
}

/* ---- people ---- */

void upkeep_fill(u32 p, struct pool_row *out)
{
	const struct upkeep *u = upkeep_of(p);

	if (u->state == UPKEEP_NONE)
		return;
	out->scrub = is_under_way(u) ? POOL_SCRUB_RUNS : u->error == STORE_OK ? POOL_SCRUB_DONE : POOL_SCRUB_CUT;
	out->scrub_has_data = u->with_data;
	out->scrub_percent = u->percent;
	out->scrub_faults = u->faults;
	out->scrub_bytes = u->blocks * 4096;
}

static struct error_info about(const struct change *c, enum error error, u64 have)
{
	struct error_info no = error_info_of(error, 0, have);

	strcpy(no.text, change_volume(c)->volume);
	return no;
}

struct error_info upkeep_judge(struct change *c)
{
	u32 p;

	if (!spec_disk_ok(change_volume(c)) || change_volume(c)->volume[0] == '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	p = pool_find(change_volume(c)->volume);
	if (p == STORE_POOLS_MAX)
		return about(c, ERR_NO_POOL, 0);
	return is_under_way(upkeep_of(p)) ? about(c, ERR_POOL_READ, 0) : pool_judge_usable(p);
}

void upkeep_begin(struct change *c)
{
	struct upkeep *u = upkeep_of(pool_find(change_volume(c)->volume));

	*u = (struct upkeep){ .partition = u->partition, .state = UPKEEP_DUE, .run = u->run + 1,
		.with_data = c->request.op == REQ_SCRUB_POOL };
	c->run = u->run;
}

bool upkeep_is_done(struct change *c, struct error_info *info)
{
	u32 p = pool_find(change_volume(c)->volume);
	struct upkeep *u = p < STORE_POOLS_MAX ? upkeep_of(p) : NULL;

	if (u != NULL && u->state == UPKEEP_DUE && !pool_is_usable(p))
		end(u, STORE_NO_POOL);		/* it is not ordered yet, and won't be */
	if (u != NULL && u->run == c->run && is_under_way(u))
		return false;
	if (u == NULL || u->run != c->run || u->error != STORE_OK)
		*info = about(c, ERR_POOL_CUT, 0);
	else if (u->faults != 0)
		*info = about(c, ERR_POOL_BROKEN, u->faults);
	else
		*info = ERROR_INFO_NONE;
	return true;
}
