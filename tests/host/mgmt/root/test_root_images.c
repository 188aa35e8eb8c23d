/* SPDX-License-Identifier: MIT */
/*
 * Root's images that come while it runs: what the console says of an upload is not believed, an image gets its name
 * only with the announced hash, and no VM loses an image that it is defined with.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blake2b.h"
#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "vm_layout.h"

#define BYTES 150000u

static u8 file[BYTES];

static struct request open_request(const char *name, u64 bytes)
{
	struct request r = bench_make_request(REQ_UPLOAD_OPEN, "", 0);
	struct blake2b b;

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	r.image.bytes = bytes;
	blake2b_init(&b);
	blake2b_add(&b, file, bytes < BYTES ? bytes : BYTES);
	blake2b_finish(&b, r.image.hash);
	return r;
}

static struct upload_report begin(const char *name, u64 bytes)
{
	struct request r = open_request(name, bytes);

	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.upload.bytes, bytes);
	assert_true(bench_answer.upload.slot < UPLOADS);
	return bench_answer.upload;
}

static u8 *window(u32 slot)
{
	u8 *at = fake_memory(fake_pd_of(bench_console), CONSOLE_UPLOADS);

	assert_non_null(at);
	return at + slot * UPLOAD_WINDOW_BYTES;
}

static void ask_write(u64 upload, u64 offset, u32 count)
{
	struct request r = bench_make_request(REQ_UPLOAD_WRITE, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	r.image.upload = upload;
	r.image.offset = offset;
	r.image.count = count;
	bench_send(&r);
	bench_await_answer();
}

/* What the console does: pieces of the file, up to `end`. */
static void send_until(struct upload_report *u, u64 end, u32 piece)
{
	while (u->taken < end) {
		u32 at = (u32)(u->taken % UPLOAD_WINDOW_BYTES), count = piece;

		count = count < UPLOAD_WINDOW_BYTES - at ? count : UPLOAD_WINDOW_BYTES - at;
		count = count < end - u->taken ? count : (u32)(end - u->taken);
		memcpy(window(u->slot) + at, file + u->taken, count);
		ask_write(u->upload, u->taken, count);
		assert_int_equal(bench_answer.error, ERR_NONE);
		assert_int_equal(bench_answer.upload.taken, u->taken + count);
		*u = bench_answer.upload;
	}
}

static void finish(u64 upload, enum error error)
{
	struct request r = bench_make_request(REQ_UPLOAD_FINISH, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	r.image.upload = upload;
	bench_send(&r);
	bench_expect(error);
}

static void upload(const char *name, u64 bytes)
{
	struct upload_report u = begin(name, bytes);

	send_until(&u, bytes, UPLOAD_WRITE_BYTES);
	finish(u.upload, ERR_NONE);
	assert_string_equal(bench_answer.image.name, name);
}

static void delete_image(const char *name, enum error error)
{
	struct request r = bench_make_request(REQ_DELETE_IMAGE, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	strcpy(r.image.name, name);
	bench_send(&r);
	bench_expect(error);
	bench_settle(0);
}

static void expect_nothing_left(void)
{
	bench_settle(0);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

static const struct image_report *listed(const char *name)
{
	bench_ask(REQ_IMAGES, "", 0);
	bench_await_answer();
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].image.name, name) == 0)
			return &bench_rows[i].image;
	return NULL;
}

static void create_with(const char *vm, const char *kernel, const char *initrd, const char *module, enum error error)
{
	struct request r = bench_make_request(REQ_CREATE, vm, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB };
	strcpy(r.spec.kernel, kernel);
	strcpy(r.spec.initrd, initrd);
	if (module[0] != '\0')
		strcpy(r.spec.modules[r.spec.module_count++], module);
	bench_send(&r);
	bench_expect(error);
}

