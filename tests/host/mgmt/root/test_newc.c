/* SPDX-License-Identifier: MIT */
/*
 * newc: walks archives as cpio writes them, and none that is cut or spoilt.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "newc.h"

static u8 archive[4096];
static u64 archive_bytes;

static void add(u32 mode, const char *name, const char *file, u32 file_bytes)
{
	char header[111];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u, mode, 0u, 0u,
		 1u, 0u, file_bytes, 0u, 0u, 0u, 0u, (u32)strlen(name) + 1, 0u);
	memcpy(archive + archive_bytes, header, 110);
	archive_bytes += 110;
	memcpy(archive + archive_bytes, name, strlen(name) + 1);
	archive_bytes = (archive_bytes + strlen(name) + 1 + 3) & ~3ull;
	memcpy(archive + archive_bytes, file, file_bytes);
	archive_bytes = (archive_bytes + file_bytes + 3) & ~3ull;
}

static int make(void **state)
{
	(void)state;
	memset(archive, 0, sizeof(archive));
	archive_bytes = 0;
	add(0040755, "images", "", 0);
	add(0100644, "images/one", "first", 5);
	add(0100600, "two", "", 0);
	add(0100644, "a-name-that-is-much-too-long-for-an-image-because-it-has-over-63-chars", "x", 1);
	add(0, "TRAILER!!!", "", 0);
	return 0;
}

static void walks(void **state)
{
	struct newc_file file;
	u64 at = 0;

	(void)state;
	assert_int_equal(newc_next(archive, archive_bytes, &at, &file), ST_OK);
	assert_string_equal(file.name, "one");
	assert_int_equal(file.count, 5);
	assert_memory_equal(file.bytes, "first", 5);
	assert_int_equal(newc_next(archive, archive_bytes, &at, &file), ST_OK);
	assert_string_equal(file.name, "two");
	assert_int_equal(file.count, 0);
	assert_int_equal(newc_next(archive, archive_bytes, &at, &file), ST_OK);
	assert_string_equal(file.name, "");
	assert_int_equal(newc_next(archive, archive_bytes, &at, &file), ST_FULL);
}

/* Cut anywhere, on an exact-size copy: an end or a refusal, never a byte beyond. */
static void survives_cuts(void **state)
{
	(void)state;
	for (u64 bytes = 0; bytes < archive_bytes; bytes++) {
		u8 *cut = malloc(bytes != 0 ? bytes : 1);
		struct newc_file file;
		u64 at = 0;
		enum status st;

		assert_non_null(cut);
		memcpy(cut, archive, bytes);
		do
			st = newc_next(cut, bytes, &at, &file);
		while (st == ST_OK);
		assert_true(st == ST_FULL || st == ST_INVAL);
		free(cut);
	}
}

static void refuses(void **state)
{
	static const struct { u32 at; const char *text;
	} cases[] = {
		{ 0, "070700" },    { 0, "x" },		{ 14, "g" },	    { 54, "ffffffff" },
		{ 94, "ffffffff" }, { 94, "00000000" }, { 94, "00000001" },
	};

	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		struct newc_file file;
		u64 at = 0;

		make(state);
		memcpy(archive + cases[i].at, cases[i].text, strlen(cases[i].text));
		if (newc_next(archive, archive_bytes, &at, &file) != ST_INVAL)
			fail_msg("case %u", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(walks, make),
		cmocka_unit_test_setup(survives_cuts, make),
		cmocka_unit_test_setup(refuses, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
