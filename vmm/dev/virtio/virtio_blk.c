/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk.c - see virtio_blk.h.
 */
#include "virtio_blk.h"

#include <string.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "range.h"

#define NO_REQUEST 0xffffu
#define PIECE_SECTORS 1024u		/* 512 KiB: a quarter of the window */
#define SEGMENTS_MAX (VIRTQUEUE_SEGMENTS - 2)	/* of data, beside header and status */
#define ZERO_SECTORS_MAX BIT32(22)	/* of one discard or write of zeros: 2 GiB */
#define TOPOLOGY_BYTES 4096u
#define ALONE_LEAST 8u			/* after so many notifications with one request: look whether more would come */
#define ALONE_MOST 256u			/* after so many, where they did not come the last times */
#define ALONE_SECTORS 32u		/* of each: 16 KiB; what is larger gains little and ends the row */
#define GATHER_LEAST 3u			/* what makes it worth while */
#define CLASS_STORAGE_OTHER 0x018000u
/* As far as the features reach. */
#define CONFIG_BYTES ((u32)offsetof(struct virtio_blk_config, unused1) + 3)
#define HEADER_BYTES ((u32)sizeof(struct virtio_blk_outhdr))
#define RANGE_BYTES ((u32)sizeof(struct virtio_blk_discard_write_zeroes))

#define FEATURES \
	(BIT64(VIRTIO_BLK_F_SEG_MAX) | BIT64(VIRTIO_BLK_F_BLK_SIZE) | BIT64(VIRTIO_BLK_F_FLUSH) | \
	 BIT64(VIRTIO_BLK_F_TOPOLOGY) | BIT64(VIRTIO_BLK_F_CONFIG_WCE) | BIT64(VIRTIO_BLK_F_MQ) | \
	 BIT64(VIRTIO_BLK_F_DISCARD) | BIT64(VIRTIO_BLK_F_WRITE_ZEROES))

static u32 number_of(const struct virtio_blk *b, const struct virtio_blk_request *r)
{
	return (u32)(r - b->request);
}

static bool moves_data(const struct virtio_blk_request *r)
{
	return r->op == BLK_READ || r->op == BLK_WRITE;
}

/* ---- The end of a request ---- */

static void answer(struct virtio_blk *b, u32 queue, const struct virtqueue_chain *chain, u8 status, u32 data_bytes)
{
	const struct virtqueue_segment *last = &chain->segment[chain->count - 1];

	if (!virtio_may_write(&b->device))
		return;
	last->at[last->len - 1] = status;
	virtqueue_push(&b->device.queue[queue].ring, chain->head, data_bytes + 1);
	b->dirty |= BIT32(queue);
}

static void release(struct virtio_blk *b, struct virtio_blk_request *r)
{
	b->free |= BIT64(number_of(b, r));
}

static void finish(struct virtio_blk *b, struct virtio_blk_request *r, u8 status)
{
	answer(b, r->queue, &r->chain, status, r->op == BLK_READ ? r->done_bytes : 0);
	release(b, r);
}

static void interrupt_dirty(struct virtio_blk *b)
{
	for (; b->dirty != 0; b->dirty &= b->dirty - 1)
		virtio_interrupt(&b->device, (u32)__builtin_ctz(b->dirty));
}

/* ---- Pieces ---- */

static void wait_for_room(struct virtio_blk *b, struct virtio_blk_request *r)
{
	u16 number = (u16)number_of(b, r);

	r->next = NO_REQUEST;
	if (b->first_waiting == NO_REQUEST)
		b->first_waiting = number;
	else
		b->request[b->last_waiting].next = number;
	b->last_waiting = number;
}

/* Between the window and the guest. */
static void copy_piece(struct virtio_blk *b, struct virtio_blk_request *r)
{
	u32 left = r->piece_sectors * BLK_SECTOR_BYTES, at = r->done_bytes;

	for (u32 i = 0; i < r->seg_count; i++) {
		void *slot = blk_slot(b->link, r->seg[i].slot);
		u32 count = (u32)min_u64(left, r->seg[i].count * BLK_SLOT_BYTES);

		if (r->op == BLK_WRITE)
			(void)virtqueue_read(&r->chain, HEADER_BYTES + at, slot, count);
		else
			(void)virtqueue_write(&r->chain, at, slot, count);
		at += count;
		left -= count;
	}
}

