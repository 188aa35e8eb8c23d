/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: what VMs print is kept in a volume of the pool with the definitions, comes back, and goes with
 * its VM. A pool that is full, locked or broken keeps no log, and nobody waits for it.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "definition_changes.h"
#include "definitions.h"
#include "definitions_bench.h"
#include "log_blocks.h"
#include "own_machine.h"
#include "vm_records.h"

#define LOG_NUMBER 2u		/* of the volume in the pool */

static u8 log_disk[LOG_VOLUME_BYTES];
static struct blk_server log_server;
static u32 log_link, log_flushes, log_discards;
static bool has_log_failed;

static void log_move(const struct blk_sqe *sqe)
{
	u8 *window = fake_memory(fake_pd_of(store), STORE_LINKS + log_link * (u64)BLK_LINK_BYTES);
	u8 *at = log_disk + sqe->sector * BLK_SECTOR_BYTES;

	assert_true(sqe->sector * BLK_SECTOR_BYTES + sqe->sectors * BLK_SECTOR_BYTES <= sizeof(log_disk));
	if (sqe->op == BLK_DISCARD)
		memset(at, 0, sqe->sectors * BLK_SECTOR_BYTES);
	for (u32 j = 0; sqe->op <= BLK_WRITE && j < sqe->seg[0].count; j++, at += BLK_SLOT_BYTES) {
		u8 *slot = blk_slot(window, sqe->seg[0].slot + j);

		memcpy(sqe->op == BLK_READ ? slot : at, sqe->op == BLK_READ ? at : slot, BLK_SLOT_BYTES);
	}
}

static void serve_logs(void)
{
	struct blk_sqe sqe;

	for (u32 i = 0; i < 12; i++) {
		while (log_server.shared != NULL && blk_server_take(&log_server, &sqe)) {
			log_flushes += sqe.op == BLK_FLUSH;
			log_discards += sqe.op == BLK_DISCARD;
			if (sqe.op != BLK_FLUSH && !has_log_failed)
				log_move(&sqe);
			blk_server_complete(&log_server, sqe.cookie, has_log_failed ? BLK_IOERR : BLK_OK);
		}
		bench_turns(ROOT_BIT_STORE, 4);
	}
}

static void begin_logs(void)
{
	static const struct blk_info info = { .sectors = LOG_VOLUME_BYTES / 512, .block_bytes = 4096,
		.physical_bytes = 4096, .features = BLK_CAN_FLUSH | BLK_CAN_DISCARD, .max_sectors = BLK_MAX_SECTORS,
		.max_zero_sectors = 50 * LOG_SLOT_BYTES / 512 };
	struct store_order order = take(STORE_ATTACH);

	assert_string_equal(order.volume, "vos.log");
	log_link = order.link;
	done(&order, STORE_OK);
	blk_server_begin(&log_server, fake_memory(fake_pd_of(store), STORE_LINKS + log_link * (u64)BLK_LINK_BYTES),
			 &info, BLK_UP, 0);
}

static void attach_logs(void)
{
	begin_logs();
	serve_logs();
}

static void tell_logs(u32 flags, const u8 guid[STORE_GUID_BYTES])
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = LOG_NUMBER,
		.extent = STORE_EXTENT_VOLUME, .sectors = LOG_VOLUME_BYTES / 512, .flags = flags };

	strcpy(r.volume, "vos.log");
	strcpy(r.label, "vos.log");
	memcpy(r.guid, guid, sizeof(r.guid));
	report(r);
}

static void make_logs(u32 flags)
{
	struct store_order order = take(STORE_CREATE);

	assert_string_equal(order.volume, "vos.log");
	assert_int_equal(order.bytes, LOG_VOLUME_BYTES);
	assert_int_equal((order.flags & STORE_ENCRYPTED) != 0, (flags & STORE_IS_ENCRYPTED) != 0);
	tell_logs(flags, order.guid);
	done(&order, STORE_OK);
	attach_logs();
}

static void tell_pool(u32 flags, u32 percent)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX, .flags = flags,
		.percent = percent });
}

static void ask_log(enum request_op op, const char *name, u64 start, const char *text)
{
	struct request r = bench_make_request(op, name, 0);

	r.log.start = start;
	r.log.count = (u32)strlen(text);
	strcpy(r.log.bytes, text);
	bench_send(&r);
	bench_turns(0, 5);
}

static void write_log(const char *name, u64 start, const char *text)
{
	ask_log(REQ_LOG_WRITE, name, start, text);
	serve_logs();
	bench_expect(ERR_NONE);
}

