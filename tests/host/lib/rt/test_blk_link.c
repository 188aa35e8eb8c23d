/* SPDX-License-Identifier: MIT */
/*
 * The link of block requests: order, both rings' wrap-around, restarts of the server, waiting words, the judging of
 * requests and of what a server says about itself, slots, and peers that publish nonsense.
 */
/* links: rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"

static _Alignas(4096) u8 link_memory[BLK_LINK_BYTES];
static struct blk_link_shared *const shared = (struct blk_link_shared *)link_memory;
static struct blk_client client;
static struct blk_server server;

static const struct blk_info info = {
	.sectors = 1000 * 8, .block_bytes = 512, .physical_bytes = 4096, .max_sectors = 256, .max_zero_sectors = 4096,
	.features = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_FUA | BLK_CAN_UNMAP,
	.model = "test", .serial = "1",
};

static struct blk_sqe request(u8 op, u64 sector, u32 sectors)
{
	struct blk_sqe sqe = { .op = op, .sector = sector, .sectors = sectors };

	if (op == BLK_READ || op == BLK_WRITE) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){ BLK_WINDOW_OWN, 0, (u16)((sectors + 7) / 8), 0 };
	}
	return sqe;
}

static int setup(void **state)
{
	(void)state;
	memset(link_memory, 0, BLK_SLOT_BYTES * 4);
	blk_client_init(&client, link_memory);
	blk_server_begin(&server, link_memory, &info, BLK_UP, 0);
	return 0;
}

static void must_submit(u64 sector)
{
	struct blk_sqe sqe = request(BLK_READ, sector, 8);

	assert_true(blk_client_submit(&client, &sqe) >= 0);
}

static void test_nothing_before_the_client_follows(void **state)
{
	struct blk_sqe sqe;

	(void)state;
	must_submit(8);				/* before it has looked: kept */
	assert_false(blk_server_take(&server, &sqe));
	assert_true(blk_client_poll(&client));
	assert_false(blk_client_poll(&client));
	assert_true(client.is_up);
	assert_int_equal(client.info.sectors, info.sectors);
	assert_true(blk_server_take(&server, &sqe));
	assert_int_equal(sqe.sector, 8);
	assert_false(blk_server_take(&server, &sqe));
}

static void test_completions_out_of_order(void **state)
{
	struct blk_sqe taken[BLK_RING];
	enum blk_status status;
	u32 number, order[BLK_RING];
	unsigned seed = 5;
	bool was_seen[BLK_RING];

	(void)state;
	assert_true(blk_client_poll(&client));
	for (u32 round = 0; round < 500; round++) {
		memset(was_seen, 0, sizeof(was_seen));
		for (u32 i = 0; i < BLK_RING; i++) {
			must_submit(8 * i);
			order[i] = i;
		}
		assert_int_equal(blk_client_submit(&client, &taken[0]), -1);
		for (u32 i = 0; i < BLK_RING; i++) {
			assert_true(blk_server_take(&server, &taken[i]));
			assert_int_equal(taken[i].sector, 8 * i);
		}
		for (u32 i = 0; i < BLK_RING; i++) {
			u32 other = (u32)rand_r(&seed) % BLK_RING, kept = order[i];

			order[i] = order[other];
			order[other] = kept;
		}
		for (u32 i = 0; i < BLK_RING; i++)
			blk_server_complete(&server, taken[order[i]].cookie,
					    taken[order[i]].sector % 3 == 0 ? BLK_OK : BLK_IOERR);
		for (u32 i = 0; i < BLK_RING; i++) {
			assert_true(blk_client_completed(&client, &number, &status));
			assert_false(was_seen[number]);
			was_seen[number] = true;
			assert_int_equal(status, client.pending[number].sqe.sector % 3 == 0 ? BLK_OK : BLK_IOERR);
		}
		assert_false(blk_client_completed(&client, &number, &status));
		assert_int_equal(client.outstanding, 0);
	}
}

/* 200 restarts with requests in every state: each is completed exactly once for the client, none is lost. */
static void test_restarts_lose_nothing(void **state)
{
	unsigned seed = 11;
	u32 number, left, submitted = 0, completed = 0;
	enum blk_status status;
	struct blk_sqe sqe;

	(void)state;
	assert_true(blk_client_poll(&client));
	for (u32 round = 0; round < 200; round++) {
		left = (u32)rand_r(&seed) % 64;
		for (u32 i = 0; i < left && client.outstanding < BLK_RING; i++, submitted++)
			must_submit(8 * i);
		left = (u32)rand_r(&seed) % 64;
		for (u32 i = 0; i < left && blk_server_take(&server, &sqe); i++)
			if (rand_r(&seed) % 2)
				blk_server_complete(&server, sqe.cookie, BLK_OK);
		left = (u32)rand_r(&seed) % 16;
		for (u32 i = 0; i < left && blk_client_completed(&client, &number, &status); i++)
			completed++;
		blk_server_begin(&server, link_memory, &info, BLK_UP, 0);
		if (rand_r(&seed) % 2)
			continue;	/* the next one dies too, before the client has looked */
		assert_true(blk_client_poll(&client));
	}
	(void)blk_client_poll(&client);
	while (blk_server_take(&server, &sqe))
		blk_server_complete(&server, sqe.cookie, BLK_OK);
	while (blk_client_completed(&client, &number, &status))
		completed++;
	assert_int_equal(client.outstanding, 0);
	assert_int_equal(submitted, completed);
}

