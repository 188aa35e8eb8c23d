/* SPDX-License-Identifier: MIT */
/*
 * pool_upkeep.c - see pool_upkeep.h.
 */
#include "pool_upkeep.h"

#include <string.h>

#define TELL_BLOCKS 4096u		/* so many are read between two looks at how far it is */

static const u8 found_as[CHECK_FAULTS] = {
	[CHECK_READ] = STORE_FOUND_READ, [CHECK_LABEL] = STORE_FOUND_LABEL, [CHECK_SUPER] = STORE_FOUND_SUPER,
	[CHECK_NODE] = STORE_FOUND_NODE, [CHECK_FREE] = STORE_FOUND_FREE, [CHECK_DATA] = STORE_FOUND_DATA,
};

/* The name of a volume, or of that which the snapshot is of. */
static void name_of(const struct pool *p, u32 id, char name[VOLUME_NAME_BYTES])
{
	for (u32 i = 0; id != 0 && i < STORE_POOL_VOLUMES; i++) {
		const struct pool_record *r = pool_volume(p, i);

		if (r == NULL || r->id != id)
			continue;
		if (r->head != 0) {
			name_of(p, r->head, name);
			return;
		}
		if (strlen(r->name) < VOLUME_NAME_BYTES)
			strcpy(name, r->name);
		return;
	}
}

/* The first ones are told one by one. */
static void found(struct pool *p, struct pool_scrub *scrub, enum check_fault fault, u64 block, u32 id)
{
	struct pool_upkeep *u = &((struct store_pool *)scrub->context)->upkeep;
	struct pool_found *f = &u->found[u->found_count];

	u->is_due = true;
	if (u->found_count == POOL_FOUND)
		return;
	*f = (struct pool_found){ .fault = found_as[fault], .block = block };
	name_of(p, id, f->volume);
	u->found_count++;
}

static void done(struct pool *p, struct pool_scrub *scrub, enum pool_status status)
{
	(void)p;
	pool_upkeep_end(scrub->context, status == POOL_OK ? STORE_OK : STORE_POOL_FAILED);
}

enum store_error pool_upkeep_begin(struct store_pool *s, const struct store_order *order)
{
	struct pool_upkeep *u = &s->upkeep;
	enum pool_status status;

	if ((order->flags & ~STORE_WITH_DATA) != 0)
		return STORE_BAD_ORDER;
	if (u->state == STORE_SCRUB_RUNS)
		return STORE_BUSY;
	*u = (struct pool_upkeep){ .scrub = { .context = s, .with_data = (order->flags & STORE_WITH_DATA) != 0,
		.found = found, .done = done } };
	status = pool_scrub_begin(s->pool, &u->scrub);
	if (status == POOL_OK)
		u->state = STORE_SCRUB_RUNS;
	return status == POOL_OK ? STORE_OK : STORE_POOL_FAILED;
}

void pool_upkeep_end(struct store_pool *s, enum store_error error)
{
	struct pool_upkeep *u = &s->upkeep;

	if (u->state != STORE_SCRUB_RUNS)
		return;
	u->state = STORE_SCRUB_ENDED;
	u->error = error;
	u->is_due = true;
}

void pool_upkeep_look(struct store_pool *s)
{
	struct pool_upkeep *u = &s->upkeep;
	u32 percent;

	if (u->state != STORE_SCRUB_RUNS || u->scrub.blocks - u->looked_blocks < TELL_BLOCKS)
		return;
	u->looked_blocks = u->scrub.blocks;
	percent = pool_scrub_percent(s->pool);
	if (percent != u->percent)
		u->is_due = true;
	u->percent = percent;
}

bool pool_upkeep_has_report(const struct store_pool *s)
{
	return s->upkeep.is_due;
}

/* What was found comes before how far it is. */
void pool_upkeep_report(struct store_pool *s, u32 slot, struct store_report *out)
{
	struct pool_upkeep *u = &s->upkeep;

	*out = (struct store_report){ .kind = STORE_FOUND, .slot = slot };
	if (u->told_count < u->found_count) {
		const struct pool_found *f = &u->found[u->told_count++];

		out->fault = f->fault;
		out->first = f->block;
		memcpy(out->volume, f->volume, sizeof(out->volume));
		return;
	}
	u->is_due = false;
	out->kind = STORE_SCRUBBED;
	out->extent = u->state;
	out->error = u->error;
	out->percent = u->state == STORE_SCRUB_ENDED && u->error == STORE_OK ? 100 : u->percent;
	out->first = u->scrub.blocks;
	out->identity = u->scrub.faults;
}
