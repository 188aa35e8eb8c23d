/* SPDX-License-Identifier: MIT */
/*
 * When the block device of a guest puts a notification off, so that requests of several threads come together.
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

/* Reads that come alone are served at once, and after some of them one waits. If nobody comes, twice as many are served
 * before the next one waits, 256 at most. */
static void test_reads_alone(void **state)
{
	static const u32 rows[] = { 8, 16, 32, 64, 128, 256, 256 };

	(void)state;
	runs_at_once = true;
	blk_server_wait(&store, true);
	for (u32 row = 0; row < ARRAY_COUNT(rows); row++) {
		for (u32 i = 0; i < rows[row]; i++)
			assert_int_equal(read_some(1), 1);
		assert_int_equal(put_off, row);
		assert_int_equal(read_some(1), 0);
		assert_int_equal(put_off, row + 1);
		virtio_blk_serve(b);
		assert_int_equal(reads_done(), 1);
	}
}

/* A large read ends a row, and begins with short ones. */
static void test_large_reads_are_not_gathered(void **state)
{
	(void)state;
	runs_at_once = true;
	blk_server_wait(&store, true);
	for (u32 i = 0; i < 300; i++) {
		(void)offer(VIRTIO_BLK_T_IN, 16, DATA, i % 8 == 7 ? 17 * 1024 : 16 * 1024);
		kick();
		assert_int_equal(reads_done(), 1);
	}
	assert_int_equal(put_off, 0);
	for (u32 i = 0; i < 4; i++)			/* four came after the last large one */
		assert_int_equal(read_some(1), 1);
	assert_int_equal(put_off, 0);
	assert_int_equal(read_some(1), 0);
	assert_int_equal(put_off, 1);
	virtio_blk_serve(b);
}

/* If others come, the next waits too. */
static void test_reads_are_gathered(void **state)
{
	(void)state;
	runs_at_once = true;
	blk_server_wait(&store, true);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(read_some(1), 1);
	for (u32 i = 0; i < 5; i++) {
		u32 before = signals;

		assert_int_equal(read_some(1), 0);
		assert_int_equal(put_off, 1 + i);
		for (u32 n = 0; n < 3; n++)
			(void)offer(VIRTIO_BLK_T_IN, 16, DATA, 4096);
		virtio_blk_serve(b);
		assert_int_equal(reads_done(), 4);
		assert_int_equal(signals, before + 1);
	}
	assert_int_equal(read_some(1), 0);
	assert_int_equal(read_some(1), 2);		/* a driver that notifies again is not kept waiting */
	assert_int_equal(read_some(1), 1);
	assert_int_equal(put_off, 6);
	assert_true(b->device.type->reset(&b->device));
}

/* A disk that takes its time is not kept from beginning, nor are requests that come together. */
static void test_what_is_not_gathered(void **state)
{
	(void)state;
	blk_server_wait(&store, true);
	for (u32 i = 0; i < 200; i++) {
		assert_int_equal(read_some(1), 0);
		store_complete();
		virtio_blk_poll(b);
		assert_int_equal(reads_done(), 1);
	}
	runs_at_once = true;
	for (u32 i = 0; i < 200; i++)
		assert_int_equal(read_some(2), 2);
	assert_int_equal(put_off, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_reads_are_not_gathered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_are_gathered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_gathered, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
