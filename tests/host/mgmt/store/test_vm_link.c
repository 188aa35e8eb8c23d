/* SPDX-License-Identifier: MIT */
/*
 * The store with volumes in RAM: the test plays root and the VMMs.
 */
/* links: store pool rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"
#include "disk_io.h"
#include "pool_io.h"
#include "pool_link.h"
#include "jobs.h"
#include "orders.h"
#include "root_limits.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"
#include "work.h"

#define VM 33u		/* shares its notification bit with VM 1 */
#define NUMBER (VM * VM_DEVICES)
#define SECTORS 8192u

static _Alignas(4096) u8 link_memory[BLK_LINK_BYTES], ram[SECTORS * BLK_SECTOR_BYTES];
static struct store_figures figures[BLK_WINDOWS];
static struct blk_client client;
static u32 signals;

static u8 *other_link;		/* of NUMBER + 1 */

static void *link_at(u32 number)
{
	assert_true(number == NUMBER || (number == NUMBER + 1 && other_link != NULL));
	return number == NUMBER ? link_memory : other_link;
}

static void signal_vm(u32 vm)
{
	assert_int_equal(vm, VM);
	signals++;
}

static struct store_work work;

static u64 tsc(void)
{
	static u64 now;

	return now += 10;
}

static u64 now_ns(void)
{
	static u64 now;

	return now += 1000;
}

static const struct vm_link_ops ops = { link_at, signal_vm, now_ns };
static struct volume *volume;

static int setup(void **state)
{
	(void)state;
	memset(link_memory, 0, BLK_WINDOW_OFFSET);
	memset(figures, 0, sizeof(figures));
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	volume = volume_add("a.0", VOLUME_IN_RAM);
	volume->sectors = SECTORS;
	volume->ram = ram;
	assert_int_equal(vm_link_attach(NUMBER, volume, false, "S1"), STORE_OK);
	blk_client_init(&client, link_memory);
	assert_true(blk_client_poll(&client));
	assert_true(client.is_up);
	signals = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(vm_link_detach(NUMBER));
	volume_drop(volume);
	return 0;
}

static enum blk_status do_one(struct blk_sqe sqe)
{
	enum blk_status status;
	u32 number;

	assert_true(blk_client_submit(&client, &sqe) >= 0);
	if (blk_client_should_signal(&client))
		vm_link_woken(STORE_BIT_VM << VM % 32);
	while (vm_link_turn())
		;
	assert_true(blk_client_completed(&client, &number, &status));
	return status;
}

static struct blk_sqe data_request(u8 op, u64 sector, u32 sectors)
{
	return (struct blk_sqe){ .op = op, .sector = sector, .sectors = sectors, .seg_count = 1,
				 .seg[0] = { BLK_WINDOW_OWN, 3, (u16)((sectors + 7) / 8), 0 } };
}

/* As many as a turn takes: no other turn is needed to find that there are no more. */
static void one_turn_serves_a_batch(void **state)
{
	struct blk_sqe sqe = data_request(BLK_READ, 0, 8);
	enum blk_status status;
	u32 number;

	(void)state;
	while (vm_link_turn())
		;
	for (u32 i = 0; i < 16; i++)
		assert_true(blk_client_submit(&client, &sqe) >= 0);
	assert_true(blk_client_should_signal(&client));
	vm_link_woken(STORE_BIT_VM << VM % 32);
	assert_false(vm_link_turn());
	for (u32 i = 0; i < 16; i++)
		assert_true(blk_client_completed(&client, &number, &status) && status == BLK_OK);
	assert_int_equal(do_one(sqe), BLK_OK);	/* it has asked to be signalled */
	for (u32 i = 0; i < 17; i++)
		assert_true(blk_client_submit(&client, &sqe) >= 0);
	assert_true(blk_client_should_signal(&client));
	vm_link_woken(STORE_BIT_VM << VM % 32);
	assert_true(vm_link_turn());
	assert_false(vm_link_turn());
	for (u32 i = 0; i < 17; i++)
		assert_true(blk_client_completed(&client, &number, &status) && status == BLK_OK);
}

static void says_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(client.info.sectors, SECTORS);
	assert_string_equal(client.info.serial, "S1");
	assert_int_equal(client.info.features & BLK_IS_READ_ONLY, 0);
	assert_int_equal(vm_link_attach(NUMBER, volume, false, ""), STORE_EXISTS);
	assert_int_equal(vm_link_attach(BLK_WINDOWS, volume, false, ""), STORE_BAD_ORDER);
	assert_true(vm_link_detach(BLK_WINDOWS));
}