static bool take_slots(struct virtio_blk *b, struct virtio_blk_request *r)
{
	u32 most = (u32)min_u64(b->client.info.max_sectors, PIECE_SECTORS);

	r->piece_sectors = (u32)min_u64(r->sectors, most);
	r->seg_count = blk_slots_take(&b->slots, (r->piece_sectors + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS, r->seg);
	return r->seg_count != 0;
}

static bool is_writethrough(const struct virtio_blk *b)
{
	if (!virtio_has(&b->device, VIRTIO_BLK_F_FLUSH))
		return true;
	return virtio_has(&b->device, VIRTIO_BLK_F_CONFIG_WCE) &&
	       b->device.config[offsetof(struct virtio_blk_config, wce)] == 0;
}

static void submit_piece(struct virtio_blk *b, struct virtio_blk_request *r)
{
	u32 number = 0;
	/* A request has one piece on the link at a time, and there are no more requests than the link takes. */
	struct blk_sqe *sqe = blk_client_next(&b->client, &number);

	sqe->op = r->is_flushing ? BLK_FLUSH : r->op;
	if (sqe->op != BLK_FLUSH) {
		sqe->flags = r->flags;
		sqe->sector = r->sector;
	}
	sqe->sectors = r->piece_sectors;
	sqe->seg_count = (u16)r->seg_count;
	for (u32 i = 0; i < r->seg_count; i++)
		sqe->seg[i] = r->seg[i];
	blk_client_submit_next(&b->client, number);
	b->is_news = true;
	b->request_of[number] = (u8)number_of(b, r);
}

/* The next piece goes on the link, if there is room for it and the store is up. */
static bool start_piece(struct virtio_blk *b, struct virtio_blk_request *r)
{
	if (!b->client.is_up)
		return false;
	r->piece_sectors = r->seg_count = 0;
	if (moves_data(r) && !r->is_flushing) {
		if (!take_slots(b, r))
			return false;
		if (r->op == BLK_WRITE)
			copy_piece(b, r);
	} else if (!r->is_flushing && r->op != BLK_FLUSH) {
		r->piece_sectors = (u32)min_u64(r->sectors, b->client.info.max_zero_sectors);
	}
	submit_piece(b, r);
	return true;
}

static void start_or_wait(struct virtio_blk *b, struct virtio_blk_request *r)
{
	if (b->first_waiting != NO_REQUEST || !start_piece(b, r))
		wait_for_room(b, r);
}

static void start_waiting(struct virtio_blk *b)
{
	while (b->first_waiting != NO_REQUEST) {
		struct virtio_blk_request *r = &b->request[b->first_waiting];

		if (!start_piece(b, r))
			return;
		b->first_waiting = r->next;
	}
}

static u8 status_of(const struct virtio_blk_request *r, enum blk_status status)
{
	if (status == BLK_OK)
		return VIRTIO_BLK_S_OK;
	/* The disk has no such command: Linux then does without. */
	return status == BLK_INVAL && (r->op == BLK_DISCARD || r->op == BLK_WRITE_ZEROES) ? VIRTIO_BLK_S_UNSUPP
											 : VIRTIO_BLK_S_IOERR;
}

static bool needs_flush(const struct virtio_blk *b, const struct virtio_blk_request *r)
{
	return r->op != BLK_READ && r->op != BLK_FLUSH && !r->is_flushing && is_writethrough(b) &&
	       (b->client.info.features & BLK_CAN_FLUSH) != 0;
}

static void piece_done(struct virtio_blk *b, struct virtio_blk_request *r, enum blk_status status)
{
	if (status == BLK_OK && r->op == BLK_READ && !b->is_resetting && virtio_may_write(&b->device))
		copy_piece(b, r);
	blk_slots_give(&b->slots, r->seg, r->seg_count);
	r->seg_count = 0;
	if (b->is_resetting) {
		release(b, r);
		return;
	}
	if (status != BLK_OK) {
		finish(b, r, status_of(r, status));
		return;
	}
	r->sector += r->piece_sectors;
	r->sectors -= r->piece_sectors;
	if (moves_data(r))
		r->done_bytes += r->piece_sectors * BLK_SECTOR_BYTES;
	if (r->sectors == 0 && !needs_flush(b, r)) {
		finish(b, r, VIRTIO_BLK_S_OK);
		return;
	}
	r->is_flushing = r->sectors == 0;
	start_or_wait(b, r);
}

/* ---- Requests ---- */

/* Of a request that the disk need not see: its status, and how much data was written before it. */
struct verdict { bool is_final; u8 status; u32 data_bytes; };

static struct verdict refuse(u8 status)
{
	return (struct verdict){ .is_final = true, .status = status };
}

static bool in_range(const struct virtio_blk *b, u64 sector, u64 sectors)
{
	u32 unit = b->disk.block_bytes / BLK_SECTOR_BYTES;

	return sectors != 0 && aligned_ok(sector, unit) && aligned_ok(sectors, unit) &&
	       range_ok(sector, sectors, b->disk.bytes / BLK_SECTOR_BYTES);
}

static struct verdict judge_data(const struct virtio_blk *b, struct virtio_blk_request *r, u64 sector)
{
	u32 bytes = r->op == BLK_READ ? r->chain.writable_bytes - 1 : r->chain.readable_bytes - HEADER_BYTES;

	if (bytes % BLK_SECTOR_BYTES != 0 || !in_range(b, sector, bytes / BLK_SECTOR_BYTES))
		return refuse(VIRTIO_BLK_S_IOERR);
	r->sector = sector;
	r->sectors = bytes / BLK_SECTOR_BYTES;
	return (struct verdict){ 0 };
}

static struct verdict judge_range(const struct virtio_blk *b, struct virtio_blk_request *r)
{
	struct virtio_blk_discard_write_zeroes range;

	if (r->chain.readable_bytes != HEADER_BYTES + RANGE_BYTES)
		return refuse(VIRTIO_BLK_S_UNSUPP);
	(void)virtqueue_read(&r->chain, HEADER_BYTES, &range, RANGE_BYTES);
	if ((range.flags & ~(r->op == BLK_WRITE_ZEROES ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0u)) != 0)
		return refuse(VIRTIO_BLK_S_UNSUPP);
	if (range.num_sectors > ZERO_SECTORS_MAX || !in_range(b, range.sector, range.num_sectors))
		return refuse(VIRTIO_BLK_S_IOERR);
	r->sector = range.sector;
	r->sectors = range.num_sectors;
	if (range.flags != 0 && (b->client.info.features & BLK_CAN_UNMAP) != 0)
		r->flags = BLK_UNMAP;
	return (struct verdict){ 0 };
}

static struct verdict give_serial(const struct virtio_blk *b, const struct virtqueue_chain *chain)
{
	u32 bytes = (u32)min_u64(chain->writable_bytes - 1, sizeof(b->disk.serial));

	return (struct verdict){ .is_final = true, .data_bytes = virtqueue_write(chain, 0, b->disk.serial, bytes) };
}

static struct verdict judge(const struct virtio_blk *b, struct virtio_blk_request *r)
{
	static const struct { u32 type; u8 op; bool changes; } ops[] = {
		{ VIRTIO_BLK_T_IN, BLK_READ, false }, { VIRTIO_BLK_T_OUT, BLK_WRITE, true },
		{ VIRTIO_BLK_T_FLUSH, BLK_FLUSH, false }, { VIRTIO_BLK_T_DISCARD, BLK_DISCARD, true },
		{ VIRTIO_BLK_T_WRITE_ZEROES, BLK_WRITE_ZEROES, true },
	};
	struct virtio_blk_outhdr header;
	u32 i = 0;

	(void)virtqueue_read(&r->chain, 0, &header, HEADER_BYTES);
	if (header.type == VIRTIO_BLK_T_GET_ID)
		return give_serial(b, &r->chain);
	while (i < ARRAY_COUNT(ops) && ops[i].type != header.type)
		i++;
	if (i == ARRAY_COUNT(ops))
		return refuse(VIRTIO_BLK_S_UNSUPP);
	if (ops[i].changes && b->disk.is_read_only)
		return refuse(VIRTIO_BLK_S_IOERR);
	r->op = ops[i].op;
	if (moves_data(r))
		return judge_data(b, r, header.sector);
	return r->op == BLK_FLUSH ? (struct verdict){ 0 } : judge_range(b, r);
}

/* r is free, and has the chain. */
static void begin(struct virtio_blk *b, u32 queue, struct virtio_blk_request *r)
{
	struct verdict verdict;

	if (r->chain.readable_bytes < HEADER_BYTES || r->chain.writable_bytes == 0) {
		virtio_broken(&b->device, "a request without a header or a status");
		return;
	}
	r->queue = (u16)queue;
	r->flags = 0;
	r->done_bytes = r->sectors = r->seg_count = 0;
	r->sector = 0;
	r->is_flushing = false;
	verdict = judge(b, r);
	if (verdict.is_final) {
		answer(b, queue, &r->chain, verdict.status, verdict.data_bytes);
		return;
	}
	b->free &= ~BIT64(number_of(b, r));
	b->begun++;
	b->is_large |= r->sectors > ALONE_SECTORS;
	start_or_wait(b, r);
}

/* The chain is taken into the request: its segments are needed again when the data of a read comes. */
static bool take_next(struct virtio_blk *b, u32 queue)
{
	struct virtio_blk_request *r;

	if (b->free == 0)
		return false;
	r = &b->request[__builtin_ctzll(b->free)];
	if (!virtio_pop(&b->device, queue, &r->chain))
		return false;
	begin(b, queue, r);
	return true;
}

/* Take what the queue has, as far as requests are free: it is looked at again when some are. */
static void serve_queue(struct virtio_blk *b, u32 queue)
{
	do {
		while (take_next(b, queue))
			;
	} while (b->free != 0 && virtio_has_more(&b->device, queue));
}

/* A store that waits for requests need not hear that there are none. */
static bool is_signal_due(struct virtio_blk *b)
{
	bool is_due = b->is_news && blk_client_should_signal(&b->client);

	b->is_news = false;
	return is_due;
}

/* ---- Calls ---- */

/* What waits is dropped; what is on the link comes back before the reset is done. */
static bool blk_reset(struct virtio_device *d)
{
	struct virtio_blk *b = d->model;

	for (; b->first_waiting != NO_REQUEST; b->first_waiting = b->request[b->first_waiting].next)
		release(b, &b->request[b->first_waiting]);
	b->dirty = b->kicked = 0;
	d->config[offsetof(struct virtio_blk_config, wce)] = 1;
	b->is_resetting = b->free != ~0ull;
	return !b->is_resetting;
}

static bool take_completions(struct virtio_blk *b)
{
	bool is_any = blk_client_poll(&b->client);
	enum blk_status status;
	u32 number;

	b->is_news |= is_any;		/* the rings begin again */
	while (blk_client_completed(&b->client, &number, &status)) {
		piece_done(b, &b->request[b->request_of[number]], status);
		is_any = true;
	}
	return is_any;
}

/* A volume may grow under its guest (5.2.5: a change of `capacity` is a change of the configuration). */
static void follow_capacity(struct virtio_blk *b)
{
	u64 sectors = b->client.info.sectors;

	if (!b->client.is_up || sectors <= b->disk.bytes / BLK_SECTOR_BYTES)
		return;
	b->disk.bytes = sectors * BLK_SECTOR_BYTES;
	memcpy(b->device.config + offsetof(struct virtio_blk_config, capacity), &sectors, sizeof(sectors));
	virtio_config_changed(&b->device);
}

void virtio_blk_poll(struct virtio_blk *b)
{
	bool was_full = b->free == 0;	/* else the queues are empty, or notify */

	blk_client_wait(&b->client, true);
	if (!take_completions(b))
		return;
	follow_capacity(b);
	if (b->is_resetting && b->free == ~0ull) {
		b->is_resetting = false;
		virtio_reset_done(&b->device);
	}
	start_waiting(b);
	for (u32 i = 0; was_full && i < b->device.queue_count && b->free != 0; i++)
		serve_queue(b, (b->first_queue + i) % b->device.queue_count);
	b->first_queue = (b->first_queue + 1) % b->device.queue_count;
	if (is_signal_due(b))
		b->ops.signal(b->ops.ctx);
	interrupt_dirty(b);
}

/*
 * Requests that come together cost less each. Threads of the guest that wait for a read each come together if the first
 * read takes its time; where it is done before its notification returns, no second thread runs meanwhile. So if many
 * notifications brought one request each, and the store did it at once, one is put off until the vCPU has nothing else
 * to do. If that was worth while, so is the next; if not, twice as many are served at once before the next try.
 */
static void note_kick(struct virtio_blk *b, bool was_late)
{
	bool was_at_once = b->free == ~0ull;

	b->gathers = was_late && was_at_once && b->begun >= GATHER_LEAST;
	b->alone = !was_late && was_at_once && b->begun == 1 && !b->is_large ? b->alone + 1 : 0;
	if (b->begun > 1 || b->is_large)
		b->alone_most = ALONE_LEAST;
	else if (was_late)
		b->alone_most = (u32)min_u64(2 * b->alone_most, ALONE_MOST);
}

/*
 * A store that runs at once on this pCPU, as it does where it has no other, has completed the requests when the signal
 * returns. So it is not asked for a signal meanwhile, and the completions are taken here: that saves a system call each
 * way, and a run of the vCPU that ends before it enters the guest.
 */
void virtio_blk_serve(struct virtio_blk *b)
{
	bool was_late = b->is_late;

	b->is_late = false;
	b->begun = 0;
	b->is_large = false;
	for (; b->kicked != 0; b->kicked &= b->kicked - 1)
		serve_queue(b, (u32)__builtin_ctz(b->kicked));
	if (is_signal_due(b)) {
		blk_client_wait(&b->client, false);
		b->ops.signal(b->ops.ctx);
		virtio_blk_poll(b);
	}
	interrupt_dirty(b);
	note_kick(b, was_late);
}

static void blk_notify(struct virtio_device *d, u32 queue)
{
	struct virtio_blk *b = d->model;
	bool may_wait = !b->is_late && (b->gathers || b->alone >= b->alone_most);

	b->kicked |= BIT32(queue);
	if (!may_wait) {
		virtio_blk_serve(b);
		return;
	}
	b->is_late = true;
	b->ops.later(b->ops.ctx);
}

static const struct virtio_type blk_type = {
	.name = "virtio-blk", .id = VIRTIO_ID_BLOCK, .class_code = CLASS_STORAGE_OTHER, .notify = blk_notify,
	.reset = blk_reset,
};

static void fill_config(struct virtio_blk *b, u32 queue_count)
{
	struct virtio_blk_config config = {
		.capacity = b->disk.bytes / BLK_SECTOR_BYTES, .seg_max = SEGMENTS_MAX, .blk_size = b->disk.block_bytes,
		.physical_block_exp = (u8)__builtin_ctz(TOPOLOGY_BYTES / b->disk.block_bytes), .min_io_size = 1,
		.wce = 1, .num_queues = (u16)queue_count,
		.max_discard_sectors = ZERO_SECTORS_MAX, .max_discard_seg = 1,
		.discard_sector_alignment = TOPOLOGY_BYTES / BLK_SECTOR_BYTES,
		.max_write_zeroes_sectors = ZERO_SECTORS_MAX, .max_write_zeroes_seg = 1, .write_zeroes_may_unmap = 1,
	};

	memcpy(b->device.config, &config, CONFIG_BYTES);
	b->device.config_writable[offsetof(struct virtio_blk_config, wce)] = 1;
}

_Static_assert(CONFIG_BYTES <= VIRTIO_CONFIG_BYTES, "configuration");

enum status virtio_blk_init(struct virtio_blk *b, u8 devfn, const struct virtio_blk_disk *disk, u32 queue_count,
			    void *link, const struct virtio_blk_ops *ops, const struct virtio_host *host,
			    struct pci_bus *bus)
{
	const struct virtio_setup setup = {
		.features = FEATURES | (disk->is_read_only ? BIT64(VIRTIO_BLK_F_RO) : 0), .queue_count = queue_count,
		.queue_size = VIRTIO_BLK_QUEUE_SIZE, .config_bytes = CONFIG_BYTES, .devfn = devfn,
		.is_hot = disk->is_hot,
	};
	enum status status;

	memset(b, 0, sizeof(*b));
	b->ops = *ops;
	b->disk = *disk;
	b->link = link;
	b->free = ~0ull;
	b->first_waiting = NO_REQUEST;
	b->alone_most = ALONE_LEAST;
	blk_client_init(&b->client, link);
	status = virtio_init(&b->device, &blk_type, &setup, host, bus);
	b->device.model = b;
	fill_config(b, queue_count);
	virtio_blk_poll(b);
	return status;
}

bool virtio_blk_unplug(struct virtio_blk *b)
{
	return virtio_unplug(&b->device);
}