static void test_down_keeps_requests(void **state)
{
	struct blk_sqe sqe;
	u32 number;
	enum blk_status status;

	(void)state;
	assert_true(blk_client_poll(&client));
	blk_server_begin(&server, link_memory, NULL, BLK_DOWN, 0);
	assert_true(blk_client_poll(&client));
	assert_false(client.is_up);
	must_submit(16);
	assert_false(blk_server_take(&server, &sqe));
	assert_false(blk_client_completed(&client, &number, &status));
	blk_server_begin(&server, link_memory, &info, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_true(blk_server_take(&server, &sqe));
	assert_int_equal(sqe.sector, 16);
}

static void test_signals(void **state)
{
	(void)state;
	assert_true(blk_client_poll(&client));
	assert_false(blk_client_should_signal(&client));
	blk_server_wait(&server, true);
	assert_true(blk_client_should_signal(&client));
	assert_false(blk_client_should_signal(&client));
	blk_client_wait(&client, true);
	blk_client_wait(&client, false);
	assert_false(blk_server_should_signal(&server));
	blk_client_wait(&client, true);
	assert_true(blk_server_should_signal(&server));
}

static void test_judge(void **state)
{
	struct blk_info small = info;
	struct blk_sqe sqe;

	(void)state;
	sqe = request(BLK_READ, 7992, 8);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_OK);
	sqe.sector = 7993;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe.sector = ~0ull;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_READ, 0, 0);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_READ, 0, 264);			/* above max_sectors */
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_WRITE, 0, 9);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_OK);
	sqe.seg[0].count = 1;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe.seg[0].count = 2;
	sqe.seg[0].slot = BLK_SLOTS - 2;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_OK);
	sqe.seg[0].slot = BLK_SLOTS - 1;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe.seg[0] = (struct blk_seg){ 5, 0, 2, 0 };
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	assert_int_equal(blk_judge(&sqe, &info, 5), BLK_INVAL);
	assert_int_equal(blk_judge(&sqe, &info, 6), BLK_OK);
	sqe.seg_count = BLK_SEGS + 1;
	assert_int_equal(blk_judge(&sqe, &info, 6), BLK_INVAL);
	sqe.seg_count = 0;
	assert_int_equal(blk_judge(&sqe, &info, 6), BLK_INVAL);
	sqe = request(BLK_FLUSH, 0, 0);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_OK);
	sqe.sectors = 1;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_WRITE_ZEROES, 0, 4096);
	sqe.flags = BLK_UNMAP;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_OK);
	sqe.flags = BLK_FUA;
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_DISCARD, 0, 4104);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	sqe = request(BLK_OP_COUNT, 0, 8);
	assert_int_equal(blk_judge(&sqe, &info, 0), BLK_INVAL);
	small.features = BLK_IS_READ_ONLY;
	small.max_zero_sectors = 0;
	sqe = request(BLK_WRITE, 0, 8);
	assert_int_equal(blk_judge(&sqe, &small, 0), BLK_READONLY);
	sqe = request(BLK_READ, 0, 8);
	assert_int_equal(blk_judge(&sqe, &small, 0), BLK_OK);
	small.block_bytes = 4096;
	sqe.sector = 1;
	assert_int_equal(blk_judge(&sqe, &small, 0), BLK_INVAL);
	small.features = 0;
	sqe = request(BLK_DISCARD, 0, 8);
	assert_int_equal(blk_judge(&sqe, &small, 0), BLK_INVAL);
}

