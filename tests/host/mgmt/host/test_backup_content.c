/* SPDX-License-Identifier: MIT */
/*
 * What a backup has in its frames: VM, disks, extents. Whoever makes a file with right checksums still can't have names
 * that are none, disks without an end, or more than there is.
 *
 * links: vos console libvos image backup
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup_cmd.h"

#define VM "{\"vm\":\"a\",\"snapshot\":\"s\",\"disks\":1,\"definition\":{\"cpu\":1}}"
#define DISK "{\"volume\":\"a.0\",\"bytes\":8192,\"id\":\"\",\"diff\":false}"

static char path[] = "/tmp/vos-backup-content-XXXXXX";
static u8 content[65536];
static size_t content_bytes;
static const struct backup_key none = { .kind = BACKUP_NO_KEY };

static int open_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int close_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void add(const void *bytes, size_t count)
{
	memcpy(content + content_bytes, bytes, count);
	content_bytes += count;
}

static void add_json(const char *text)
{
	u32 bytes = (u32)strlen(text);

	add(&bytes, sizeof(bytes));
	add(text, bytes);
}

/* Two units, of which the second one has data. */
static void add_stream(bool has_end)
{
	u8 head[EXTENTS_HEAD_BYTES];

	extents_put_head(head, 8192, false);
	add(head, sizeof(head));
	extents_put_extent(head, 4096, 4096);
	add(head, sizeof(head));
	memset(content + content_bytes, 7, 4096);
	content_bytes += 4096;
	extents_put_end(head, 8192);
	if (has_end)
		add(head, sizeof(head));
}

static void write_file(void)
{
	static const u8 base[BACKUP_ID_BYTES];
	FILE *file = fopen(path, "w");
	struct backup_out *o;
	const char *why;

	assert_non_null(file);
	o = backup_out_begin(fileno(file), &none, base, &why);
	assert_non_null(o);
	assert_true(backup_out_put(o, content, content_bytes));
	assert_true(backup_out_end(o));
	backup_out_free(o);
	fclose(file);
}

/* How many disks it has, with data of 4096 bytes each; -1: refused. */
static int read_file(void)
{
	static struct backup_reader r;
	int disks = backup_reader_open(&r, path, &none) ? 0 : -1;
	json_t *disk = NULL;

	while (disks >= 0 && (disk = backup_reader_disk(&r)) != NULL) {
		enum extents_state state = EXTENTS_MORE;
		struct extents e;
		const u8 *bytes;
		u64 count, data = 0;

		json_decref(disk);
		extents_init(&e);
		while (state != EXTENTS_END && state != EXTENTS_BAD) {
			state = backup_reader_extents(&r, &e, &bytes, &count);
			if (state != EXTENTS_DATA)
				continue;
			assert_int_equal(bytes[0], 7);
			data += count;
			extents_took(&e, count);
		}
		disks = state == EXTENTS_BAD ? -1 : disks + 1;
		assert_true(state == EXTENTS_BAD || data == 4096);
	}
	if (disks >= 0 && r.why[0])
		disks = -1;
	assert_true(disks >= 0 || r.why[0]);
	backup_reader_close(&r);
	return disks;
}

static int try(const char *vm, const char *disk, bool has_end)
{
	content_bytes = 0;
	add_json(vm);
	add_json(disk);
	add_stream(has_end);
	write_file();
	return read_file();
}

static void read_back(void **state)
{
	(void)state;
	assert_int_equal(try(VM, DISK, true), 1);
	add_json(DISK);
	add_stream(true);
	write_file();
	assert_int_equal(read_file(), 2);
}

static void refused(void **state)
{
	static const char *const vms[] = { "", "[]", "{}", "{\"vm\":\"a\"}",
		"{\"vm\":\"\\u001b[2J\",\"snapshot\":\"s\",\"disks\":1,\"definition\":{}}",
		"{\"vm\":\"../a\",\"snapshot\":\"s\",\"disks\":1,\"definition\":{}}",
		"{\"vm\":\"a\",\"snapshot\":\"s\",\"disks\":-1,\"definition\":{}}",
		"{\"vm\":\"a\",\"snapshot\":\"s\",\"disks\":1,\"definition\":[]}" };
	static const char *const disks[] = { "", "{}", "{\"volume\":\"a/0\",\"diff\":false}",
		"{\"volume\":\"a.0\",\"diff\":1}",
		"{\"volume\":\"\",\"diff\":false}" };
	u32 huge = ~0u;

	(void)state;
	for (size_t i = 0; i < sizeof(vms) / sizeof(vms[0]); i++)
		assert_int_equal(try(vms[i], DISK, true), -1);
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++)
		assert_int_equal(try(VM, disks[i], true), -1);
	assert_int_equal(try(VM, DISK, false), -1);	/* the stream has no end */
	content_bytes = 0;
	add(&huge, sizeof(huge));
	write_file();
	assert_int_equal(read_file(), -1);
	content_bytes = 0;
	add_json(VM);
	add(&huge, 3);
	write_file();
	assert_int_equal(read_file(), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, open_file, close_file);
}
