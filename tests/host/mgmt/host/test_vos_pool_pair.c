/* SPDX-License-Identifier: MIT */
/*
 * vos-pool on the two images of a mirror: whole, stale, of two pools, with changes of all kinds; and on one of them.
 */
/* links: vos_pool pool */
/* helpers: sim_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../lib/pool/sim_disk.h"
#include "layout.h"
#include "range.h"
#include "vos_pool.h"

#define BLOCKS 768u
#define SECTORS (BLOCKS * POOL_BLOCK_SECTORS)
#define REGION_SHIFT 4u		/* blocks of a region */

static const struct pool_memory memory = { .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
	.limbo = 64, .is_mirror = true };
static struct sim_disk disks[POOL_MEMBERS];
static struct pool *pool;
static void *arena;
static enum pool_status opened_as;
static u8 data[POOL_CHUNK_BLOCKS * POOL_BLOCK];
static char output[8192], errors[8192];
static char paths[POOL_MEMBERS][64];

/* ---- the pool ---- */

static void drain(void)
{
	for (pool_run(pool); disks[0].queued + disks[1].queued > 0; pool_run(pool))
		for (u32 k = 0; k < POOL_MEMBERS; k++)
			if (disks[k].queued > 0)
				sim_disk_end(&disks[k], 0);
}

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

static void open_members(u32 members)
{
	struct pool_device device[POOL_MEMBERS] = { 0 };

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		sim_disk_cut(&disks[k]);
		if ((members >> k & 1) != 0)
			device[k] = sim_device(&disks[k], 1);
	}
	pool = pool_open_mirror(arena, &memory, device, true, opened);
	disks[0].pool = disks[1].pool = pool;
	drain();
	assert_int_equal(opened_as, POOL_OK);
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static void request(enum pool_op op, u32 id, u64 sector)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = op, .volume = id, .sector = sector, .sectors = op == POOL_WRITE ? 32 : 0,
		.data = data, .done = ended, .context = &status };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	drain();
	assert_int_equal(status, POOL_OK);
}

static void set_label(u32 k, u32 shift, u8 uuid)
{
	struct pool_label *l = (struct pool_label *)disks[k].stable;

	l->region_shift = (u8)shift;
	l->uuid[9] = uuid;
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
	memcpy(disks[k].now, l, sizeof(*l));
}

static void make_volume(const char *name, enum pool_kind kind)
{
	struct pool_volume_spec spec = { .kind = kind, .sectors = 1024 };
	u32 id;

	strcpy(spec.name, name);
	assert_int_equal(pool_volume_create(pool, &spec, &id), POOL_OK);
	request(POOL_COMMIT, 0, 0);
	request(POOL_WRITE, id, 64);
}

static int setup(void **state)
{
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = 16, .dirty_max = 20, .is_mirror = true,
		.member_uuid = { { 1 }, { 2 } } };

	(void)state;
	arena = aligned_alloc(POOL_BLOCK, align_up(pool_arena_bytes(&memory, SECTORS), POOL_BLOCK));
	memset(data, 0x5a, sizeof(data));
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		sim_disk_make(&disks[k], SECTORS);
		spec.member = (u8)k;
		assert_int_equal(sim_disk_format(&disks[k], &spec), POOL_OK);
		set_label(k, REGION_SHIFT, 0);
	}
	open_members(3);
	make_volume("plain", POOL_PLAIN);
	make_volume("safe", POOL_INTEGRITY);
	for (u32 i = 0; i < 4; i++)
		request(POOL_COMMIT, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		sim_disk_free(&disks[k]);
		unlink(paths[k]);
	}
	free(arena);
	return 0;
}

/* ---- the program ---- */

static void write_images(void)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		int fd;

		unlink(paths[k]);
		strcpy(paths[k], "/tmp/vos-pool-XXXXXX");
		fd = mkstemp(paths[k]);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, disks[k].now, SECTORS * POOL_SECTOR), SECTORS * POOL_SECTOR);
		close(fd);
	}
}

static int run(int count, const char **words)
{
	char *arguments[8] = { "vos-pool" };
	FILE *out = fmemopen(output, sizeof(output), "w"), *err = fmemopen(errors, sizeof(errors), "w");
	int status;

	memset(output, 0, sizeof(output));
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < count; i++)
		arguments[1 + i] = (char *)words[i];
	status = vos_pool(1 + count, arguments, out, err);
	fclose(out);
	fclose(err);
	return status;
}

static int check(u32 first, u32 second)
{
	return run(3, (const char *[]){ "check", paths[first], paths[second] });
}

static void assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

/* Where the data of a volume lies: that of the plain one comes first. */
static u8 *find_data(u32 k, u32 count)
{
	for (u32 b = 24; b < BLOCKS; b++)
		if (memcmp(disks[k].now + b * POOL_BLOCK, data, POOL_BLOCK) == 0 && count-- == 0)
			return disks[k].now + b * POOL_BLOCK;
	return NULL;
}

