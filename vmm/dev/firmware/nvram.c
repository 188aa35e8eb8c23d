/* SPDX-License-Identifier: MIT */
/*
 * nvram.c - see nvram.h. In the link's window: the journal from slot 0 on, or what is read.
 */
#include "nvram.h"

#include <string.h>

#include "crc32c.h"
#include "range.h"

#define MAGIC 0x5241564948534c46ull	/* "FLSHIVAR" */
/* Of a firmware volume's header (UEFI platform initialization 1.7, volume 3, 3.2.1.1): "_FVH". */
#define VOLUME_SIGNATURE_AT 40u
#define VOLUME_SIGNATURE 0x4856465fu

/* The journal's first block. */
struct journal {
	u64 magic;
	u32 sum;		/* of it with 0 here, and of the blocks behind it */
	u32 count;		/* of these: 1 .. NVRAM_BLOCKS */
	u16 block[NVRAM_BLOCKS];	/* their numbers */
};
_Static_assert(sizeof(struct journal) <= FLASH_BLOCK_BYTES && FLASH_BLOCK_BYTES == BLK_SLOT_BYTES, "a slot each");
_Static_assert(1 + NVRAM_BLOCKS <= BLK_SLOTS, "the window has room for all");
_Static_assert(VMM_FLASH_BYTES <= NVRAM_JOURNAL &&
	       NVRAM_JOURNAL + (1 + NVRAM_BLOCKS) * FLASH_BLOCK_BYTES <= VMM_NVRAM_BYTES, "the volume, too");

static struct journal *journal_of(const struct nvram *n)
{
	return blk_slot(n->link, 0);
}

/* The block of flash that stands at that place of the journal. */
static u8 *journal_block(const struct nvram *n, u32 place)
{
	return blk_slot(n->link, 1 + place);
}

static u8 *flash_block(const struct nvram *n, u32 block)
{
	return n->flash + block * FLASH_BLOCK_BYTES;
}

/* ---- requests, one at a time ---- */

static void poll(struct nvram *n)
{
	(void)blk_client_poll(&n->client);
	if (blk_client_should_signal(&n->client))
		n->ops.signal(n->ops.ctx);
}

/* Until something may have happened since the last poll. */
static void wait(struct nvram *n)
{
	blk_client_wait(&n->client, true);
	if (!blk_client_has_news(&n->client))
		n->ops.wait(n->ops.ctx);
}

static bool request(struct nvram *n, const struct blk_sqe *sqe)
{
	enum blk_status status;
	u32 number;

	(void)blk_client_submit(&n->client, sqe);	/* there is no other */
	for (poll(n); !blk_client_completed(&n->client, &number, &status); poll(n))
		wait(n);
	return status == BLK_OK;
}

static bool wait_until_up(struct nvram *n)
{
	for (poll(n); !n->client.is_up && !n->client.is_lost; poll(n))
		wait(n);
	return n->client.is_up;
}

/* A row of blocks between the volume and the window. */
static bool transfer(struct nvram *n, enum blk_op op, u64 at, u32 slot, u32 count)
{
	u32 most = n->client.info.max_sectors / BLK_SLOT_SECTORS, piece;

	for (; count != 0; count -= piece, slot += piece, at += (u64)piece * FLASH_BLOCK_BYTES) {
		struct blk_sqe sqe = { .op = (u8)op, .sector = at / BLK_SECTOR_BYTES, .seg_count = 1 };

		piece = most == 0 ? 1 : (u32)min_u64(count, most);
		sqe.sectors = piece * BLK_SLOT_SECTORS;
		sqe.seg[0] = (struct blk_seg){ .window = BLK_WINDOW_OWN, .slot = (u16)slot, .count = (u16)piece };
		if (!request(n, &sqe))
			return false;
	}
	return true;
}

static bool flush(struct nvram *n)
{
	struct blk_sqe sqe = { .op = BLK_FLUSH };

	return (n->client.info.features & BLK_CAN_FLUSH) == 0 || request(n, &sqe);
}

/* ---- the journal ---- */

static u32 sum_of(const struct nvram *n, const struct journal *j)
{
	struct journal header = *j;

	header.sum = 0;
	return crc32c(crc32c(0, &header, sizeof(header)), journal_block(n, 0), header.count * FLASH_BLOCK_BYTES);
}