static void test_judge_survey(void **state)
{
	struct blk_info can = info;
	struct blk_sqe sqe = { .op = BLK_SURVEY, .sectors = 8000, .seg_count = 1, .since = ~0u,
		.seg = { { BLK_WINDOW_OWN, BLK_SLOTS - 1, 1, 0 } } }, bad;

	(void)state;
	assert_int_equal(blk_judge(&sqe, &can, 0), BLK_INVAL);		/* not of every link */
	can.features |= BLK_CAN_SURVEY | BLK_IS_READ_ONLY;
	can.sectors = ~0ull >> 9;
	assert_int_equal(blk_judge(&sqe, &can, 0), BLK_OK);
#define REFUSED(member, value) (bad = sqe, bad.member = (value), assert_int_equal(blk_judge(&bad, &can, 7), BLK_INVAL))
	REFUSED(since, 1ull << 32);
	REFUSED(sector, 8);
	REFUSED(sectors, 0);
	REFUSED(sectors, BLK_SURVEY_SECTORS + 8);
	REFUSED(seg_count, 0);
	REFUSED(seg_count, 2);
	REFUSED(seg[0].count, 2);
	REFUSED(seg[0].slot, BLK_SLOTS);
	REFUSED(seg[0].window, 1);
	REFUSED(sector, can.sectors - can.sectors % 128);
#undef REFUSED
	sqe.sectors = BLK_SURVEY_SECTORS;
	assert_int_equal(blk_judge(&sqe, &can, 0), BLK_OK);
	sqe.op = BLK_READ;
	sqe.sectors = 8;
	assert_int_equal(blk_judge(&sqe, &can, 0), BLK_INVAL);		/* since is BLK_SURVEY's */
}

