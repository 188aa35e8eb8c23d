/* SPDX-License-Identifier: MIT */
/*
 * recover.c - see recover.h.
 *
 * A record that is known to be durable, because a later one says so, is replayed as it is. Of the last batch, which may
 * have been in flight when the power failed, the data of entries with a checksum is read: if it did not arrive, the log
 * ends before that record. As long as it is not known which of the two a record is, it is held: no more than one batch.
 *
 * Of a mirror, a record or data that one member has not is read from the other: a power cut may have left it on either.
 */
#include "recover.h"

#include <string.h>

#include "crc32c.h"
#include "layout.h"
#include "map.h"
#include "node.h"
#include "space.h"
#include "volume.h"

#define HELD_MAX (POOL_BATCH + 1)

enum wants { WANTS_NOTHING, WANTS_RECORD, WANTS_DATA };
enum from { FROM_POOL, FROM_OTHER, FROM_TAKEN };	/* TAKEN: by the source, from the other */

static void io_done(struct pool *p, struct pool_io *io)
{
	(void)io;
	job_ready(p, &p->open.job);
}

static void read_block(struct pool *p, enum wants what, u64 block, void *to)
{
	p->open.wants = what;
	p->open.from = FROM_POOL;
	p->open.io.done = io_done;
	device_submit(p, &p->open.io, POOL_IO_READ, device_blocks(block, 1), to);
}

void recover_begin(struct pool *p)
{
	struct open *o = &p->open;

	o->held = o->checked = o->replayed = 0;
	o->is_end = false;
	o->wants = WANTS_NOTHING;
	p->commit.durable = p->super.log_seq - 1;
}

static void drop_first(struct pool *p)
{
	struct open *o = &p->open;

	o->held--;
	memmove(p->commit.record, p->commit.record + 1, o->held * sizeof(p->commit.record[0]));
	o->checked = o->replayed = 0;
}

/* A record that was read and is right. */
static enum pool_status take_record(struct pool *p)
{
	struct open *o = &p->open;
	const struct pool_log_record *r = &p->commit.record[o->held];

	if (r->durable < p->commit.durable)
		return POOL_CORRUPT;
	p->commit.durable = r->durable;
	o->held++;
	o->seq++;
	return POOL_OK;
}

/* An entry of the first record held. */
static const struct pool_entry *entry_at(const struct pool *p, u32 at)
{
	const struct pool_log_record *r = &p->commit.record[0];

	return r->entry_bytes == sizeof(r->entry[0]) ? &r->entry[at] : &r->encrypted[at].e;
}

/* Its nonce and tag; NULL: such a record has none. */
static const struct pool_seal *seal_at(const struct pool *p, u32 at)
{
	const struct pool_log_record *r = &p->commit.record[0];

	return r->entry_bytes == sizeof(r->entry[0]) ? NULL : &r->encrypted[at].seal;
}

static const struct pool_entry *entry_of(struct pool *p, u32 at, const struct volume **v, enum pool_status *status)
{
	const struct pool_entry *e = entry_at(p, at);

	*v = volume_of(p, e->volume);
	*status = *v == NULL || !layout_entry(e, &p->label, &(*v)->r, p->super.birth) ||
		((*v)->r.kind == POOL_ENCRYPTED && p->commit.record[0].entry_bytes == sizeof(*e)) ?
		POOL_CORRUPT : POOL_OK;
	return e;
}

/* Whether the data of the first record held is there; POOL_AGAIN: some of it is being read. */
static enum pool_status check_data(struct pool *p)
{
	struct open *o = &p->open;

	for (; o->checked < p->commit.record[0].count; o->checked++) {
		const struct volume *v;
		enum pool_status status;
		const struct pool_entry *e = entry_of(p, o->checked, &v, &status);

		if (status != POOL_OK)
			return status;
		if (e->op != POOL_LOG_MAP || v->r.kind == POOL_PLAIN)
			continue;
		read_block(p, WANTS_DATA, pool_place_block(e->place), p->commit.buffer);
		return POOL_AGAIN;
	}
	return POOL_OK;
}

static enum pool_status claim(struct pool *p, const struct volume *v, const struct pool_entry *e,
	const struct pool_granule *old)
{
	u64 block = pool_place_block(e->place);

	if (old->place != 0 && pool_place_block(old->place) == block)
		return v->r.kind == POOL_PLAIN ? POOL_OK : POOL_CORRUPT;
	if (p->space.limbo_count + p->space.reserve >= p->space.limbo_max)
		return POOL_MEMORY;
	return e->place == 0 || space_claim(p, block, layout_granule_blocks(v->r.kind)) ? POOL_OK : POOL_CORRUPT;
}

