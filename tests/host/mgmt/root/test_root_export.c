/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: volumes and snapshots that are read out. The test plays the console, the store, and the
 * store's end of root's link; the judge is the reader of extents.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "blk_link.h"
#include "extents.h"
#include "pool_bench.h"

#define UNIT 65536u
#define DISK_BYTES (20u * MIB)
#define UNITS (DISK_BYTES / UNIT)
#define LINK (VM_COUNT * VM_DEVICES)

static u8 disk[DISK_BYTES], bits[UNITS], seen[DISK_BYTES], stream[DISK_BYTES + 4096], again[DISK_BYTES + 4096];
static struct blk_server server;
static u64 asked_since;
static u32 features;

/* ---- the store ---- */

static void tell_part(u32 number, const char *name, u32 flags, u32 first)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = number,
		.extent = STORE_EXTENT_VOLUME, .sectors = DISK_BYTES / 512, .flags = flags, .first = first,
		.identity = (flags & STORE_IS_SNAPSHOT) != 0 ? 10 * number : 0 };

	strcpy(r.volume, name);
	memset(r.guid, (int)(100 + number), sizeof(r.guid));
	report(r);
}

/* Volume "web" with the snapshots "old", "new" and "newer", and "other" with none. */
static int setup_volumes(void **state)
{
	int rc = setup(state);

	find_pool();
	tell_part(1, "web", 0, 0);
	tell_part(2, "old", STORE_IS_SNAPSHOT, 1);
	tell_part(3, "new", STORE_IS_SNAPSHOT, 1);
	tell_part(4, "newer", STORE_IS_SNAPSHOT, 1);
	tell_part(5, "other", 0, 0);
	return rc;
}

/* Of each: four units of data, the last one among them. */
static int fresh(void **state)
{
	(void)state;
	features = BLK_CAN_FLUSH | BLK_CAN_SURVEY | BLK_IS_READ_ONLY;
	for (u32 i = 0; i < DISK_BYTES; i++)
		disk[i] = (u8)(i * 7 + i / UNIT + 1);
	for (u32 i = 0; i < UNITS; i++)
		bits[i] = BLK_UNIT_CHANGED;
	bits[0] = bits[1] = bits[5] = bits[UNITS - 1] = BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED;
	for (u32 i = 0; i < UNITS; i++)
		if ((bits[i] & BLK_UNIT_WRITTEN) == 0)
			memset(disk + i * UNIT, 0, UNIT);
	return 0;
}

static void begin_server(u32 link)
{
	const struct blk_info info = { .sectors = DISK_BYTES / 512, .block_bytes = 512, .physical_bytes = 4096,
		.max_sectors = 256, .features = features };

	blk_server_begin(&server, fake_memory(fake_pd_of(store), STORE_LINKS + link * (u64)BLK_LINK_BYTES), &info,
			 BLK_UP, 0);
}

static void attach(u32 number)
{
	struct store_order order = take(STORE_ATTACH);

	assert_int_equal(order.link, LINK);
	assert_int_equal(order.guid[0], 100 + number);
	assert_int_equal(order.flags, STORE_READ_ONLY);
	begin_server(LINK);
	done(&order, STORE_OK);
}

static void carry_out(const struct blk_sqe *sqe)
{
	u8 *to = blk_slot(server.shared, sqe->seg[0].slot);

	if (sqe->op == BLK_SURVEY) {
		asked_since = sqe->since;
		memcpy(to, bits + sqe->sector / BLK_UNIT_SECTORS,
		       (sqe->sectors + BLK_UNIT_SECTORS - 1) / BLK_UNIT_SECTORS);
		return;
	}
	assert_int_equal(sqe->op, BLK_READ);
	if ((features & BLK_CAN_SURVEY) != 0)	/* no hole is read */
		for (u64 s = 0; s < sqe->sectors; s += BLK_UNIT_SECTORS)
			assert_true((bits[(sqe->sector + s) / BLK_UNIT_SECTORS] & BLK_UNIT_WRITTEN) != 0);
	memcpy(to, disk + sqe->sector * 512, sqe->sectors * 512u);
}

static u32 serve(enum blk_status status)
{
	struct blk_sqe sqe;
	u32 served = 0;

	for (; blk_server_take(&server, &sqe); served++) {
		carry_out(&sqe);
		blk_server_complete(&server, sqe.cookie, status);
	}
	bench_turns(ROOT_BIT_STORE, 3);
	return served;
}

/* ---- the console ---- */

static struct request make(enum request_op op)
{
	struct request r = bench_make_request(op, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	return r;
}

static void ask_open(const char *name, const char *snapshot, const char *base, u64 from)
{
	struct request r = make(REQ_EXPORT_OPEN);

	strcpy(r.image.name, name);
	strcpy(r.snapshot, snapshot);
	strcpy(r.to, base);
	r.image.offset = from;
	bench_send(&r);
	bench_turns(0, 2);
}

static u64 open_it_at(const char *snapshot, const char *base, u64 from)
{
	ask_open("web", snapshot, base, from);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.export.bytes, DISK_BYTES);
	return bench_answer.export.number;
}

