/* SPDX-License-Identifier: MIT */
/*
 * One turn of the store's disks ends whatever a driver does.
 */
/* links: store pool rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"
#include "disk.h"
#include "work.h"

#define SECTORS 8192u
#define DISK 5u
#define ENOUGH 10000u

static _Alignas(4096) u8 memory[BLK_WINDOW_OFFSET];
static struct blk_server driver;
static u32 completions;

static struct store_work work;

static u64 tsc(void)
{
	static u64 now;

	return now += 10;
}

static void ignore(u32 number)
{
	(void)number;
}

static void changed(u32 disk, const struct blk_info *info)
{
	(void)disk;
	(void)info;
}

static void completed(const struct disk_tag *tag, enum blk_status status)
{
	(void)tag;
	(void)status;
}

static void submit(void)
{
	const struct blk_sqe sqe = { .op = BLK_FLUSH };
	const struct disk_tag tag = { .link = DISK_OWN };

	assert_true(disk_submit(DISK, &sqe, &tag));
}

static void complete(void)
{
	struct blk_sqe sqe;

	assert_true(blk_server_take(&driver, &sqe));
	blk_server_complete(&driver, sqe.cookie, BLK_OK);
}

/* The next piece follows at once, and the driver, on another CPU, is as fast. */
static void go_on(u32 disk, enum blk_status status)
{
	assert_int_equal(disk, DISK);
	assert_int_equal(status, BLK_OK);
	if (++completions == ENOUGH)
		return;
	submit();
	complete();
}

static int setup(void **state)
{
	static const struct disk_ops ops = { ignore, changed, completed, go_on, NULL, NULL, ignore };
	static const struct blk_info info = { .sectors = SECTORS, .block_bytes = 512, .physical_bytes = 4096,
					      .max_sectors = 256, .features = BLK_CAN_FLUSH };

	(void)state;
	memset(memory, 0, sizeof(memory));
	work_init(&work, tsc, ~0ull);
	disk_init(&ops);
	disk_add(DISK, memory);
	blk_server_begin(&driver, memory, &info, BLK_UP, BLK_WINDOWS);
	(void)disk_turn();
	completions = 0;
	return 0;
}

static void a_turn_ends(void **state)
{
	(void)state;
	submit();
	complete();
	assert_true(disk_turn());
	assert_in_range(completions, 1, BLK_RING);
	while (disk_turn())
		;
	assert_int_equal(completions, ENOUGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_turn_ends, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