static void expect_log(const char *name, u64 from, u64 start, const char *text, bool is_more)
{
	ask_log(REQ_LOG_READ, name, from, "");
	serve_logs();
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.log.count, strlen(text));
	assert_memory_equal(bench_answer.log.bytes, text, strlen(text));
	assert_int_equal(bench_answer.log.is_more, is_more);
	if (text[0] != '\0')
		assert_int_equal(bench_answer.log.start, start);
}

/* A pool with definitions, and a VM. */
static void make_vm(const char *name)
{
	ask_create(name);
	write_text(TEXT);
	bench_expect(ERR_NONE);
}

static struct vm_record last_record(void)
{
	const struct definition_header *h[] = { (void *)disk, (void *)(disk + DEFINITION_SLOT_BYTES) };
	u32 slot = h[1]->generation > h[0]->generation;
	struct vm_record r = { .name = "" };

	if (h[slot]->record_bytes != 0)
		memcpy(&r, content_of(slot) + h[slot]->bytes, sizeof(r));
	return r;
}

/* ---- what happens ---- */

static void there_and_back(void **state)
{
	(void)state;
	make_pool();
	make_vm("a");
	expect_log("a", 0, 0, "", false);
	expect_no_order();		/* nothing was printed yet */
	ask_log(REQ_LOG_WRITE, "a", 0, "one");
	make_logs(0);
	bench_expect(ERR_NONE);
	write_log("a", 0, "one two");	/* longer, from the same byte */
	write_log("a", 7, " three");
	ask_log(REQ_LOG_WRITE, "a", 0, "");
	assert_int_equal(log_flushes, 0);
	serve_logs();
	assert_int_equal(log_flushes, 1);
	expect_log("a", 0, 0, "one two", true);
	expect_log("a", 1, 7, " three", false);
	expect_log("a", 8, 0, "", false);
	(void)definitions_are_settled();
	bench_turns(0, 4);
	serve();
	assert_string_equal(last_record().name, "a");
	assert_true(last_record().log != 0);
}

/* Records are written with pauses between; but the first one that says whose a log is comes at once. */
static void the_first_lines(void **state)
{
	(void)state;
	make_pool();
	make_vm("a");
	records_changed();
	bench_turns(0, 4);
	serve();				/* a pause begins */
	assert_int_equal(last_record().log, 0);
	ask_log(REQ_LOG_WRITE, "a", 0, "one");
	make_logs(0);
	bench_expect(ERR_NONE);
	serve();
	assert_true(last_record().log != 0);
}

/* Whose log it is says the record; the blocks of a VM that was there before are nobody's, and go. */
static void after_a_restart(void **state)
{
	struct vm_record r[] = { { .name = "a", .log = 77, .log_slot = 3 }, { .name = "b", .log = 78, .log_slot = 3 },
		{ .name = "c", .log = 79, .log_slot = VM_COUNT } };
	struct log_block *blocks = (void *)log_disk;
	u8 guid[STORE_GUID_BYTES] = { 5 };

	(void)state;
	log_block_fill(&blocks[3 * LOG_BLOCKS + 4], 77, 1000, "then", 4);
	log_block_fill(&blocks[3 * LOG_BLOCKS + 5], 78, 2000, "other", 5);
	log_block_fill(&blocks[9 * LOG_BLOCKS], 77, 3000, "deleted", 7);
	fill_slot_with(0, 6, TEXT, r, ARRAY_COUNT(r));
	boot(true);
	tell_logs(0, guid);
	ask_create_as("a", REQ_FLAG_APPLIED);
	ask_create_as("b", REQ_FLAG_APPLIED);
	bench_ask_task(bench_task.number, 0);
	write_text(TEXT);
	ask_log(REQ_LOG_READ, "a", 0, "");
	attach_logs();
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.log.start, 1000);
	assert_int_equal(bench_answer.log.count, 4);
	expect_log("a", 1001, 0, "", false);
	expect_log("b", 0, 0, "", false);
	assert_true(log_discards > 0);
	assert_int_equal(blocks[9 * LOG_BLOCKS].count, 0);
	write_log("b", 0, "of b");
	expect_log("a", 0, 1000, "then", false);
	expect_log("b", 0, 0, "of b", false);
}

/* Only as many turns as root asks for: nothing may wait for an occasion that need not come. */
static void serve_and_settle(void)
{
	struct blk_sqe sqe;

	bench_settle(ROOT_BIT_STORE);
	while (blk_server_take(&log_server, &sqe)) {
		log_discards += sqe.op == BLK_DISCARD;
		if (sqe.op != BLK_FLUSH)
			log_move(&sqe);
		blk_server_complete(&log_server, sqe.cookie, BLK_OK);
		bench_settle(ROOT_BIT_STORE);
	}
}

