/* SPDX-License-Identifier: MIT */
/*
 * import_bench.h - an image, also as a stream of extents, and what the console and the store do while a volume "web" in
 * the pool "fast" is filled with it; the store's end of root's link too. Included by one file of a test.
 */
#ifndef VOS_IMPORT_BENCH_H
#define VOS_IMPORT_BENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "blake2b.h"
#include "blk_link.h"
#include "extents.h"
#include "store_bench.h"

#define ARENA (3 * MIB)
#define LINK (VM_COUNT * VM_DEVICES)
#define VOLUME_BYTES (4 * MIB)
#define IMAGE_BYTES (3 * MIB / 2 + 1000)
#define GRANULE 65536u

static u8 image[IMAGE_BYTES], volume[VOLUME_BYTES];
static bool is_written[VOLUME_BYTES / GRANULE];
static struct blk_server server;
static bool is_flushed;

/* Data at its begin and its end, in the granules 3 and 9 one byte, zeros between. */
static inline void make_image(void)
{
	memset(image, 0, sizeof(image));
	for (u32 i = 0; i < 1000; i++)
		image[i] = (u8)(i * 7 + 1);
	image[3 * GRANULE + 5] = 1;
	image[10 * GRANULE - 1] = 2;
	image[IMAGE_BYTES - 1] = 3;
}

static inline struct request open_request(const char *name, const u8 *bytes, u64 count, u32 flags)
{
	struct request r = bench_make_request(REQ_UPLOAD_OPEN, "", flags);
	struct blake2b sum;

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	r.image.bytes = count;
	blake2b_init(&sum);
	blake2b_add(&sum, bytes, count);
	blake2b_finish(&sum, r.image.hash);
	return r;
}

/* Some bytes of an upload are where root takes them from: what asks it to. */
static inline struct request write_request(const struct upload_report *u, const u8 *bytes, u64 count)
{
	u32 at = (u32)(u->taken % UPLOAD_WINDOW_BYTES), some = UPLOAD_WRITE_BYTES;
	struct request r = bench_make_request(REQ_UPLOAD_WRITE, "", 0);

	some = some < count - u->taken ? some : (u32)(count - u->taken);
	some = some < UPLOAD_WINDOW_BYTES - at ? some : UPLOAD_WINDOW_BYTES - at;
	memcpy((u8 *)fake_memory(fake_pd_of(bench_console), CONSOLE_UPLOADS) + u->slot * UPLOAD_WINDOW_BYTES + at,
	       bytes + u->taken, some);
	memset(&r.image, 0, sizeof(r.image));
	r.image.upload = u->upload;
	r.image.offset = u->taken;
	r.image.count = some;
	return r;
}

static inline void ask_write(const struct upload_report *u, const u8 *bytes, u64 count)
{
	struct request r = write_request(u, bytes, count);

	bench_send(&r);
}

static inline void ask_finish(u64 upload)
{
	struct request r = bench_make_request(REQ_UPLOAD_FINISH, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	r.image.upload = upload;
	bench_send(&r);
}

static inline void send_image(const char *name, const u8 *bytes, u64 count)
{
	struct request r = open_request(name, bytes, count, 0);
	struct upload_report u;

	bench_send(&r);
	bench_expect(ERR_NONE);
	u = bench_answer.upload;
	while (u.taken < count) {
		ask_write(&u, bytes, count);
		bench_expect(ERR_NONE);
		u = bench_answer.upload;
	}
	ask_finish(u.upload);
	bench_expect(ERR_NONE);
}

static inline void delete_image(const char *name, enum error error)
{
	struct request r = bench_make_request(REQ_DELETE_IMAGE, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	bench_send(&r);
	bench_expect(error);
}

static inline void find_pool(void)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = 100 * GIB / 512, .first = 2048, .largest_bytes = ARENA };
	struct store_order order;

	strcpy(r.volume, "fast");
	memset(r.guid, 7, sizeof(r.guid));
	report(r);
	order = take(STORE_OPEN_POOL);
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = 100 * GIB / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX });
	done(&order, STORE_OK);
}

static inline void drop_pool(void)
{
	struct request r = bench_make_request(REQ_DELETE_POOL, "", 0);

	report((struct store_report){ .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 5 });
	strcpy(r.spec.disks[0].volume, "fast");
	bench_send(&r);
	bench_turns(0, 3);
	expect_done(STORE_CLOSE_POOL);
	expect_done(STORE_DELETE);
	bench_expect(ERR_NONE);
	expect_clean();
}

static inline void ask_import(const char *name, const char *from, u64 bytes, u32 flags)
{
	struct request r = bench_make_request(REQ_CREATE_VOLUME, "", flags);

	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].volume, name);
	strcpy(r.spec.disks[0].image, from);
	bench_send(&r);
	bench_turns(0, 3);
}

static inline void tell_volume(const struct store_order *order, u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = order->slot, .number = 5,
		.extent = STORE_EXTENT_VOLUME, .sectors = order->bytes / 512, .first = 0, .flags = flags };

	strcpy(r.volume, order->volume);
	memcpy(r.guid, order->guid, STORE_GUID_BYTES);
	report(r);
}

