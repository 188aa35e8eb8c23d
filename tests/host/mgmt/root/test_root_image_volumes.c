/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: uploaded images in a pool. The test plays the console, the store and the pool's disk: images
 * are written when they have come, read when their pool is there, and what is not right stays and is no image.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */

#include "image_header.h"
#include "image_volume_name.h"
#include "import_bench.h"
#include "own_machine.h"
#include "volumes.h"

#define NAME "vos.image."

static u8 guid[STORE_GUID_BYTES];

/* ---- the store's part ---- */

static void tell_named(const char *name, u32 number, u64 bytes, u32 flags, const u8 of[STORE_GUID_BYTES])
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = number,
		.extent = STORE_EXTENT_VOLUME, .sectors = bytes / 512, .flags = flags };

	strcpy(r.volume, name);
	strcpy(r.label, name);
	memcpy(r.guid, of, STORE_GUID_BYTES);
	report(r);
}

/* A pool that has definitions, which comes late: the console applies vos.conf, so they are not read yet. */
static void find_the_pool(void)
{
	static const u8 definitions[STORE_GUID_BYTES] = "definitions";

	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	bench_turns(0, 5);
	find_pool();
	tell_named("vos.config", 1, 2 * MIB, 0, definitions);
}

static void serve_reads(void)
{
	struct blk_sqe sqe;

	for (u32 i = 0; i < 200; i++) {
		while (blk_server_take(&server, &sqe)) {
			assert_int_equal(sqe.op, BLK_READ);
			memcpy(blk_slot(server.shared, sqe.seg[0].slot), volume + sqe.sector * 512, sqe.sectors * 512);
			blk_server_complete(&server, sqe.cookie, BLK_OK);
		}
		bench_turns(ROOT_BIT_STORE, 4);
	}
}

/* ---- the console's part ---- */

static void begin_bytes(const char *name, struct upload_report *u)
{
	struct request r = open_request(name, image, IMAGE_BYTES, 0);

	bench_send(&r);
	bench_expect(ERR_NONE);
	*u = bench_answer.upload;
	while (u->taken < IMAGE_BYTES) {
		ask_write(u, image, IMAGE_BYTES);
		bench_expect(ERR_NONE);
		*u = bench_answer.upload;
	}
}

static void begin_image(const char *name)
{
	struct upload_report u;

	begin_bytes(name, &u);
	ask_finish(u.upload);
	bench_turns(0, 3);
}

static const struct image_report *the_image(const char *name)
{
	bench_ask(REQ_IMAGES, "", 0);
	bench_await_answer();
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].image.name, name) == 0)
			return &bench_rows[i].image;
	return NULL;
}

static void delete_quietly(const char *name)
{
	struct request r = bench_make_request(REQ_DELETE_IMAGE, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	bench_send(&r);
	bench_turns(0, 3);
}

/* All of "kern" is on stable storage. */
static void keep_kern(void)
{
	struct store_order order;

	begin_image("kern");
	order = begin_link();
	serve_all();
	order = take(STORE_FINISH);
	tell_named(order.volume, 5, 2 * MIB, 0, order.guid);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
}

/* What is on the disk of an image that was kept. */
static void fill_volume(struct image *of, char name[VOLUME_NAME_BYTES])
{
	struct blake2b sum;

	*of = (struct image){ .bytes = IMAGE_BYTES };
	strcpy(of->name, "kern");
	blake2b_init(&sum);
	blake2b_add(&sum, image, IMAGE_BYTES);
	blake2b_finish(&sum, of->hash);
	memset(volume, 0, sizeof(volume));
	image_header_fill((void *)volume, of);
	memcpy(volume + IMAGE_HEADER_BYTES, image, IMAGE_BYTES);
	image_volume_name(name, of->name, of->hash);
}

/* Root finds that volume, and reads it. */
static void find_image(const char *name)
{
	struct store_order order;

	find_the_pool();
	tell_named(name, 5, VOLUME_BYTES, 0, guid);
	bench_turns(0, 3);
	order = take(STORE_ATTACH);
	assert_string_equal(order.volume, name);
	assert_int_equal(order.flags & STORE_READ_ONLY, STORE_READ_ONLY);
	begin_server(VOLUME_BYTES, 512);
	done(&order, STORE_OK);
	serve_reads();
	expect_done(STORE_DETACH);
	bench_turns(0, 3);
}

static int begin(void **state)
{
	memset(guid, 9, sizeof(guid));
	make_image();
	return setup_untold(state);
}

/* ---- what happens ---- */

/* The upload is answered when all of it is on stable storage, and the volume is no unfinished one any more. */
static void is_kept(void **state)
{
	struct store_order order;

	(void)state;
	find_the_pool();
	begin_image("kern");
	order = begin_link();
	assert_memory_equal(order.volume, NAME, strlen(NAME));
	assert_int_equal(order.bytes, 2 * MIB);
	serve_all();
	assert_true(is_flushed);
	assert_false(bench_is_answered());
	order = take(STORE_FINISH);
	tell_named(order.volume, 5, 2 * MIB, 0, order.guid);
	done(&order, STORE_OK);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.image.name, "kern");
	assert_string_equal(bench_answer.image.pool, "fast");
	assert_true(image_header_ok((const void *)volume, 2 * MIB));
	assert_memory_equal(volume + IMAGE_HEADER_BYTES, image, IMAGE_BYTES);
	/* It goes with the image. */
	delete_quietly("kern");
	order = take(STORE_DELETE);
	assert_memory_equal(order.volume, NAME, strlen(NAME));
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

/* One that the pool does not delete comes back: the answer says so. */
static void can_not_be_deleted(void **state)
{
	struct store_order order;

	(void)state;
	find_the_pool();
	keep_kern();
	delete_quietly("kern");
	order = take(STORE_DELETE);
	done(&order, STORE_IO);
	bench_expect(ERR_IMAGE_STAYS);
	assert_null(the_image("kern"));
}

/* Without a pool it is in memory, as ever. */
static void is_in_memory(void **state)
{
	(void)state;
	begin_image("kern");
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.image.pool, "");
	expect_no_order();
}

