/* SPDX-License-Identifier: MIT */
/*
 * volume_reader.c - see volume_reader.h. Slot 0 of the window is for surveys, the slots behind it for data.
 */
#include "volume_reader.h"

#include <string.h>

#include "range.h"

#define DATA_SLOT 1u

void volume_reader_begin(struct volume_reader *r, struct volume_link *link, u32 since)
{
	memset(r, 0, sizeof(*r));
	r->link = link;
	r->since = since;
	r->is_asking = r->is_stale = link->client.outstanding != 0;
}

static u64 volume_bytes(const struct volume_reader *r)
{
	return r->link->client.info.sectors * BLK_SECTOR_BYTES;
}

/* What a survey says is foreign: any byte will do, and is copied once. */
static void take_answer(struct volume_reader *r, enum blk_status status)
{
	bool was_stale = r->is_stale;

	r->is_asking = r->is_stale = false;
	if (was_stale)
		return;
	if (status != BLK_OK) {
		r->has_failed = true;
		r->data_bytes = 0;
		return;
	}
	if (!r->is_map)
		return;
	memcpy(r->map, volume_link_slot(r->link, 0), sizeof(r->map));
	r->has_map = true;
}

void volume_reader_turn(struct volume_reader *r)
{
	struct blk_client *c = &r->link->client;
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(c);
	while (blk_client_completed(c, &number, &status))
		if (r->is_asking)
			take_answer(r, status);
	r->has_failed = r->has_failed || c->is_lost;
}

static bool may_ask(const struct volume_reader *r)
{
	return r->link->client.is_up && !r->is_asking && !r->has_failed;
}

static void ask(struct volume_reader *r, const struct blk_sqe *sqe)
{
	r->is_asking = blk_client_submit(&r->link->client, sqe) >= 0;
	r->is_map = sqe->op == BLK_SURVEY;
	volume_link_kick(r->link);
}

static void ask_map(struct volume_reader *r, u64 at)
{
	struct blk_sqe sqe = { .op = BLK_SURVEY, .since = r->since, .seg_count = 1,
		.seg = { { BLK_WINDOW_OWN, 0, 1, 0 } } };

	r->has_map = false;
	r->map_at = align_down(at, READER_MAP_BYTES);
	sqe.sector = r->map_at / BLK_SECTOR_BYTES;
	sqe.sectors = (u32)(min_u64(READER_MAP_BYTES, volume_bytes(r) - r->map_at) / BLK_SECTOR_BYTES);
	ask(r, &sqe);
}

bool volume_reader_unit(struct volume_reader *r, u64 at, u8 *bits)
{
	*bits = BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED;
	if (r->has_failed || !r->link->client.is_up)
		return false;
	if ((r->link->client.info.features & BLK_CAN_SURVEY) == 0)
		return true;
	if (!r->has_map || at < r->map_at || at - r->map_at >= READER_MAP_BYTES) {
		if (may_ask(r) && at < volume_bytes(r))
			ask_map(r, at);
		return false;
	}
	*bits = r->map[(at - r->map_at) / READER_UNIT_BYTES];
	return true;
}

/* What a whole request can have, in blocks; a power of two. */
static u64 most_bytes(const struct volume_reader *r)
{
	u64 most = READER_DATA_BYTES;

	while (most > r->link->client.info.max_sectors * (u64)BLK_SECTOR_BYTES)
		most /= 2;
	return most;
}

static void ask_data(struct volume_reader *r, u64 at, u64 end)
{
	struct blk_sqe sqe = { .op = BLK_READ, .seg_count = 1 };
	u64 bytes = min_u64(min_u64(end, volume_bytes(r)) - at, most_bytes(r));

	sqe.sector = at / BLK_SECTOR_BYTES;
	sqe.sectors = (u32)(bytes / BLK_SECTOR_BYTES);
	sqe.seg[0] = (struct blk_seg){ BLK_WINDOW_OWN, DATA_SLOT,
		(u16)((bytes + BLK_SLOT_BYTES - 1) / BLK_SLOT_BYTES), 0 };
	r->data_at = at;
	r->data_bytes = (u32)bytes;
	ask(r, &sqe);
}

u32 volume_reader_bytes(struct volume_reader *r, u64 at, u64 end, u8 *to, u32 count)
{
	bool has_data = !r->is_asking && !r->has_failed && at >= r->data_at && at - r->data_at < r->data_bytes;

	if (r->link->client.is_up && at >= volume_bytes(r)) {
		count = (u32)min_u64(count, end - at);
		memset(to, 0, count);
		return count;
	}
	if (!has_data) {
		if (may_ask(r))
			ask_data(r, at - at % BLK_SLOT_BYTES, end);
		return 0;
	}
	count = (u32)min_u64(count, r->data_at + r->data_bytes - at);
	memcpy(to, (u8 *)volume_link_slot(r->link, DATA_SLOT) + (at - r->data_at), count);
	return count;
}
