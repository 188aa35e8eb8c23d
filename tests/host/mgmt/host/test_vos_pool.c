/* SPDX-License-Identifier: MIT */
/*
 * vos-pool on images of the simulated disk: good and damaged, whole and in a partition.
 */
/* links: vos_pool pool */
/* helpers: pool_fixture.c sim_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpt.h"
#include "../../lib/pool/pool_fixture.h"
#include "vos_pool.h"

#define FIRST (4u << 20)		/* of the first partition, and how long each is */
#define EDGE (256u * 1024)
#define GRANULE_BYTES (GRANULE * POOL_SECTOR)

static char output[8192], errors[8192];
static char path[64];
static u32 volume_id;

static int setup(void **state)
{
	(void)state;
	make_pool(768, 16, 20, 0);
	volume_id = make_volume("disk0", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(volume_id, 0, 8);
	snapshot(volume_id, "before");
	write_granules(volume_id, 4, 6);
	commit();
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return free_pool(state);
}

static void put(FILE *file, u64 offset, const void *bytes, u64 count)
{
	assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
}

static FILE *new_image(void)
{
	int fd;

	strcpy(path, "/tmp/vos-pool-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return fdopen(fd, "w");
}

static void write_image(void)
{
	FILE *file = new_image();

	put(file, 0, disk.now, disk.sectors * POOL_SECTOR);
	fclose(file);
}

/* The pool in a partition of a disk with a table, of one copy or both. */
static void write_disk(u32 pools, bool has_first_copy)
{
	static u8 head[EDGE], tail[EDGE];
	static struct gpt t;
	const u64 bytes = (pools + 2) * (u64)FIRST;
	const u8 guid[STORE_GUID_BYTES] = { 5 };
	FILE *file = new_image();

	memset(head, 0, sizeof(head));
	memset(tail, 0, sizeof(tail));
	t = (struct gpt){ .blocks = bytes / 512, .block_bytes = 512 };
	assert_true(gpt_new(&t, guid));
	for (u32 i = 0; i < pools; i++) {
		struct gpt_part part = { .first = (i + 1) * FIRST / 512, .blocks = FIRST / 512,
			.guid = { (u8)(i + 1) } };

		memcpy(part.type, gpt_type_pool, sizeof(part.type));
		assert_true(gpt_add(&t, &part) >= 0);
		put(file, (u64)(i + 1) * FIRST, disk.now, disk.sectors * POOL_SECTOR);
	}
	gpt_build_array(&t, head + gpt_array_block(&t, false) * 512);
	gpt_build_header(&t, false, head + gpt_header_block(&t, false) * 512);
	gpt_build_array(&t, tail + EDGE - (t.blocks - gpt_array_block(&t, true)) * 512);
	gpt_build_header(&t, true, tail + EDGE - (t.blocks - gpt_header_block(&t, true)) * 512);
	if (has_first_copy)
		put(file, 0, head, EDGE);
	put(file, bytes - EDGE, tail, EDGE);
	fclose(file);
}

static int run(const char *command, const char *image, const char *offset)
{
	char *argv[] = { "vos-pool", (char *)command, (char *)image, (char *)offset, NULL };
	int argc = command == NULL ? 1 : image == NULL ? 2 : offset == NULL ? 3 : 4, status;
	FILE *out = fmemopen(output, sizeof(output), "w"), *err = fmemopen(errors, sizeof(errors), "w");

	memset(output, 0, sizeof(output));
	memset(errors, 0, sizeof(errors));
	status = vos_pool(argc, argv, out, err);
	fclose(out);
	fclose(err);
	return status;
}

static int run_extract(const char *volume, const char *to, const char *offset)
{
	char *argv[] = { "vos-pool", "extract", path, (char *)volume, (char *)to, (char *)offset, NULL };
	FILE *out = fmemopen(output, sizeof(output), "w"), *err = fmemopen(errors, sizeof(errors), "w");
	int status;

	memset(output, 0, sizeof(output));
	memset(errors, 0, sizeof(errors));
	status = vos_pool(offset == NULL ? 5 : 6, argv, out, err);
	fclose(out);
	fclose(err);
	return status;
}

static void assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void good(void **state)
{
	(void)state;
	write_image();
	assert_int_equal(run("check", path, NULL), VOS_POOL_OK);
	assert_says(output, "pool p: 3.0 MiB");
	assert_says(output, "2 volumes and snapshots");
	assert_says(output, "no fault");
	assert_string_equal(errors, "");
	assert_int_equal(run("info", path, "0"), VOS_POOL_OK);
	assert_says(output, "disk0");
	assert_says(output, "snapshot of disk0");
}

static void damaged_node(void **state)
{
	(void)state;
	disk.now[volume(volume_id)->r.root.block * POOL_BLOCK + 100] ^= 1;
	write_image();
	assert_int_equal(run("check", path, NULL), VOS_POOL_FAULTS);
	assert_says(errors, "volume disk0, block ");
	assert_says(errors, "differs from its checksum");
	assert_says(output, "faults");
	assert_int_equal(run("info", path, NULL), VOS_POOL_FAULTS);
	assert_says(errors, "vos-pool check shows them");
}

static void damaged_data(void **state)
{
	u64 block = 8 + 16;

	(void)state;
	while (memcmp(disk.now + block * POOL_BLOCK, data, POOL_BLOCK) != 0)
		block++;
	disk.now[block * POOL_BLOCK] ^= 1;
	write_image();
	assert_int_equal(run("check", path, NULL), VOS_POOL_FAULTS);
	assert_says(errors, "the data differs from its checksum");
}

static void short_image(void **state)
{
	(void)state;
	write_image();
	assert_int_equal(truncate(path, 200 * POOL_BLOCK), 0);
	assert_int_equal(run("check", path, NULL), VOS_POOL_UNREADABLE);
	assert_says(errors, "label");
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(run("check", path, NULL), VOS_POOL_UNREADABLE);
	assert_int_equal(run("info", path, NULL), VOS_POOL_UNREADABLE);
	assert_int_equal(run("check", "/nothing/there", NULL), VOS_POOL_UNREADABLE);
	assert_says(errors, "/nothing/there");
}

static void in_a_partition(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		write_disk(1, i == 0);
		assert_int_equal(run("check", path, NULL), VOS_POOL_OK);
		assert_says(output, "no fault");
		unlink(path);
	}
	write_disk(2, true);
	assert_int_equal(run("check", path, NULL), VOS_POOL_USAGE);
	assert_says(errors, "name an offset");
	assert_int_equal(run("check", path, "4194304"), VOS_POOL_OK);
	assert_int_equal(run("check", path, "512"), VOS_POOL_UNREADABLE);
}

static u64 bytes_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return (u64)st.st_size;
}

