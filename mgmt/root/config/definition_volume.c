/* SPDX-License-Identifier: MIT */
/*
 * definition_volume.c - see definition_volume.h.
 *
 * The link's window has a place for each header and one for a text. A text is copied into it once, before it is hashed,
 * because the console can write to where it comes from. Stages follow each other; one that has requests under way ends
 * when all of them are completed.
 */
#include "definition_volume.h"

#include <string.h>

#include "pools.h"
#include "range.h"
#include "rt_log.h"
#include "store_client.h"
#include "volume_link.h"

#define HEADER_SLOT(slot) (slot)
#define TEXT_SLOT DEFINITION_SLOTS
#define PIECE_SECTORS 128u		/* of a request, if the store takes as many */
#define TURN_BYTES 65536u		/* that are copied and hashed in one turn */
#define BLOCK_SECTORS (DEFINITION_HEADER_BYTES / BLK_SECTOR_BYTES)

enum stage {
	STAGE_IDLE,
	STAGE_OPEN,		/* until the store serves the link */
	STAGE_HEADERS,		/* both are read */
	STAGE_TEXT,		/* that of the newest slot is read, */
	STAGE_CHECK,		/* and hashed and copied */
	STAGE_COPY,		/* a text is copied and hashed, */
	STAGE_WRITE,		/* and written, */
	STAGE_FLUSH,
	STAGE_CLOSE,
	STAGE_COUNT
};

static struct {
	struct volume *volume;
	struct volume_link *link;
	enum stage stage;
	bool has_failed;
	u32 under_way;
	struct definition_header headers[DEFINITION_SLOTS];	/* private copies */
	u32 slots;		/* a bit for each that may count */
	u32 slot;		/* that is read or written */
	bool is_header_due;	/* the first text there: its header comes when it is stable, as no other slot counts */
	u8 *text;		/* STAGE_CHECK: where to; STAGE_COPY: where from, NULL: it is in the window */
	u64 bytes, at;		/* STAGE_COPY: of the text; that are copied */
	bool has_text;		/* the window has the text of the newest slot */
	u8 records[DEFINITION_RECORDS_BYTES];	/* that are written, or were read */
	u64 record_bytes;
	struct blake2b sum;
	struct definitions_found found;
} d;

/* ---- requests ---- */

static u32 slot_sector(u32 slot)
{
	return slot * (DEFINITION_SLOT_BYTES / BLK_SECTOR_BYTES);
}

static void submit(enum blk_op op, u32 sector, u32 sectors, u32 slot)
{
	struct blk_sqe sqe = { .op = (u8)op, .sector = sector, .sectors = sectors };

	if (sectors != 0) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){
			.window = BLK_WINDOW_OWN, .slot = (u16)slot,
			.count = (u16)((sectors + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS),
		};
	}
	if (blk_client_submit(&d.link->client, &sqe) < 0)
		d.has_failed = true;	/* never: there are fewer pieces than places */
	else
		d.under_way++;
}

_Static_assert(DEFINITION_SLOT_BYTES / DEFINITION_HEADER_BYTES + DEFINITION_SLOTS <= BLK_SLOTS, "all in one window");
_Static_assert(DEFINITION_SLOT_BYTES / BLK_SECTOR_BYTES / PIECE_SECTORS + 2 <= BLK_RING, "all at a time");

/* In whole blocks: what is behind the text is zeros. */
static void submit_text(enum blk_op op, u64 bytes)
{
	u32 sectors = (u32)(align_up(bytes, DEFINITION_HEADER_BYTES) / BLK_SECTOR_BYTES);

	for (u32 at = 0; at < sectors; at += PIECE_SECTORS)
		submit(op, slot_sector(d.slot) + BLOCK_SECTORS + at, (u32)min_u64(PIECE_SECTORS, sectors - at),
		       TEXT_SLOT + at / BLK_SLOT_SECTORS);
}

static void take_completions(void)
{
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(&d.link->client);
	while (blk_client_completed(&d.link->client, &number, &status)) {
		d.under_way -= d.under_way != 0;
		d.has_failed = d.has_failed || status != BLK_OK;
	}
}

/* ---- reading ---- */

/* The newest slot that may count; or there is none. */
static enum stage next_slot(void)
{
	d.slot = definition_newest(d.headers, d.slots);
	if (d.slot == DEFINITION_SLOTS)
		return STAGE_IDLE;
	d.at = 0;
	blake2b_init(&d.sum);
	submit_text(BLK_READ, definition_content_bytes(&d.headers[d.slot]));
	return STAGE_TEXT;
}

