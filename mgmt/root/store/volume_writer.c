/* SPDX-License-Identifier: MIT */
/*
 * volume_writer.c - see volume_writer.h.
 */
#include "volume_writer.h"

#include <string.h>

#include "range.h"

#define PIECE_BYTES 65536u		/* what is either written or left as a hole: a granule of a thin volume */

void volume_writer_begin(struct volume_writer *w, struct volume_link *link, bool keeps_holes)
{
	*w = (struct volume_writer){ .link = link, .keeps_holes = keeps_holes, .failure = ERR_NONE };
}

/* A power of two that the volume takes in one request. */
static u64 piece_bytes(const struct volume_writer *w)
{
	u64 bytes = PIECE_BYTES;

	while (bytes > w->link->client.info.max_sectors * (u64)BLK_SECTOR_BYTES)
		bytes /= 2;
	return bytes;
}

/* Where byte `index` of the piece is, and how many follow in that slot. */
static u8 *piece_byte(const struct volume_writer *w, u64 index, u64 *left)
{
	u64 slot = index / BLK_SLOT_BYTES;
	u32 i = 0;

	for (; slot >= w->seg[i].count; i++)
		slot -= w->seg[i].count;
	*left = BLK_SLOT_BYTES - index % BLK_SLOT_BYTES;
	return (u8 *)volume_link_slot(w->link, w->seg[i].slot + (u32)slot) + index % BLK_SLOT_BYTES;
}

static bool is_zero(const u8 *bytes, u64 count)
{
	u64 word = 0;

	for (; count >= sizeof(word) && word == 0; bytes += sizeof(word), count -= sizeof(word))
		memcpy(&word, bytes, sizeof(word));
	while (count != 0 && word == 0)
		word = bytes[--count];
	return word == 0;
}

/* The rest of its last block is zero. */
static u64 pad_piece(struct volume_writer *w)
{
	u64 count = w->at - w->piece_at, whole = align_up(count, w->link->client.info.block_bytes), left;

	for (u64 i = count; i < whole; i += left) {
		u8 *to = piece_byte(w, i, &left);

		left = min_u64(left, whole - i);
		memset(to, 0, left);
	}
	return whole;
}

static bool is_piece_zero(const struct volume_writer *w)
{
	u64 count = w->at - w->piece_at, left;

	for (u64 i = 0; i < count; i += left) {
		const u8 *from = piece_byte(w, i, &left);

		left = min_u64(left, count - i);
		if (!is_zero(from, left))
			return false;
	}
	return true;
}

/* Slots behind the first `count` are not needed. */
static void trim_piece(struct volume_writer *w, u32 count)
{
	for (u32 i = 0; i < w->seg_count; i++) {
		struct blk_seg rest = w->seg[i];

		w->seg[i].count = (u16)min_u64(count, rest.count);
		rest.slot = (u16)(rest.slot + w->seg[i].count);
		rest.count = (u16)(rest.count - w->seg[i].count);
		count -= w->seg[i].count;
		if (rest.count != 0)
			blk_slots_give(&w->link->slots, &rest, 1);
	}
	while (w->seg_count != 0 && w->seg[w->seg_count - 1].count == 0)
		w->seg_count--;
}

/* What is in the piece goes to the store, or is left as a hole. False: the ring is full. */
static bool close_piece(struct volume_writer *w)
{
	struct blk_client *c = &w->link->client;
	struct blk_sqe *sqe;
	u64 bytes;
	u32 number;

	if (w->seg_count == 0)
		return true;
	if (w->keeps_holes && is_piece_zero(w)) {
		trim_piece(w, 0);
		return true;
	}
	sqe = blk_client_next(c, &number);
	if (sqe == NULL)
		return false;
	bytes = pad_piece(w);
	trim_piece(w, (u32)(align_up(bytes, BLK_SLOT_BYTES) / BLK_SLOT_BYTES));
	sqe->op = BLK_WRITE;
	sqe->sector = w->piece_at / BLK_SECTOR_BYTES;
	sqe->sectors = (u32)(bytes / BLK_SECTOR_BYTES);
	sqe->seg_count = (u16)w->seg_count;
	memcpy(sqe->seg, w->seg, sizeof(sqe->seg));
	w->seg_count = 0;
	blk_client_submit_next(c, number);
	return true;
}

/* The piece is full. */
static bool is_at_end(const struct volume_writer *w)
{
	return w->seg_count != 0 && aligned_ok(w->at, w->piece_bytes);
}

/* It keeps its size, whatever the store that is there when it is full says of itself: it has slots for that. */
static bool open_piece(struct volume_writer *w)
{
	if (w->seg_count != 0)
		return true;
	w->piece_at = w->at;
	w->piece_bytes = piece_bytes(w);
	w->seg_count = blk_slots_take(&w->link->slots, (u32)(w->piece_bytes + BLK_SLOT_BYTES - 1) / BLK_SLOT_BYTES,
				      w->seg);
	return w->seg_count != 0;
}

/* Some bytes behind the ones before, to the piece's end at most. */
static u64 put_some(struct volume_writer *w, const u8 *bytes, u64 count)
{
	u64 end, left;
	u8 *to;

	if (!open_piece(w))
		return 0;
	end = align_down(w->at, w->piece_bytes) + w->piece_bytes;
	to = piece_byte(w, w->at - w->piece_at, &left);
	count = min_u64(min_u64(count, left), end - w->at);
	memcpy(to, bytes, count);
	w->at += count;
	return count;
}

/* Zeros up to there, or a hole. False: not all of it yet. */
static bool skip(struct volume_writer *w, u64 offset)
{
	static const u8 zeros[BLK_SLOT_BYTES];

	if (w->keeps_holes && w->at != offset) {
		if (!close_piece(w))
			return false;
		w->at = offset;
	}
	while (w->at < offset) {
		u64 some = min_u64(sizeof(zeros), offset - w->at);

		if ((is_at_end(w) && !close_piece(w)) || put_some(w, zeros, some) == 0)
			return false;
	}
	return true;
}

u64 volume_writer_put(struct volume_writer *w, u64 offset, const u8 *bytes, u64 count)
{
	u64 done = 0, some = 1;

	if (!w->link->client.is_up || !skip(w, offset))
		return 0;
	while (done < count && some != 0) {
		if (is_at_end(w) && !close_piece(w))
			break;
		some = put_some(w, bytes + done, count - done);
		done += some;
	}
	return done;
}

bool volume_writer_end(struct volume_writer *w)
{
	const struct blk_sqe flush = { .op = BLK_FLUSH };
	struct blk_client *c = &w->link->client;

	if (!c->is_up || !close_piece(w) || c->outstanding != 0)
		return false;
	if (w->is_flushing)
		return true;
	w->is_flushing = blk_client_submit(c, &flush) >= 0;
	return false;
}

void volume_writer_turn(struct volume_writer *w)
{
	struct blk_client *c = &w->link->client;
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(c);
	while (blk_client_completed(c, &number, &status)) {
		const struct blk_sqe *sqe = &c->pending[number].sqe;

		blk_slots_give(&w->link->slots, sqe->seg, sqe->seg_count);
		if (status != BLK_OK)
			w->failure = status == BLK_NOSPACE ? ERR_IMPORT_FULL : ERR_IMPORT_IO;
	}
	if (c->is_lost)		/* another volume is behind the link: nothing will be taken */
		w->failure = ERR_IMPORT_IO;
	if (w->link->is_full)
		w->failure = ERR_IMPORT_FULL;
}
