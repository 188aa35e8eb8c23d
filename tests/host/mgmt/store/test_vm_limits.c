/* SPDX-License-Identifier: MIT */
/*
 * How the store is shared: limits of requests and bytes a second of each link, and turns on a full disk. The test plays
 * the VMMs, a driver and the clock.
 */
/* links: store pool rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"
#include "bucket.h"
#include "root_limits.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"
#include "work.h"

#define VM 5u
#define NUMBER (VM * VM_DEVICES)
#define SECTORS 8192u
#define DISK 5u

static _Alignas(4096) u8 link_memory[3][BLK_LINK_BYTES], ram[SECTORS * BLK_SECTOR_BYTES];
static _Alignas(4096) u8 disk_memory[BLK_WINDOW_OFFSET];
static struct store_figures figures[BLK_WINDOWS];
static struct blk_client client;
static struct blk_server driver;
static struct volume *volume;
static u64 now;
static bool is_now_fixed;

static void *link_at(u32 number)
{
	assert_in_range(number, NUMBER, NUMBER + 2);
	return link_memory[number - NUMBER];
}

static void ignore(u32 number)
{
	(void)number;
}

static struct store_work work;

static u64 tsc(void)
{
	static u64 ticks;

	return ticks += 10;
}

static u64 now_ns(void)
{
	return is_now_fixed ? now : (now += 1000);
}

static void changed(u32 disk, const struct blk_info *info)
{
	(void)disk;
	(void)info;
}

static const struct vm_link_ops ops = { link_at, ignore, now_ns };
static const struct disk_ops disk_ops = {
	.signal = ignore, .changed = changed, .completed = vm_link_completed, .has_room = vm_link_disk_has_room,
};
static const struct blk_info disk_info = {
	.sectors = SECTORS, .block_bytes = 512, .physical_bytes = 4096, .max_sectors = 256, .features = BLK_CAN_FLUSH,
};

static void attach(u32 number, struct blk_client *to)
{
	memset(link_at(number), 0, BLK_WINDOW_OFFSET);
	assert_int_equal(vm_link_attach(number, volume, false, ""), STORE_OK);
	blk_client_init(to, link_at(number));
	assert_true(blk_client_poll(to));
	assert_true(to->is_up);
}

static int setup(void **state)
{
	(void)state;
	memset(figures, 0, sizeof(figures));
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	volume = volume_add("a.0", VOLUME_IN_RAM);
	volume->sectors = SECTORS;
	volume->ram = ram;
	attach(NUMBER, &client);
	return 0;
}

static int setup_disk(void **state)
{
	(void)state;
	memset(figures, 0, sizeof(figures));
	memset(disk_memory, 0, sizeof(disk_memory));
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	disk_init(&disk_ops);
	disk_add(DISK, disk_memory);
	blk_server_begin(&driver, disk_memory, &disk_info, BLK_UP, BLK_WINDOWS);
	(void)disk_turn();
	volume = volume_add("d", VOLUME_ON_DISK);
	volume->disk = DISK;
	volume->sectors = SECTORS;
	volume->info = disk_info;
	attach(NUMBER, &client);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(vm_link_detach(NUMBER));
	volume_drop(volume);
	return 0;
}

static struct blk_sqe data_request(u8 op, u64 sector, u32 sectors)
{
	return (struct blk_sqe){ .op = op, .sector = sector, .sectors = sectors, .seg_count = 1,
				 .seg[0] = { BLK_WINDOW_OWN, 3, (u16)((sectors + 7) / 8), 0 } };
}

static void submit(struct blk_sqe sqe)
{
	assert_true(blk_client_submit(&client, &sqe) >= 0);
	vm_link_woken(STORE_BIT_VM << VM % 32);
}

static enum blk_status do_one(struct blk_sqe sqe)
{
	enum blk_status status = BLK_STATUS_COUNT;
	u32 number;

	submit(sqe);
	while (vm_link_turn())
		;
	assert_true(blk_client_completed(&client, &number, &status));
	return status;
}

static void turn_all(void)
{
	for (u32 i = 0; i < 10; i++) {
		(void)disk_turn();
		(void)vm_link_turn();
		disk_kick();
	}
}

#define CLIENTS 3u

static void fill(struct blk_client *c, u32 count)
{
	struct blk_sqe sqe = data_request(BLK_READ, 8, 8);

	while (c->outstanding < count)
		assert_true(blk_client_submit(c, &sqe) >= 0);
}

static u32 take_completions(struct blk_client *c)
{
	enum blk_status status;
	u32 number, count = 0;

	while (blk_client_completed(c, &number, &status))
		count++;
	return count;
}

static void complete_one(void)
{
	struct blk_sqe sqe;

	if (blk_server_take(&driver, &sqe))
		blk_server_complete(&driver, sqe.cookie, BLK_OK);
	turn_all();
}

/* Two links keep a disk full, and a third, whatever its number is, asks for one thing at a time. */
static void a_full_disk_is_shared(void **state)
{
	static struct blk_client others[2];
	struct blk_client *clients[CLIENTS] = { &client, &others[0], &others[1] };

	(void)state;
	attach(NUMBER + 1, &others[0]);
	attach(NUMBER + 2, &others[1]);
	for (u32 modest = 0; modest < CLIENTS; modest++) {
		u32 completed[CLIENTS] = { 0 };

		for (u32 round = 0; round < 3000; round++) {
			for (u32 i = 0; i < CLIENTS; i++)
				fill(clients[i], i == modest ? 1 : BLK_RING);
			vm_link_woken(STORE_BIT_VM << VM % 32);
			turn_all();
			complete_one();
			for (u32 i = 0; i < CLIENTS; i++)
				completed[i] += take_completions(clients[i]);
		}
		/* It waits for what the disk has, and for a few of the others' that were refused before. */
		for (u32 i = 0; i < CLIENTS; i++)
			if (i == modest)
				assert_in_range(completed[i], 3000 / (BLK_RING + 8), 3000 / BLK_RING + 1);
			else
				assert_in_range(completed[i], 1300, 1600);
		while (client.outstanding + others[0].outstanding + others[1].outstanding != 0) {
			complete_one();
			for (u32 i = 0; i < CLIENTS; i++)
				(void)take_completions(clients[i]);
		}
	}
	assert_true(vm_link_detach(NUMBER + 1));
	assert_true(vm_link_detach(NUMBER + 2));
}

