/* SPDX-License-Identifier: MIT */
/*
 * qcow2 images, made here by the format's description: what is read of them, and what is refused. tests/boot has images
 * of qemu-img.
 */
/* links: image */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "qcow2.h"

#define CLUSTER 4096u
#define DISK (8 * CLUSTER)
#define L1_AT (1 * CLUSTER)
#define L2_AT (2 * CLUSTER)
#define DATA_AT (3 * CLUSTER)
#define PACKED_AT (4 * CLUSTER + 100)
#define FILE_BYTES (5 * CLUSTER)

static u8 file[FILE_BYTES];

static void put32(u32 at, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		file[at + i] = (u8)(value >> (24 - 8 * i));
}

static void put64(u32 at, u64 value)
{
	put32(at, (u32)(value >> 32));
	put32(at + 4, (u32)value);
}

/* A copy on the heap: nothing behind it can be read. */
static bool read_copy(void *context, u64 offset, void *to, size_t count)
{
	memcpy(to, (const u8 *)context + offset, count);
	return true;
}

static u32 deflate_cluster(u8 *to, const u8 *from)
{
	z_stream z = { .next_in = (u8 *)from, .avail_in = CLUSTER, .next_out = to, .avail_out = CLUSTER };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return (u32)z.total_out;
}

/* Cluster 0: data; 1: none; 2: zero; 3: compressed; the others: none. */
static void make(void)
{
	u8 plain[CLUSTER];
	u32 packed, sectors;

	memset(file, 0, sizeof(file));
	memcpy(file, "QFI\xfb", 4);
	put32(4, 3);
	put32(20, 12);
	put64(24, DISK);
	put32(36, 1);
	put64(40, L1_AT);
	put32(100, 104);
	put64(L1_AT, L2_AT | 1ull << 63);
	put64(L2_AT, DATA_AT | 1ull << 63);
	put64(L2_AT + 16, DATA_AT | 1);
	for (u32 i = 0; i < CLUSTER; i++) {
		file[DATA_AT + i] = (u8)(i * 3 + 1);
		plain[i] = (u8)(i / 16);
	}
	packed = deflate_cluster(file + PACKED_AT, plain);
	sectors = (PACKED_AT % 512 + packed + 511) / 512 - 1;
	put64(L2_AT + 24, 1ull << 62 | (u64)sectors << (62 - 4) | PACKED_AT);
}

static struct qcow2 *open_file(u64 bytes, char *why)
{
	const struct qcow2_file f = { read_copy, file, bytes };

	why[0] = 0;
	return qcow2_open(&f, why, 200);
}

static void is_read(void **state)
{
	char why[200];
	u8 piece[CLUSTER];
	bool is_hole;
	struct qcow2 *q;

	(void)state;
	make();
	q = open_file(FILE_BYTES, why);
	assert_non_null(q);
	assert_int_equal(qcow2_disk_bytes(q), DISK);
	assert_int_equal(qcow2_cluster_bytes(q), CLUSTER);
	assert_true(qcow2_read(q, 0, piece, CLUSTER));
	assert_memory_equal(piece, file + DATA_AT, CLUSTER);
	for (u32 i = 1; i < 8; i++) {
		assert_true(qcow2_is_hole(q, i * CLUSTER, &is_hole));
		assert_int_equal(is_hole, i != 3);
	}
	assert_true(qcow2_read(q, 2 * CLUSTER + 10, piece, 100));
	assert_int_equal(piece[0] | piece[99], 0);
	for (u32 round = 0; round < 2; round++) {
		assert_true(qcow2_read(q, 3 * CLUSTER + 32, piece, 64));
		assert_int_equal(piece[0], 2);
		assert_int_equal(piece[63], 5);
		assert_true(qcow2_read(q, 0, piece, 1));
	}
	assert_false(qcow2_read(q, DISK, piece, 1));
	assert_false(qcow2_read(q, 10, piece, CLUSTER));	/* not in one cluster */
	qcow2_close(q);
}

static void expect_refusal(const char *words)
{
	char why[200];
	struct qcow2 *q = open_file(FILE_BYTES, why);

	assert_null(q);
	if (strstr(why, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, why);
}

static void is_refused(void **state)
{
	static const struct { u32 at; u32 value; const char *words; } bad[] = {
		{ 0, 0, "no qcow2" }, { 4, 1, "no qcow2" }, { 4, 4, "no qcow2" }, { 12, 1, "backing file" },
		{ 32, 1, "encrypted" }, { 76, 2, "corrupt" }, { 76, 4, "another file" }, { 76, 16, "subclusters" },
		{ 76, 32, "not known" }, { 72, 1, "not known" }, { 20, 8, "clusters" }, { 20, 22, "clusters" },
		{ 24, 0xffffffff, "size" }, { 36, 0, "L1" }, { 40, 1, "L1" }, { 44, FILE_BYTES, "L1" },
	};

	(void)state;
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make();
		put32(bad[i].at, bad[i].value);
		expect_refusal(bad[i].words);
	}
	make();
	put64(24, 0);
	expect_refusal("size");
	make();
	put32(76, 8);
	file[104] = 2;
	expect_refusal("compression");
}

/* Tables that lead outside the file, and compressed data that is none. */
static void is_damaged(void **state)
{
	static const struct { u32 at; u64 value; u32 cluster; } bad[] = {
		{ L1_AT, FILE_BYTES, 0 }, { L1_AT, L2_AT + 512, 0 }, { L1_AT, 0x00fffffffffff000ull, 0 },
		{ L2_AT, FILE_BYTES, 0 }, { L2_AT, DATA_AT + 512, 0 }, { L2_AT, 0x00fffffffffff000ull, 0 },
		{ L2_AT + 24, 1ull << 62 | DATA_AT, 3 }, { L2_AT + 24, 1ull << 62 | FILE_BYTES, 3 },
		{ L2_AT + 24, (1ull << 63) - 1, 3 },
	};
	char why[200];
	u8 piece[CLUSTER];

	(void)state;
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct qcow2 *q;

		make();
		put64(bad[i].at, bad[i].value);
		q = open_file(FILE_BYTES, why);
		assert_non_null(q);
		assert_false(qcow2_read(q, bad[i].cluster * CLUSTER, piece, CLUSTER));
		qcow2_close(q);
	}
	make();
	assert_null(open_file(50, why));
	assert_null(open_file(L1_AT + 4, why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read),
		cmocka_unit_test(is_refused),
		cmocka_unit_test(is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
