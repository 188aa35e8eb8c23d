/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: uploads that become the contents of new volumes. The test plays the console and the store,
 * also at root's own link.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "import_bench.h"

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

/* The upload does not know yet that its volume was deleted: what is in that place then is another volume. */
static void deleted_meanwhile(void **state)
{
	struct store_order made, order;
	struct upload_report u, again;
	struct request r;

	(void)state;
	make_stream();
	(void)begin_stream(&u);
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_NONE);
	u = bench_answer.upload;
	ask_volume(REQ_DELETE_VOLUME, "web", 0);
	bench_turns(0, 3);
	expect_deleted();
	send_image("disk.raw", image, sizeof(image));
	ask_import("web", "disk.raw", VOLUME_BYTES, 0);
	made = begin_link();
	assert_false(bench_is_answered());
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_IMPORT_CANCELED);
	serve_all();
	assert_memory_equal(volume, image, sizeof(image));
	order = take(STORE_FINISH);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	delete_volume("web");
	delete_image("disk.raw", ERR_NONE);
	drop_pool();
	for (u32 i = 0; i < 2; i++) {	/* the same upload, and another one */
		(void)begin_stream(&u);
		ask_volume(REQ_DELETE_VOLUME, "web", 0);
		bench_turns(0, 3);
		expect_deleted();
		ask_import("web", "", VOLUME_BYTES, REQ_FLAG_UPLOAD);
		(void)begin_link();
		bench_expect(ERR_NONE);
		r = open_request("web", stream, stream_bytes - i, REQ_FLAG_VOLUME);
		bench_send(&r);
		bench_expect(ERR_NONE);
		again = bench_answer.upload;
		assert_true(again.upload != u.upload && again.taken == 0);
		ask_volume(REQ_DELETE_VOLUME, "web", 0);
		bench_turns(0, 3);
		expect_deleted();
		drop_pool();
	}
}

/* However long a disk takes for the last flush, root sleeps meanwhile. */
static void disk_is_slow(void **state)
{
	struct rt_time time = root.time;
	struct store_order made, order;
	struct upload_report u;
	struct request r;

	(void)state;
	make_stream();
	made = begin_stream(&u);
	while (u.taken + UPLOAD_WRITE_BYTES < stream_bytes) {
		ask_write(&u, stream, stream_bytes);
		while (!bench_is_answered())
			serve_all();
		u = bench_answer.upload;
	}
	serve_all();
	r = write_request(&u, stream, stream_bytes);
	rt_time_init(&root.time, 1, rt_time_tsc());	/* the time of the upload is over at once */
	assert_true(ring_put(&bench_requests, &r, sizeof(r)));
	ask_finish(u.upload);
	root.time = time;
	bench_turns(ROOT_BIT_STORE, 10);
	assert_true(root_turn(0) > rt_time_tsc());
	serve_all();
	order = take(STORE_FINISH);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	delete_volume("web");
	drop_pool();
}

/* One extent from the volume's begin on, without a zero in it. */
static void make_solid(u64 bytes)
{
	extents_put_head(stream, sizeof(image), false);
	extents_put_extent(stream + EXTENTS_HEAD_BYTES, 0, bytes);
	memset(stream + 2 * EXTENTS_HEAD_BYTES, 0x5a, bytes);
	extents_put_end(stream + 2 * EXTENTS_HEAD_BYTES + bytes, sizeof(image));
	stream_bytes = 3 * EXTENTS_HEAD_BYTES + bytes;
}

