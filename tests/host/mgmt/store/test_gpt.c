/* SPDX-License-Identifier: MIT */
/*
 * Partition tables: what is built is what sfdisk and sgdisk read, what those make is read, and what is wrong is refused
 * for its reason.
 */
/* links: store pool rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpt.h"
#include "range.h"

#define DISK_BYTES (64u * 1024u * 1024u)
#define MIB_BYTES (1024u * 1024u)

static u8 disk[DISK_BYTES];
static struct gpt table, copy;

static void set_size(struct gpt *t, u32 block_bytes)
{
	memset(t, 0, sizeof(*t));
	t->block_bytes = block_bytes;
	t->blocks = DISK_BYTES / block_bytes;
}

static void write_out(const struct gpt *t)
{
	for (u32 second = 0; second < 2; second++) {
		gpt_build_array(t, disk + gpt_array_block(t, second) * t->block_bytes);
		gpt_build_header(t, second, disk + gpt_header_block(t, second) * t->block_bytes);
	}
}

static enum store_fault read_in(struct gpt *t, u32 block_bytes, bool is_second)
{
	struct gpt_region region = { disk, 0, MIB_BYTES };

	set_size(t, block_bytes);
	if (is_second) {
		region.at = disk + DISK_BYTES - MIB_BYTES;
		region.first = (DISK_BYTES - MIB_BYTES) / block_bytes;
	}
	return gpt_read(t, &region, is_second);
}

static struct gpt_part part_of(u8 id, u64 first, u64 blocks, const char *label)
{
	struct gpt_part p = { .first = first, .blocks = blocks };

	memcpy(p.type, gpt_type_volume, sizeof(p.type));
	memset(p.guid, id, sizeof(p.guid));
	gpt_make_guid(p.guid);
	strcpy(p.label, label);
	return p;
}

static void make(u32 block_bytes)
{
	const u8 guid[STORE_GUID_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 0x48, 0x89 };
	u64 unit = MIB_BYTES / block_bytes;
	struct gpt_part a = part_of(0x11, unit, 8 * unit, "myvm.0");
	struct gpt_part b = part_of(0x22, 12 * unit, 3 * unit, "abcdefghijklmnopqrstuvwxyz0123456789");

	memset(disk, 0, sizeof(disk));
	set_size(&table, block_bytes);
	assert_true(gpt_new(&table, guid));
	assert_int_equal(gpt_add(&table, &a), 0);
	assert_int_equal(gpt_add(&table, &b), 1);
	gpt_build_mbr(&table, disk);
	write_out(&table);
}

static void checksum_is_the_standard_one(void **state)
{
	(void)state;
	assert_int_equal(gpt_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(gpt_crc32(gpt_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (u32 block = 512; block <= 4096; block *= 2) {
		struct gpt_part p;

		make(block);
		assert_int_equal(gpt_judge_mbr(disk, block), GPT_MBR_PROTECTIVE);
		for (u32 second = 0; second < 2; second++) {
			assert_int_equal(read_in(&copy, block, second), STORE_FAULT_NONE);
			assert_true(gpt_is_same(&table, &copy));
		}
		assert_true(gpt_part(&copy, 1, &p));
		assert_string_equal(p.label, "abcdefghijklmnopqrstuvwxyz0123456789");
		assert_int_equal(p.blocks, 3 * MIB_BYTES / block);
		assert_false(gpt_part(&copy, 2, &p));
		assert_false(gpt_part(&copy, 128, &p));
	}
}

/* ---- other programs ---- */

static char path[64];

static void save(void)
{
	FILE *f;

	(void)snprintf(path, sizeof(path), "/tmp/test_gpt.%u.img", (unsigned)getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(disk, 1, sizeof(disk), f), sizeof(disk));
	assert_int_equal(fclose(f), 0);
}

static void load(void)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(disk, 1, sizeof(disk), f), sizeof(disk));
	(void)fclose(f);
	(void)unlink(path);
}

