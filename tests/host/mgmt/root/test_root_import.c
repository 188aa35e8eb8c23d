/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: images that become the contents of new volumes. The test plays the console and the store, also
 * at root's own link.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "import_bench.h"

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
	begin_server(VOLUME_BYTES, 512);
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
	};

	make_image();
	return cmocka_run_group_tests(tests, setup, NULL);
}