/* One entry into the map; POOL_AGAIN: a node is being read. */
static enum pool_status replay_entry(struct pool *p)
{
	struct open *o = &p->open;
	const struct volume *v;
	enum pool_status status;
	const struct pool_entry *e = entry_of(p, o->replayed, &v, &status);
	struct pool_granule new = { e->place, e->crc, e->birth };
	struct node *leaf;
	enum node_found found;

	if (status != POOL_OK)
		return status;
	found = node_leaf(p, volume_of(p, e->volume), e->granule, true, &o->job, &leaf);
	if (found != NODE_FOUND)
		return found == NODE_LATER ? POOL_AGAIN : o->job.error;
	status = claim(p, v, e, node_granule(leaf, e->granule));
	if (status != POOL_OK)
		return status;
	map_set(p, leaf, e->granule, &new, seal_at(p, o->replayed));
	return p->dirty_count > p->label.dirty_max ? POOL_CORRUPT : POOL_OK;
}

static enum pool_status replay_first(struct pool *p)
{
	struct open *o = &p->open;
	enum pool_status status;

	for (; o->replayed < p->commit.record[0].count; o->replayed++) {
		status = replay_entry(p);
		if (status != POOL_OK)
			return status;
	}
	p->commit.seq = p->commit.record[0].seq + 1;
	drop_first(p);
	return POOL_OK;
}

static enum pool_status read_record(struct pool *p)
{
	struct open *o = &p->open;

	if (o->held == HELD_MAX)
		return POOL_CORRUPT;
	if (o->seq - p->super.log_seq >= p->label.log_blocks) {
		o->is_end = true;
		return POOL_OK;
	}
	read_block(p, WANTS_RECORD, POOL_LOG_BLOCK + o->seq % p->label.log_blocks, &p->commit.record[o->held]);
	return POOL_AGAIN;
}

/* ---- what was read ---- */

static bool is_record(const struct pool *p)
{
	return layout_record(&p->commit.record[p->open.held], &p->super, p->open.seq);
}

static bool is_data(const struct pool *p)
{
	return crc32c(0, p->commit.buffer, POOL_BLOCK) == entry_at(p, p->open.checked)->crc;
}

static enum pool_status no_record(struct pool *p)
{
	p->open.is_end = true;
	return POOL_OK;
}

static enum pool_status take_data(struct pool *p)
{
	p->open.checked++;
	return POOL_OK;
}

/* The log ends before the first record held. */
static enum pool_status no_data(struct pool *p)
{
	p->open.held = 0;
	return POOL_OK;
}

static const struct {
	bool (*is_right)(const struct pool *p);
	enum pool_status (*take)(struct pool *p), (*end)(struct pool *p);
} wanted[] = {
	[WANTS_RECORD] = { is_record, take_record, no_record },
	[WANTS_DATA] = { is_data, take_data, no_data },
};

static enum pool_status read_other(struct pool *p)
{
	struct open *o = &p->open;
	struct device_range range = { o->io.sector, o->io.sectors };

	o->from = FROM_OTHER;
	device_read_member(p, &o->io, device_other(p), range, o->io.data);
	return POOL_AGAIN;
}

/* What an io that ended has brought. What can't be read may have been acknowledged; but where one member has read
 * nothing that is right, it needs no other to end the log. */
static enum pool_status take_io(struct pool *p)
{
	struct open *o = &p->open;
	u32 wants = o->wants, from = o->from;

	if (wants == WANTS_NOTHING)
		return POOL_OK;
	if (!o->io.is_ok && from != FROM_OTHER)
		return POOL_IO;
	if (!o->io.is_ok || (from != FROM_TAKEN && !wanted[wants].is_right(p))) {
		if (from == FROM_POOL && device_has_other(p))
			return read_other(p);
		o->wants = WANTS_NOTHING;
		return wanted[wants].end(p);
	}
	if (from == FROM_OTHER) {
		o->from = FROM_TAKEN;
		device_take_other(p, &o->io);
		return POOL_AGAIN;
	}
	o->wants = WANTS_NOTHING;
	return wanted[wants].take(p);
}

enum pool_status recover_step(struct pool *p)
{
	struct open *o = &p->open;
	enum pool_status status = take_io(p);

	while (status == POOL_OK && (o->held > 0 || !o->is_end)) {
		if (o->held > 0 && p->commit.record[0].seq <= p->commit.durable) {
			status = replay_first(p);
		} else if (!o->is_end) {
			status = read_record(p);
		} else {
			status = check_data(p);
			if (status == POOL_OK)
				status = replay_first(p);
		}
	}
	return status;
}