static void test_info(void **state)
{
	struct blk_info bad = info;

	(void)state;
	assert_true(blk_info_ok(&bad));
	bad.block_bytes = 0;
	assert_false(blk_info_ok(&bad));
	bad.block_bytes = 1536;
	assert_false(blk_info_ok(&bad));
	bad.block_bytes = 8192;
	assert_false(blk_info_ok(&bad));
	bad = info;
	bad.physical_bytes = 256;
	assert_false(blk_info_ok(&bad));
	bad = info;
	bad.max_sectors = BLK_MAX_SECTORS + 1;
	assert_false(blk_info_ok(&bad));
	bad = info;
	bad.sectors = ~0ull;
	assert_false(blk_info_ok(&bad));
	bad = info;
	memset(bad.model, 'x', sizeof(bad.model));
	assert_false(blk_info_ok(&bad));
	bad = info;
	bad.features |= BIT32(31);
	assert_false(blk_info_ok(&bad));
	bad = info;
	bad.max_zero_sectors = 0;
	assert_false(blk_info_ok(&bad));
	/* A client does not follow such a server. */
	blk_server_begin(&server, link_memory, &bad, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_false(client.is_up);
}

static void test_server_refuses_and_goes_on(void **state)
{
	struct blk_sqe sqe = request(BLK_READ, 8000, 8);
	enum blk_status status;
	u32 number;

	(void)state;
	assert_true(blk_client_poll(&client));
	assert_true(blk_client_submit(&client, &sqe) >= 0);
	must_submit(0);
	assert_true(blk_server_take(&server, &sqe));
	assert_int_equal(sqe.sector, 0);
	assert_int_equal(server.refused, 1);
	assert_true(blk_client_completed(&client, &number, &status));
	assert_int_equal(status, BLK_INVAL);
	assert_int_equal(server.in_flight, 1);
}

/* A client that publishes more than the ring holds gets nothing; one that never reads fills nobody's memory but its
 * own ring. */
static void test_hostile_client(void **state)
{
	struct blk_sqe sqe;
	u32 taken = 0;

	(void)state;
	assert_true(blk_client_poll(&client));
	shared->sq_head = BLK_RING + 1;
	assert_false(blk_server_take(&server, &sqe));
	shared->sq_head = 0;
	for (u32 i = 0; i < BLK_RING; i++)
		must_submit(8 * i);
	while (blk_server_take(&server, &sqe))
		taken++;
	assert_int_equal(taken, BLK_RING);
	shared->sq_head += BLK_RING;			/* the same again, though all are in flight */
	assert_false(blk_server_take(&server, &sqe));
	blk_server_complete(&server, 0, BLK_OK);
	assert_true(blk_server_take(&server, &sqe));
	assert_false(blk_server_take(&server, &sqe));
}

static void test_hostile_server(void **state)
{
	struct blk_cqe *cqes = (struct blk_cqe *)(link_memory + BLK_CQ_OFFSET);
	enum blk_status status;
	u32 number;

	(void)state;
	assert_true(blk_client_poll(&client));
	must_submit(0);
	shared->cq_head = BLK_RING + 1;			/* more than the ring holds */
	assert_false(blk_client_completed(&client, &number, &status));
	for (u32 i = 0; i < BLK_RING; i++)
		cqes[i] = (struct blk_cqe){ .cookie = i, .status = 77 };	/* generation 0: never submitted */
	cqes[10].cookie = client.pending[0].sqe.cookie;
	cqes[11].cookie = client.pending[0].sqe.cookie;		/* twice */
	shared->cq_head = BLK_RING;
	assert_true(blk_client_completed(&client, &number, &status));
	assert_int_equal(number, 0);
	assert_int_equal(status, BLK_IOERR);
	assert_false(blk_client_completed(&client, &number, &status));
	assert_int_equal(client.outstanding, 0);
}

/* A client that answers each refusal with another bad request, from another processor, does not keep the server. */
static void test_refusals_are_bounded(void **state)
{
	struct blk_sqe sqe;

	(void)state;
	assert_true(blk_client_poll(&client));
	assert_false(blk_server_take(&server, &sqe));
	memset(link_memory + BLK_SQ_OFFSET, 0xff, BLK_RING * sizeof(sqe));
	shared->sq_head = BLK_RING;
	assert_false(blk_server_take(&server, &sqe));
	assert_int_equal(server.refused, BLK_RING);
	shared->sq_head = 2 * BLK_RING;
	assert_false(blk_server_take(&server, &sqe));
	assert_int_equal(server.refused, 2 * BLK_RING);
	assert_false(blk_server_has_work(&server));
}

/* A disk that has grown is the same; one of another name, or a smaller one, is not. */
static void test_another_disk(void **state)
{
	struct blk_info other = info;

	(void)state;
	assert_true(blk_client_poll(&client));
	assert_true(client.is_up);
	other.sectors += 8;
	blk_server_begin(&server, link_memory, &other, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_true(client.is_up);
	other = info;
	other.sectors -= 8;
	blk_server_begin(&server, link_memory, &other, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_false(client.is_up);
	other = info;
	other.serial[0]++;
	blk_server_begin(&server, link_memory, &other, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_false(client.is_up);
	blk_server_begin(&server, link_memory, &info, BLK_UP, 0);
	assert_true(blk_client_poll(&client));
	assert_true(client.is_up);
}

static void test_slots(void **state)
{
	struct blk_slots slots = { 0 };
	struct blk_seg seg[BLK_SEGS], held[BLK_SLOTS][BLK_SEGS];
	u32 held_count[BLK_SLOTS] = { 0 }, in_use = 0, n, count, at;
	bool is_used[BLK_SLOTS] = { 0 };
	unsigned seed = 7;

	(void)state;
	assert_int_equal(blk_slots_take(&slots, 0, seg), 0);
	assert_int_equal(blk_slots_take(&slots, BLK_SLOTS + 1, seg), 0);
	assert_int_equal(blk_slots_take(&slots, BLK_SLOTS, seg), 1);
	assert_int_equal(blk_slots_take(&slots, 1, held[0]), 0);
	blk_slots_give(&slots, seg, 1);
	for (u32 round = 0; round < 20000; round++) {
		at = (u32)rand_r(&seed) % BLK_SLOTS;
		if (held_count[at] != 0) {
			for (u32 i = 0; i < held_count[at]; i++)
				for (u32 j = 0; j < held[at][i].count; j++, in_use--)
					is_used[held[at][i].slot + j] = false;
			blk_slots_give(&slots, held[at], held_count[at]);
			held_count[at] = 0;
			continue;
		}
		count = 1 + (u32)rand_r(&seed) % 32;
		n = held_count[at] = blk_slots_take(&slots, count, held[at]);
		assert_true(n <= BLK_SEGS);
		if (n == 0)
			continue;
		for (u32 i = 0; i < n; i++)
			for (u32 j = 0; j < held[at][i].count; j++, in_use++, count--) {
				assert_true(held[at][i].slot + j < BLK_SLOTS);
				assert_false(is_used[held[at][i].slot + j]);
				is_used[held[at][i].slot + j] = true;
			}
		assert_int_equal(count, 0);
	}
	for (at = 0; at < BLK_SLOTS; at++)
		blk_slots_give(&slots, held[at], held_count[at]);
	assert_int_equal(blk_slots_take(&slots, BLK_SLOTS, seg), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_before_the_client_follows, setup),
		cmocka_unit_test_setup(test_completions_out_of_order, setup),
		cmocka_unit_test_setup(test_restarts_lose_nothing, setup),
		cmocka_unit_test_setup(test_refusals_are_bounded, setup),
		cmocka_unit_test_setup(test_another_disk, setup),
		cmocka_unit_test_setup(test_down_keeps_requests, setup),
		cmocka_unit_test_setup(test_signals, setup),
		cmocka_unit_test_setup(test_judge, setup),
		cmocka_unit_test_setup(test_judge_survey, setup),
		cmocka_unit_test_setup(test_info, setup),
		cmocka_unit_test_setup(test_server_refuses_and_goes_on, setup),
		cmocka_unit_test_setup(test_hostile_client, setup),
		cmocka_unit_test_setup(test_hostile_server, setup),
		cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
