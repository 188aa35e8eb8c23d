/* SPDX-License-Identifier: MIT */
/*
 * Streams of extents, in pieces of any size: what is put comes back at its place, and what is malformed is refused.
 */
/* links: image */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "extents.h"

#define DISK (64u * 1024u)
#define STREAM_MAX (DISK + 1024u)

static u8 disk[DISK], stream[STREAM_MAX], got[DISK];
static u32 stream_bytes;

static void put_data(u64 offset, u32 bytes)
{
	extents_put_extent(stream + stream_bytes, offset, bytes);
	stream_bytes += EXTENTS_HEAD_BYTES;
	memcpy(stream + stream_bytes, disk + offset, bytes);
	stream_bytes += bytes;
}

static void put_end(u64 bytes)
{
	extents_put_end(stream + stream_bytes, bytes);
	stream_bytes += EXTENTS_HEAD_BYTES;
}

static void begin(u64 bytes)
{
	extents_put_head(stream, bytes, false);
	stream_bytes = EXTENTS_HEAD_BYTES;
}

/* All of it, at most `piece` bytes at a time, of which at most `taken` are taken. */
static enum extents_state decode(u32 piece, u32 taken)
{
	enum extents_state state = EXTENTS_MORE;
	struct extents e;
	u64 used;

	extents_init(&e);
	memset(got, 0, sizeof(got));
	for (u32 at = 0; at < stream_bytes; at += (u32)used) {
		u32 count = piece < stream_bytes - at ? piece : stream_bytes - at;
		u8 *copy = malloc(count);	/* so that nothing behind it can be read */

		memcpy(copy, stream + at, count);
		state = extents_next(&e, copy, count, &used);
		if (state == EXTENTS_DATA) {
			used = used < taken ? used : taken;
			memcpy(got + e.offset, copy, used);
			extents_took(&e, used);
		}
		free(copy);
		if (state == EXTENTS_BAD)
			return state;
	}
	return state;
}

static void comes_back(void **state)
{
	static const u32 pieces[] = { 1, 7, 16, 17, 4096, 4100, STREAM_MAX };

	(void)state;
	for (u32 i = 0; i < DISK; i++)
		disk[i] = (u8)(i / 4096 % 3 != 1 ? i * 11 + i / 256 + 1 : 0);
	begin(DISK);
	for (u32 at = 0; at < DISK; at += 4096)
		if (at / 4096 % 3 != 1)
			put_data(at, 4096);
	put_end(DISK);
	for (u32 i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		assert_int_equal(decode(pieces[i], STREAM_MAX), EXTENTS_END);
		assert_memory_equal(got, disk, DISK);
		assert_int_equal(decode(pieces[i], 100), EXTENTS_END);
		assert_memory_equal(got, disk, DISK);
	}
}

static void expect_bad(void)
{
	assert_int_equal(decode(STREAM_MAX, STREAM_MAX), EXTENTS_BAD);
	assert_int_equal(decode(1, STREAM_MAX), EXTENTS_BAD);
}

static void hostile(void **state)
{
	static const u64 places[][2] = {
		{ 100, 4096 }, { 0, 100 }, { DISK, 4096 }, { DISK - 4096, 8192 }, { ~0ull - 4095, 4096 },
		{ 4096, ~0ull - 4095 }, { 4096, 1ull << 63 },
	};

	(void)state;
	begin(DISK);
	stream[0] = 'X';
	put_end(DISK);
	expect_bad();
	begin(0);
	put_end(0);
	expect_bad();
	begin(EXTENTS_MAX_BYTES + 1);
	put_end(EXTENTS_MAX_BYTES + 1);
	expect_bad();
	begin(DISK);
	put_end(DISK - 1);		/* another disk's end */
	expect_bad();
	begin(DISK);
	put_end(DISK);
	put_end(DISK);			/* something behind the end */
	expect_bad();
	for (u32 i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		begin(DISK);
		extents_put_extent(stream + stream_bytes, places[i][0], places[i][1]);
		stream_bytes += EXTENTS_HEAD_BYTES;
		expect_bad();
	}
	begin(DISK);
	put_data(8192, 4096);
	put_data(4096, 4096);		/* back */
	expect_bad();
	begin(DISK);
	put_data(0, 4096);
	assert_int_equal(decode(STREAM_MAX, STREAM_MAX), EXTENTS_DATA);	/* cut short */
}

/* A disk that is no multiple of the unit ends within its last extent. */
static void odd_size(void **state)
{
	(void)state;
	begin(DISK - 1000);
	put_data(DISK - 4096, 4096);
	put_end(DISK - 1000);
	assert_int_equal(decode(STREAM_MAX, STREAM_MAX), EXTENTS_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(hostile),
		cmocka_unit_test(odd_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