static enum stage after_headers(void)
{
	d.slots = 0;
	for (u32 i = 0; i < DEFINITION_SLOTS; i++) {
		enum definition_slot_state state;

		memcpy(&d.headers[i], volume_link_slot(d.link, HEADER_SLOT(i)), sizeof(d.headers[i]));
		state = definition_header_judge(&d.headers[i]);
		d.slots |= state == DEFINITION_SLOT_FULL ? BIT32(i) : 0;
		d.found.is_damaged = d.found.is_damaged || state == DEFINITION_SLOT_BAD;
	}
	return next_slot();
}

static enum stage after_text(void)
{
	return STAGE_CHECK;
}

static u8 *window_at(u64 at)
{
	return (u8 *)volume_link_slot(d.link, TEXT_SLOT) + at;
}

/* A piece more of the text: to the console's window, or from there. What is in the link's is hashed. True: that was
 * all. */
static bool move_piece(u64 bytes, bool is_read)
{
	u64 piece = min_u64(TURN_BYTES, bytes - d.at);
	u8 *ours = window_at(d.at);

	if (d.text != NULL)
		memcpy(is_read ? d.text + d.at : ours, is_read ? ours : d.text + d.at, piece);
	blake2b_add(&d.sum, ours, piece);
	d.at += piece;
	return d.at == bytes;
}

/* What is behind the text, likewise. */
static void move_records(u64 at, u64 bytes, bool is_read)
{
	memcpy(is_read ? d.records : window_at(at), is_read ? window_at(at) : d.records, bytes);
	blake2b_add(&d.sum, window_at(at), bytes);
}

static enum stage step_check(void)
{
	const struct definition_header *h = &d.headers[d.slot];
	u8 hash[BLAKE2B_BYTES];

	if (!move_piece(h->bytes, true))
		return STAGE_CHECK;
	move_records(h->bytes, h->record_bytes, true);
	blake2b_finish(&d.sum, hash);
	if (memcmp(hash, h->text_hash, sizeof(hash)) != 0) {
		d.found.is_damaged = true;
		d.slots &= ~BIT32(d.slot);
		return next_slot();
	}
	d.found.is_there = true;
	d.found.bytes = h->bytes;
	d.found.record_bytes = h->record_bytes;
	d.bytes = h->bytes;
	d.has_text = true;
	return STAGE_IDLE;
}

/* ---- writing ---- */

static void submit_header(void)
{
	submit(BLK_WRITE, slot_sector(d.slot), BLOCK_SECTORS, HEADER_SLOT(d.slot));
}

static enum stage step_copy(void)
{
	u32 newest = definition_newest(d.headers, d.slots);
	bool has_one = newest != DEFINITION_SLOTS;
	static struct definition_header next;	/* too large for the stack */
	u8 hash[BLAKE2B_BYTES];
	u64 bytes;

	if (!move_piece(d.bytes, false))
		return STAGE_COPY;
	move_records(d.bytes, d.record_bytes, false);
	blake2b_finish(&d.sum, hash);
	definition_header_fill(&next, has_one ? d.headers[newest].generation + 1 : 1, d.bytes, d.record_bytes, hash);
	if (has_one && definition_is_same_text(&d.headers[newest], &next)) {
		d.has_text = true;
		return STAGE_IDLE;
	}
	d.slot = has_one ? 1 - newest : 0;
	d.slots &= ~BIT32(d.slot);
	d.headers[d.slot] = next;
	memcpy(volume_link_slot(d.link, HEADER_SLOT(d.slot)), &next, sizeof(next));
	bytes = definition_content_bytes(&next);
	memset(window_at(bytes), 0, align_up(bytes, DEFINITION_HEADER_BYTES) - bytes);
	d.is_header_due = !has_one;
	if (has_one)
		submit_header();
	submit_text(BLK_WRITE, bytes);
	return STAGE_WRITE;
}

static enum stage after_write(void)
{
	submit(BLK_FLUSH, 0, 0, 0);
	return STAGE_FLUSH;
}

static enum stage after_flush(void)
{
	if (d.is_header_due) {
		d.is_header_due = false;
		submit_header();
		return STAGE_WRITE;
	}
	d.slots |= BIT32(d.slot);
	d.has_text = true;
	return STAGE_IDLE;
}

/* ---- stages ---- */