/* With IMG for the file. Its output; the command must succeed. */
static const char *run(const char *command)
{
	static char out[65536], line[512];
	FILE *pipe;
	size_t n;

	(void)snprintf(line, sizeof(line), "export PATH=$PATH:/usr/sbin:/sbin IMG=%s; exec 2>&1; %s", path, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	n = fread(out, 1, sizeof(out) - 1, pipe);
	out[n] = '\0';
	if (pclose(pipe) != 0)
		fail_msg("%s: %s", command, out);
	return out;
}

static void others_read_it(void **state)
{
	const char *out;

	(void)state;
	make(512);
	save();
	out = run("sgdisk -v $IMG");
	assert_non_null(strstr(out, "No problems found"));
	out = run("sfdisk --verify $IMG");
	assert_non_null(strstr(out, "No errors detected"));
	out = run("sfdisk --dump $IMG");
	assert_non_null(strstr(out, "label-id: 04030201-0605-4807-8900-000000000000"));
	assert_non_null(strstr(out, "first-lba: 34"));
	assert_non_null(strstr(out, "last-lba: 131038"));
	assert_non_null(strstr(out, "start=        2048, size=       16384, type=EFFA3133-A3A2-4E42-ADE5-3CA4D892E62F, "
				    "uuid=11111111-1111-4111-9111-111111111111, name=\"myvm.0\""));
	assert_non_null(strstr(out, "name=\"abcdefghijklmnopqrstuvwxyz0123456789\""));
	out = run("fdisk -b 4096 -l $IMG; true");
	assert_null(strstr(out, "myvm"));
	load();
	make(4096);
	save();
	out = run("fdisk -b 4096 -o Start,Sectors,Name -l $IMG");
	assert_non_null(strstr(out, "Disklabel type: gpt"));
	assert_null(strstr(out, "corrupt"));
	assert_non_null(strstr(out, "256    2048 myvm.0"));
	load();
}

static void theirs_is_read(void **state)
{
	static const char *const makers[] = {
		"printf 'label: gpt\\nsize=8M,type=U,name=\"EFI\"\\n"
			"size=4M,type=L,name=\"r\\303\\266\\303\\266t\"\\n' | sfdisk $IMG",
		"sgdisk -o -n 1:0:+8M -t 1:ef00 -c 1:EFI -n 2:0:+4M -t 2:8300 -c 2:r\303\266\303\266t $IMG",
		"sgdisk -S 8 -o -n 1:0:+8M -t 1:ef00 -c 1:EFI -n 2:0:+4M -t 2:8300 -c 2:r\303\266\303\266t $IMG",
		"sgdisk -o -S 256 -j 100 -n 1:0:+8M -t 1:ef00 -c 1:EFI -n 2:0:+4M -t 2:8300 "
			"-c 2:r\303\266\303\266t $IMG",
	};
	struct gpt_part p;

	(void)state;
	for (u32 i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		memset(disk, 0, sizeof(disk));
		save();
		(void)run(makers[i]);
		load();
		assert_int_equal(gpt_judge_mbr(disk, 512), GPT_MBR_PROTECTIVE);
		assert_int_equal(read_in(&table, 512, false), STORE_FAULT_NONE);
		assert_int_equal(read_in(&copy, 512, true), STORE_FAULT_NONE);
		assert_true(gpt_is_same(&table, &copy));
		assert_true(gpt_part(&table, 0, &p));
		assert_string_equal(p.label, "EFI");
		assert_int_equal(p.blocks, 16384);
		assert_true(gpt_part(&table, 1, &p));
		assert_string_equal(p.label, "r??t");
		p = part_of(0x33, 40 * 2048, 2048, "v");
		assert_int_equal(gpt_add(&table, &p), 2);
		write_out(&table);
		save();
		assert_non_null(strstr(run("sgdisk -v $IMG"), "No problems found"));
		load();
	}
}

/* ---- bad tables ---- */

static u64 get64(const u8 *at)
{
	u64 x;

	memcpy(&x, at, sizeof(x));
	return x;
}

static void set(u8 *at, u64 value, u32 bytes)
{
	memcpy(at, &value, bytes);
}

static void seal(u8 *header, const u8 *entries, u32 bytes)
{
	set(header + 88, gpt_crc32(0, entries, bytes), 4);
	set(header + 16, 0, 4);
	set(header + 16, gpt_crc32(0, header, 92), 4);
}

struct fault_row {
	u32 at, bytes;		/* what is changed, in the header, or in the entries */
	u64 value;
	bool is_entry, is_unsealed;
	enum store_fault fault;
};

static const struct fault_row faults[] = {
	{ 0, 1, 'X', false, false, STORE_FAULT_MISSING },
	{ 8, 4, 0x20000, false, false, STORE_FAULT_HEADER },
	{ 12, 4, 91, false, false, STORE_FAULT_HEADER },
	{ 12, 4, 513, false, false, STORE_FAULT_HEADER },
	{ 16, 4, 1, false, true, STORE_FAULT_HEADER },
	{ 24, 8, 2, false, false, STORE_FAULT_HEADER },
	{ 40, 8, 33, false, false, STORE_FAULT_HEADER },
	{ 40, 8, ~0ull, false, false, STORE_FAULT_HEADER },
	{ 48, 8, DISK_BYTES / 512 - 33, false, false, STORE_FAULT_HEADER },
	{ 48, 8, ~0ull, false, false, STORE_FAULT_HEADER },
	{ 48, 8, 33, false, false, STORE_FAULT_HEADER },
	{ 72, 8, 1, false, false, STORE_FAULT_HEADER },
	{ 72, 8, 3, false, false, STORE_FAULT_HEADER },
	{ 72, 8, ~0ull, false, false, STORE_FAULT_HEADER },
	{ 80, 4, 0, false, false, STORE_FAULT_ENTRIES },
	{ 80, 4, 257, false, false, STORE_FAULT_ENTRIES },
	{ 80, 4, 0x2000001, false, false, STORE_FAULT_ENTRIES },
	{ 84, 4, 64, false, false, STORE_FAULT_ENTRIES },
	{ 84, 4, 192, false, false, STORE_FAULT_ENTRIES },
	{ 84, 4, 8192, false, false, STORE_FAULT_ENTRIES },
	{ 84, 4, 0x80000000u, false, false, STORE_FAULT_ENTRIES },
	{ 60, 1, 'X', true, true, STORE_FAULT_CHECKSUM },
	{ 32, 8, 33, true, false, STORE_FAULT_RANGE },
	{ 40, 8, 2047, true, false, STORE_FAULT_RANGE },
	{ 40, 8, DISK_BYTES / 512 - 33, true, false, STORE_FAULT_RANGE },
	{ 40, 8, ~0ull, true, false, STORE_FAULT_RANGE },
	{ 40, 8, 12 * 2048, true, false, STORE_FAULT_OVERLAP },
	{ 128 + 32, 8, 9 * 2048 - 1, true, false, STORE_FAULT_OVERLAP },
	{ 128 + 16, 8, 0x4111111111111111ull, true, true, STORE_FAULT_CHECKSUM },
};

static void faults_are_told(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault_row *f = &faults[i];

		make(512);
		set(disk + (f->is_entry ? 1024 : 512) + f->at, f->value, f->bytes);
		if (!f->is_unsealed)
			seal(disk + 512, disk + 1024, 128 * 128);
		if (read_in(&copy, 512, false) != f->fault)
			fail_msg("row %u: %u", (unsigned)i, (unsigned)read_in(&copy, 512, false));
		assert_int_equal(read_in(&copy, 512, true), STORE_FAULT_NONE);
	}
	make(512);
	memcpy(disk + 1024 + 128 + 16, disk + 1024 + 16, 16);
	seal(disk + 512, disk + 1024, 128 * 128);
	assert_int_equal(read_in(&copy, 512, false), STORE_FAULT_TWICE);
}