/* At the start the console asks while unused slots are discarded: it is answered when they are. */
static void asked_while_it_sweeps(void **state)
{
	struct vm_record r = { .name = "a", .log = 77, .log_slot = 3 };
	struct log_block *blocks = (void *)log_disk;
	u8 guid[STORE_GUID_BYTES] = { 5 };

	(void)state;
	log_block_fill(&blocks[3 * LOG_BLOCKS], 77, 1000, "then", 4);
	fill_slot_with(0, 6, TEXT, &r, 1);
	boot(true);
	tell_logs(0, guid);
	ask_create_as("a", REQ_FLAG_APPLIED);
	bench_ask_task(bench_task.number, 0);
	write_text(TEXT);
	ask_log(REQ_LOG_READ, "a", 0, "");
	begin_logs();
	serve_and_settle();
	assert_true(log_discards > 0);
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.log.count, 4);
}

static void it_goes_with_its_vm(void **state)
{
	u64 used = 0;

	(void)state;
	make_pool();
	make_vm("a");
	ask_log(REQ_LOG_WRITE, "a", 0, "secret");
	make_logs(0);
	bench_expect(ERR_NONE);
	serve();			/* its record */
	bench_ask(REQ_DELETE, "a", 0);
	bench_turns(0, 5);
	write_text("none");
	bench_expect(ERR_NONE);
	serve_logs();
	serve_logs();
	for (u32 i = 0; i < sizeof(log_disk); i++)
		used += log_disk[i];
	assert_int_equal(used, 0);
	make_vm("a");
	expect_log("a", 0, 0, "", false);
}

static void where_there_is_none(void **state)
{
	struct request r = bench_make_request(REQ_LOG_WRITE, "a", 0);

	(void)state;
	boot(false);
	bench_ask_task(bench_task.number, 0);
	ask_create("a");
	bench_expect(ERR_NONE);
	ask_log(REQ_LOG_WRITE, "a", 0, "x");
	bench_expect(ERR_NO_POOL);
	ask_log(REQ_LOG_WRITE, "b", 0, "x");
	bench_expect(ERR_NO_VM);
	r.log.count = LOG_PIECE_BYTES + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.log.count = 1;
	r.log.start = ~0ull;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
}

static void a_full_pool(void **state)
{
	(void)state;
	make_pool();
	make_vm("a");
	tell_pool(0, 95);
	ask_log(REQ_LOG_WRITE, "a", 0, "x");
	bench_expect(ERR_NO_POOL);
	expect_no_order();
}

/* A disk that fails ends the link; it is tried again a minute later. */
static void a_failing_disk(void **state)
{
	(void)state;
	make_pool();
	make_vm("a");
	ask_log(REQ_LOG_WRITE, "a", 0, "x");
	make_logs(0);
	bench_expect(ERR_NONE);
	has_log_failed = true;
	ask_log(REQ_LOG_WRITE, "a", 0, "xy");
	serve_logs();
	bench_expect(ERR_NO_POOL);
	expect_done(STORE_DETACH);
	ask_log(REQ_LOG_WRITE, "a", 0, "xyz");
	bench_expect(ERR_NO_POOL);
	expect_no_order();
}

/* In a pool with a secret the volume is encrypted; a plain one of before goes, with all that it has. */
static void a_secret(void **state)
{
	struct store_order order;

	(void)state;
	make_pool();
	make_vm("a");
	ask_log(REQ_LOG_WRITE, "a", 0, "plain");
	make_logs(0);
	bench_expect(ERR_NONE);
	tell_pool(STORE_IS_ENCRYPTED, 0);
	bench_turns(0, 4);
	expect_done(STORE_DETACH);
	ask_log(REQ_LOG_WRITE, "a", 0, "plain");
	order = take(STORE_DELETE);
	assert_string_equal(order.volume, "vos.log");
	report((struct store_report){ .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = LOG_NUMBER,
		.extent = STORE_EXTENT_GONE });
	done(&order, STORE_OK);
	bench_turns(0, 4);
	make_logs(STORE_IS_ENCRYPTED);
	bench_expect(ERR_NONE);
	tell_pool(STORE_IS_ENCRYPTED | STORE_IS_LOCKED, 0);
	ask_log(REQ_LOG_READ, "a", 0, "");
	bench_expect(ERR_POOL_LOCKED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(the_first_lines), cmocka_unit_test(after_a_restart),
		cmocka_unit_test(it_goes_with_its_vm), cmocka_unit_test(asked_while_it_sweeps),
		cmocka_unit_test(where_there_is_none), cmocka_unit_test(a_full_pool),
		cmocka_unit_test(a_failing_disk), cmocka_unit_test(a_secret),
	};

	return run_on_own_machines(tests, ARRAY_COUNT(tests), begin_untold);
}