static enum stage step_open(void)
{
	return d.link->client.is_up || d.link->client.is_lost ? STAGE_IDLE : STAGE_OPEN;
}

static enum stage step_close(void)
{
	if (!volume_link_close(d.link))
		return STAGE_CLOSE;
	store_release(d.volume);
	d.volume = NULL;
	d.link = NULL;
	return STAGE_IDLE;
}

static const struct {
	enum stage (*step)(void);
	bool waits;		/* until all requests are completed */
} stages[STAGE_COUNT] = {
	[STAGE_OPEN] = { step_open, false },
	[STAGE_HEADERS] = { after_headers, true },
	[STAGE_TEXT] = { after_text, true },
	[STAGE_CHECK] = { step_check, false },
	[STAGE_COPY] = { step_copy, false },
	[STAGE_WRITE] = { after_write, true },
	[STAGE_FLUSH] = { after_flush, true },
	[STAGE_CLOSE] = { step_close, false },
};

static enum definition_volume_state state_of(void)
{
	if (d.link == NULL)
		return DEFINITION_VOLUME_CLOSED;
	if (d.stage != STAGE_IDLE)
		return DEFINITION_VOLUME_BUSY;
	return d.has_failed ? DEFINITION_VOLUME_FAILED : DEFINITION_VOLUME_READY;
}

/* What failed ends when nothing of it is under way any more. */
static void step_stage(void)
{
	if (stages[d.stage].waits && d.under_way != 0)
		return;
	d.stage = d.has_failed && d.stage != STAGE_CLOSE ? STAGE_IDLE : stages[d.stage].step();
}

enum definition_volume_state definition_volume_step(void)
{
	if (d.link == NULL)
		return DEFINITION_VOLUME_CLOSED;
	if (d.stage != STAGE_CLOSE)
		take_completions();
	if (d.stage != STAGE_IDLE)
		step_stage();
	if (d.link != NULL && d.stage != STAGE_CLOSE)
		volume_link_kick(d.link);
	return state_of();
}

bool definition_volume_may_sleep(void)
{
	if (d.link == NULL || d.stage == STAGE_IDLE || d.stage == STAGE_CLOSE)
		return true;
	return d.stage != STAGE_CHECK && d.stage != STAGE_COPY && !volume_link_wait(d.link);
}

/* ---- what is asked for ---- */

bool definition_volume_open(struct volume *v)
{
	enum status st;

	memset(&d, 0, sizeof(d));
	d.link = volume_link_open(v, false, &st);
	if (d.link == NULL) {
		rt_log("root: no memory for the definitions in %s (status %u)", v->on, (unsigned)st);
		return false;
	}
	d.volume = v;
	v->is_busy = true;
	d.stage = STAGE_OPEN;
	return true;
}

void definition_volume_close(void)
{
	if (d.link != NULL)
		d.stage = STAGE_CLOSE;
}

const struct volume *definition_volume_of(void)
{
	return d.volume;
}

u32 definition_volume_pool(void)
{
	const struct volume *v = definition_volume_of();

	return v != NULL ? v->pool : pool_that_counts();
}

void definition_volume_read(u8 *text)
{
	d.has_failed = false;
	d.found = (struct definitions_found){ .bytes = 0 };
	d.has_text = false;
	d.text = text;
	for (u32 i = 0; i < DEFINITION_SLOTS; i++)
		submit(BLK_READ, slot_sector(i), BLOCK_SECTORS, HEADER_SLOT(i));
	d.stage = STAGE_HEADERS;
}

const struct definitions_found *definition_volume_found(void)
{
	return &d.found;
}

const u8 *definition_volume_records(void)
{
	return d.records;
}

static void begin_write(u8 *text, u64 bytes, const u8 *records, u64 record_bytes)
{
	d.has_failed = d.has_text = false;
	d.text = text;
	d.bytes = bytes;
	d.at = 0;
	memcpy(d.records, records, record_bytes);
	d.record_bytes = record_bytes;
	blake2b_init(&d.sum);
	d.stage = STAGE_COPY;
}

void definition_volume_write(u8 *text, u64 bytes, const u8 *records, u64 record_bytes)
{
	begin_write(text, bytes, records, record_bytes);
}

bool definition_volume_has_text(void)
{
	return d.has_text;
}

void definition_volume_write_records(const u8 *records, u64 record_bytes)
{
	begin_write(NULL, d.bytes, records, record_bytes);
}
