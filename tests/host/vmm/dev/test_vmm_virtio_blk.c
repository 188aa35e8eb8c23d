/* SPDX-License-Identifier: MIT */
/*
 * The block device of a guest, with a store that completes late, out of order or with errors, and one that is started
 * again.
 */
/* links: vmm rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "virtio_blk_guest.h"

/* ---- Tests ---- */

static void test_both_ways(void **state)
{
	(void)state;
	blk_server_wait(&store, true);
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 16, DATA, 12 * 512, 12 * 512 + 1), VIRTIO_BLK_S_OK);
	assert_memory_equal(ram + DATA, disk + 16 * 512, 12 * 512);
	assert_true(signals != 0);
	assert_true(interrupts != 0);
	memset(ram + DATA, 0x5a, 9 * 512);
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 100, DATA, 9 * 512, 1), VIRTIO_BLK_S_OK);
	assert_memory_equal(ram + DATA, disk + 100 * 512, 9 * 512);
	assert_int_not_equal(disk[109 * 512], 0x5a);
	assert_int_equal(run_one(VIRTIO_BLK_T_FLUSH, 0, 0, 0, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(flushes, 1);
	assert_int_equal(run_one(VIRTIO_BLK_T_GET_ID, 0, DATA, 20, 21), VIRTIO_BLK_S_OK);
	assert_memory_equal(ram + DATA, "serial-of-this-disk!", 20);
}

/* A store that is done when the signal returns needs no signal back, and the guest has its interrupt after the kick. A
 * later completion is signalled. */
static void test_done_within_the_kick(void **state)
{
	u32 got, count;
	u16 head;

	(void)state;
	runs_at_once = true;
	blk_server_wait(&store, true);
	head = offer(VIRTIO_BLK_T_IN, 16, DATA, 4096);
	kick();
	assert_int_equal(signals, 1);
	assert_false(was_waiting);
	assert_true(collect(&got, &count));
	assert_int_equal(got, head);
	assert_int_equal(interrupts, 1);
	assert_memory_equal(ram + DATA, disk + 16 * 512, 4096);
	runs_at_once = false;
	(void)offer(VIRTIO_BLK_T_IN, 16, DATA, 4096);
	kick();
	assert_false(collect(&got, &count));
	store_complete();
	assert_true(blk_server_should_signal(&store));
}

/* More than a window, in pieces. */
static void test_large(void **state)
{
	u32 bytes = 3u << 20;

	(void)state;
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 0, DATA, bytes, bytes + 1), VIRTIO_BLK_S_OK);
	assert_memory_equal(ram + DATA, disk, bytes);
	memset(ram + DATA, 7, bytes);
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 8, DATA, bytes, 1), VIRTIO_BLK_S_OK);
	assert_memory_equal(disk + 8 * 512, ram + DATA, bytes);
}

/* More requests than slots, and than the link takes: all are done once, in whatever order. */
static void test_many(void **state)
{
	u32 got, written, done = 0;

	(void)state;
	for (u32 i = 0; i < SIZE / 4; i++)
		(void)offer(VIRTIO_BLK_T_IN, i * 240, DATA + i * 122880, 122880);
	kick();
	for (u32 turn = 0; turn < 100; turn++)
		store_run();
	while (collect(&got, &written)) {
		assert_int_equal(request_at((u16)got)[32], VIRTIO_BLK_S_OK);
		assert_int_equal(written, 122881);
		done++;
	}
	assert_int_equal(done, SIZE / 4);
	assert_memory_equal(ram + DATA, disk, SIZE / 4 * 122880);
	assert_int_equal(b->free, ~0ull);
}

static u16 offer_range(u32 type, u64 sector, u32 sectors, u32 flags)
{
	struct virtio_blk_discard_write_zeroes range = { .sector = sector, .num_sectors = sectors, .flags = flags };

	memcpy(ram + DATA, &range, sizeof(range));
	return offer(type, 0, DATA, sizeof(range));
}

static u8 run_range(u32 type, u64 sector, u32 sectors, u32 flags)
{
	u16 head = offer_range(type, sector, sectors, flags);
	u32 got, written;

	kick();
	store_run();
	assert_true(collect(&got, &written));
	return request_at(head)[32];
}

