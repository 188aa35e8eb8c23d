/* SPDX-License-Identifier: MIT */
/*
 * blk_bench.c - see blk_bench.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "blk_bench.h"
#include "rt_log.h"

struct blk_driver bench;
struct driver_args bench_args;
struct blk_client bench_client;
u8 bench_store[BENCH_SECTORS * BLK_SECTOR_BYTES];
u32 bench_waits;
u64 bench_ms;

#define LINKS_BYTES (DRIVER_LINKS * DRIVER_PIECE_BYTES)

static u8 *links, *window, *dma;
static u64 windows[DRIVER_WINDOW_COUNT];

void rt_log(const char *format, ...)
{
	(void)format;
}

static u64 regs_fake_read(void *at, u32 offset, u32 size)
{
	return fake_read((u64)at + offset, size);
}

static void regs_fake_write(void *at, u32 offset, u32 size, u64 value)
{
	fake_write((u64)at + offset, size, value);
}

struct regs regs_memory(u64 address, u64 bytes)
{
	return (struct regs){ regs_fake_read, regs_fake_write, (void *)address, bytes };
}

struct regs regs_ports(u32 port, u32 count)
{
	return regs_memory(port, count);
}

struct regs regs_part(const struct regs *r, u32 offset, u64 bytes)
{
	return regs_memory((u64)r->at + offset, bytes);
}

static void wait_us(u32 us)
{
	(void)us;
	bench_waits++;
	fake_tick();
}

static u64 now_ms(void)
{
	return bench_ms;
}

/* Below 4 GiB: some controllers have 32-bit bus addresses. */
static void make_memory(void)
{
	u64 bytes = LINKS_BYTES + DRIVER_PIECE_BYTES + BLK_LINK_BYTES;

	if (links == NULL)
		links = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	assert_true(links != MAP_FAILED);
	memset(links, 0, bytes);
	dma = links + LINKS_BYTES;
	window = dma + DRIVER_PIECE_BYTES;
}

void bench_reset(const struct blk_driver_ops *ops)
{
	make_memory();
	memset(windows, 0, sizeof(windows));
	for (u32 i = 0; i < sizeof(bench_store); i++)
		bench_store[i] = (u8)(i / BLK_SECTOR_BYTES * 7 + i);
	windows[BENCH_WINDOW] = (u64)window;
	bench_args = (struct driver_args){ .name = "fake0", .interrupts = DRIVER_IRQ_MESSAGES, .interrupt_count = 1,
					   .link_count = DRIVER_LINKS, .dma_bus = (u64)dma, .dma_bits = 64 };
	for (u32 i = 0; i < DRIVER_LINKS; i++)
		bench_args.link_bus[i] = (u64)links + i * DRIVER_PIECE_BYTES;
	bench = (struct blk_driver){ .ops = ops, .args = &bench_args, .windows = windows, .links = links, .dma = dma,
				     .wait_us = wait_us, .now_ms = now_ms };
	bench_waits = 0;
}

const char *bench_start(void)
{
	return blk_driver_start(&bench);
}

bool bench_has_no_disk(void)
{
	return bench_start() != NULL || !bench.disk[0].is_there;
}

void bench_bring_up(void)
{
	assert_null(bench_start());
	blk_client_init(&bench_client, links);
	assert_true(blk_client_poll(&bench_client));
	assert_true(bench_client.is_up);
}

u8 *bench_slot(u32 which, u32 slot)
{
	return blk_slot(which == BLK_WINDOW_OWN ? links : window, slot);
}

static bool inside(u64 bus, u64 bytes, const u8 *area, u64 size)
{
	return bus >= (u64)area && bus - (u64)area <= size && size - (bus - (u64)area) >= bytes;
}

void *bench_dma(u64 bus, u64 bytes)
{
	assert_true(inside(bus, bytes, dma, DRIVER_PIECE_BYTES) ||
		    inside(bus, bytes, links + BLK_WINDOW_OFFSET, BLK_LINK_BYTES - BLK_WINDOW_OFFSET) ||
		    inside(bus, bytes, window + BLK_WINDOW_OFFSET, BLK_LINK_BYTES - BLK_WINDOW_OFFSET));
	return (void *)bus;
}

s32 bench_submit(u8 op, u8 flags, u64 sector, u32 sectors, u32 which, u32 slot)
{
	struct blk_sqe sqe = { .op = op, .flags = flags, .sector = sector, .sectors = sectors };

	if (op == BLK_READ || op == BLK_WRITE) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){ .window = (u16)which, .slot = (u16)slot,
					       .count = (u16)((sectors + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS) };
	}
	return blk_client_submit(&bench_client, &sqe);
}

enum blk_status bench_finish(s32 number)
{
	enum blk_status status;
	u32 done;

	for (u32 i = 0; i < 1000; i++) {
		(void)blk_driver_step(&bench);
		fake_tick();
		if (!blk_client_completed(&bench_client, &done, &status))
			continue;
		assert_int_equal(done, number);
		return status;
	}
	fail_msg("the request is never completed");
	return BLK_IOERR;
}

enum blk_status bench_do(u8 op, u8 flags, u64 sector, u32 sectors, u32 which, u32 slot)
{
	s32 number = bench_submit(op, flags, sector, sectors, which, slot);

	assert_true(number >= 0);
	return bench_finish(number);
}