/* ---- limits ---- */

/* So many requests in that time, of a client that always has some. The clock stands still while the store works. */
static u32 requests_in(u64 ms, struct blk_sqe sqe)
{
	u64 end = now + ms * NS_PER_MS;
	enum blk_status status;
	u32 number, count = 0;

	is_now_fixed = true;
	while (now < end) {
		u32 turns = 0;
		u64 wait;

		while (client.outstanding < BLK_RING)
			assert_true(blk_client_submit(&client, &sqe) >= 0);
		vm_link_woken(STORE_BIT_VM << VM % 32);
		while (vm_link_turn()) {
			assert_in_range(++turns, 1, 2 * BLK_RING);
			while (blk_client_completed(&client, &number, &status))
				count++;
		}
		while (blk_client_completed(&client, &number, &status))
			count++;
		wait = vm_link_wait_ns();
		if (wait == VM_LINK_NEVER)
			break;
		assert_in_range(wait, 1, 60 * NS_PER_S);
		now += wait;
	}
	now = end > now ? end : now;
	assert_int_equal(vm_link_limit(NUMBER, 0, 0), STORE_OK);
	while (client.outstanding != 0) {
		(void)vm_link_turn();
		while (blk_client_completed(&client, &number, &status))
			;
	}
	is_now_fixed = false;
	return count;
}

static void limits(void **state)
{
	enum blk_status status;
	u32 count, number;

	(void)state;
	assert_int_equal(vm_link_limit(BLK_WINDOWS, 1, 1), STORE_BAD_ORDER);
	assert_int_equal(vm_link_limit(NUMBER, 500, 0), STORE_OK);
	count = requests_in(10000, data_request(BLK_READ, 0, 8));
	assert_in_range(count, 5000, 5000 + 51);	/* and a burst of a tenth of a second */
	assert_int_equal(vm_link_limit(NUMBER, 0, 50 * MIB), STORE_OK);
	count = requests_in(4000, data_request(BLK_WRITE, 0, 512));
	assert_in_range(count, 800, 800 + 21);		/* 256 KiB each */
	assert_int_equal(vm_link_limit(NUMBER, 100, 1 * MIB), STORE_OK);
	assert_in_range(requests_in(10000, data_request(BLK_READ, 0, 8)), 1000, 1011);		/* the one */
	assert_int_equal(vm_link_limit(NUMBER, 100, 1 * MIB), STORE_OK);
	assert_in_range(requests_in(10000, data_request(BLK_READ, 0, 256)), 80, 82);		/* the other */
	/* Flushes move nothing. */
	assert_int_equal(vm_link_limit(NUMBER, 0, 512), STORE_OK);
	assert_int_equal(do_one((struct blk_sqe){ .op = BLK_FLUSH }), BLK_OK);
	assert_int_equal(do_one((struct blk_sqe){ .op = BLK_FLUSH }), BLK_OK);
	/* One that waits goes on when its limit is changed. */
	assert_int_equal(vm_link_limit(NUMBER, 1, 0), STORE_OK);
	assert_int_equal(do_one(data_request(BLK_READ, 0, 8)), BLK_OK);
	submit(data_request(BLK_READ, 0, 8));
	while (vm_link_turn())
		;
	assert_in_range(vm_link_wait_ns(), 1, NS_PER_S);
	assert_int_equal(client.outstanding, 1);
	assert_int_equal(vm_link_limit(NUMBER, 0, 0), STORE_OK);
	assert_int_equal(vm_link_wait_ns(), 0);
	while (vm_link_turn())
		;
	assert_int_equal(vm_link_wait_ns(), VM_LINK_NEVER);
	assert_true(blk_client_completed(&client, &number, &status));
	/* A detachment ends it. */
	assert_int_equal(vm_link_limit(NUMBER, 1, 0), STORE_OK);
	assert_true(vm_link_detach(NUMBER));
	attach(NUMBER, &client);
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(do_one(data_request(BLK_READ, 0, 8)), BLK_OK);
}

