/* SPDX-License-Identifier: MIT */
/*
 * The file of a backup: what was put in comes out, with and without a key; a file that is changed, cut off, longer, of
 * another key or of another kind is refused, whatever byte it is.
 */
/* links: backup rt */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup_file.h"

#define CONTENT (2 * BACKUP_FRAME + 5000u)

static u8 content[CONTENT], got[CONTENT + 1], file[2 * CONTENT], key_bytes[40];
static size_t file_bytes;
static int fd = -1;
static const u8 base[BACKUP_ID_BYTES] = { 1, 2, 3 };
static const struct backup_key none = { .kind = BACKUP_NO_KEY };
static const struct backup_key key_file = { .kind = BACKUP_KEY_FILE, .bytes = key_bytes, .count = sizeof(key_bytes) };

static int open_file(void **state)
{
	char path[] = "/tmp/vos-backup-XXXXXX";

	(void)state;
	fd = mkstemp(path);
	srand(3);
	for (u32 i = 0; i < CONTENT; i++)
		content[i] = i < BACKUP_FRAME ? (u8)rand() : (u8)(i / 4096);
	for (u32 i = 0; i < sizeof(key_bytes); i++)
		key_bytes[i] = (u8)rand();
	return fd >= 0 && unlink(path) == 0 ? 0 : -1;
}

static int close_file(void **state)
{
	(void)state;
	return close(fd);
}

static void set_file(size_t bytes)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, file, bytes, 0), bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void make(const struct backup_key *key, u32 bytes)
{
	const char *why;
	struct backup_out *o;

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	o = backup_out_begin(fd, key, base, &why);
	assert_non_null(o);
	for (u32 at = 0; at < bytes; at += 70000)
		assert_true(backup_out_put(o, content + at, bytes - at < 70000 ? bytes - at : 70000));
	assert_true(backup_out_end(o));
	backup_out_free(o);
	file_bytes = (size_t)lseek(fd, 0, SEEK_END);
	assert_true(file_bytes <= sizeof(file));
	assert_int_equal(pread(fd, file, file_bytes, 0), file_bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

/* Bytes of the content, all of it; -1: refused. */
static ssize_t read_back(const struct backup_key *key, const char **why)
{
	struct backup_in *i = backup_in_begin(fd, key, why);
	ssize_t sum = 0, some = i ? 1 : -1;

	while (some > 0) {
		size_t room = sizeof(got) - (size_t)sum;

		some = backup_in_get(i, got + sum, room < 9999 ? room : 9999, why);
		sum += some > 0 ? some : 0;
	}
	backup_in_free(i);
	return some < 0 ? -1 : sum;
}

static void comes_back(const struct backup_key *key)
{
	static const u32 sizes[] = { 0, 1, BACKUP_FRAME, BACKUP_FRAME + 1, CONTENT };
	struct backup_info info;
	const char *why;

	for (u32 k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		make(key, sizes[k]);
		assert_int_equal(read_back(key, &why), sizes[k]);
		assert_memory_equal(got, content, sizes[k]);
		assert_true(backup_head_ok(file, &info, &why));
		assert_int_equal(info.kind, key->kind);
		assert_memory_equal(info.base, base, sizeof(base));
	}
}

static void whole(void **state)
{
	const struct backup_key phrase = { .kind = BACKUP_PASSPHRASE, .bytes = (const u8 *)"correct", .count = 7 };
	const char *why;

	(void)state;
	comes_back(&none);
	comes_back(&key_file);
	make(&phrase, 5000);
	assert_int_equal(read_back(&phrase, &why), 5000);
	assert_memory_equal(got, content, 5000);
}

/* Nothing of the content is in an encrypted file. */
static void encrypted(void **state)
{
	(void)state;
	make(&key_file, 200);
	for (size_t i = 0; i + 16 <= file_bytes; i++)
		assert_int_not_equal(memcmp(file + i, content, 16), 0);
}

static void other_keys(void **state)
{
	struct backup_key other = key_file;
	u8 bytes[40];
	const char *why;

	(void)state;
	make(&key_file, 5000);
	memcpy(bytes, key_bytes, sizeof(bytes));
	bytes[39] ^= 1;
	other.bytes = bytes;
	assert_int_equal(read_back(&other, &why), -1);
	assert_non_null(strstr(why, "key is wrong"));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read_back(&none, &why), -1);
	assert_string_equal(why, "it is encrypted with a key file");
	make(&none, 5000);
	assert_int_equal(read_back(&key_file, &why), -1);
	assert_non_null(strstr(why, "not encrypted"));
	other.count = 31;
	assert_null(backup_out_begin(fd, &other, base, &why));
}

/* Each byte, each length: refused, or what was put in. */
static void damaged(const struct backup_key *key)
{
	const char *why = NULL;
	u32 step;

	make(key, BACKUP_FRAME / 4);
	step = file_bytes > 3000 ? (u32)file_bytes / 3000 : 1;
	for (size_t i = 0; i < file_bytes; i += i < 700 || i + 100 > file_bytes ? 1 : step) {
		file[i] ^= (u8)(1 << i % 8);
		set_file(file_bytes);
		if (read_back(key, &why) != -1) {	/* a bit that means nothing to zstd */
			assert_int_equal(key->kind, BACKUP_NO_KEY);
			assert_memory_equal(got, content, BACKUP_FRAME / 4);
		}
		file[i] ^= (u8)(1 << i % 8);
		set_file(i);
		assert_int_equal(read_back(key, &why), -1);
	}
	set_file(file_bytes + 1);
	assert_int_equal(read_back(key, &why), -1);
	set_file(file_bytes);
	assert_int_equal(read_back(key, &why), BACKUP_FRAME / 4);
}

static void changed(void **state)
{
	(void)state;
	damaged(&none);
	damaged(&key_file);
}

/* Frames of the same file in another order, or twice. */
static void reordered(void **state)
{
	u32 first, second;
	const char *why;

	(void)state;
	make(&key_file, 2 * BACKUP_FRAME);
	memcpy(&first, file + BACKUP_HEAD_BYTES + 4, 4);
	first += 8;
	memcpy(&second, file + BACKUP_HEAD_BYTES + first + 4, 4);
	second += 8;
	memcpy(got, file + BACKUP_HEAD_BYTES, first);
	memmove(file + BACKUP_HEAD_BYTES, file + BACKUP_HEAD_BYTES + first, second);
	memcpy(file + BACKUP_HEAD_BYTES + second, got, first);
	set_file(file_bytes);
	assert_int_equal(read_back(&key_file, &why), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(encrypted), cmocka_unit_test(other_keys),
		cmocka_unit_test(changed), cmocka_unit_test(reordered),
	};

	return cmocka_run_group_tests(tests, open_file, close_file);
}