/* The store's end of root's link begins a new epoch. */
static inline void begin_server(u64 bytes, u32 max_sectors)
{
	const struct blk_info info = { .sectors = bytes / 512, .block_bytes = 512, .physical_bytes = 4096,
		.max_sectors = max_sectors, .features = BLK_CAN_FLUSH };

	blk_server_begin(&server, fake_memory(fake_pd_of(store), STORE_LINKS + LINK * (u64)BLK_LINK_BYTES), &info,
			 BLK_UP, 0);
}

/* The store makes the volume, and serves root's link. */
static inline struct store_order begin_link(void)
{
	struct store_order made = take(STORE_CREATE), order;

	assert_int_equal(made.flags & STORE_UNFINISHED, STORE_UNFINISHED);
	tell_volume(&made, STORE_IS_UNFINISHED);
	done(&made, STORE_OK);
	order = take(STORE_ATTACH);
	assert_int_equal(order.link, LINK);
	assert_memory_equal(order.guid, made.guid, STORE_GUID_BYTES);
	memset(volume, 0, sizeof(volume));
	memset(is_written, 0, sizeof(is_written));
	is_flushed = false;
	begin_server(VOLUME_BYTES, 512);
	done(&order, STORE_OK);
	return made;
}

static inline void carry_out(const struct blk_sqe *sqe)
{
	u64 at = sqe->sector * 512, left = sqe->sectors * 512ull;

	is_flushed = sqe->op == BLK_FLUSH;
	if (sqe->op == BLK_FLUSH)
		return;
	assert_int_equal(sqe->op, BLK_WRITE);
	is_written[at / GRANULE] = true;
	for (u32 i = 0; i < sqe->seg_count; i++) {
		u64 some = sqe->seg[i].count * (u64)BLK_SLOT_BYTES;

		some = some < left ? some : left;
		memcpy(volume + at, blk_slot(server.shared, sqe->seg[i].slot), some);
		at += some;
		left -= some;
	}
}

/* At most `count` requests, completed with that. Returns how many there were. */
static inline u32 serve(u32 count, enum blk_status status)
{
	struct blk_sqe sqe;
	u32 served = 0;

	for (; served < count && blk_server_take(&server, &sqe); served++) {
		carry_out(&sqe);
		blk_server_complete(&server, sqe.cookie, status);
	}
	bench_turns(ROOT_BIT_STORE, 4);
	return served;
}

static inline void serve_all(void)
{
	while (serve(~0u, BLK_OK) != 0)
		;
}

static inline struct volume_row the_row(void)
{
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].volume.name, "web") == 0)
			return bench_rows[i].volume;
	return (struct volume_row){ .index = 0 };
}

static inline void expect_deleted(void)
{
	expect_done(STORE_DETACH);
	expect_done(STORE_DELETE);
	assert_string_equal(the_row().name, "");
}

/* ---- streams ---- */

static u8 stream[IMAGE_BYTES + 4096];
static u64 stream_bytes;

/* The image as a stream: the units that are not zero. */
static inline void make_stream(void)
{
	static u8 unit[EXTENTS_UNIT];
	static const u8 zeros[EXTENTS_UNIT];

	extents_put_head(stream, sizeof(image), false);
	stream_bytes = EXTENTS_HEAD_BYTES;
	for (u64 at = 0; at < sizeof(image); at += EXTENTS_UNIT) {
		u64 some = sizeof(image) - at < EXTENTS_UNIT ? sizeof(image) - at : EXTENTS_UNIT;

		memset(unit, 0, sizeof(unit));
		memcpy(unit, image + at, some);
		if (memcmp(unit, zeros, sizeof(unit)) == 0)
			continue;
		extents_put_extent(stream + stream_bytes, at, EXTENTS_UNIT);
		memcpy(stream + stream_bytes + EXTENTS_HEAD_BYTES, unit, EXTENTS_UNIT);
		stream_bytes += EXTENTS_HEAD_BYTES + EXTENTS_UNIT;
	}
	extents_put_end(stream + stream_bytes, sizeof(image));
	stream_bytes += EXTENTS_HEAD_BYTES;
}

/* A volume that waits, its link served, and its upload open. */
static inline struct store_order begin_stream(struct upload_report *u)
{
	struct request r;
	struct store_order made;

	find_pool();
	ask_import("web", "", VOLUME_BYTES, REQ_FLAG_UPLOAD);
	made = begin_link();
	bench_expect(ERR_NONE);
	r = open_request("web", stream, stream_bytes, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_NONE);
	*u = bench_answer.upload;
	return made;
}

static inline void send_stream(struct upload_report *u)
{
	while (u->taken < stream_bytes) {
		ask_write(u, stream, stream_bytes);
		while (!bench_is_answered())
			serve_all();
		assert_int_equal(bench_answer.error, ERR_NONE);
		assert_true(bench_answer.upload.taken > u->taken);
		u->taken = bench_answer.upload.taken;
	}
}

#endif