/* It is an image all the same, and the answer says that it ends with VOS. */
static void a_full_pool(void **state)
{
	struct store_order order;

	(void)state;
	find_the_pool();
	begin_image("kern");
	order = take(STORE_CREATE);
	done(&order, STORE_FULL);
	bench_turns(0, 3);
	bench_expect(ERR_NOT_KEPT);
	assert_string_equal(bench_answer.text, "fast");
	assert_non_null(the_image("kern"));
	assert_string_equal(the_image("kern")->pool, "");
}

/* Root has no row for a further volume: the upload is answered all the same. */
static void no_place(void **state)
{
	u8 other[STORE_GUID_BYTES] = "other";
	char name[VOLUME_NAME_BYTES];

	(void)state;
	find_the_pool();
	for (u32 i = 0; volumes_free_count() != 0; i++) {
		snprintf(name, sizeof(name), "other%u", i);
		memcpy(other + 8, &i, sizeof(i));
		tell_named(name, 2 + i, MIB, 0, other);
	}
	begin_image("kern");
	bench_expect(ERR_NOT_KEPT);
	assert_non_null(the_image("kern"));
	expect_no_order();
}

/* A write that fails takes its volume with it. */
static void a_failing_disk(void **state)
{
	(void)state;
	find_the_pool();
	begin_image("kern");
	(void)begin_link();
	(void)serve(1, BLK_IOERR);
	bench_turns(0, 3);
	expect_done(STORE_DETACH);
	bench_turns(0, 3);
	assert_int_equal(take(STORE_DELETE).slot, STORE_POOL_SLOT);
	bench_expect(ERR_NOT_KEPT);
}

/* The same image again, after the volume that it had was deleted. */
static void again_when_deleted(void **state)
{
	struct store_order order;

	(void)state;
	find_the_pool();
	keep_kern();
	delete_quietly("kern");
	order = take(STORE_DELETE);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	begin_image("kern");
	assert_false(bench_is_answered());
	(void)begin_link();
}

/* A store that stays silent holds the answer up, but not for ever. */
static void a_silent_store(void **state)
{
	struct upload_report u;

	(void)state;
	find_the_pool();
	begin_image("kern");
	(void)take(STORE_CREATE);
	assert_false(bench_is_answered());
	begin_bytes("more", &u);
	rt_time_init(&root.time, 1, rt_time_tsc());	/* each time limit is over at once from now on */
	ask_finish(u.upload);
	bench_expect(ERR_NOT_KEPT);
	assert_non_null(the_image("more"));
}

