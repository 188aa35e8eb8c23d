/* SPDX-License-Identifier: MIT */
/*
 * Blocks of logs: whatever write a power cut tears, all before it is there; and any bytes are judged.
 */
/* links: root rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <string.h>

#include "log_blocks.h"
#include "range.h"

#define LOG 0x1234567
#define SECTOR 512u

static struct log_block disk[LOG_BLOCKS];
static struct log_index places;
static u64 printed, kept, from;		/* as the console counts them */

static char byte_of(u64 at)
{
	return (char)(at * 2654435761u >> 13);
}

/* All that can be read: no gap, no byte that is not what was printed. Returns where it ends. */
static u64 check(u64 *last_start)
{
	struct log_index read;
	u64 at = 0, begin = 0, end = 0;
	u32 i;

	log_index_read(&read, disk, LOG);
	while ((i = log_index_next(&read, at)) != LOG_BLOCKS) {
		if (end == 0)
			begin = read.start[i];
		else
			assert_int_equal(read.start[i], end);
		for (u32 b = 0; b < read.count[i]; b++)
			assert_int_equal(disk[i].bytes[b], byte_of(read.start[i] + b));
		end = read.start[i] + read.count[i];
		*last_start = read.start[i];
		at = read.start[i] + 1;
	}
	assert_true(end - begin >= min_u64(end, 65536));
	return end;
}

/* Some sectors of it come to the disk, in any order. */
static void tear(u32 place, const struct log_block *block)
{
	for (u32 s = 0; s < LOG_BLOCK_BYTES / SECTOR; s++)
		if (rand() % 2 != 0)
			memcpy((u8 *)&disk[place] + s * SECTOR, (const u8 *)block + s * SECTOR, SECTOR);
}

static void restart(void)
{
	u64 end = check(&from);

	assert_true(end >= kept);
	printed = kept = end;
	log_index_read(&places, disk, LOG);
}

static void write_one(void)
{
	u32 count = (u32)min_u64(printed - from, LOG_PIECE_BYTES), place = log_index_place(&places);
	static char bytes[LOG_PIECE_BYTES];
	static struct log_block block;

	for (u32 i = 0; i < count; i++)
		bytes[i] = byte_of(from + i);
	log_block_fill(&block, LOG, from, bytes, count);
	if (rand() % 10 == 0) {
		tear(place, &block);
		restart();
		return;
	}
	disk[place] = block;
	places.start[place] = from;
	places.count[place] = count;
	kept = from + count;
	from = count == LOG_PIECE_BYTES ? kept : from;
}

static void power_cuts(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	u64 none;

	(void)state;
	srand(seed);
	print_message("seed %u\n", seed);
	for (u32 i = 0; i < 3000; i++) {
		printed += (u64)rand() % (i % 3 == 0 ? 20000 : 60);
		while (kept != printed)
			write_one();
		assert_int_equal(check(&none), kept);
	}
	assert_true(kept > 1000000);
}

static void bad_blocks(void **state)
{
	struct log_block block, good;
	struct log_index index;

	(void)state;
	log_block_fill(&good, LOG, 7, "text", 4);
	assert_true(log_block_ok(&good, LOG));
	assert_false(log_block_ok(&good, LOG + 1));
	for (u32 i = 0; i < offsetof(struct log_block, bytes) + 4; i++) {
		if (i >= offsetof(struct log_block, zero1) && i < offsetof(struct log_block, bytes))
			continue;
		block = good;
		((u8 *)&block)[i] ^= (u8)(1 + rand() % 255);
		assert_false(log_block_ok(&block, LOG));
	}
	block = good;
	block.count = LOG_PIECE_BYTES + 1;
	assert_false(log_block_ok(&block, LOG));
	block.count = 0;
	assert_false(log_block_ok(&block, LOG));
	for (u32 i = 0; i < sizeof(disk); i++)
		((u8 *)disk)[i] = (u8)rand();
	log_index_read(&index, disk, LOG);
	assert_int_equal(log_index_next(&index, 0), LOG_BLOCKS);
	assert_true(log_index_place(&index) < LOG_BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(power_cuts), cmocka_unit_test(bad_blocks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
