/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: what else happens while a request for disks is under way. The test plays the console, the
 * drivers and the store. There are two disks: virtio0, which is blank, and nvme0.0, which has a table and little room.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store_bench.h"

/* A volume that was there is kept for the VM that is to have it until the rest is made; it may still get lost. */
static void held_for_a_change(void **state)
{
	static const u8 guid[STORE_GUID_BYTES] = "held";
	struct request r = a_create("x", GIB, "virtio0", "");
	struct store_order order;

	(void)state;
	r.spec.disk_count = 2;
	strcpy(r.spec.disks[1].volume, "data");
	r.spec.disks[1].bytes = GIB;
	for (u32 is_lost = 0; is_lost < 2; is_lost++) {
		tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "data", GIB, guid);
		bench_send(&r);
		order = take(STORE_CREATE);
		ask_volume(REQ_DELETE_VOLUME, "data", 0);
		bench_expect(ERR_VOLUME_CHANGING);
		create("other", 0, "", "data");
		bench_expect(ERR_VOLUME_CHANGING);
		if (is_lost) {
			new_store();
			tell_disks();
			order = take(STORE_CREATE);
		}
		make_it(&order, 1);
		bench_ask(REQ_STATUS, "x", 0);
		bench_expect(is_lost ? ERR_NO_VM : ERR_NONE);
		if (!is_lost) {
			assert_int_equal(bench_answer.vm.disks[1].flags, 0);
			bench_ask(REQ_DELETE, "x", 0);
			bench_turns(0, 3);
		}
		order = take(STORE_DELETE);
		assert_string_equal(order.volume, "x.0");
		done(&order, STORE_OK);
		if (!is_lost)
			bench_expect(ERR_NONE);
		expect_no_order();
	}
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "data", GIB, guid);
	delete_volume("data");
	expect_clean();
}

/* Another disk than a VM has is not waited for. It is there when the VM has let the old one go. */
static void another_disk(void **state)
{
	(void)state;
	create_whole("a", "nvme0.0", DISK_TRUSTED);
	bench_expect(ERR_NONE);
	report((struct store_report){ .kind = STORE_DISK, .slot = NVME, .sectors = 500 * GIB / 512, .block_bytes = 512,
		.identity = 99, .table = STORE_TABLE_GPT, .largest_bytes = 300 * GIB, .free_bytes = 300 * GIB });
	create("x", 200 * GIB, "", "");
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.error, ERR_DISK_FULL);
	create("x", GIB, "nvme0.0", "");
	bench_expect(ERR_UNKNOWN_DISK);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	create_whole("b", "nvme0.0", DISK_TRUSTED);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "b", 0);
	bench_expect(ERR_NONE);
	tell_disks();
	expect_clean();
}

/* Two disks have a volume of the same name. A new store gives it to the one that it sees first; VMs keep theirs. */
static void one_name_on_two_disks(void **state)
{
	static const u8 first[STORE_GUID_BYTES] = "first", second[STORE_GUID_BYTES] = "second";

	(void)state;
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "data", GIB, first);
	tell_extent(VIRTIO, 2, STORE_EXTENT_VOLUME, "virtio0p2", GIB, second);
	create("a", 0, "", "data");
	bench_expect(ERR_NONE);
	create("b", 0, "", "virtio0p2");
	bench_expect(ERR_NONE);
	new_store();
	tell_disks();
	tell_extent(VIRTIO, 2, STORE_EXTENT_VOLUME, "data", GIB, second);
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "nvme0.0p3", GIB, first);
	bench_ask(REQ_DELETE, "b", 0);
	bench_expect(ERR_NONE);
	create("c", 0, "", "virtio0p2");
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "c", 0);
	bench_expect(ERR_NONE);
	delete_volume("data");
	delete_volume("virtio0p2");
	expect_clean();
}

/* Fields without an end, while a disk is starting: nothing looks at them. */
static void hostile_disks(void **state)
{
	struct request r = a_create("x", GIB, "", "");

	(void)state;
	tell_disk(VIRTIO, 0, 0, STORE_TABLE_BLANK, 0);
	r.spec.disk_count = ~0u;
	memset(r.spec.disks, 'a', sizeof(r.spec.disks));
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_BAD_FIELD);
	tell_disks();
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_for_a_change), cmocka_unit_test(hostile_disks), cmocka_unit_test(another_disk),
		cmocka_unit_test(one_name_on_two_disks),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