/* A partition of that name on another's disk keeps no image, and is not deleted with one. */
static void a_foreign_name(void **state)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = NVME, .number = 1, .extent = STORE_EXTENT_VOLUME,
		.sectors = 4 * MIB / 512, .first = 2048 };
	struct image of;

	(void)state;
	find_the_pool();
	fill_volume(&of, r.volume);
	memset(r.guid, 4, sizeof(r.guid));
	report(r);
	begin_image("kern");
	bench_expect(ERR_NOT_KEPT);
	assert_string_equal(the_image("kern")->pool, "");
	delete_quietly("kern");
	expect_no_order();
}

/* Images of a pool whose definitions don't count are none: that disk is another machine's. */
static void a_foreign_pool(void **state)
{
	char name[VOLUME_NAME_BYTES];
	struct image of;

	(void)state;
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	bench_turns(0, 5);
	find_pool();
	fill_volume(&of, name);
	tell_named(name, 5, VOLUME_BYTES, 0, guid);
	bench_turns(0, 3);
	expect_no_order();
}

/* What is deleted while root still closes the volume that it has just read does not come back. */
static void deleted_when_read(void **state)
{
	char name[VOLUME_NAME_BYTES];
	struct store_order order;
	struct image of;

	(void)state;
	fill_volume(&of, name);
	find_the_pool();
	tell_named(name, 5, VOLUME_BYTES, 0, guid);
	bench_turns(0, 3);
	order = take(STORE_ATTACH);
	begin_server(VOLUME_BYTES, 512);
	done(&order, STORE_OK);
	serve_reads();
	assert_non_null(the_image("kern"));
	delete_quietly("kern");
	expect_done(STORE_DETACH);
	bench_turns(0, 3);
	assert_false(bench_is_answered());
	order = take(STORE_DELETE);
	assert_string_equal(order.volume, name);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

static void is_read(void **state)
{
	char name[VOLUME_NAME_BYTES];
	const struct image_report *row;
	struct image of;

	(void)state;
	fill_volume(&of, name);
	find_image(name);
	row = the_image("kern");
	assert_non_null(row);
	assert_int_equal(row->bytes, IMAGE_BYTES);
	assert_memory_equal(row->hash, of.hash, sizeof(of.hash));
	assert_string_equal(row->pool, "fast");
	expect_no_order();
}

/* It stays as it is, and is no image. */
static void is_damaged(void **state)
{
	char name[VOLUME_NAME_BYTES];
	struct image of;

	(void)state;
	fill_volume(&of, name);
	volume[IMAGE_HEADER_BYTES + 5 * GRANULE] ^= 1;
	find_image(name);
	assert_null(the_image("kern"));
	expect_no_order();
}

/* No header that is not right is taken for one. */
static void any_headers(void **state)
{
	char name[VOLUME_NAME_BYTES];
	struct image_header h;
	struct image of;

	(void)state;
	fill_volume(&of, name);
	assert_true(volume_is_of_image(name) && volume_is_of_vos(name));
	memcpy(&h, volume, sizeof(h));
	assert_true(image_header_ok(&h, VOLUME_BYTES));
	assert_false(image_header_ok(&h, IMAGE_BYTES));
	for (u32 i = 0; i < offsetof(struct image_header, zero); i++) {
		((u8 *)&h)[i] ^= 0x80;
		assert_false(image_header_ok(&h, VOLUME_BYTES));
		((u8 *)&h)[i] ^= 0x80;
	}
	memset(of.name, 'x', sizeof(of.name) - 1);
	of.bytes = ~0ull;
	image_header_fill(&h, &of);
	assert_false(image_header_ok(&h, VOLUME_BYTES));
}

/* A header that is right, in a volume of another's name: with its image only that name's volume would be deleted. */
static void under_another_name(void **state)
{
	char name[VOLUME_NAME_BYTES];
	struct image of;

	(void)state;
	fill_volume(&of, name);
	name[strlen(name) - 1] ^= 1;
	find_image(name);
	assert_null(the_image("kern"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_kept), cmocka_unit_test(is_in_memory), cmocka_unit_test(a_full_pool),
		cmocka_unit_test(no_place), cmocka_unit_test(a_failing_disk),
		cmocka_unit_test(is_read), cmocka_unit_test(is_damaged),
		cmocka_unit_test(any_headers), cmocka_unit_test(again_when_deleted),
		cmocka_unit_test(can_not_be_deleted),
		cmocka_unit_test(a_silent_store), cmocka_unit_test(a_foreign_name), cmocka_unit_test(a_foreign_pool),
		cmocka_unit_test(deleted_when_read), cmocka_unit_test(under_another_name),
	};

	return run_on_own_machines(tests, ARRAY_COUNT(tests), begin);
}