/* A copy of the journal in the window, which is the store's to write. */
static bool journal_ok(const struct nvram *n, const struct journal *j)
{
	if (j->magic != MAGIC || j->count == 0 || j->count > NVRAM_BLOCKS)
		return false;
	for (u32 i = 0; i < j->count; i++)
		if (j->block[i] >= NVRAM_BLOCKS)
			return false;
	return sum_of(n, j) == j->sum;
}

/* What it has goes to its place. */
static bool write_places(struct nvram *n, const struct journal *j)
{
	for (u32 i = 0; i < j->count; i++)
		if (!transfer(n, BLK_WRITE, (u64)j->block[i] * FLASH_BLOCK_BYTES, 1 + i, 1))
			return false;
	return flush(n);
}

/* The flash memory as it is now: it may change while the store is waited for. */
static void fill_journal(struct nvram *n, struct journal *j)
{
	*j = (struct journal){ .magic = MAGIC };
	for (u32 i = 0; i < NVRAM_BLOCKS; i++) {
		if (!n->is_changed[i])
			continue;
		memcpy(journal_block(n, j->count), flash_block(n, i), FLASH_BLOCK_BYTES);
		j->block[j->count++] = (u16)i;
		n->is_changed[i] = false;
	}
	j->sum = sum_of(n, j);
	memset(journal_of(n), 0, FLASH_BLOCK_BYTES);
	memcpy(journal_of(n), j, sizeof(*j));
}

/* If its places can't be written, the journal stays, so that the next start of the VM goes on from it. */
static bool write_changed(struct nvram *n)
{
	struct journal j;

	if (n->is_over)
		return false;
	fill_journal(n, &j);
	if (j.count == 0)
		return true;
	if (transfer(n, BLK_WRITE, NVRAM_JOURNAL, 0, 1 + j.count) && flush(n)) {
		n->is_over = !write_places(n, &j);
		return !n->is_over;
	}
	for (u32 i = 0; i < j.count; i++)
		n->is_changed[j.block[i]] = true;
	return false;
}

bool nvram_write(struct nvram *n)
{
	bool is_written = true;

	n->is_again = true;
	if (n->is_busy)		/* that one takes ours along */
		return true;
	n->is_busy = true;
	while (n->is_again && is_written) {
		n->is_again = false;
		is_written = write_changed(n);
	}
	n->is_busy = false;
	return is_written;
}

void nvram_changed(struct nvram *n, u64 offset, u32 count)
{
	for (u64 i = offset / FLASH_BLOCK_BYTES; i * FLASH_BLOCK_BYTES < offset + count; i++)
		n->is_changed[i] = true;
}

/* ---- the start ---- */

static bool has_variables(const u8 *flash)
{
	u32 signature;

	memcpy(&signature, flash + VOLUME_SIGNATURE_AT, sizeof(signature));
	return signature == VOLUME_SIGNATURE;
}

/* What an end has cut off is done. */
static bool replay(struct nvram *n, const struct journal *j)
{
	for (u32 i = 0; i < j->count; i++)
		memcpy(flash_block(n, j->block[i]), journal_block(n, i), FLASH_BLOCK_BYTES);
	return write_places(n, j);
}

bool nvram_load(struct nvram *n)
{
	struct journal j;
	bool is_old;

	if (!wait_until_up(n) || !transfer(n, BLK_READ, 0, 1, NVRAM_BLOCKS))
		return false;
	is_old = has_variables(journal_block(n, 0));
	if (is_old)
		memcpy(n->flash, journal_block(n, 0), VMM_FLASH_BYTES);
	if (!transfer(n, BLK_READ, NVRAM_JOURNAL, 0, 1 + NVRAM_BLOCKS))
		return false;
	j = *journal_of(n);
	if (journal_ok(n, &j))
		return replay(n, &j);
	for (u32 i = 0; i < NVRAM_BLOCKS; i++)
		n->is_changed[i] = !is_old;
	return nvram_write(n);
}

void nvram_init(struct nvram *n, void *link, u8 *flash, const struct nvram_ops *ops)
{
	memset(n, 0, sizeof(*n));
	n->ops = *ops;
	n->link = link;
	n->flash = flash;
	blk_client_init(&n->client, link);
}