static void second_copies_are_judged(void **state)
{
	u8 *header = disk + DISK_BYTES - 512;

	(void)state;
	make(512);
	assert_int_equal(get64(header + 72), DISK_BYTES / 512 - 33);
	set(header + 72, DISK_BYTES / 512 - 32, 8);	/* over itself */
	seal(header, disk + 1024, 128 * 128);
	assert_int_equal(read_in(&copy, 512, true), STORE_FAULT_HEADER);
	set(header + 72, DISK_BYTES / 512 - 34, 8);	/* into what is usable */
	seal(header, disk + 1024, 128 * 128);
	assert_int_equal(read_in(&copy, 512, true), STORE_FAULT_HEADER);
	make(512);
	set(header + 32, 2, 8);
	seal(header, disk + 1024, 128 * 128);
	assert_int_equal(read_in(&copy, 512, true), STORE_FAULT_HEADER);
}

static void small_disks(void **state)
{
	const u8 guid[STORE_GUID_BYTES] = { 1 };
	u64 largest, sum, first;

	(void)state;
	memset(&table, 0, sizeof(table));
	table.block_bytes = 512;
	for (table.blocks = 0; table.blocks < 68; table.blocks++)
		assert_false(gpt_new(&table, guid));
	assert_true(gpt_new(&table, guid));
	assert_int_equal(table.first_usable, table.last_usable);
	gpt_free(&table, &largest, &sum);
	assert_int_equal(sum, 0);
	table.blocks = 2 * 2048 + 32;		/* a unit's end is not usable */
	assert_true(gpt_new(&table, guid));
	assert_false(gpt_find_room(&table, 2048, &first));
	table.blocks++;
	assert_true(gpt_new(&table, guid));
	assert_true(gpt_find_room(&table, 2048, &first));
	assert_int_equal(first, 2048);
}