/* Pieces of all sizes, over the window's end: the VM sees the very bytes, and cannot write them. */
static void becomes_a_vm(void **state)
{
	const struct image_report *row;
	struct upload_report u = begin("guest-1.0", BYTES);
	const u8 *seen;
	u64 h_pd;

	(void)state;
	send_until(&u, 10, 1);
	send_until(&u, 5000, 999);
	send_until(&u, BYTES, UPLOAD_WRITE_BYTES);
	assert_null(listed("guest-1.0"));		/* no name before the hash was looked at */
	create_with("a", "guest-1.0", "", "", ERR_NO_IMAGE);
	finish(u.upload, ERR_NONE);
	row = listed("guest-1.0");
	assert_non_null(row);
	assert_true(row->is_uploaded);
	assert_int_equal(row->bytes, BYTES);
	assert_memory_equal(row->hash, open_request("", BYTES).image.hash, IMAGE_HASH_BYTES);
	assert_false(listed("tiny")->is_uploaded);
	memset(window(u.slot), 0xee, UPLOAD_WINDOW_BYTES);
	create_with("a", "guest-1.0", "", "", ERR_NONE);
	bench_start("a");
	h_pd = fake_pd_of(bench_vmm_thread());
	seen = fake_memory(h_pd, VMM_IMAGES);
	assert_memory_equal(seen, file, BYTES);
	assert_int_equal(fake_rights(h_pd, VMM_IMAGES), RIGHT_R);
	delete_image("guest-1.0", ERR_IMAGE_USED);
	assert_string_equal(bench_answer.text, "a");
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_expect(ERR_NONE);
	delete_image("guest-1.0", ERR_NONE);
	assert_null(listed("guest-1.0"));
	expect_nothing_left();
}

/* As initrd, as module with a text, and for a VM that never ran: each keeps the image. */
static void stays_while_named(void **state)
{
	(void)state;
	upload("one", 100);
	create_with("a", "tiny", "one", "", ERR_NONE);
	create_with("b", "tiny", "", "one text for it", ERR_NONE);
	create_with("c", "tiny", "", "", ERR_NONE);
	delete_image("one", ERR_IMAGE_USED);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	delete_image("one", ERR_IMAGE_USED);
	assert_string_equal(bench_answer.text, "b");
	bench_ask(REQ_DELETE, "b", 0);
	bench_expect(ERR_NONE);
	delete_image("one", ERR_NONE);
	delete_image("one", ERR_NO_IMAGE);
	delete_image("tiny", ERR_IMAGE_BOOT);
	delete_image("vmm", ERR_NO_IMAGE);		/* a program of VOS is no image */
	delete_image("", ERR_IMAGE_NAME);
	bench_ask(REQ_DELETE, "c", 0);
	bench_expect(ERR_NONE);
	expect_nothing_left();
}

static void wrong_hash(void **state)
{
	struct upload_report u;

	(void)state;
	u = begin("bad", BYTES);
	send_until(&u, BYTES - 1, UPLOAD_WRITE_BYTES);
	finish(u.upload, ERR_UPLOAD_SHORT);
	assert_int_equal(bench_answer.have, BYTES - 1);
	window(u.slot)[(BYTES - 1) % UPLOAD_WINDOW_BYTES] = (u8)(file[BYTES - 1] ^ 1);
	ask_write(u.upload, BYTES - 1, 1);
	finish(u.upload, ERR_IMAGE_HASH);
	assert_int_equal(bench_answer.result, RESULT_INTEGRITY);
	assert_null(listed("bad"));
	finish(u.upload, ERR_NO_UPLOAD);
	expect_nothing_left();
}

/* Whoever has the name, size and hash goes on; the console's other state does not matter. */
static void goes_on(void **state)
{
	struct upload_report u = begin("long", BYTES), again;
	struct request other = open_request("long", BYTES - 1);

	(void)state;
	send_until(&u, 70001, 7000);
	again = begin("long", BYTES);
	assert_int_equal(again.upload, u.upload);
	assert_int_equal(again.taken, 70001);
	ask_write(u.upload, 0, 100);			/* came twice: nothing is done */
	assert_int_equal(bench_answer.upload.taken, 70001);
	ask_write(u.upload, 80000, 100);		/* a gap: likewise */
	assert_int_equal(bench_answer.upload.taken, 70001);
	bench_send(&other);
	bench_expect(ERR_UPLOAD_BUSY);
	send_until(&again, BYTES, UPLOAD_WRITE_BYTES);
	finish(u.upload, ERR_NONE);
	other = open_request("long", BYTES);
	bench_send(&other);
	bench_expect(ERR_IMAGE_EXISTS);
	delete_image("long", ERR_NONE);
	/* Forced, another one takes its place, from its beginning. */
	u = begin("long", BYTES);
	send_until(&u, 10, 10);
	other = open_request("long", 50);
	other.flags = REQ_FLAG_FORCE;
	bench_send(&other);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.upload.taken, 0);
	assert_int_not_equal(bench_answer.upload.upload, u.upload);
	ask_write(u.upload, 10, 10);
	assert_int_equal(bench_answer.error, ERR_NO_UPLOAD);
	delete_image("long", ERR_NONE);			/* of an upload too */
	expect_nothing_left();
}