/* Random reads, writes, discards and writes of zeros against a copy in plain memory. */
static void data_is_right(void **state)
{
	static u8 copy[sizeof(ram)];
	unsigned seed = 3;

	(void)state;
	memset(ram, 0, sizeof(ram));
	memset(copy, 0, sizeof(copy));
	for (u32 round = 0; round < 3000; round++) {
		u32 sectors = 1 + (u32)rand_r(&seed) % 300, slots = (sectors + 7) / 8, first;
		u64 sector = (u64)rand_r(&seed) % (SECTORS - sectors), at = sector * 512, bytes = sectors * 512ull;
		struct blk_sqe sqe = data_request((u8)(rand_r(&seed) % 5), sector, sectors);
		u8 *data = blk_slot(link_memory, 10), *rest = blk_slot(link_memory, 200);

		first = slots > 1 ? 1 + (u32)rand_r(&seed) % (slots - 1) : 1;
		sqe.seg_count = slots > 1 ? 2 : 1;
		sqe.seg[0] = (struct blk_seg){ BLK_WINDOW_OWN, 10, (u16)first, 0 };
		sqe.seg[1] = (struct blk_seg){ BLK_WINDOW_OWN, 200, (u16)(slots - first), 0 };
		if (sqe.op == BLK_WRITE)
			for (u64 i = 0; i < bytes; i++) {
				copy[at + i] = (u8)rand_r(&seed);
				*(i < first * 4096ull ? &data[i] : &rest[i - first * 4096ull]) = copy[at + i];
			}
		if (sqe.op >= BLK_FLUSH)
			sqe.seg_count = 0;
		if (sqe.op == BLK_FLUSH)
			sqe.sector = sqe.sectors = 0;
		if (sqe.op > BLK_FLUSH)
			memset(copy + at, 0, bytes);
		assert_int_equal(do_one(sqe), BLK_OK);
		if (sqe.op != BLK_READ)
			continue;
		assert_memory_equal(data, copy + at, bytes < first * 4096ull ? bytes : first * 4096ull);
		if (bytes > first * 4096ull)
			assert_memory_equal(rest, copy + at + first * 4096ull, bytes - first * 4096ull);
	}
	assert_memory_equal(ram, copy, sizeof(ram));
	assert_true(figures[NUMBER].counts.reads > 100 && figures[NUMBER].counts.writes > 100);
	assert_true(figures[NUMBER].counts.flushes > 100);
	assert_int_equal(figures[NUMBER].counts.errors, 0);
}

static void bad_requests(void **state)
{
	struct blk_sqe foreign = data_request(BLK_READ, 0, 8);

	(void)state;
	foreign.seg[0].window = 0;
	assert_int_equal(do_one(foreign), BLK_INVAL);
	assert_int_equal(do_one(data_request(BLK_READ, SECTORS, 8)), BLK_INVAL);
	assert_int_equal(do_one(data_request(BLK_WRITE, SECTORS - 7, 8)), BLK_INVAL);
	assert_int_equal(do_one(data_request(BLK_WRITE, SECTORS - 8, 8)), BLK_OK);
	/* A store that was started again goes on counting. */
	figures[NUMBER].counts.in_flight = 3;
	assert_true(figures[NUMBER].counts.writes != 0);
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	volume->links = 0;
	assert_int_equal(vm_link_attach(NUMBER, volume, false, ""), STORE_OK);
	assert_true(figures[NUMBER].counts.writes != 0);
	assert_int_equal(figures[NUMBER].counts.in_flight, 0);
}

static void read_only(void **state)
{
	(void)state;
	assert_true(vm_link_detach(NUMBER));
	assert_int_equal(vm_link_attach(NUMBER, volume, true, ""), STORE_OK);
	blk_client_init(&client, link_memory);
	assert_true(blk_client_poll(&client));
	assert_true((client.info.features & BLK_IS_READ_ONLY) != 0);
	assert_int_equal(do_one(data_request(BLK_WRITE, 0, 8)), BLK_READONLY);
	assert_int_equal(do_one(data_request(BLK_READ, 0, 8)), BLK_OK);
}

/* The VMM is signalled if it waits, and asked to signal when there is nothing to do. */
static void sleeping(void **state)
{
	struct blk_sqe sqe = data_request(BLK_READ, 0, 8);

	(void)state;
	while (vm_link_turn())
		;
	signals = 0;
	blk_client_wait(&client, true);
	assert_true(blk_client_submit(&client, &sqe) >= 0);
	assert_true(blk_client_should_signal(&client));
	vm_link_woken(STORE_BIT_VM << 1);
	while (vm_link_turn())
		;
	assert_int_equal(signals, 1);
}

