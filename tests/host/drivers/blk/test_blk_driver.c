/* SPDX-License-Identifier: MIT */
/*
 * What all block drivers share, with a controller of two disks that answer when the test lets them: the start, and the
 * watchdog.
 */
/* links: ata rt */
/* helpers: blk_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "blk_bench.h"

#define DISKS 2u
#define LIMIT 60u

static struct {
	bool answers[DISKS];
	u32 room[DISKS];		/* requests that it takes at a time */
	u32 count[DISKS];
	u64 cookies[DISKS][BLK_RING];
	u32 absent;			/* bit = disk */
	bool is_dead;
} dev;

static struct blk_client second;	/* disk 1; bench_client is disk 0 */

u64 fake_read(u64 at, u32 size)
{
	(void)at, (void)size;
	return 0;
}

void fake_write(u64 at, u32 size, u64 value)
{
	(void)at, (void)size, (void)value;
}

void fake_tick(void)
{
}

static const char *start(struct blk_driver *d)
{
	const struct blk_info info = { .sectors = BENCH_SECTORS, .block_bytes = 512, .physical_bytes = 512,
				       .max_sectors = 8 };

	for (u32 i = 0; i < DISKS; i++)
		if ((dev.absent & BIT32(i)) == 0)
			blk_driver_add(d, i, &info);
	return dev.is_dead ? "dead" : NULL;
}

static bool submit(struct blk_driver *d, u32 disk, const struct blk_io *io)
{
	(void)d;
	if (dev.count[disk] == dev.room[disk])
		return false;
	dev.cookies[disk][dev.count[disk]++] = io->cookie;
	return true;
}

static void service(struct blk_driver *d)
{
	for (u32 i = 0; i < DISKS; i++)
		while (dev.answers[i] && dev.count[i] != 0)
			blk_driver_complete(d, i, dev.cookies[i][--dev.count[i]], BLK_OK);
}

static const struct blk_driver_ops ops = { .start = start, .submit = submit, .service = service };

static int setup(void **state)
{
	(void)state;
	memset(&dev, 0, sizeof(dev));
	dev.room[0] = dev.room[1] = 8;
	bench_reset(&ops);
	bench_bring_up();
	blk_client_init(&second, bench.links + DRIVER_PIECE_BYTES);
	assert_true(blk_client_poll(&second));
	return 0;
}

static void ask(u32 disk)
{
	const struct blk_sqe sqe = { .op = BLK_READ, .sectors = 8, .seg_count = 1,
				     .seg[0] = { .window = BLK_WINDOW_OWN, .count = 1 } };
	struct blk_client *client = disk == 0 ? &bench_client : &second;
	enum blk_status status;
	u32 number;

	while (blk_client_completed(client, &number, &status))
		;
	assert_true(blk_client_submit(client, &sqe) >= 0);
	while (blk_driver_step(&bench))
		;
}

static u32 look(u64 now, u64 next)
{
	u64 got;
	u32 disk = blk_driver_stuck(&bench, now, LIMIT, &got);

	assert_true(disk != DRIVER_LINKS || got == next);
	return disk;
}

/* A disk is stuck though another one answers all the time. */
static void one_of_two_is_stuck(void **state)
{
	(void)state;
	dev.answers[0] = true;
	assert_int_equal(look(1000, ~0ull), DRIVER_LINKS);
	ask(1);
	for (u64 now = 2000; now < 2000 + LIMIT; now++) {
		ask(0);
		assert_int_equal(look(now, 2000 + LIMIT), DRIVER_LINKS);
	}
	ask(0);
	assert_int_equal(look(2000 + LIMIT, 0), 1);
}

/* A disk that was idle for long is not stuck with its first request, nor one that is slow. */
static void a_slow_disk(void **state)
{
	(void)state;
	assert_int_equal(look(1000, ~0ull), DRIVER_LINKS);
	ask(0);
	assert_int_equal(look(9000, 9000 + LIMIT), DRIVER_LINKS);
	for (u64 now = 9000; now < 19000; now += LIMIT - 1) {
		ask(0);
		assert_int_equal(look(now, now == 9000 ? 9000 + LIMIT : now + LIMIT), DRIVER_LINKS);
		dev.answers[0] = true;
		(void)blk_driver_step(&bench);
		dev.answers[0] = false;
		ask(0);
	}
	dev.answers[0] = true;
	(void)blk_driver_step(&bench);
	assert_int_equal(look(30000, ~0ull), DRIVER_LINKS);
	assert_int_equal(look(40000, ~0ull), DRIVER_LINKS);
}

/* A request that the controller has no room for is not one that it does not answer. */
static void a_held_request(void **state)
{
	(void)state;
	dev.room[0] = 0;
	ask(0);
	assert_true(bench.disk[0].has_held);
	assert_int_equal(look(1000, ~0ull), DRIVER_LINKS);
	assert_int_equal(look(1000 + LIMIT, ~0ull), DRIVER_LINKS);
	dev.room[0] = 1;
	ask(0);
	assert_int_equal(look(5000, 5000 + LIMIT), DRIVER_LINKS);
	assert_int_equal(look(5000 + LIMIT, 0), 0);
}

static void expect_links(enum blk_link_state first, enum blk_link_state then, enum blk_link_state last)
{
	const enum blk_link_state expected[] = { first, then, last };

	bench_reset(&ops);
	bench_args.known_disks = 3;
	(void)bench_start();
	for (u32 i = 0; i < 3; i++) {
		const struct blk_link_shared *link = (void *)(bench.links + i * DRIVER_PIECE_BYTES);

		assert_int_equal(link->state, expected[i]);
		assert_int_equal(bench.disk[i].is_there, expected[i] == BLK_UP);
	}
}

/* A disk that was there and is not is lost, if the controller is up; a disk that never was is only down. */
static void links_begin(void **state)
{
	(void)state;
	expect_links(BLK_UP, BLK_UP, BLK_DOWN);
	dev.absent = 2;
	expect_links(BLK_UP, BLK_LOST, BLK_DOWN);
	dev.is_dead = true;
	expect_links(BLK_DOWN, BLK_DOWN, BLK_DOWN);
}

/* Nothing is asked of a disk that has been given up. */
static void a_disk_is_given_up(void **state)
{
	(void)state;
	bench_reset(&ops);
	bench_args.lost_disks = 2;
	bench_bring_up();
	assert_true(bench.disk[0].is_there);
	assert_false(bench.disk[1].is_there);
	blk_client_init(&second, bench.links + DRIVER_PIECE_BYTES);
	assert_true(blk_client_poll(&second));
	assert_true(second.is_lost);
	assert_true(blk_client_submit(&second, &(struct blk_sqe){ .op = BLK_FLUSH }) >= 0);
	assert_false(blk_driver_step(&bench));
	assert_int_equal(dev.count[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_of_two_is_stuck, setup), cmocka_unit_test_setup(a_slow_disk, setup),
		cmocka_unit_test_setup(a_held_request, setup), cmocka_unit_test_setup(links_begin, setup),
		cmocka_unit_test_setup(a_disk_is_given_up, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
