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

#include "driver.h"
#include "fake_kernel.h"
#include "info_page.h"
#include "root.h"
#include "root_bench.h"
#include "store.h"
#include "vm_layout.h"
#include "wires.h"

#define VIRTIO 0u			/* slots */
#define NVME DRIVER_LINKS

static u64 store;			/* its thread */
static struct ring orders, reports;

static void attach_store(void)
{
	u64 h_pd = fake_pd_of(store);

	ring_attach_consumer(&orders, fake_memory(h_pd, STORE_ORDERS), STORE_ORDER_RING_BYTES);
	ring_attach_producer(&reports, fake_memory(h_pd, STORE_REPORTS), STORE_REPORT_RING_BYTES);
}

/* The drivers have begun their links. What is not up is not there. */
static void begin_links(void)
{
	for (u32 slot = 0; slot < 2 * DRIVER_LINKS; slot++) {
		struct blk_link_shared *link = fake_memory(fake_pd_of(store),
			STORE_DRIVER_LINKS + slot * (u64)BLK_LINK_BYTES);

		if (link == NULL)
			continue;
		link->epoch++;
		link->state = slot == VIRTIO || slot == NVME ? BLK_UP : BLK_DOWN;
	}
}

static void report(struct store_report r)
{
	assert_true(ring_put(&reports, &r, sizeof(r)));
	bench_turns(ROOT_BIT_STORE, 4);
}

static struct store_order take(enum store_op op)
{
	struct store_order order = { 0 };

	assert_true(ring_get(&orders, &order, sizeof(order)));
	assert_int_equal(order.op, op);
	return order;
}

static void expect_no_order(void)
{
	bench_turns(0, 3);
	assert_int_equal(ring_used(&orders), 0);
}

static void done(const struct store_order *order, enum store_error error)
{
	report((struct store_report){ .kind = STORE_DONE, .id = order->id, .error = error });
}

static void tell_disk(u32 slot, u64 bytes, u64 largest, enum store_table table, u32 features)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = slot, .sectors = bytes / 512, .block_bytes = 512,
		.identity = 7 + slot, .table = table, .largest_bytes = largest, .free_bytes = largest,
		.features = features });
}

static void tell_disks(void)
{
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_BLANK, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
}

static void tell_extent(u32 slot, u32 number, enum store_extent extent, const char *name, u64 bytes,
			const u8 guid[STORE_GUID_BYTES])
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = slot, .number = number, .extent = extent,
		.sectors = bytes / 512, .first = 2048 };

	strcpy(r.volume, name);
	memcpy(r.guid, guid, STORE_GUID_BYTES);
	report(r);
}

static int setup(void **state)
{
	static const char *const programs[] = { "virtio_blk", "nvme", NULL };
	struct pci_function *f = fake_pci.functions;
	struct store_order order;
	int rc;

	f[0] = (struct pci_function){ .bdf = 0x18, .vendor = 0x1af4, .device = 0x1042, .class_code = 0x010000,
		.bars = { [4] = { 0xfe000000, 0x4000, PCI_BAR_MEMORY, false } } };
	f[1] = (struct pci_function){ .bdf = 0x20, .vendor = 0x1b36, .device = 0x10, .class_code = 0x010802,
		.bars = { { 0xfe010000, 0x4000, PCI_BAR_MEMORY, false } } };
	fake_pci.count = 2;
	bench_programs = programs;
	rc = bench_boot(state);
	store = fake_thread_nth(SERVICE_STORE);
	attach_store();
	begin_links();
	while (ring_used(&orders) != 0) {
		order = take(STORE_ADD_DISK);
		done(&order, STORE_OK);
	}
	tell_disks();
	return rc;
}

/* As it was: the disks as at first, no volume but whole disks. */
static void expect_clean(void)
{
	expect_no_order();
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	assert_int_equal(bench_row_count, 2);
	tell_disks();
}

static void create(const char *name, u64 bytes, const char *on)
{
	struct request r = bench_make_request(REQ_CREATE, name, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].on, on);
	bench_send(&r);
	bench_turns(0, 3);
}

/* What the store can't serve just now it is asked for again when it tells more of that disk. */
static void a_refused_link(void **state)
{
	static const u8 guid[STORE_GUID_BYTES] = "not yet";
	struct store_order order;

	(void)state;
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "late.0", 5 * GIB, guid);
	create("late", 5 * GIB, "");
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
		create("g", 20 * GIB, "virtio0");
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_refused_link), cmocka_unit_test(it_may_be_made) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