/* What is in new blocks of a partition, nobody knows: what is behind the last extent is written too. */
static void tail_is_zero(void **state)
{
	struct request r = bench_make_request(REQ_CREATE_VOLUME, "", REQ_FLAG_UPLOAD);
	struct store_order made, order;
	struct upload_report u;

	(void)state;
	make_solid(2 * GRANULE);
	r.spec.disks[0].bytes = VOLUME_BYTES;
	strcpy(r.spec.disks[0].volume, "web");
	strcpy(r.spec.disks[0].on, "virtio0");
	bench_send(&r);
	bench_turns(0, 3);
	made = begin_link();
	memset(volume, 0xff, sizeof(volume));
	bench_expect(ERR_NONE);
	r = open_request("web", stream, stream_bytes, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_NONE);
	u = bench_answer.upload;
	send_stream(&u);
	ask_finish(u.upload);
	serve_all();
	order = take(STORE_FINISH);
	for (u32 i = 0; i < IMAGE_BYTES; i++)
		assert_int_equal(volume[i], i < 2 * GRANULE ? 0x5a : 0);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	delete_volume("web");
	expect_clean();
}

/* The next store takes more in a request, when a piece for the one before is half full. */
static void store_takes_more(void **state)
{
	struct store_order made, order;
	struct upload_report u;

	(void)state;
	make_solid(2 * GRANULE);
	made = begin_stream(&u);
	begin_server(VOLUME_BYTES, 8);
	bench_turns(ROOT_BIT_STORE, 4);
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_NONE);
	u = bench_answer.upload;
	serve_all();
	begin_server(VOLUME_BYTES, 512);
	bench_turns(ROOT_BIT_STORE, 4);
	send_stream(&u);
	ask_finish(u.upload);
	serve_all();
	order = take(STORE_FINISH);
	for (u32 i = 0; i < 2 * GRANULE; i++)
		assert_int_equal(volume[i], 0x5a);
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	delete_volume("web");
	drop_pool();
}

/* Behind the link is another volume than before: nothing of it is awaited. */
static void volume_is_lost(void **state)
{
	struct upload_report u;

	(void)state;
	make_solid(2 * GRANULE);
	(void)begin_stream(&u);
	begin_server(VOLUME_BYTES / 2, 512);
	bench_turns(ROOT_BIT_STORE, 4);
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_IMPORT_IO);
	expect_deleted();
	drop_pool();
}

static void ask_in_memory(u32 number)
{
	struct request r = bench_make_request(REQ_CREATE_VOLUME, "", REQ_FLAG_UPLOAD);

	r.spec.disks[0].bytes = MIB;
	snprintf(r.spec.disks[0].volume, sizeof(r.spec.disks[0].volume), "m%u", (unsigned)number);
	strcpy(r.spec.disks[0].on, VOLUME_RAM);
	bench_send(&r);
	bench_turns(0, 3);
	expect_done(STORE_ADD_RAM);
}

/* Two links are left for what root itself keeps in a pool. */
static void two_links_are_left(void **state)
{
	char name[] = "m0";

	(void)state;
	for (u32 i = 0; i < VM_DEVICES - 2; i++) {
		ask_in_memory(i);
		expect_done(STORE_ATTACH);
		bench_expect(ERR_NONE);
	}
	ask_in_memory(VM_DEVICES - 2);
	expect_done(STORE_DROP_RAM);
	bench_expect(ERR_LIMIT);
	assert_int_equal(bench_answer.have, VM_DEVICES - 2);
	for (u32 i = 0; i < VM_DEVICES - 2; i++, name[1]++) {
		ask_volume(REQ_DELETE_VOLUME, name, 0);
		bench_turns(0, 3);
		expect_done(STORE_DETACH);
		expect_done(STORE_DROP_RAM);
		bench_expect(ERR_NONE);
	}
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_is_written),
		cmocka_unit_test(bad_streams_go),
		cmocka_unit_test(deleted_meanwhile),
		cmocka_unit_test(disk_is_slow),
		cmocka_unit_test(tail_is_zero),
		cmocka_unit_test(store_takes_more),
		cmocka_unit_test(volume_is_lost),
		cmocka_unit_test(two_links_are_left),
	};

	make_image();
	return cmocka_run_group_tests(tests, setup, NULL);
}
