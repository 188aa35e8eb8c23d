/* SPDX-License-Identifier: MIT */
/*
 * BLAKE2b-256: digests that `b2sum -l 256` of coreutils gives, and pieces of any size.
 */
/* links: rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blake2b.h"

static u8 bytes[1 << 20];

static void fill(void)
{
	u32 x = 1;

	for (u32 i = 0; i < sizeof(bytes); i++) {
		x = x * 1103515245u + 12345u;
		bytes[i] = (u8)(x >> 16);
	}
}

static void digest_text(const u8 digest[BLAKE2B_BYTES], char text[2 * BLAKE2B_BYTES + 1])
{
	for (u32 i = 0; i < BLAKE2B_BYTES; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
}

static void hash(size_t count, size_t piece, char text[2 * BLAKE2B_BYTES + 1])
{
	struct blake2b b;
	u8 digest[BLAKE2B_BYTES];

	blake2b_init(&b);
	for (size_t at = 0; at < count; at += piece)
		blake2b_add(&b, bytes + at, piece < count - at ? piece : count - at);
	blake2b_finish(&b, digest);
	digest_text(digest, text);
}

static void fixed(void **state)
{
	char text[2 * BLAKE2B_BYTES + 1];

	(void)state;
	hash(0, 1, text);
	assert_string_equal(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
	memcpy(bytes, "abc", 3);
	hash(3, 3, text);
	assert_string_equal(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* The digest of the first `count` bytes as coreutils has it; false: there is no b2sum here. */
static bool b2sum(size_t count, char text[2 * BLAKE2B_BYTES + 1])
{
	char name[] = "/tmp/test_blake2b.XXXXXX", command[100];
	int file = mkstemp(name);
	FILE *pipe;
	size_t got = 0;

	assert_true(file >= 0);
	pipe = fdopen(file, "wb");
	assert_int_equal(fwrite(bytes, 1, count, pipe), count);
	fclose(pipe);
	snprintf(command, sizeof(command), "b2sum -l 256 %s 2>/dev/null", name);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	got = fread(text, 1, 2 * BLAKE2B_BYTES, pipe);
	text[got] = 0;
	pclose(pipe);
	remove(name);
	return got == 2 * BLAKE2B_BYTES;
}

/* Around the block's size, where the last block is whole, and long ones; each in pieces of several sizes. */
static void like_b2sum(void **state)
{
	static const size_t counts[] = { 0, 1, 3, 127, 128, 129, 255, 256, 257, 1000, 65536, sizeof(bytes) };
	static const size_t pieces[] = { 1, 7, 127, 128, 129, 4096, sizeof(bytes) };

	(void)state;
	fill();
	for (u32 i = 0; i < ARRAY_COUNT(counts); i++) {
		char want[2 * BLAKE2B_BYTES + 1], text[2 * BLAKE2B_BYTES + 1];

		if (!b2sum(counts[i], want))
			skip();
		for (u32 p = 0; p < ARRAY_COUNT(pieces); p++) {
			hash(counts[i], pieces[p], text);
			assert_string_equal(text, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed),
		cmocka_unit_test(like_b2sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
