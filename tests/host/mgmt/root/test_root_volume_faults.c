/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: volumes on disks when an order to the store fails. The test plays the
 * console, the drivers and the store. There are two disks: virtio0, which is blank, and nvme0.0, which has a table.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "disks.h"
#include "driver_life.h"
#include "drivers.h"
#include "store_bench.h"

/* What the store can't serve just now it is asked for again when it tells more of that disk. */
static void a_refused_link(void **state)
{
	static const u8 guid[STORE_GUID_BYTES] = "not yet";
	struct store_order order;

	(void)state;
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "late.0", 5 * GIB, guid);
	create("late", 5 * GIB, "", "");
	bench_expect(ERR_NONE);
	for (u32 run = 0; run < 2; run++) {
		bench_ask(REQ_START, "late", 0);
		bench_vmm_says(PHASE_RUNNING, STOP_NONE);
		bench_expect(ERR_NONE);
		order = take(STORE_ATTACH);
		done(&order, STORE_NO_VOLUME);
		expect_no_order();
		tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_BLANK, 0);
		expect_no_order();
		tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "late.0", 5 * GIB, guid);
		order = take(STORE_ATTACH);
		done(&order, STORE_NO_DISK);
		if (run == 0) {			/* the store has nothing to give back */
			bench_ask(REQ_STOP, "late", REQ_FLAG_FORCE);
			bench_turns(0, 50);
			bench_expect(ERR_NONE);
			expect_no_order();
		}
	}
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	expect_no_order();
	bench_ask(REQ_DELETE, "late", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	order = take(STORE_DETACH);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	tell_extent(NVME, 3, STORE_EXTENT_GONE, "", 5 * GIB, guid);
	expect_clean();
}

/* The disk went away in between: when it is back, what may have been made on it is deleted. */
static void it_may_be_made(void **state)
{
	static const enum store_error answers[] = { STORE_OK, STORE_NO_VOLUME, STORE_IO };
	struct store_order order, drop;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(answers); i++) {
		create("g", 20 * GIB, "virtio0", "");
		order = take(STORE_CREATE);
		tell_disk(VIRTIO, 0, 0, STORE_TABLE_BLANK, 0);
		done(&order, STORE_NO_DISK);
		bench_expect(ERR_DISK_COMING);
		expect_no_order();
		tell_disks();
		drop = take(STORE_DELETE);
		assert_memory_equal(drop.guid, order.guid, STORE_GUID_BYTES);
		if (answers[i] == STORE_OK)
			tell_extent(VIRTIO, 1, STORE_EXTENT_VOLUME, "g.0", 20 * GIB, order.guid);
		done(&drop, answers[i]);
		expect_clean();
	}
}

/* A link to a volume in memory that was refused is asked for again when the store has done something else there. */
static void a_refused_link_to_memory(void **state)
{
	struct store_order order;

	(void)state;
	create("m", MIB, VOLUME_RAM, "");
	order = take(STORE_ADD_RAM);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	bench_ask(REQ_START, "m", 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	order = take(STORE_ATTACH);
	done(&order, STORE_FULL);
	expect_no_order();
	ask_volume(REQ_CREATE_VOLUME, "other", 0);	/* refused: nothing new */
	bench_await_answer();
	expect_no_order();
	create("n", MIB, VOLUME_RAM, "");
	order = take(STORE_ADD_RAM);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_ask(REQ_DELETE, "n", 0);
	bench_turns(0, 5);
	order = take(STORE_DROP_RAM);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "m", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	order = take(STORE_DETACH);
	done(&order, STORE_OK);
	order = take(STORE_DROP_RAM);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_clean();
}

/* A disk whose driver is given up is not chosen for a volume, and is told of as gone. */
static void a_given_up_disk(void **state)
{
	u64 driver = fake_thread_nth(SERVICE_COUNT);

	(void)state;
	for (u32 i = 0; i < LIFE_TRIES; i++) {
		u32 made = fake_threads_made();

		fake_fault(driver, FAULT_EXIT, 0, 0);
		(void)root_turn(ROOT_BIT_FAULT);
		if (i < LIFE_TRIES - 1)
			driver = bench_await_thread(made);
	}
	bench_turns(0, 50);
	assert_int_equal(driver_link_count(0), 0);
	create("g", 20 * GIB, "", "");			/* the other disk has 10 GiB */
	bench_expect(ERR_DISK_FULL);
	expect_no_order();
	tell_disk(VIRTIO, 0, 0, STORE_TABLE_BLANK, 0);
	assert_false(disk_at(VIRTIO)->is_there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_link), cmocka_unit_test(it_may_be_made),
		cmocka_unit_test(a_refused_link_to_memory), cmocka_unit_test(a_given_up_disk),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