/* Pieces that no console of ours sends. */
static void hostile_pieces(void **state)
{
	struct upload_report u = begin("h", BYTES);
	static const struct { u64 offset; u32 count; } bad[] = {
		{ 0, 0 }, { 0, UPLOAD_WRITE_BYTES + 1 }, { 0, ~0u },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		ask_write(u.upload, bad[i].offset, bad[i].count);
		assert_int_equal(bench_answer.error, ERR_IMAGE_SIZE);
	}
	send_until(&u, UPLOAD_WINDOW_BYTES - 1, UPLOAD_WRITE_BYTES);
	ask_write(u.upload, u.taken, 2);		/* beyond the window */
	assert_int_equal(bench_answer.error, ERR_IMAGE_SIZE);
	send_until(&u, BYTES - 1, UPLOAD_WRITE_BYTES);
	ask_write(u.upload, u.taken, 2);		/* beyond the image */
	assert_int_equal(bench_answer.error, ERR_IMAGE_SIZE);
	ask_write(0, 0, 1);
	assert_int_equal(bench_answer.error, ERR_NO_UPLOAD);
	ask_write(~0ull, 0, 1);
	assert_int_equal(bench_answer.error, ERR_NO_UPLOAD);
	finish(0, ERR_NO_UPLOAD);
	delete_image("h", ERR_NONE);
	expect_nothing_left();
}

static void expect_refused(const char *name, u64 bytes, enum error error)
{
	struct request r = open_request("x", 1);

	memset(r.image.name, 'n', sizeof(r.image.name));
	if (name != NULL)
		strcpy(r.image.name, name);
	r.image.bytes = bytes;
	bench_send(&r);
	bench_expect(error);
}

static void names_and_sizes(void **state)
{
	(void)state;
	expect_refused("", 1, ERR_IMAGE_NAME);
	expect_refused("a/b", 1, ERR_IMAGE_NAME);
	expect_refused("a b", 1, ERR_IMAGE_NAME);
	expect_refused(NULL, 1, ERR_IMAGE_NAME);	/* it does not end */
	expect_refused("tiny", 1, ERR_IMAGE_EXISTS);
	expect_refused("ok", 0, ERR_IMAGE_SIZE);
	expect_refused("ok", VMM_IMAGE_STRIDE + 1, ERR_IMAGE_SIZE);
	expect_refused("ok", ~0ull, ERR_IMAGE_SIZE);
	expect_nothing_left();
}

/* So many at a time, so many in all; each gives its place back. */
static void limits(void **state)
{
	struct upload_report u[UPLOADS];
	char name[16];

	(void)state;
	for (u32 i = 0; i < UPLOADS; i++) {
		snprintf(name, sizeof(name), "part-%u", i);
		u[i] = begin(name, 100);
		for (u32 k = 0; k < i; k++)
			assert_int_not_equal(u[k].slot, u[i].slot);
	}
	expect_refused("one-more", 1, ERR_LIMIT);
	for (u32 i = 0; i < UPLOADS; i++) {
		send_until(&u[i], 100, 100);
		finish(u[i].upload, ERR_NONE);
	}
	for (u32 i = UPLOADS; i < IMAGES_UPLOADED - 1; i++) {
		snprintf(name, sizeof(name), "part-%u", i);
		upload(name, 100);
	}
	/* Two more are begun for the last place. */
	u[0] = begin("last-a", 100);
	u[1] = begin("last-b", 100);
	send_until(&u[0], 100, 100);
	send_until(&u[1], 100, 100);
	finish(u[1].upload, ERR_NONE);
	finish(u[0].upload, ERR_LIMIT);
	expect_refused("one-more", 1, ERR_LIMIT);
	assert_non_null(listed("part-0"));
	for (u32 i = 0; i < IMAGES_UPLOADED - 1; i++) {
		snprintf(name, sizeof(name), "part-%u", i);
		delete_image(name, ERR_NONE);
	}
	delete_image("last-b", ERR_NONE);
	expect_nothing_left();
}

