/* SPDX-License-Identifier: MIT */
/*
 * store_bench.h - plays the store and the drivers of two disks for tests of root: virtio0, which is blank, and nvme0.0,
 * which has a table and little room. Included by one file of a test.
 */
#ifndef VOS_STORE_BENCH_H
#define VOS_STORE_BENCH_H

#include "driver.h"
#include "store_orders.h"
#include "vm_layout.h"

#define VIRTIO 0u			/* slots */
#define NVME DRIVER_LINKS

/* The drivers have begun their links: what is not up is not there. */
static inline void begin_links(void)
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

static inline void tell_disk(u32 slot, u64 bytes, u64 largest, enum store_table table, u32 features)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = slot, .sectors = bytes / 512, .block_bytes = 512,
		.identity = 7 + slot, .table = table, .largest_bytes = largest, .free_bytes = largest,
		.features = features });
}

static inline void tell_disks(void)
{
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_BLANK, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
}

static inline void tell_extent(u32 slot, u32 number, enum store_extent extent, const char *name, u64 bytes,
			const u8 guid[STORE_GUID_BYTES])
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = slot, .number = number, .extent = extent,
		.sectors = bytes / 512, .first = 2048 };

	strcpy(r.volume, name);
	memcpy(r.guid, guid, STORE_GUID_BYTES);
	report(r);
}

/* The store makes the partition that an order is about, and says so. */
static inline void make_it(const struct store_order *order, u32 number)
{
	tell_extent(order->slot, number, STORE_EXTENT_VOLUME, order->volume, order->bytes, order->guid);
	done(order, STORE_OK);
}

/* The store and the drivers are started again: `made` threads were there before. */
static inline void await_store(u32 made)
{
	u32 all = made + 3;

	while (fake_threads_made() < all)
		(void)bench_await_thread(fake_threads_made());
	for (; made < all; made++)
		if (fake_memory(fake_pd_of(fake_thread_nth(made)), STORE_REPORTS) != NULL)
			store = fake_thread_nth(made);
	attach_store();
	begin_links();
	bench_turns(0, 5);
}

/* The store faults. Root's orders for the next one are there. */
static inline void restart_store(void)
{
	u32 made = fake_threads_made();

	fake_fault(store, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	await_store(made);
}

static inline void new_store(void)
{
	struct store_order order;

	restart_store();
	while (ring_used(&orders) != 0) {
		order = take(STORE_ADD_DISK);
		done(&order, STORE_OK);
	}
}

/* The drivers are up, and the store has told nothing of their disks yet. */
static inline int setup_untold(void **state)
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
	return rc;
}

static inline int setup(void **state)
{
	int rc = setup_untold(state);

	tell_disks();
	return rc;
}

/* As it was: the disks as at first, no volume but whole disks. */
static inline void expect_clean(void)
{
	expect_no_order();
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	assert_int_equal(bench_row_count, 2);
	tell_disks();
}

static inline void create(const char *name, u64 bytes, const char *on, const char *volume)
{
	struct request r = a_create(name, bytes, on, volume);

	bench_send(&r);
	bench_turns(0, 3);
}

static inline void create_whole(const char *name, const char *disk, u32 flags)
{
	struct request r = a_create(name, 0, "", disk);

	r.spec.disks[0].flags = flags;
	bench_send(&r);
	bench_turns(0, 3);
}

static inline void ask_volume(enum request_op op, const char *volume, u64 bytes)
{
	struct request r = bench_make_request(op, "", 0);

	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].volume, volume);
	bench_send(&r);
	bench_turns(0, 3);
}

static inline void delete_volume(const char *volume)
{
	struct store_order order;

	ask_volume(REQ_DELETE_VOLUME, volume, 0);
	order = take(STORE_DELETE);
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

#endif