/* ---- errors that are held ---- */

static void complete_with(enum blk_status status)
{
	struct blk_sqe sqe;

	while (blk_server_take(&driver, &sqe)) {
		blk_server_complete(&driver, sqe.cookie, status);
		turn_all();
	}
}

static void errors_are_held(void **state)
{
	enum blk_status status;
	struct blk_sqe sqe;
	u32 number;

	(void)state;
	vm_link_hold_errors(NUMBER, true);
	submit(data_request(BLK_READ, 0, 8));
	submit(data_request(BLK_READ, 8, 8));
	submit(data_request(BLK_READ, 16, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_IOERR);
	turn_all();
	assert_false(blk_client_completed(&client, &number, &status));
	assert_true(vm_link_failure(&number, &status));
	assert_int_equal(number, NUMBER);
	assert_int_equal(status, BLK_IOERR);
	assert_false(vm_link_failure(&number, &status));	/* told once */
	/* What was on its way is completed, and nothing else is taken. */
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
	submit(data_request(BLK_READ, 24, 8));
	turn_all();
	assert_int_equal(take_completions(&client), 1);
	assert_int_equal(vm_link_retry(NUMBER), STORE_OK);	/* one is still on its way */
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_GONE);
	assert_false(blk_server_take(&driver, &sqe));
	turn_all();
	/* A new epoch: the two that failed, and the new one. */
	assert_true(blk_client_poll(&client));
	vm_link_woken(STORE_BIT_VM << VM % 32);
	turn_all();
	complete_with(BLK_OK);
	assert_int_equal(take_completions(&client), 3);
	assert_int_equal(client.outstanding, 0);
	assert_int_equal(figures[NUMBER].counts.reads, 4);
	assert_int_equal(figures[NUMBER].counts.errors, 2);
	assert_int_equal(figures[NUMBER].counts.in_flight, 0);
	/* The guest's own mistakes are not held. */
	submit(data_request(BLK_READ, SECTORS, 8));
	turn_all();
	assert_int_equal(take_completions(&client), 1);
	assert_int_equal(vm_link_retry(NUMBER), STORE_OK);
	assert_int_equal(vm_link_retry(BLK_WINDOWS), STORE_BAD_ORDER);
	/* A link that goes takes what it holds with it. */
	submit(data_request(BLK_READ, 0, 8));
	submit(data_request(BLK_READ, 0, 8));
	turn_all();
	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_IOERR);
	turn_all();
	assert_false(vm_link_detach(NUMBER));
	complete_with(BLK_IOERR);
	assert_true(vm_link_detach(NUMBER));
	assert_false(vm_link_failure(&number, &status));
	attach(NUMBER, &client);
	submit(data_request(BLK_READ, 0, 8));
	turn_all();
	complete_with(BLK_IOERR);		/* that is forgotten, too */
	assert_int_equal(take_completions(&client), 1);
}

static void buckets(void **state)
{
	struct bucket b = { 0 };
	u64 at = 5 * NS_PER_S;

	(void)state;
	bucket_take(&b, at, ~0u);
	assert_int_equal(bucket_wait_ns(&b, at), 0);	/* no limit */
	bucket_set(&b, 1000);
	for (u32 i = 0; i <= 100; i++) {
		assert_int_equal(bucket_wait_ns(&b, at), 0);
		bucket_take(&b, at, 1);
	}
	assert_int_equal(bucket_wait_ns(&b, at), NS_PER_MS);
	assert_int_equal(bucket_wait_ns(&b, at + NS_PER_MS), 0);
	bucket_take(&b, at + NS_PER_S, 1);	/* what was not used is not saved */
	assert_int_equal(b.paid_ns, at + NS_PER_S + NS_PER_MS);
	bucket_set(&b, 1);
	bucket_take(&b, at, ~0u);
	assert_int_equal(bucket_wait_ns(&b, at), (u64)~0u * NS_PER_S - BUCKET_BURST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_disk_is_shared, setup_disk, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_are_held, setup_disk, teardown),
		cmocka_unit_test(buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