/* A running VM has touched nothing yet: what it was promised is not given to uploads. */
static void leaves_memory_to_vms(void **state)
{
	u64 free_bytes = fake_free_bytes(), most = free_bytes - 64 * MIB;
	struct request r = open_request("big", most);

	(void)state;
	bench_send(&r);
	bench_expect(ERR_NONE);
	delete_image("big", ERR_NONE);
	r = bench_make_request(REQ_CREATE, "a", 0);
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 256 * MIB };
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("a");
	r = open_request("big", most);
	bench_send(&r);
	bench_expect(ERR_UPLOAD_MEMORY);
	assert_int_equal(bench_answer.result, RESULT_RESOURCES);
	assert_true(bench_answer.need >= most);
	assert_in_range(bench_answer.have, 1, most - 256 * MIB + 64 * MIB);
	r = open_request("big", bench_answer.have);	/* what it said can be had can be had */
	bench_send(&r);
	bench_expect(ERR_NONE);
	delete_image("big", ERR_NONE);
	bench_delete("a");
	expect_nothing_left();
}

/* A figure of `accounting`: what an upload takes is the system's. */
static void is_accounted(void **state)
{
	u64 before;

	(void)state;
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	before = bench_answer.memory.system;
	(void)begin("acc", 1 * MIB);
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	assert_true(bench_answer.memory.system >= before + 1 * MIB);
	delete_image("acc", ERR_NONE);
	upload("acc", BYTES);
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	assert_true(bench_answer.memory.system >= before + BYTES);
	delete_image("acc", ERR_NONE);
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.memory.system, before);
	expect_nothing_left();
}

/* One that nobody sends any more makes room for what takes its place; if that is too much, it stays. */
static void replaces(void **state)
{
	u64 most = fake_free_bytes() - 64 * MIB;
	struct upload_report u = begin("big", most);
	struct request r = open_request("big", most);

	(void)state;
	send_until(&u, 100, 100);
	r.flags = REQ_FLAG_FORCE;
	r.image.hash[0] ^= 1;
	r.image.bytes = most + 128 * MIB;
	bench_send(&r);
	bench_expect(ERR_UPLOAD_MEMORY);
	assert_in_range(bench_answer.have, most, most + 64 * MIB);
	send_until(&u, 200, 100);
	r.image.bytes = most;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_not_equal(bench_answer.upload.upload, u.upload);
	assert_int_equal(bench_answer.upload.taken, 0);
	ask_write(u.upload, 200, 100);
	assert_int_equal(bench_answer.error, ERR_NO_UPLOAD);
	delete_image("big", ERR_NONE);
	expect_nothing_left();
}

/* Where there is room for both, the old one stays until the new one has its memory. */
static void stays_without_another(void **state)
{
	struct upload_report u = begin("twice", 1000);
	struct request r = open_request("twice", 1000);

	(void)state;
	send_until(&u, 100, 100);
	r.flags = REQ_FLAG_FORCE;
	r.image.hash[0] ^= 1;
	fake_fail_call(1, ST_NOMEM);
	bench_send(&r);
	bench_expect(ERR_UPLOAD_MEMORY);
	send_until(&u, 200, 100);
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_not_equal(bench_answer.upload.upload, u.upload);
	delete_image("twice", ERR_NONE);
	expect_nothing_left();
}

/* Memory that is on its way back is there for the next one. */
static void deleted_makes_room(void **state)
{
	u64 most = fake_free_bytes() - 64 * MIB;
	struct request away = bench_make_request(REQ_DELETE_IMAGE, "", 0), r = open_request("b", most);

	(void)state;
	(void)begin("a", most);
	memset(&away.image, 0, sizeof(away.image));
	strcpy(away.image.name, "a");
	assert_true(ring_put(&bench_requests, &away, sizeof(away)));
	bench_send(&r);			/* both are there before root looks */
	bench_expect(ERR_NONE);
	delete_image("b", ERR_NONE);
	expect_nothing_left();
}

