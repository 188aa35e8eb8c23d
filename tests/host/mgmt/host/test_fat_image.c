/* SPDX-License-Identifier: MIT */
/*
 * Images with a FAT12 file system, read back by a reader of the test's own; what is too much is refused. A boot test
 * has mtools and blkid judge them.
 */
/* links: image */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fat_image.h"

static u8 image[FAT_IMAGE_BYTES], again[FAT_IMAGE_BYTES], big[FAT_FILE_BYTES_MAX + 1], got[FAT_FILE_BYTES_MAX];

static u32 get16(const u8 *at)
{
	return at[0] | (u32)at[1] << 8;
}

static u32 get32(const u8 *at)
{
	return get16(at) | get16(at + 2) << 16;
}

/* Places by the boot sector, not by what the writer knows. */
static const u8 *fat(void)
{
	return image + get16(image + 14) * 512;
}

static const u8 *root_directory(void)
{
	return fat() + image[16] * get16(image + 22) * 512;
}

static u32 next_of(u32 cluster)
{
	u32 word = get16(fat() + cluster + cluster / 2);

	return (cluster & 1) != 0 ? word >> 4 : word & 0xfff;
}

static u32 read_file(const u8 *entry)
{
	const u8 *data = root_directory() + get16(image + 17) * 32;
	u32 bytes = get32(entry + 28), cluster_bytes = image[13] * 512u, cluster = get16(entry + 26), used = 0;

	for (; used < bytes; cluster = next_of(cluster)) {
		u32 piece = bytes - used < cluster_bytes ? bytes - used : cluster_bytes;

		assert_in_range(cluster, 2, 0xfef);
		memcpy(got + used, data + (cluster - 2) * cluster_bytes, piece);
		used += piece;
	}
	assert_true(bytes == 0 || cluster >= 0xff8);	/* the chain ends with the file */
	return bytes;
}

/* The entry of the short name behind the parts of that long one. */
static const u8 *find(const char *name)
{
	static const u8 places[] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	char text[64] = "";

	for (const u8 *e = root_directory(); e[0] != 0; e += 32) {
		if (e[11] == 0x0f) {
			for (u32 i = 0; i < 13; i++)
				text[((e[0] & 0x3f) - 1) * 13u + i] = (char)e[places[i]];
			continue;
		}
		if (e[11] != 0x08 && strcmp(text, name) == 0)
			return e;
		memset(text, 0, sizeof(text));
	}
	return NULL;
}

static void reads_back(void **state)
{
	struct fat_file files[] = {
		{ "user-data", (const u8 *)"#cloud-config\n", 14 }, { "meta-data", (const u8 *)"", 0 },
		{ "network-config", big, FAT_FILE_BYTES_MAX }, { "a-name-of-26-characters-abc", big, 1 },
	};
	u32 bytes;

	(void)state;
	for (u32 i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i * 7 + i / 251);
	assert_false(fat_image_make(image, "CIDATA", files, 4));	/* 27 characters */
	files[3].name = "a-name-of-26-characters-ab";
	bytes = fat_image_make(image, "CIDATA", files, 4);
	assert_int_equal(get16(image + 510), 0xaa55);
	assert_int_equal(get16(image + 19) * 512u, bytes);
	assert_in_range(bytes, FAT_FILE_BYTES_MAX, FAT_FILE_BYTES_MAX + 32 * KIB);
	assert_memory_equal(image + 43, "CIDATA     ", 11);
	assert_memory_equal(root_directory(), "CIDATA     \x08", 12);
	for (u32 i = 0; i < 4; i++) {
		const u8 *entry = find(files[i].name);

		assert_non_null(entry);
		assert_int_equal(read_file(entry), files[i].count);
		assert_memory_equal(got, files[i].bytes, files[i].count);
	}
	assert_memory_equal(fat(), fat() + get16(image + 22) * 512, get16(image + 22) * 512);	/* both FATs */
	assert_int_equal(fat_image_make(again, "CIDATA", files, 4), bytes);
	assert_memory_equal(image, again, bytes);
}

static void refuses(void **state)
{
	struct fat_file files[FAT_FILES_MAX + 1];

	(void)state;
	for (u32 i = 0; i <= FAT_FILES_MAX; i++)
		files[i] = (struct fat_file){ "x", big, FAT_FILE_BYTES_MAX };
	assert_true(fat_image_make(image, "L", files, 3));
	assert_false(fat_image_make(image, "L", files, 4));		/* more than there is room */
	assert_false(fat_image_make(image, "TWELVE-CHARS", files, 1));
	files[0].count++;
	assert_false(fat_image_make(image, "L", files, 1));
	files[0] = (struct fat_file){ "", big, 1 };
	assert_false(fat_image_make(image, "L", files, 1));
	for (u32 i = 0; i <= FAT_FILES_MAX; i++)
		files[i] = (struct fat_file){ "x", big, 1 };
	assert_true(fat_image_make(image, "L", files, FAT_FILES_MAX));
	assert_false(fat_image_make(image, "L", files, FAT_FILES_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_back), cmocka_unit_test(refuses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