static void mbrs(void **state)
{
	u8 block[512] = { 0 };

	(void)state;
	assert_int_equal(gpt_judge_mbr(block, 512), GPT_MBR_ZERO);
	block[3] = 'x';
	assert_int_equal(gpt_judge_mbr(block, 512), GPT_MBR_OTHER);
	block[510] = 0x55;
	block[511] = 0xaa;
	assert_int_equal(gpt_judge_mbr(block, 512), GPT_MBR_OTHER);
	block[446 + 16 + 4] = 0x83;
	assert_int_equal(gpt_judge_mbr(block, 512), GPT_MBR_PARTITIONS);
	block[446 + 48 + 4] = 0xee;
	assert_int_equal(gpt_judge_mbr(block, 512), GPT_MBR_PROTECTIVE);
}

/* ---- room ---- */

/* Against a map of units. */
static void room_is_right(void **state)
{
	enum { UNITS = 64 };
	const u8 guid[STORE_GUID_BYTES] = { 1 };
	unsigned seed = 11;

	(void)state;
	set_size(&table, 512);
	assert_true(gpt_new(&table, guid));
	for (u32 round = 0; round < 4000; round++) {
		bool is_taken[UNITS + 1] = { [0] = true, [UNITS - 1] = true, [UNITS] = true };
		u32 free_units = 0, best_run = 0, run_units = 0, fit = UNITS + 1;
		u64 want = 1 + (u64)rand_r(&seed) % 6, first = 0, largest, sum;
		struct gpt_part p;
		bool has_room;

		for (u32 i = 0; gpt_part(&table, i, &p) || i < table.entry_count; i++)
			for (u64 u = 0; gpt_part(&table, i, &p) && u < p.blocks / 2048; u++)
				is_taken[p.first / 2048 + u] = true;
		for (u32 u = 0; u <= UNITS; u++) {
			if (!is_taken[u]) {
				free_units++;
				run_units++;
				continue;
			}
			best_run = run_units > best_run ? run_units : best_run;
			fit = run_units >= want && run_units < fit ? run_units : fit;
			run_units = 0;
		}
		gpt_free(&table, &largest, &sum);
		assert_int_equal(sum, free_units * 2048);
		assert_int_equal(largest, best_run * 2048);
		has_room = gpt_find_room(&table, want * 2048, &first);
		assert_int_equal(has_room, fit <= UNITS);
		if (has_room && rand_r(&seed) % 3 != 0) {
			p = part_of(1, first, want * 2048, "x");
			memcpy(p.guid, &round, sizeof(round));
			for (u64 u = 0; u < want; u++)
				assert_false(is_taken[first / 2048 + u]);
			assert_true(gpt_add(&table, &p) >= 0);
			assert_true(gpt_find(&table, p.guid) >= 0);
		} else {
			u32 i = (u32)rand_r(&seed) % 24;

			if (gpt_part(&table, i, &p))
				gpt_remove(&table, i);
			assert_true(gpt_find(&table, p.guid) < 0 || !gpt_part(&table, i, &p));
		}
	}
}

static void tables_have_a_limit(void **state)
{
	const u8 guid[STORE_GUID_BYTES] = { 1 };
	u64 first, largest, sum;

	(void)state;
	memset(&table, 0, sizeof(table));
	table.block_bytes = 4096;
	table.blocks = 1ull << 40;
	assert_true(gpt_new(&table, guid));
	for (u32 i = 0; i < 128; i++) {
		struct gpt_part p;

		assert_true(gpt_find_room(&table, 256, &first));
		p = part_of((u8)i, first, 256, "x");
		assert_int_equal(gpt_add(&table, &p), i);
	}
	assert_false(gpt_find_room(&table, 256, &first));
	gpt_free(&table, &largest, &sum);
	assert_int_equal(largest, 0);
	gpt_remove(&table, 7);
	gpt_retype(&table, 8, gpt_type_zeroing);
	assert_true(gpt_find_room(&table, 256, &first));
	assert_int_equal(first, 8 * 256);
	assert_false(gpt_find_room(&table, 1ull << 40, &first));
}

static void disks_grow(void **state)
{
	u64 first;

	(void)state;
	make(512);
	assert_int_equal(read_in(&table, 512, false), STORE_FAULT_NONE);
	assert_false(gpt_find_room(&table, 60 * 2048, &first));
	table.blocks *= 2;
	gpt_grow(&table);
	assert_true(gpt_find_room(&table, 60 * 2048, &first));
	assert_int_equal(gpt_header_block(&table, true), table.blocks - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_the_standard_one),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(others_read_it),
		cmocka_unit_test(theirs_is_read),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(second_copies_are_judged),
		cmocka_unit_test(small_disks),
		cmocka_unit_test(mbrs),
		cmocka_unit_test(room_is_right),
		cmocka_unit_test(tables_have_a_limit),
		cmocka_unit_test(disks_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