static void close_regions(void)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		memset(disks[k].now + POOL_REGION_BLOCK * POOL_BLOCK, 0, POOL_BLOCK);
}

/* ---- the tests ---- */

static void whole(void **state)
{
	(void)state;
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_OK);
	assert_string_equal(errors, "");
	assert_says(output, "pool p: 3.0 MiB");
	assert_says(output, "no fault");
	assert_int_equal(check(1, 0), VOS_POOL_OK);
}

/* Data without a checksum: a fault, unless it was just being written. */
static void other_data(void **state)
{
	(void)state;
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		u8 *block = find_data(k, 1);

		block[100] ^= 1;
		memset(disks[0].now + POOL_REGION_BLOCK * POOL_BLOCK, 0xff, POOL_BLOCK);
		write_images();
		assert_int_equal(check(0, 1), VOS_POOL_OK);
		assert_says(output, "1 blocks differ that were being written");
		close_regions();
		write_images();
		assert_int_equal(check(0, 1), VOS_POOL_FAULTS);
		assert_says(errors, "volume plain, block ");
		assert_says(errors, "the other disk has other data");
		assert_says(output, "1 faults");
		block[100] ^= 1;
	}
}

/* What was never written may be anything. */
static void unwritten_blocks(void **state)
{
	u8 *block = find_data(0, 0);

	(void)state;
	close_regions();
	memset(block + 4 * POOL_BLOCK, 0x77, POOL_BLOCK);
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_OK);
}

static void wrong_checksum(void **state)
{
	(void)state;
	find_data(1, 4)[9] ^= 1;
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_FAULTS);
	assert_says(errors, paths[1]);
	assert_says(errors, "volume safe, block ");
	assert_says(errors, "differs from its checksum");
}

static void stale_disk(void **state)
{
	(void)state;
	open_members(2);
	request(POOL_COMMIT, 0, 0);
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_FAULTS);
	assert_says(errors, paths[0]);
	assert_says(errors, "stale: the pool has gone on without it");
	assert_says(output, "1 faults");
	open_members(1);
	write_images();
	assert_int_equal(check(1, 0), VOS_POOL_FAULTS);
	assert_says(errors, "neither disk has all");
}

static void another_pool(void **state)
{
	(void)state;
	write_images();
	assert_int_equal(check(0, 0), VOS_POOL_USAGE);
	assert_says(errors, "are not the two disks of one mirror");
	set_label(1, REGION_SHIFT, 9);
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_UNREADABLE);	/* its superblocks are of the other one */
	assert_int_equal(run(3, (const char *[]){ "check", paths[0], "/nothing/there" }), VOS_POOL_UNREADABLE);
	assert_int_equal(run(3, (const char *[]){ "info", paths[0], paths[1] }), VOS_POOL_USAGE);
	memset(disks[1].now, 0, POOL_BLOCK);
	write_images();
	assert_int_equal(check(0, 1), VOS_POOL_UNREADABLE);
	assert_says(errors, paths[1]);
}

/* Any bits in the first blocks of either: an answer, and never a write. */
static void hostile_heads(void **state)
{
	u64 random = 1;

	(void)state;
	for (u32 i = 0; i < 400; i++) {
		u32 k = i & 1, at;
		u8 old;

		random = random * 6364136223846793005u + 1442695040888963407u;
		at = (u32)(random >> 33) % (POOL_LOG_BLOCK * POOL_BLOCK);
		at = i % 3 == 0 ? at : at % POOL_SECTOR + at % 3 * POOL_BLOCK;
		old = disks[k].now[at];
		disks[k].now[at] = (u8)(random >> 20);
		if (i % 2 == 0)
			set_label(k, REGION_SHIFT + i % 64, 0);
		write_images();
		assert_in_range(check(0, 1), VOS_POOL_OK, VOS_POOL_UNREADABLE);
		disks[k].now[at] = old;
		set_label(k, REGION_SHIFT, 0);
	}
}

/* A disk of a mirror has the volume alone, too. */
static void extracted_from_one(void **state)
{
	static const char to[] = "/tmp/vos-pool-extracted-pair";
	static u8 found[POOL_BLOCK];
	FILE *file;

	(void)state;
	write_images();
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		unlink(to);
		assert_int_equal(run(4, (const char *[]){ "extract", paths[k], "plain", to }), VOS_POOL_OK);
		file = fopen(to, "r");
		assert_non_null(file);
		assert_int_equal(fseek(file, 64 * POOL_SECTOR, SEEK_SET), 0);
		assert_int_equal(fread(found, 1, sizeof(found), file), sizeof(found));
		fclose(file);
		assert_memory_equal(found, data, sizeof(found));
	}
	unlink(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, setup, teardown),
		cmocka_unit_test_setup_teardown(other_data, setup, teardown),
		cmocka_unit_test_setup_teardown(unwritten_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_checksum, setup, teardown),
		cmocka_unit_test_setup_teardown(stale_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(another_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_heads, setup, teardown),
		cmocka_unit_test_setup_teardown(extracted_from_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