/* ---- a disk: the test plays the driver ---- */

#define DISK 5u

static _Alignas(4096) u8 disk_memory[BLK_WINDOW_OFFSET];
static struct blk_server driver;
static u32 driver_signals, changes;

static const struct blk_info disk_info = {
	.sectors = 2 * SECTORS, .block_bytes = 512, .physical_bytes = 4096, .max_sectors = 256,
	.features = BLK_CAN_FLUSH,
};

static void signal_driver(u32 number)
{
	assert_int_equal(number, DISK / DRIVER_LINKS);
	driver_signals++;
}

static void disk_changed(u32 disk, const struct blk_info *info)
{
	assert_int_equal(disk, DISK);
	changes += info != NULL;
}

static const struct disk_ops disk_ops = {
	signal_driver, disk_changed, vm_link_completed, disk_io_completed, pool_io_completed,
	pool_link_direct_completed, vm_link_disk_has_room,
};

static int setup_disk(void **state)
{
	(void)state;
	memset(link_memory, 0, BLK_WINDOW_OFFSET);
	memset(disk_memory, 0, sizeof(disk_memory));
	memset(figures, 0, sizeof(figures));
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	disk_init(&disk_ops);
	disk_add(DISK, disk_memory);
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	changes = 0;
	(void)disk_turn();
	assert_int_equal(changes, 1);
	volume = volume_add("d", VOLUME_ON_DISK);
	volume->disk = DISK;
	volume->first = 1000;
	volume->sectors = SECTORS;
	volume->info = disk_info;
	assert_int_equal(vm_link_attach(NUMBER, volume, false, "S2"), STORE_OK);
	blk_client_init(&client, link_memory);
	assert_true(blk_client_poll(&client));
	assert_true(client.is_up);
	return 0;
}

static void turn_all(void)
{
	for (u32 i = 0; i < 10; i++) {
		(void)disk_turn();
		(void)vm_link_turn();
		(void)disk_kick();
	}
}

static void submit(struct blk_sqe sqe)
{
	assert_true(blk_client_submit(&client, &sqe) >= 0);
	vm_link_woken(STORE_BIT_VM << VM % 32);
}

static void disk_requests_are_handed_on(void **state)
{
	enum blk_status status;
	struct blk_sqe sqe;
	u32 number;

	(void)state;
	assert_int_equal(client.info.sectors, SECTORS);
	assert_int_equal(client.info.max_sectors, 256);
	assert_string_equal(client.info.serial, "S2");
	submit(data_request(BLK_WRITE, 16, 8));
	submit((struct blk_sqe){ .op = BLK_FLUSH });
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	assert_int_equal(sqe.sector, 1016);
	assert_int_equal(sqe.seg[0].window, NUMBER);
	assert_int_equal(sqe.seg[0].slot, 3);
	blk_server_complete(&driver, sqe.cookie, BLK_IOERR);
	assert_true(blk_server_take(&driver, &sqe));
	assert_int_equal(sqe.op, BLK_FLUSH);
	assert_int_equal(sqe.sector, 0);
	assert_false(vm_link_detach(NUMBER));	/* not while the driver has it */
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
	assert_true(blk_client_completed(&client, &number, &status));
	assert_int_equal(status, BLK_IOERR);
	assert_true(blk_client_completed(&client, &number, &status));
	assert_int_equal(status, BLK_OK);
	assert_int_equal(figures[NUMBER].counts.errors, 1);
	assert_int_equal(figures[NUMBER].counts.in_flight, 0);
}

/* More than the disk takes at a time, drivers that die with them, and all are completed once. */
static void drivers_die(void **state)
{
	unsigned seed = 9;
	enum blk_status status;
	struct blk_sqe sqe;
	u32 number, submitted = 0, completed = 0;

	(void)state;
	for (u32 round = 0; round < 400; round++) {
		while (client.outstanding < BLK_RING) {
			submit(data_request(BLK_READ, (u64)rand_r(&seed) % (SECTORS - 8), 8));
			submitted++;
		}
		turn_all();
		for (u32 i = (u32)rand_r(&seed) % BLK_RING; i != 0 && blk_server_take(&driver, &sqe); i--)
			if (rand_r(&seed) % 4 != 0)
				blk_server_complete(&driver, sqe.cookie, BLK_OK);
		if (rand_r(&seed) % 4 == 0)
			blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
		turn_all();
		while (blk_client_completed(&client, &number, &status)) {
			assert_int_equal(status, BLK_OK);
			completed++;
		}
	}
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	turn_all();
	while (blk_server_take(&driver, &sqe))
		blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
	while (blk_client_completed(&client, &number, &status))
		completed++;
	assert_int_equal(client.outstanding, 0);
	assert_int_equal(completed, submitted);
	assert_true(completed > 5000);
}