static void ask_number(enum request_op op, u64 number, u32 count)
{
	struct request r = make(op);

	r.image.upload = number;
	r.image.count = count;
	bench_send(&r);
	bench_turns(0, 2);
}

/* All that comes; returns how many bytes. */
static u64 read_all(u64 number, u8 *to, u64 from)
{
	u64 at = 0;

	for (;;) {
		const struct export_data *d = &bench_answer.exported;

		ask_number(REQ_EXPORT_READ, number, at % 3 == 0 ? EXPORT_DATA_BYTES : 1 + (u32)(at % 5000));
		while (!bench_is_answered())
			(void)serve(BLK_OK);
		assert_int_equal(bench_answer.error, ERR_NONE);
		assert_int_equal(d->offset, from + at);
		memcpy(to + at, d->bytes, d->count);
		at += d->count;
		if (d->is_over)
			return at;
		assert_true(d->count != 0);
	}
}

static void close_it(u64 number)
{
	ask_number(REQ_EXPORT_CLOSE, number, 0);
	bench_expect(ERR_NONE);
	bench_turns(0, 2);
	expect_done(STORE_DETACH);
	bench_turns(ROOT_BIT_STORE, 3);
}

/* What a stream makes of a disk full of 0xee. Returns the bytes of data. */
static u64 apply(const u8 *bytes, u64 count, bool is_diff)
{
	struct extents e;
	u64 data = 0, used;

	memset(seen, is_diff ? 0xee : 0, sizeof(seen));
	extents_init(&e);
	e.takes_diff = is_diff;
	while (count != 0) {
		enum extents_state state = extents_next(&e, bytes, count, &used);

		assert_true(state != EXTENTS_BAD);
		if (state == EXTENTS_ZEROS)
			memset(seen + e.offset, 0, e.zeros);
		if (state == EXTENTS_DATA) {
			memcpy(seen + e.offset, bytes, used);
			extents_took(&e, used);
			data += used;
		}
		bytes += used;
		count -= used;
	}
	assert_true(e.is_over);
	assert_int_equal(e.is_diff, is_diff);
	return data;
}

/* ---- tests ---- */