static void test_zeroes(void **state)
{
	(void)state;
	assert_int_equal(run_range(VIRTIO_BLK_T_DISCARD, 8, 200, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(zeroed, 200);		/* in pieces of 64 */
	assert_int_equal(disk[8 * 512] | disk[208 * 512 - 1], 0);
	assert_int_equal(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 300, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(run_range(VIRTIO_BLK_T_DISCARD, 8, 8, 1), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 8, 8, 2), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(run_range(VIRTIO_BLK_T_DISCARD, DISK_SECTORS - 4, 8, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_range(VIRTIO_BLK_T_DISCARD, 8, 0, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(zeroed, 208);
}

static void test_disk_without_zeroes(void **state)
{
	(void)state;
	info.features = 0;
	info.max_zero_sectors = 0;
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	virtio_blk_poll(b);
	assert_int_equal(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 8, 8, 0), VIRTIO_BLK_S_UNSUPP);
	info.max_zero_sectors = 64;
}

static void test_bad_requests(void **state)
{
	(void)state;
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, DATA, 1024, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, ~0ull, DATA, 1024, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 0, DATA, 1000, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 0, DATA, 0, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_one(99, 0, DATA, 0, 1), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(faults, 0);
}

static void test_no_status_breaks_the_device(void **state)
{
	u16 *ring = (u16 *)(void *)(ram + RING + 0x1000);

	(void)state;
	*descriptor(0) = (struct vring_desc){ HEADERS, 16, 0, 0 };
	ring[2] = 0;
	ring[1] = ++available;
	kick();
	assert_int_equal(faults, 1);
	assert_true((b->device.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
}

static void test_errors(void **state)
{
	u16 head = offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	u32 got, written;

	(void)state;
	kick();
	store_take();
	assert_int_equal(held_count, 1);
	blk_server_complete(&store, held[0].cookie, BLK_IOERR);
	held_count = 0;
	virtio_blk_poll(b);
	assert_true(collect(&got, &written));
	assert_int_equal(written, 1);
	assert_int_equal(request_at(head)[32], VIRTIO_BLK_S_IOERR);
}

/* A store that completes what is not under way, twice, or with a status that does not exist. */
static void test_store_lies(void **state)
{
	u16 head = offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	u32 got, written;

	(void)state;
	kick();
	store_take();
	assert_int_equal(held_count, 1);
	for (u64 i = 0; i < 16; i++) {
		blk_server_complete(&store, held[0].cookie + 1 + i, BLK_OK);
		blk_server_complete(&store, i << 32 | i << 8, BLK_OK);
		virtio_blk_poll(b);
	}
	assert_false(collect(&got, &written));
	blk_server_complete(&store, held[0].cookie, (enum blk_status)77);
	blk_server_complete(&store, held[0].cookie, BLK_OK);
	virtio_blk_poll(b);
	assert_true(collect(&got, &written));
	assert_int_equal(request_at(head)[32], VIRTIO_BLK_S_IOERR);
	assert_false(collect(&got, &written));
	assert_int_equal(b->free, ~0ull);
	__atomic_store_n(&store.shared->cq_head, 0x12345678, __ATOMIC_RELEASE);
	held_count = 0;
	(void)offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	kick();
	virtio_blk_poll(b);
	assert_false(collect(&got, &written));
	assert_int_equal(faults, 0);
}

/* The store is started again while requests are under way; before, after, and in the middle of a large one. */
static void test_store_restarts(void **state)
{
	u16 head;
	u32 got, written;

	(void)state;
	head = offer(VIRTIO_BLK_T_IN, 40, DATA, 3u << 20);
	kick();
	store_take();
	blk_server_complete(&store, held[0].cookie, carry_out(&held[0]));
	held_count = 0;
	virtio_blk_poll(b);
	store_take();
	held_count = 0;				/* forgotten */
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	virtio_blk_poll(b);
	store_run();
	assert_true(collect(&got, &written));
	assert_false(collect(&got, &written));
	assert_int_equal(request_at(head)[32], VIRTIO_BLK_S_OK);
	assert_memory_equal(ram + DATA, disk + 40 * 512, 3u << 20);
}

/* A volume that grows while requests are under way: they end, the driver is told once, and what is new can be read. */
static void test_the_volume_grows(void **state)
{
	struct blk_info larger = info;
	u32 got, written, generation;
	u64 capacity;

	(void)state;
	(void)offer(VIRTIO_BLK_T_IN, DISK_SECTORS, DATA, 512);
	kick();
	store_run();
	assert_true(collect(&got, &written));
	(void)offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	kick();
	store_take();
	held_count = 0;
	generation = b->device.generation;
	larger.sectors = 2 * DISK_SECTORS;
	blk_server_begin(&store, link_memory, &larger, BLK_UP, 0);
	virtio_blk_poll(b);
	memcpy(&capacity, b->device.config, sizeof(capacity));
	assert_int_equal(capacity, 2 * DISK_SECTORS);
	assert_int_equal(b->device.generation, generation + 1);
	store_run();
	assert_true(collect(&got, &written));
	larger.sectors = DISK_SECTORS;		/* it does not become smaller under its guest */
	blk_server_begin(&store, link_memory, &larger, BLK_UP, 0);
	virtio_blk_poll(b);
	memcpy(&capacity, b->device.config, sizeof(capacity));
	assert_int_equal(capacity, 2 * DISK_SECTORS);
}

static void test_before_the_store_is_up(void **state)
{
	u32 got, written;

	(void)make(false);
	(void)state;
	(void)offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	kick();
	assert_false(collect(&got, &written));
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	virtio_blk_poll(b);
	store_run();
	assert_true(collect(&got, &written));
}

static void test_reset_waits(void **state)
{
	(void)state;
	(void)offer(VIRTIO_BLK_T_IN, 0, DATA, 3u << 20);
	kick();
	store_take();
	assert_false(b->device.type->reset(&b->device));
	b->device.is_resetting = true;
	memset(ram + DATA, 0x77, 4096);
	blk_server_complete(&store, held[0].cookie, carry_out(&held[0]));
	held_count = 0;
	virtio_blk_poll(b);
	assert_false(b->device.is_resetting);
	assert_int_equal(b->device.status, 0);
	assert_int_equal(ram[DATA], 0x77);	/* nothing is written after the reset was asked for */
	assert_int_equal(b->free, ~0ull);
	assert_true(b->device.type->reset(&b->device));
}

/* What is under way keeps the link; the guest's memory and its interrupts are not touched any more. */
static void test_unplug_waits(void **state)
{
	u32 before, got, written;

	(void)state;
	(void)offer(VIRTIO_BLK_T_IN, 0, DATA, 4096);
	kick();
	store_take();
	(void)offer(VIRTIO_BLK_T_OUT, 8, DATA, 4096);	/* the store never sees this one */
	memset(ram + DATA, 0x77, 4096);
	before = interrupts;
	assert_false(virtio_blk_unplug(b));
	assert_false(virtio_blk_is_gone(b));
	kick();			/* a vCPU that found the port before it went */
	store_take();
	assert_int_equal(held_count, 1);
	blk_server_complete(&store, held[0].cookie, carry_out(&held[0]));
	held_count = 0;
	virtio_blk_poll(b);
	assert_true(virtio_blk_is_gone(b));
	assert_false(collect(&got, &written));
	assert_int_equal(ram[DATA], 0x77);
	assert_int_equal(interrupts, before);
	assert_int_equal(pci.function_count, 1);
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS, 1), 0xff);
}

/* Another disk comes in its place, on a link that is new. */
static void test_comes_again(void **state)
{
	struct virtio_blk_disk d = { .bytes = 4096 * 512, .block_bytes = 512, .is_hot = true };
	const struct virtio_blk_ops ops = b->ops;
	const struct virtio_host host = b->device.host;
	u32 regions = machine_bus.pio_count;

	(void)state;
	assert_true(virtio_blk_unplug(b));
	memset(link_memory, 0, BLK_LINK_BYTES);
	memset(ram, 0, RAM_BYTES);
	available = collected = 0;
	assert_int_equal(virtio_blk_init(b, 0x20, &d, 2, link_memory, &ops, &host, &pci), ST_OK);
	assert_int_equal(machine_bus.pio_count, regions);
	assert_int_equal(b->device.status, 0);
	info.sectors = 4096;
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	info.sectors = DISK_SECTORS;
	virtio_blk_poll(b);
	start_driver(BIT64(VIRTIO_BLK_F_FLUSH));
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 0, DATA, 4096, 4097), VIRTIO_BLK_S_OK);
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 4096, DATA, 4096, 1), VIRTIO_BLK_S_IOERR);
}

static void test_writethrough(void **state)
{
	(void)state;
	b->device.accepted = BIT64(VIRTIO_BLK_F_FLUSH) | BIT64(VIRTIO_BLK_F_CONFIG_WCE);
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 0, DATA, 4096, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(flushes, 0);
	b->device.config[offsetof(struct virtio_blk_config, wce)] = 0;
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 0, DATA, 2u << 20, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(flushes, 1);
	b->device.accepted = 0;
	b->device.config[offsetof(struct virtio_blk_config, wce)] = 1;
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 0, DATA, 4096, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(flushes, 2);
}

static void test_read_only(void **state)
{
	(void)state;
	(void)make(true);
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	virtio_blk_poll(b);
	assert_true((b->device.offered & BIT64(VIRTIO_BLK_F_RO)) != 0);
	assert_int_equal(run_one(VIRTIO_BLK_T_OUT, 0, DATA, 4096, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_range(VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(run_one(VIRTIO_BLK_T_IN, 0, DATA, 4096, 4097), VIRTIO_BLK_S_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_done_within_the_kick, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zeroes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_without_zeroes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_status_breaks_the_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_volume_grows, setup, teardown),
		cmocka_unit_test_teardown(test_before_the_store_is_up, teardown),
		cmocka_unit_test_setup_teardown(test_reset_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unplug_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_comes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writethrough, setup, teardown),
		cmocka_unit_test_teardown(test_read_only, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
