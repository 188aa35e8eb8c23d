/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: images that become the contents of new volumes. The test plays the console and the store, also
 * at root's own link.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
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
static void make_image(void)
{
	memset(image, 0, sizeof(image));
	for (u32 i = 0; i < 1000; i++)
		image[i] = (u8)(i * 7 + 1);
	image[3 * GRANULE + 5] = 1;
	image[10 * GRANULE - 1] = 2;
	image[IMAGE_BYTES - 1] = 3;
}

static struct request open_request(const char *name, const u8 *bytes, u64 count, u32 flags)
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

/* Some bytes of an upload are where root takes them from, and it is asked to. */
static void ask_write(const struct upload_report *u, const u8 *bytes, u64 count)
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
	bench_send(&r);
}

static void ask_finish(u64 upload)
{
	struct request r = bench_make_request(REQ_UPLOAD_FINISH, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	r.image.upload = upload;
	bench_send(&r);
}

static void send_image(const char *name, const u8 *bytes, u64 count)
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

static void delete_image(const char *name, enum error error)
{
	struct request r = bench_make_request(REQ_DELETE_IMAGE, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	bench_send(&r);
	bench_expect(error);
}

static void find_pool(void)
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

static void drop_pool(void)
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

static void ask_import(const char *name, const char *from, u64 bytes, u32 flags)
{
	struct request r = bench_make_request(REQ_CREATE_VOLUME, "", flags);

	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].volume, name);
	strcpy(r.spec.disks[0].image, from);
	bench_send(&r);
	bench_turns(0, 3);
}

static void tell_volume(const struct store_order *order, u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = order->slot, .number = 5,
		.extent = STORE_EXTENT_VOLUME, .sectors = order->bytes / 512, .first = 0, .flags = flags };

	strcpy(r.volume, order->volume);
	memcpy(r.guid, order->guid, STORE_GUID_BYTES);
	report(r);
}

/* The store makes the volume, and serves root's link. */
static struct store_order begin_link(void)
{
	const struct blk_info info = { .sectors = VOLUME_BYTES / 512, .block_bytes = 512, .physical_bytes = 4096,
		.max_sectors = 512, .features = BLK_CAN_FLUSH };
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
	blk_server_begin(&server, fake_memory(fake_pd_of(store), STORE_LINKS + LINK * (u64)BLK_LINK_BYTES), &info,
			 BLK_UP, 0);
	done(&order, STORE_OK);
	return made;
}

static void carry_out(const struct blk_sqe *sqe)
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
static u32 serve(u32 count, enum blk_status status)
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

static void serve_all(void)
{
	while (serve(~0u, BLK_OK) != 0)
		;
}

static struct volume_row the_row(void)
{
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].volume.name, "web") == 0)
			return bench_rows[i].volume;
	return (struct volume_row){ .index = 0 };
}

static void expect_deleted(void)
{
	expect_done(STORE_DETACH);
	expect_done(STORE_DELETE);
	assert_string_equal(the_row().name, "");
}

static void is_copied(void **state)
{
	struct store_order made, order;

	(void)state;
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	ask_import("web", "disk.raw", 0, 0);
	made = begin_link();
	assert_false(bench_is_answered());
	assert_int_equal(made.bytes, 2 * MIB);	/* of the image, in whole MiB */
	serve_all();
	assert_true(is_flushed);
	assert_memory_equal(volume, image, sizeof(image));
	for (u32 i = sizeof(image); i < sizeof(volume); i++)
		assert_int_equal(volume[i], 0);
	assert_true(is_written[0] && is_written[3] && is_written[9] && is_written[(sizeof(image) - 1) / GRANULE]);
	assert_false(is_written[1] || is_written[4] || is_written[10] || is_written[20]);	/* holes */
	order = take(STORE_FINISH);
	assert_memory_equal(order.guid, made.guid, STORE_GUID_BYTES);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.volume.name, "web");
	assert_int_equal(the_row().state, VOLUME_ROW_READY);
	delete_volume("web");
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

