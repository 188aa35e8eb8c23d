/* SPDX-License-Identifier: MIT */
/*
 * log.c - see log.h.
 */
#include "log.h"

#include <string.h>

#include "commit_io.h"
#include "layout.h"
#include "range.h"

static u32 in_record(const struct entries *e)
{
	return e->is_wide ? POOL_ENTRIES_ENCRYPTED : POOL_ENTRIES;
}

static u32 records_of(const struct entries *e)
{
	return (e->count + in_record(e) - 1) / in_record(e);
}

bool log_has_room(const struct pool *p)
{
	u64 used = p->commit.seq - p->super.log_seq + records_of(&p->commit.filling);

	return used <= p->label.log_blocks / 4 * 3;
}

/* The requests that wait now, and the entries that came before. */
void log_flush_data(struct pool *p)
{
	struct commit *c = &p->commit;
	struct entries taken = c->filling;

	list_move_all(&c->running, &c->flushes);
	c->filling = (struct entries){ .entry = c->writing.entry };
	c->writing = taken;
	c->batch++;
	if (taken.count == 0 || taken.needs_data_flush)
		commit_flush(p);
}

static void build(struct pool *p, u32 at)
{
	struct commit *c = &p->commit;
	struct pool_log_record *r = &c->record[at];
	const struct pool_entry_encrypted *from = c->writing.entry + at * in_record(&c->writing);
	u32 left = c->writing.count - at * in_record(&c->writing);

	memset(r, 0, sizeof(*r));
	r->magic = POOL_LOG_MAGIC;
	memcpy(r->uuid, p->label.uuid, sizeof(r->uuid));
	r->generation = p->super.generation;
	r->seq = c->seq + at;
	r->durable = c->durable;
	r->count = (u16)min_u64(left, in_record(&c->writing));
	r->entry_bytes = c->writing.is_wide ? sizeof(r->encrypted[0]) : sizeof(r->entry[0]);
	if (c->writing.is_wide)
		memcpy(r->encrypted, from, r->count * sizeof(r->encrypted[0]));
	for (u32 i = 0; !c->writing.is_wide && i < r->count; i++)
		r->entry[i] = from[i].e;
	r->crc = layout_sum(r, sizeof(*r), offsetof(struct pool_log_record, crc));
}

/* The ring may end among the records. */
void log_write(struct pool *p)
{
	struct commit *c = &p->commit;
	u32 slot = (u32)(c->seq % p->label.log_blocks), left = p->label.log_blocks - slot;
	u32 count = c->records = records_of(&c->writing);
	u32 first = count < left ? count : left;

	for (u32 i = 0; i < count; i++)
		build(p, i);
	if (count > 0)
		commit_io(p, &c->io[0], POOL_IO_WRITE, device_blocks(POOL_LOG_BLOCK + slot, first), c->record);
	if (count > first)
		commit_io(p, &c->io[1], POOL_IO_WRITE, device_blocks(POOL_LOG_BLOCK, count - first),
			&c->record[first]);
}

void log_flush(struct pool *p)
{
	if (p->commit.records > 0)
		commit_flush(p);
}

void log_end(struct pool *p)
{
	struct commit *c = &p->commit;

	c->seq += c->records;
	c->durable = c->seq - 1;
	c->records = 0;
	c->writing.count = 0;
	c->writing.is_wide = false;
}