static void expect_status(u32 count, enum blk_status expected)
{
	enum blk_status status;
	u32 number;

	for (u32 i = 0; i < count; i++) {
		assert_true(blk_client_completed(&client, &number, &status));
		assert_int_equal(status, expected);
	}
	assert_int_equal(client.outstanding, 0);
}

/* The disk is lost: what is asked for fails, and what comes, until it is there again. */
static void a_lost_disk(void **state)
{
	struct blk_sqe sqe;

	(void)state;
	submit(data_request(BLK_WRITE, 0, 8));
	submit((struct blk_sqe){ .op = BLK_FLUSH });
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_begin(&driver, disk_memory, NULL, BLK_LOST, BLK_WINDOWS);
	turn_all();
	expect_status(2, BLK_GONE);
	submit(data_request(BLK_READ, 0, 8));
	(void)vm_link_turn();
	assert_true(disk_kick());	/* the driver signals no more: not to sleep now */
	assert_false(disk_turn());
	expect_status(1, BLK_GONE);
	assert_false(disk_kick());
	assert_int_equal(figures[NUMBER].counts.errors, 3);
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	turn_all();
	submit(data_request(BLK_READ, 0, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
	expect_status(1, BLK_OK);
}

/* The driver comes back with another disk behind the link, or with none: no request goes there. A VM that ends lets go
 * of what it has asked for. */
static void another_disk(void **state)
{
	struct blk_info other = disk_info;
	struct blk_sqe sqe;

	(void)state;
	submit(data_request(BLK_WRITE, 0, 8));
	submit(data_request(BLK_WRITE, 8, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	strcpy(other.serial, "another");
	blk_server_begin(&driver, disk_memory, &other, BLK_UP, BLK_WINDOWS);
	turn_all();
	assert_false(blk_server_take(&driver, &sqe));
	expect_status(2, BLK_GONE);
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	turn_all();
	submit(data_request(BLK_WRITE, 0, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_begin(&driver, disk_memory, NULL, BLK_DOWN, BLK_WINDOWS);
	turn_all();
	assert_true(vm_link_detach(NUMBER));
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	turn_all();
	assert_false(blk_server_take(&driver, &sqe));
	assert_int_equal(vm_link_attach(NUMBER, volume, false, "S2"), STORE_OK);
	blk_client_init(&client, link_memory);
	(void)blk_client_poll(&client);
	submit(data_request(BLK_WRITE, 16, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	assert_int_equal(sqe.sector, 1016);
	assert_false(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
}

/* A flush of a disk without a cache is done at once. */
static void nothing_to_flush(void **state)
{
	enum blk_status status;
	struct blk_sqe sqe;
	u32 number;

	(void)state;
	volume->info.features &= ~BLK_CAN_FLUSH;
	submit((struct blk_sqe){ .op = BLK_FLUSH });
	turn_all();
	assert_false(blk_server_take(&driver, &sqe));
	assert_true(blk_client_completed(&client, &number, &status));
	assert_int_equal(status, BLK_OK);
}

/* What the disk has no room for is held, and is not lost; a link that goes takes its held request with it. */
static void a_full_disk_holds_requests(void **state)
{
	static _Alignas(4096) u8 other_memory[BLK_WINDOW_OFFSET];
	static struct blk_client other;
	struct blk_sqe sqe = data_request(BLK_READ, 8, 8);
	enum blk_status status;
	u32 number, taken = 0;

	(void)state;
	memset(other_memory, 0, sizeof(other_memory));
	other_link = other_memory;
	assert_int_equal(vm_link_attach(NUMBER + 1, volume, false, ""), STORE_OK);
	blk_client_init(&other, other_memory);
	assert_true(blk_client_poll(&other));
	for (u32 i = 0; i < BLK_RING; i++)
		submit(data_request(BLK_READ, 0, 8));
	turn_all();
	assert_true(blk_client_submit(&other, &sqe) >= 0);
	vm_link_woken(STORE_BIT_VM << VM % 32);
	turn_all();
	assert_false(vm_link_turn());		/* it does not spin */
	while (blk_server_take(&driver, &sqe)) {
		taken++;
		blk_server_complete(&driver, sqe.cookie, BLK_OK);
	}
	assert_int_equal(taken, BLK_RING);
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	assert_int_equal(sqe.sector, 1008);
	assert_int_equal(sqe.seg[0].window, NUMBER + 1);
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
	assert_true(blk_client_completed(&other, &number, &status));
	while (blk_client_completed(&client, &number, &status))
		;
	assert_int_equal(client.outstanding, 0);
	assert_true(vm_link_detach(NUMBER + 1));
	other_link = NULL;
}

/* ---- root's orders ---- */

static struct { struct ring_shared shared; u8 data[STORE_ORDER_RING_BYTES]; } order_memory;
static struct { struct ring_shared shared; u8 data[STORE_REPORT_RING_BYTES]; } report_memory;
static struct ring orders, reports;

static int setup_orders(void **state)
{
	(void)state;
	memset(&order_memory, 0, sizeof(order_memory));
	memset(&report_memory, 0, sizeof(report_memory));
	memset(link_memory, 0, BLK_WINDOW_OFFSET);
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	orders_init(&order_memory.shared, &report_memory.shared);
	ring_attach_producer(&orders, &order_memory.shared, STORE_ORDER_RING_BYTES);
	ring_attach_consumer(&reports, &report_memory.shared, STORE_REPORT_RING_BYTES);
	return 0;
}

static enum store_error order(u32 op, const char *name, u32 link, u64 bytes, u32 slot)
{
	static u32 id;
	struct store_order o = { .op = op, .id = ++id, .link = link, .bytes = bytes, .slot = slot };
	struct store_report r;
	bool is_news;

	strcpy(o.volume, name);
	assert_true(ring_put(&orders, &o, sizeof(o)));
	(void)orders_turn(&is_news);
	assert_true(ring_get(&reports, &r, sizeof(r)));
	assert_int_equal(r.kind, STORE_DONE);
	assert_int_equal(r.id, id);
	return (enum store_error)r.error;
}

static void orders_are_judged(void **state)
{
	struct store_order bad = { .op = STORE_ATTACH, .id = 7 };
	struct store_report r;
	bool is_news;

	(void)state;
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, MIB, STORE_RAM_SLOTS), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, MIB + 512, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, 0, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, 2 * STORE_RAM_STRIDE, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, MIB, 0), STORE_OK);
	assert_int_equal(order(STORE_ADD_RAM, "v", 0, MIB, 1), STORE_EXISTS);
	assert_int_equal(order(STORE_ATTACH, "w", NUMBER, 0, 0), STORE_NO_VOLUME);
	assert_int_equal(order(STORE_ATTACH, "v", NUMBER, 0, 0), STORE_OK);
	assert_int_equal(order(STORE_ATTACH, "v", NUMBER, 0, 0), STORE_EXISTS);
	assert_int_equal(order(STORE_DROP_RAM, "v", 0, 0, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_DETACH, "", BLK_WINDOWS, 0, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_DETACH, "", NUMBER, 0, 0), STORE_OK);
	assert_int_equal(order(STORE_DETACH, "", NUMBER, 0, 0), STORE_OK);
	assert_int_equal(order(STORE_DROP_RAM, "v", 0, 0, 0), STORE_OK);
	assert_int_equal(order(STORE_DROP_RAM, "v", 0, 0, 0), STORE_NO_VOLUME);
	assert_int_equal(order(0, "v", 0, 0, 0), STORE_BAD_ORDER);
	assert_int_equal(order(STORE_OP_COUNT, "v", 0, 0, 0), STORE_BAD_ORDER);
	memset(bad.volume, 'a', sizeof(bad.volume));
	assert_true(ring_put(&orders, &bad, sizeof(bad)));
	assert_false(orders_turn(&is_news));
	assert_true(ring_get(&reports, &r, sizeof(r)));
	assert_int_equal(r.error, STORE_BAD_ORDER);
}

static void volumes_have_a_limit(void **state)
{
	char name[8];
	struct volume *v[STORE_VOLUMES];

	(void)state;
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		(void)snprintf(name, sizeof(name), "v%u", (unsigned)i);
		v[i] = volume_add(name, VOLUME_IN_RAM);
		assert_non_null(v[i]);
	}
	assert_int_equal(order(STORE_ADD_RAM, "one-more", 0, MIB, 0), STORE_FULL);
	assert_ptr_equal(volume_find("v7"), v[7]);
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		volume_drop(v[i]);
	assert_null(volume_find("v7"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(one_turn_serves_a_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(data_is_right, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(sleeping, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_requests_are_handed_on, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(drivers_die, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(a_lost_disk, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(another_disk, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_flush, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_holds_requests, setup_disk, teardown),
		cmocka_unit_test_setup(orders_are_judged, setup_orders),
		cmocka_unit_test_setup(volumes_have_a_limit, setup_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
