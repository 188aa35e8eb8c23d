/* SPDX-License-Identifier: MIT */
/*
 * log.c - see log.h.
 */
#include "log.h"

#include <string.h>

#include "commit_io.h"
#include "layout.h"

static u32 records_of(u32 entries)
{
	return (entries + POOL_ENTRIES - 1) / POOL_ENTRIES;
}

bool log_has_room(const struct pool *p)
{
	u64 used = p->commit.seq - p->super.log_seq + records_of(p->commit.filling.count);

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
	u32 first = at * POOL_ENTRIES, left = c->writing.count - first;

	memset(r, 0, sizeof(*r));
	r->magic = POOL_LOG_MAGIC;
	memcpy(r->uuid, p->label.uuid, sizeof(r->uuid));
	r->generation = p->super.generation;
	r->seq = c->seq + at;
	r->durable = c->durable;
	r->count = (u16)(left < POOL_ENTRIES ? left : POOL_ENTRIES);
	r->entry_bytes = sizeof(struct pool_entry);
	memcpy(r->entry, c->writing.entry + first, r->count * sizeof(r->entry[0]));
	r->crc = layout_sum(r, sizeof(*r), offsetof(struct pool_log_record, crc));
}

/* The ring may end among the records. */
void log_write(struct pool *p)
{
	struct commit *c = &p->commit;
	u32 slot = (u32)(c->seq % p->label.log_blocks), left = p->label.log_blocks - slot;
	u32 count = c->records = records_of(c->writing.count);
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
}
