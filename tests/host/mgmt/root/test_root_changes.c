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

/* The drivers have begun their links: what is not up is not there. */
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

/* The store makes the partition that an order is about, and says so. */
static void make_it(const struct store_order *order, u32 number)
{
	tell_extent(order->slot, number, STORE_EXTENT_VOLUME, order->volume, order->bytes, order->guid);
	done(order, STORE_OK);
}

static void new_store(void)
{
	u32 made = fake_threads_made(), all = made + 3;		/* the drivers come back too */
	struct store_order order;

	fake_fault(store, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	while (fake_threads_made() < all)
		(void)bench_await_thread(fake_threads_made());
	for (; made < all; made++)
		if (fake_memory(fake_pd_of(fake_thread_nth(made)), STORE_REPORTS) != NULL)
			store = fake_thread_nth(made);
	attach_store();
	begin_links();
	bench_turns(0, 5);
	while (ring_used(&orders) != 0) {
		order = take(STORE_ADD_DISK);
		done(&order, STORE_OK);
	}
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

static struct request a_create(const char *name, u64 bytes, const char *on, const char *volume)
{
	struct request r = bench_make_request(REQ_CREATE, name, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].on, on);
	strcpy(r.spec.disks[0].volume, volume);
	return r;
}

static void create(const char *name, u64 bytes, const char *on, const char *volume)
{
	struct request r = a_create(name, bytes, on, volume);

	bench_send(&r);
	bench_turns(0, 3);
}

static void ask_volume(enum request_op op, const char *volume, u64 bytes)
{
	struct request r = bench_make_request(op, "", 0);

	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].volume, volume);
	bench_send(&r);
	bench_turns(0, 3);
}

static void delete_volume(const char *volume)
{
	struct store_order order;

	ask_volume(REQ_DELETE_VOLUME, volume, 0);
	order = take(STORE_DELETE);
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

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
	create("a", 0, "", "nvme0.0");
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
	create("b", 0, "", "nvme0.0");
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
