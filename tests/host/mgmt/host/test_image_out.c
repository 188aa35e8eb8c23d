/* SPDX-License-Identifier: MIT */
/*
 * Streams of extents become disk images: what the reader of images finds in them is what was in the stream, holes too.
 * Streams that are malformed or cut off leave no file.
 */
/* links: image */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk_file.h"
#include "extents.h"
#include "image_out.h"

#define DISK_BYTES (700ull * MIB + 4096)	/* two L2 tables */

static char folder[64] = "/tmp/vos-image-out-XXXXXX", in_path[128], out_path[128];
static u8 stream[4 * MIB], again[4 * MIB];
static u64 stream_bytes;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(in_path, sizeof(in_path), "%s/in", folder);
	snprintf(out_path, sizeof(out_path), "%s/out", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(in_path);
	(void)unlink(out_path);
	return rmdir(folder);
}

static void put_data(u64 offset, u64 bytes, bool is_random)
{
	u8 *to = stream + stream_bytes;

	extents_put_extent(to, offset, bytes);
	for (u64 i = 0; i < bytes; i++)
		to[EXTENTS_HEAD_BYTES + i] = is_random ? (u8)rand() : (u8)(1 + i / 4096);
	stream_bytes += EXTENTS_HEAD_BYTES + bytes;
}

static void make_stream(void)
{
	srand(7);
	extents_put_head(stream, DISK_BYTES, false);
	stream_bytes = EXTENTS_HEAD_BYTES;
	put_data(0, 65536, false);
	put_data(65536, 65536, true);		/* does not get smaller */
	put_data(196608, 4096, false);
	put_data(204800, 65536 * 9, false);
	put_data(513ull * MIB, 131072, true);
	put_data(DISK_BYTES - 4096, 4096, false);
	extents_put_end(stream + stream_bytes, DISK_BYTES);
	stream_bytes += EXTENTS_HEAD_BYTES;
}

static bool write_out(enum image_out_format format, u64 bytes, char *why)
{
	int fd = open(in_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool is_written;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "head", 4, 0), 4);
	assert_int_equal(pwrite(fd, stream, bytes, 4), bytes);
	is_written = image_out_write(fd, 4, out_path, format, why, 200);
	close(fd);
	return is_written;
}

/* What the two streams say of the disk. */
static void apply(const u8 *bytes, u64 count, u8 *low, u8 *high)
{
	struct extents e;
	u64 used;

	extents_init(&e);
	while (count != 0) {
		enum extents_state state = extents_next(&e, bytes, count, &used);

		assert_true(state != EXTENTS_BAD);
		if (state == EXTENTS_DATA) {
			used = used > 4096 ? 4096 : used;
			if (e.offset < MIB)
				memcpy(low + e.offset, bytes, used);
			else if (e.offset < 514ull * MIB)
				memcpy(high + e.offset - 513ull * MIB, bytes, used);
			extents_took(&e, used);
		}
		bytes += used;
		count -= used;
	}
	assert_true(e.is_over);
	assert_int_equal(e.disk_bytes, DISK_BYTES);
}

static void compare(enum image_out_format format)
{
	static u8 low[2][MIB], high[2][MIB];
	u8 hash[BLAKE2B_BYTES];
	char why[200] = "";
	struct disk_file *d;
	struct stat file;
	u64 bytes, at = 0;

	make_stream();
	assert_true(write_out(format, stream_bytes, why));
	d = disk_file_open(out_path, why, sizeof(why));
	assert_non_null(d);
	assert_true(disk_file_scan(d, &bytes, hash, why, sizeof(why)));
	assert_true(bytes < sizeof(again));
	while (at < bytes) {
		ssize_t some = disk_file_read(d, at, again + at, bytes - at);

		assert_true(some > 0);
		at += (u64)some;
	}
	disk_file_close(d);
	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	apply(stream, stream_bytes, low[0], high[0]);
	apply(again, bytes, low[1], high[1]);
	assert_memory_equal(low[0], low[1], MIB);
	assert_memory_equal(high[0], high[1], MIB);
	assert_int_equal(stat(out_path, &file), 0);
	assert_true((u64)file.st_blocks * 512 < 2 * MIB);
	assert_true(format == IMAGE_OUT_RAW || (u64)file.st_size < 2 * MIB);
}

static void images(void **state)
{
	(void)state;
	for (u32 format = 0; format < IMAGE_OUT_COUNT; format++)
		compare((enum image_out_format)format);
	(void)unlink(out_path);
}

static void refused(void **state)
{
	char why[200] = "";

	(void)state;
	make_stream();
	for (u32 format = 0; format < IMAGE_OUT_COUNT; format++) {
		assert_false(write_out((enum image_out_format)format, stream_bytes - 1, why));
		assert_string_equal(why, "what VOS sent is cut off");
		assert_false(write_out((enum image_out_format)format, 0, why));
		stream[EXTENTS_HEAD_BYTES] ^= 1;
		assert_false(write_out((enum image_out_format)format, stream_bytes, why));
		assert_string_equal(why, "what VOS sent is malformed");
		stream[EXTENTS_HEAD_BYTES] ^= 1;
		assert_int_equal(access(out_path, F_OK), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