void bench_expect_no_completion(void)
{
	assert_true(bench_submit(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0) >= 0);
	for (u32 i = 0; i < 10; i++) {
		(void)blk_driver_step(&bench);
		fake_tick();
	}
	assert_int_equal(bench.disk[0].server.in_flight, 1);
}

/* ---- Common tests ---- */

static void both_ways(u32 which)
{
	u32 count = bench_client.info.max_sectors < 24 ? bench_client.info.max_sectors : 24;

	assert_int_equal(bench_do(BLK_READ, 0, 16, count, which, 3), BLK_OK);
	assert_memory_equal(bench_slot(which, 3), bench_store + 16 * 512, count * 512);
	memset(bench_slot(which, 10), 0xa5, 2 * 4096);
	assert_int_equal(bench_do(BLK_WRITE, 0, 800, 16, which, 10), BLK_OK);
	assert_memory_equal(bench_slot(which, 10), bench_store + 800 * 512, 16 * 512);
	assert_int_not_equal(bench_store[816 * 512], 0xa5);
	assert_int_not_equal(bench_store[800 * 512 - 1], 0xa5);
}

static void pieces(void)
{
	u32 most = bench_client.info.max_sectors / 8 * 8 < 256 ? bench_client.info.max_sectors / 8 * 8 : 256, at = 0;
	struct blk_sqe sqe = { .op = BLK_READ, .sector = 64, .sectors = most, .seg_count = most >= 32 ? 4 : 1 };
	u32 each = most / 8 / sqe.seg_count;
	s32 number;

	for (u32 i = 0; i < sqe.seg_count; i++)
		sqe.seg[i] = (struct blk_seg){ .window = i % 2 != 0 ? BENCH_WINDOW : BLK_WINDOW_OWN,
					       .slot = (u16)(100 * i + 7), .count = (u16)each };
	sqe.seg[sqe.seg_count - 1].count = (u16)(most / 8 - each * (sqe.seg_count - 1));
	number = blk_client_submit(&bench_client, &sqe);
	assert_int_equal(bench_finish(number), BLK_OK);
	for (u32 i = 0; i < sqe.seg_count; i++) {
		assert_memory_equal(bench_slot(sqe.seg[i].window, sqe.seg[i].slot), bench_store + 64 * 512 + at,
				    sqe.seg[i].count * 4096u);
		at += sqe.seg[i].count * 4096u;
	}
}

static void not_permitted(void)
{
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BENCH_WINDOW + 1, 0), BLK_INVAL);
	assert_int_equal(bench_do(BLK_READ, 0, BENCH_SECTORS - 8, 16, BLK_WINDOW_OWN, 0), BLK_INVAL);
	windows[BENCH_WINDOW] = 0;	/* taken back */
	assert_int_equal(bench_do(BLK_WRITE, 0, 0, 8, BENCH_WINDOW, 0), BLK_INVAL);
	windows[BENCH_WINDOW] = (u64)window;
}

/* More requests than the controller has room for: held, not lost, each completed once. */
static void full(u32 depth)
{
	bool is_done[BLK_RING] = { 0 };
	enum blk_status status;
	u32 count = 0, number;

	for (u32 i = 0; i < BLK_RING; i++)
		assert_true(bench_submit(BLK_READ, 0, i * 8, 8, BLK_WINDOW_OWN, i) >= 0);
	(void)blk_driver_step(&bench);
	assert_true(bench.disk[0].server.in_flight <= depth + 1);
	for (u32 turn = 0; turn < 10000 && count < BLK_RING; turn++) {
		(void)blk_driver_step(&bench);
		fake_tick();
		while (blk_client_completed(&bench_client, &number, &status)) {
			assert_false(is_done[number]);
			assert_int_equal(status, BLK_OK);
			is_done[number] = true;
			count++;
		}
	}
	assert_int_equal(count, BLK_RING);
	assert_memory_equal(bench_slot(BLK_WINDOW_OWN, 0), bench_store, BLK_RING * 4096);
}

static void random_requests(void)
{
	static u8 model[sizeof(bench_store)];

	memcpy(model, bench_store, sizeof(model));
	srand(11);
	for (u32 i = 0; i < 2000; i++) {
		u32 sectors = 8u * (1u + (u32)rand() % 8), sector = 8u * ((u32)rand() % (BENCH_SECTORS / 8 - 8));
		u32 which = rand() % 2 ? BENCH_WINDOW : BLK_WINDOW_OWN, slot = (u32)rand() % (BLK_SLOTS - 8);
		u8 *data = bench_slot(which, slot);

		if (sectors > bench_client.info.max_sectors)
			sectors = 8;
		if (rand() % 2) {
			assert_int_equal(bench_do(BLK_READ, 0, sector, sectors, which, slot), BLK_OK);
			assert_memory_equal(data, model + sector * 512, sectors * 512);
			continue;
		}
		memset(data, rand(), sectors * 512);
		memcpy(model + sector * 512, data, sectors * 512);
		assert_int_equal(bench_do(BLK_WRITE, 0, sector, sectors, which, slot), BLK_OK);
	}
	assert_memory_equal(model, bench_store, sizeof(model));
}

void bench_common_tests(u32 depth)
{
	both_ways(BLK_WINDOW_OWN);
	both_ways(BENCH_WINDOW);
	pieces();
	not_permitted();
	full(depth);
	random_requests();
}