/* What is only in the log, too; and the image stays as it is. */
static void extracted(void **state)
{
	static u8 after[768 * POOL_BLOCK];
	static const char to[] = "/tmp/vos-pool-extracted";
	static u8 found[GRANULE_BYTES];
	FILE *file;

	(void)state;
	memset(data, 0x5a, GRANULE_BYTES);
	write_granules(volume_id, 6, 7);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);	/* no checkpoint */
	write_image();
	unlink(to);
	assert_int_equal(run_extract("disk0", to, NULL), VOS_POOL_OK);
	assert_string_equal(errors, "");
	assert_says(output, "disk0: ");
	assert_int_equal(bytes_of(to), 64 * GRANULE_BYTES);
	file = fopen(to, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, 6 * (long)GRANULE_BYTES, SEEK_SET), 0);
	assert_int_equal(fread(found, 1, GRANULE_BYTES, file), GRANULE_BYTES);
	fclose(file);
	assert_memory_equal(found, data, GRANULE_BYTES);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(after, 1, sizeof(after), file), sizeof(after));
	fclose(file);
	assert_memory_equal(after, disk.now, sizeof(after));
	assert_int_equal(run_extract("disk0", to, NULL), VOS_POOL_UNREADABLE);	/* it is there */
	assert_says(errors, "File exists");
	unlink(to);
	assert_int_equal(run_extract("gone", to, "0"), VOS_POOL_UNREADABLE);
	assert_says(errors, "there is no such volume");
	assert_int_equal(run_extract("disk0", to, "1"), VOS_POOL_USAGE);
	disk.now[volume(volume_id)->r.root.block * POOL_BLOCK + 100] ^= 1;
	unlink(path);
	write_image();
	assert_int_not_equal(run_extract("disk0", to, NULL), VOS_POOL_OK);
	assert_int_equal(access(to, F_OK), -1);
}

static void wrong_arguments(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, NULL, NULL), VOS_POOL_USAGE);
	assert_int_equal(run("check", NULL, NULL), VOS_POOL_USAGE);
	assert_int_equal(run("repair", "x", NULL), VOS_POOL_USAGE);
	assert_int_equal(run("extract", "x", "volume"), VOS_POOL_USAGE);
	assert_int_equal(run("check", "x", "-1"), VOS_POOL_USAGE);
	assert_int_equal(run("check", "x", "100"), VOS_POOL_USAGE);
	assert_says(errors, "multiple of 512");
	assert_int_equal(run("--help", NULL, NULL), VOS_POOL_OK);
	assert_says(output, "usage");
	strcpy(path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_node, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_data, setup, teardown),
		cmocka_unit_test_setup_teardown(short_image, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(extracted, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_arguments, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