static void refusals(void **state)
{
	static const u8 qcow2[4096] = "QFI\xfb";
	struct request r;

	(void)state;
	send_image("disk.raw", image, sizeof(image));
	send_image("disk.qcow2", qcow2, sizeof(qcow2));
	find_pool();
	ask_import("web", "none.raw", 0, 0);
	bench_expect(ERR_NO_IMAGE);
	assert_string_equal(bench_answer.text, "none.raw");
	ask_import("web", "no/name", 0, 0);
	bench_expect(ERR_BAD_FIELD);
	ask_import("web", "disk.qcow2", 0, 0);
	bench_expect(ERR_IMAGE_FORMAT);
	ask_import("web", "disk.raw", MIB, 0);
	bench_expect(ERR_IMAGE_LARGER);
	assert_int_equal(bench_answer.need, sizeof(image));
	ask_import("nvme0.0", "disk.raw", 0, 0);
	bench_expect(ERR_VOLUME_EXISTS);
	ask_import("web", "disk.raw", 0, REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	r = a_create("web", 0, "", "");
	memset(r.spec.disks[0].image, 'x', sizeof(r.spec.disks[0].image));
	r.spec.disk_count = ~0u;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	expect_no_order();
	delete_image("disk.raw", ERR_NONE);
	delete_image("disk.qcow2", ERR_NONE);
	drop_pool();
}

/* To delete the volume ends it: not before the store has let the link go. Both are answered. */
static void deletion_ends_it(void **state)
{
	struct request r;

	(void)state;
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	ask_import("web", "disk.raw", VOLUME_BYTES, 0);
	(void)begin_link();
	assert_int_equal(the_row().state, VOLUME_ROW_IMPORTING);
	delete_image("disk.raw", ERR_IMAGE_COPIED);
	assert_int_equal(serve(1, BLK_OK), 1);
	assert_int_equal(the_row().percent, 100);
	r = a_create("v", 0, "", "web");
	bench_send(&r);
	bench_expect(ERR_VOLUME_COPYING);
	ask_volume(REQ_DELETE_VOLUME, "web", 0);
	bench_turns(0, 3);
	expect_done(STORE_DETACH);
	expect_done(STORE_DELETE);
	bench_expect(ERR_NONE);
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

static void fail_with(enum blk_status status, enum error error)
{
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	ask_import("web", "disk.raw", 0, 0);
	(void)begin_link();
	assert_int_equal(serve(1, status), 1);
	expect_done(STORE_DETACH);
	expect_done(STORE_DELETE);
	bench_expect(error);
	assert_string_equal(bench_answer.text, "web");
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

static void disk_fails(void **state)
{
	(void)state;
	fail_with(BLK_IOERR, ERR_IMPORT_IO);
	fail_with(BLK_NOSPACE, ERR_IMPORT_FULL);
}

/* The store holds what finds no room in a pool, and does not complete it. */
static void pool_is_full(void **state)
{
	(void)state;
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	ask_import("web", "disk.raw", 0, 0);
	(void)begin_link();
	report((struct store_report){ .kind = STORE_FAILED, .slot = LINK, .error = BLK_NOSPACE });
	expect_deleted();
	bench_expect(ERR_NO_VOLUME);		/* the_row */
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

/* A power cut left it: it goes when the pool is open. */
static void unfinished_ones_go(void **state)
{
	struct store_order of = { .slot = STORE_POOL_SLOT, .bytes = MIB, .volume = "web", .guid = { 9 } };

	(void)state;
	find_pool();
	tell_volume(&of, STORE_IS_UNFINISHED);
	expect_done(STORE_DELETE);
	assert_string_equal(the_row().name, "");
	drop_pool();
}

/* The store dies meanwhile: what was not answered is written again. */
static void store_dies(void **state)
{
	const struct blk_info info = { .sectors = VOLUME_BYTES / 512, .block_bytes = 512, .physical_bytes = 4096,
		.max_sectors = 512, .features = BLK_CAN_FLUSH };
	struct store_order made, order;
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = 100 * GIB / 512, .first = 2048, .largest_bytes = ARENA };

	(void)state;
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	ask_import("web", "disk.raw", VOLUME_BYTES, 0);
	made = begin_link();
	assert_int_equal(serve(1, BLK_OK), 1);
	new_store();
	tell_disks();
	strcpy(r.volume, "fast");
	memset(r.guid, 7, sizeof(r.guid));
	report(r);
	order = take(STORE_OPEN_POOL);
	tell_volume(&made, STORE_IS_UNFINISHED);
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = 100 * GIB / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX });
	done(&order, STORE_OK);
	order = take(STORE_ATTACH);
	assert_int_equal(order.link, LINK);
	blk_server_begin(&server, fake_memory(fake_pd_of(store), STORE_LINKS + LINK * (u64)BLK_LINK_BYTES), &info,
			 BLK_UP, 0);
	done(&order, STORE_OK);
	bench_turns(ROOT_BIT_STORE, 4);
	serve_all();
	assert_memory_equal(volume, image, sizeof(image));
	order = take(STORE_FINISH);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	delete_volume("web");
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

/* A VM's own disk begins with it: the VM is there when the image is. */
static void vm_gets_it(void **state)
{
	struct store_order made, order;
	struct request r = a_create("web", VOLUME_BYTES, "", "");

	(void)state;
	send_image("disk.raw", image, sizeof(image));
	find_pool();
	strcpy(r.spec.disks[0].image, "disk.raw");
	bench_send(&r);
	bench_turns(0, 3);
	made = begin_link();
	assert_string_equal(made.volume, "web.0");
	serve_all();
	order = take(STORE_FINISH);
	tell_volume(&made, STORE_IS_MARKED);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.vm.disks[0].volume, "web.0");
	assert_memory_equal(volume, image, sizeof(image));
	delete_made("web", STORE_DELETE);
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
}

/* ---- streams ---- */

static u8 stream[IMAGE_BYTES + 4096];
static u64 stream_bytes;

/* The image as a stream: the units that are not zero. */
static void make_stream(void)
{
	static u8 unit[EXTENTS_UNIT];
	static const u8 zeros[EXTENTS_UNIT];

	extents_put_head(stream, sizeof(image));
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
static struct store_order begin_stream(struct upload_report *u)
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

static void send_stream(struct upload_report *u)
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

static void stream_is_written(void **state)
{
	struct store_order made, order;
	struct upload_report u;

	(void)state;
	make_stream();
	made = begin_stream(&u);
	send_stream(&u);
	ask_finish(u.upload);
	serve_all();
	order = take(STORE_FINISH);
	assert_memory_equal(volume, image, sizeof(image));
	assert_false(is_written[1] || is_written[4] || is_written[20]);	/* holes */
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.volume.name, "web");
	delete_volume("web");
	drop_pool();
}

/* Not what was announced, or no stream: the volume goes. */
static void bad_streams_go(void **state)
{
	struct upload_report u;
	struct request r;

	(void)state;
	make_stream();
	(void)begin_stream(&u);
	r = open_request("web", stream, stream_bytes - 1, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_VOLUME_COPYING);	/* it is had */
	stream[EXTENTS_HEAD_BYTES + 100] ^= 1;
	send_stream(&u);
	ask_finish(u.upload);
	bench_expect(ERR_IMAGE_HASH);
	expect_deleted();
	r = open_request("web", stream, stream_bytes, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_NOT_WAITING);
	drop_pool();
	make_stream();
	stream[1] = 'X';
	(void)begin_stream(&u);
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_IMPORT_STREAM);
	expect_deleted();
	drop_pool();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_copied),
		cmocka_unit_test(refusals),
		cmocka_unit_test(deletion_ends_it),
		cmocka_unit_test(disk_fails),
		cmocka_unit_test(pool_is_full),
		cmocka_unit_test(unfinished_ones_go),
		cmocka_unit_test(store_dies),
		cmocka_unit_test(vm_gets_it),
		cmocka_unit_test(stream_is_written),
		cmocka_unit_test(bad_streams_go),
	};

	make_image();
	return cmocka_run_group_tests(tests, setup, NULL);
}
