/* SPDX-License-Identifier: MIT */
/*
 * The store with volumes in RAM: the test plays root and the VMMs.
 */
/* links: store rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"
#include "limits.h"
#include "orders.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"

#define VM 33u		/* shares its notification bit with VM 1 */
#define NUMBER (VM * VM_DEVICES)
#define SECTORS 8192u

static _Alignas(4096) u8 link_memory[BLK_LINK_BYTES], ram[SECTORS * BLK_SECTOR_BYTES];
static struct store_figures figures[BLK_WINDOWS];
static struct blk_client client;
static u32 signals;

static void *link_at(u32 number)
{
	assert_int_equal(number, NUMBER);
	return link_memory;
}

static void signal_vm(u32 vm)
{
	assert_int_equal(vm, VM);
	signals++;
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
	assert_true(figures[NUMBER].reads > 100 && figures[NUMBER].writes > 100 && figures[NUMBER].flushes > 100);
	assert_int_equal(figures[NUMBER].errors, 0);
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
}

static void read_only(void **state)
{
	(void)state;
	assert_true(vm_link_detach(NUMBER));
	assert_int_equal(vm_link_attach(NUMBER, volume, true, ""), STORE_OK);
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
		cmocka_unit_test_setup_teardown(data_is_right, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(sleeping, setup, teardown),
		cmocka_unit_test_setup(orders_are_judged, setup_orders),
		cmocka_unit_test_setup(volumes_have_a_limit, setup_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