/* With a clock on which five minutes are over at once. */
static void expires(void **state)
{
	struct rt_time time = root.time;
	struct upload_report u = begin("old", 100), young;

	(void)state;
	send_until(&u, 50, 50);
	bench_settle(0);
	u = begin("old", 100);
	assert_int_equal(u.taken, 50);
	rt_time_init(&root.time, 1, rt_time_tsc());
	u = begin("old", 100);		/* no byte: its time stays as it was */
	young = begin("young", 100);
	root.time = time;
	bench_settle(0);
	ask_write(young.upload, 0, 1);
	assert_int_equal(bench_answer.error, ERR_NO_UPLOAD);
	ask_write(u.upload, 50, 1);
	assert_int_equal(bench_answer.error, ERR_NONE);
	delete_image("old", ERR_NONE);
	expect_nothing_left();
}

/* Any of the calls fails: an error, and nothing is left. */
static void memory_fails(void **state)
{
	struct request r = open_request("f", 100);
	struct upload_report u;

	(void)state;
	fake_fail_call(1, ST_NOMEM);
	bench_send(&r);
	bench_expect(ERR_UPLOAD_MEMORY);
	u = begin("f", 100);
	fake_fail_call(1, ST_NOMEM);
	ask_write(u.upload, 0, 100);
	assert_int_equal(bench_answer.error, ERR_INTERNAL);
	send_until(&u, 100, 100);
	finish(u.upload, ERR_NONE);
	delete_image("f", ERR_NONE);
	expect_nothing_left();
}

/* Anything at all in the requests: root's accounts still hold. */
static void random_requests(void **state)
{
	static const char *const names[] = { "a", "b", "tiny", "no/name" };
	static const u32 sizes[] = { 1, 5000, UPLOAD_WRITE_BYTES, 70000 };
	struct request opens[ARRAY_COUNT(sizes)];
	u64 numbers[4] = { 0 };
	unsigned seed = 12;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(sizes); i++)	/* hashed once: under sanitizers that is slow */
		opens[i] = open_request("", sizes[i]);
	for (u32 n = 0; n < 20000; n++) {
		struct request r = opens[(u32)rand_r(&seed) % ARRAY_COUNT(sizes)];
		u32 k = (u32)rand_r(&seed) % 4;

		strcpy(r.image.name, names[rand_r(&seed) % 4]);
		r.op = REQ_UPLOAD_OPEN + (u32)rand_r(&seed) % 4;
		r.flags = (u32)rand_r(&seed) % 2 ? REQ_FLAG_FORCE : 0;
		r.image.upload = rand_r(&seed) % 8 ? numbers[k] : (u64)rand_r(&seed);
		r.image.offset = (u64)(rand_r(&seed) % 3 ? 0 : rand_r(&seed) % 70000);
		r.image.count = (u32)rand_r(&seed) % 20000;
		if (rand_r(&seed) % 20 == 0)
			memset(&r.image, rand_r(&seed), sizeof(r.image));
		bench_send(&r);
		bench_await_answer();
		if (r.op == REQ_UPLOAD_OPEN && bench_answer.error == ERR_NONE)
			numbers[k] = bench_answer.upload.upload;
	}
	for (u32 i = 0; i < 2; i++) {
		struct request r = bench_make_request(REQ_DELETE_IMAGE, "", 0);

		memset(&r.image, 0, sizeof(r.image));
		strcpy(r.image.name, names[i]);
		bench_send(&r);
		bench_await_answer();
	}
	expect_nothing_left();
}

static int setup(void **state)
{
	u32 x = 7;

	for (u32 i = 0; i < BYTES; i++) {
		x = x * 1664525u + 1013904223u;
		file[i] = (u8)(x >> 24);
	}
	return bench_boot(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes_a_vm), cmocka_unit_test(stays_while_named), cmocka_unit_test(wrong_hash),
		cmocka_unit_test(goes_on), cmocka_unit_test(hostile_pieces), cmocka_unit_test(names_and_sizes),
		cmocka_unit_test(limits), cmocka_unit_test(leaves_memory_to_vms), cmocka_unit_test(is_accounted),
		cmocka_unit_test(expires), cmocka_unit_test(memory_fails), cmocka_unit_test(replaces),
		cmocka_unit_test(stays_without_another),
		cmocka_unit_test(deleted_makes_room), cmocka_unit_test(random_requests),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