static void a_snapshot(void **state)
{
	static const u64 offsets[] = { 1, 15, 16, 17, 31, 32, 33, 5000, 2 * UNIT + 31, 2 * UNIT + 32, 3 * UNIT };
	u64 number = open_it_at("new", "", 0), count;

	(void)state;
	attach(3);
	count = read_all(number, stream, 0);
	assert_int_equal(apply(stream, count, false), 4 * UNIT);
	assert_memory_equal(seen, disk, sizeof(disk));
	assert_int_equal(asked_since, 0);
	for (u32 i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {	/* it goes on anywhere */
		number = open_it_at("new", "", offsets[i]);
		assert_int_equal(read_all(number, again, offsets[i]), count - offsets[i]);
		assert_memory_equal(again, stream + offsets[i], count - offsets[i]);
	}
	number = open_it_at("new", "", count);
	assert_int_equal(read_all(number, again, count), 0);
	number = open_it_at("new", "", count + 1);
	ask_number(REQ_EXPORT_READ, number, 1);
	while (!bench_is_answered())
		(void)serve(BLK_OK);
	assert_int_equal(bench_answer.error, ERR_NO_EXPORT);
	close_it(number);
}

static void a_diff(void **state)
{
	u64 number, count;

	(void)state;
	for (u32 i = 0; i < UNITS; i++)
		bits[i] = BLK_UNIT_WRITTEN;
	memset(disk, 0xee, sizeof(disk));
	bits[7] = bits[8] = BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED;
	memset(disk + 7 * UNIT, 0x11, 2 * UNIT);
	bits[9] = bits[100] = BLK_UNIT_CHANGED;
	memset(disk + 9 * UNIT, 0, UNIT);
	memset(disk + 100 * UNIT, 0, UNIT);
	number = open_it_at("new", "old", 0);
	attach(3);
	count = read_all(number, stream, 0);
	assert_int_equal(asked_since, 20);
	assert_int_equal(apply(stream, count, true), 2 * UNIT);
	assert_memory_equal(seen, disk, sizeof(disk));
	assert_true(count < 2 * UNIT + 100);
	close_it(number);
}

/* A volume of no VM, whose store can't say what is written: all of it. */
static void a_volume(void **state)
{
	u64 number;

	(void)state;
	features = BLK_CAN_FLUSH;
	ask_open("other", "", "", 1);
	bench_expect(ERR_NO_EXPORT);		/* it may be another one by now */
	ask_open("other", "", "", 0);
	bench_expect(ERR_NONE);
	number = bench_answer.export.number;
	attach(5);
	assert_int_equal(apply(stream, read_all(number, stream, 0), false), DISK_BYTES);
	assert_memory_equal(seen, disk, sizeof(disk));
	ask_volume(REQ_DELETE_VOLUME, "other", 0);
	bench_expect(ERR_VOLUME_EXPORTED);
	close_it(number);
}

static void refused(void **state)
{
	u64 number;

	(void)state;
	ask_open("none", "", "", 0);
	bench_expect(ERR_NO_VOLUME);
	ask_open("fast", "", "", 0);
	bench_expect(ERR_NO_VOLUME);
	ask_open("web", "none", "", 0);
	bench_expect(ERR_NO_SNAPSHOT);
	ask_open("other", "new", "", 0);
	bench_expect(ERR_NO_SNAPSHOT);
	ask_open("web", "new", "newer", 0);
	bench_expect(ERR_EXPORT_BASE);
	ask_open("web", "new", "new", 0);
	bench_expect(ERR_EXPORT_BASE);
	ask_open("web", "new", "none", 0);
	bench_expect(ERR_EXPORT_BASE);
	ask_open("web", "", "old", 0);
	bench_expect(ERR_BAD_FIELD);
	tell_part(3, "new", STORE_IS_SNAPSHOT | STORE_IS_LOCKED, 1);
	ask_open("web", "new", "", 0);
	bench_expect(ERR_POOL_LOCKED);
	tell_part(3, "new", STORE_IS_SNAPSHOT, 1);
	number = open_it_at("new", "", 0);
	attach(3);
	ask_number(REQ_EXPORT_READ, number + 1, 1);
	bench_expect(ERR_NO_EXPORT);
	ask_number(REQ_EXPORT_READ, number, 0);
	bench_expect(ERR_BAD_FIELD);
	ask_number(REQ_EXPORT_READ, number, EXPORT_DATA_BYTES + 1);
	bench_expect(ERR_BAD_FIELD);
	ask_number(REQ_EXPORT_CLOSE, 0, 0);
	bench_expect(ERR_NO_EXPORT);
	close_it(number);
	ask_number(REQ_EXPORT_READ, number, 1);
	bench_expect(ERR_NO_EXPORT);
}

/* Another takes it up: who reads it hears so, and an answer of the store's to the former is not the new one's. */
static void taken_over(void **state)
{
	u64 number = open_it_at("new", "", 0), other;
	struct request r = make(REQ_EXPORT_READ);

	(void)state;
	attach(3);
	assert_true(read_all(number, stream, 0) != 0);
	number = open_it_at("new", "", 0);
	ask_number(REQ_EXPORT_READ, number, EXTENTS_HEAD_BYTES);
	bench_expect(ERR_NONE);
	r.image.upload = number;
	r.image.count = 1000;
	bench_send(&r);
	bench_turns(0, 2);
	assert_false(bench_is_answered());	/* the store is asked */
	ask_open("web", "new", "", 0);
	bench_expect(ERR_NONE);
	other = bench_answer.export.number;
	assert_true(other > number);
	assert_true(read_all(other, again, 0) != 0);
	assert_memory_equal(again, stream, 4 * UNIT);
	ask_number(REQ_EXPORT_READ, number, 1);
	bench_expect(ERR_NO_EXPORT);
	close_it(other);
}

static void a_disk_that_fails(void **state)
{
	u64 number = open_it_at("new", "", 0);

	(void)state;
	attach(3);
	ask_number(REQ_EXPORT_READ, number, 16);
	bench_expect(ERR_NONE);		/* the head */
	ask_number(REQ_EXPORT_READ, number, 16);
	while (!bench_is_answered())
		(void)serve(BLK_IOERR);
	assert_int_equal(bench_answer.error, ERR_EXPORT_IO);
	assert_string_equal(bench_answer.text, "new");
	close_it(number);
}

/* The store is started again: a pause. */
static void a_store_that_dies(void **state)
{
	u64 number = open_it_at("new", "", 0), count;

	(void)state;
	attach(3);
	ask_number(REQ_EXPORT_READ, number, 16);
	bench_expect(ERR_NONE);
	begin_server(LINK);
	count = read_all(number, stream + 16, 16);
	assert_int_equal(count, 4 * UNIT + 3 * 16 + 16);
	close_it(number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_snapshot, fresh),
		cmocka_unit_test_setup(a_diff, fresh),
		cmocka_unit_test_setup(a_volume, fresh),
		cmocka_unit_test_setup(refused, fresh),
		cmocka_unit_test_setup(taken_over, fresh),
		cmocka_unit_test_setup(a_disk_that_fails, fresh),
		cmocka_unit_test_setup(a_store_that_dies, fresh),
	};

	return cmocka_run_group_tests(tests, setup_volumes, NULL);
}
