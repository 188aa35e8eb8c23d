/* SPDX-License-Identifier: MIT */
/*
 * The ATA driver against a model of a PIIX with a CD drive first and a disk second on channel 0, and an empty channel
 * 1: start, transfers by bus master with regions inside 64 KiB, 48-bit addresses, flush, errors.
 */
/* links: ata rt */
/* helpers: blk_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ata.h"
#include "ata_identify.h"
#include "blk_bench.h"

#define DISK 1u

static struct {
	u8 device, feature, status, pending;
	u8 count[2], lba[3][2];		/* [1]: what was written before */
	u8 bm_command, bm_status;
	u32 bm_table;
	u16 identify[ATA_IDENTIFY_WORDS];
	u32 words_left;
	u32 flushes, interrupts, resets;
	bool fails, has_no_dma;
} dev;

static void make_device(void)
{
	static const struct driver_bar bars[] = {
		{ .port = 0x1f0, .port_count = 8 }, { .port = 0x3f4, .port_count = 4 },
		{ .port = 0x170, .port_count = 8 }, { .port = 0x374, .port_count = 4 },
		{ .port = 0xc000, .port_count = 16 },
	};
	u64 sectors = BENCH_SECTORS;

	bench_reset(&ata_ops);
	memset(&dev, 0, sizeof(dev));
	memcpy(bench_args.bars, bars, sizeof(bars));
	bench_args.dma_bits = 32;
	bench_args.interrupts = DRIVER_IRQ_LINES;
	bench_args.interrupt_count = 2;
	dev.identify[49] = 0x300;
	dev.identify[83] = 0x400;
	memcpy(&dev.identify[100], &sectors, 8);
}

static bool is_disk(void)
{
	return (dev.device >> 4 & 1) == DISK;
}

static u64 read_command_block(u32 reg)
{
	if (reg == 0) {
		assert_true(dev.words_left != 0);
		dev.words_left--;
		if (dev.words_left == 0)
			dev.status = ATA_READY;
		return dev.identify[ATA_IDENTIFY_WORDS - 1 - dev.words_left];
	}
	assert_int_equal(reg, 7);
	dev.interrupts = 0;
	return dev.status;
}

u64 fake_read(u64 at, u32 size)
{
	assert_int_equal(size, at == 0x1f0 ? 2 : 1);
	if (at >= 0x1f0 && at < 0x1f8)
		return read_command_block((u32)at - 0x1f0);
	if (at == 0x3f6)
		return dev.status;
	if (at == 0x376)
		return 0xff;
	assert_int_equal(at, 0xc002);
	return dev.bm_status;
}

static void command(u8 code)
{
	dev.bm_status &= (u8)~4u;
	if (code == ATA_IDENTIFY && is_disk()) {
		dev.words_left = ATA_IDENTIFY_WORDS;
		dev.status = ATA_READY | ATA_DATA;
	} else if (!is_disk() || dev.fails) {
		dev.status = ATA_READY | ATA_ERROR;
		dev.bm_status |= 4;
	} else {
		dev.status = ATA_READY | ATA_BUSY;
		dev.pending = code;
	}
}

void fake_write(u64 at, u32 size, u64 value)
{
	static const u64 registers[] = { 0x1f2, 0x1f3, 0x1f4, 0x1f5 };

	assert_int_equal(size, at == 0xc004 ? 4 : 1);
	for (u32 i = 0; i < 4; i++)
		if (at == registers[i]) {
			u8 *pair = i == 0 ? dev.count : dev.lba[i - 1];

			pair[1] = pair[0];
			pair[0] = (u8)value;
			return;
		}
	if (at == 0x1f1)
		dev.feature = (u8)value;
	else if (at == 0x1f6)
		dev.device = (u8)value;
	else if (at == 0x1f7)
		command((u8)value);
	else if (at == 0x3f6)
		dev.resets += (value & 4) != 0;
	else if (at == 0xc000)
		dev.bm_command = (u8)value;
	else if (at == 0xc002)
		dev.bm_status &= (u8)~(value & 6);
	else if (at == 0xc004)
		dev.bm_table = (u32)value;
	else
		fail_msg("port %llx", (unsigned long long)at);
}

static void transfer(u64 lba, u32 count, bool is_read)
{
	const struct { u32 bus; u16 bytes, flags; } *prd = bench_dma(dev.bm_table, 4096);
	u8 *disk = bench_store + lba * 512;
	u32 left = count * 512;

	assert_int_equal((dev.bm_command & 8) != 0, is_read);
	assert_true(lba + count <= BENCH_SECTORS);
	for (;; prd++) {
		u32 bytes = prd->bytes != 0 ? prd->bytes : 65536;
		u8 *at = bench_dma(prd->bus, bytes);

		assert_true(bytes <= left && prd->bus / 65536 == (prd->bus + bytes - 1) / 65536);
		if (is_read)
			memcpy(at, disk, bytes);
		else
			memcpy(disk, at, bytes);
		disk += bytes;
		left -= bytes;
		if (prd->flags & 0x8000)
			break;
	}
	assert_int_equal(left, 0);
}

void fake_tick(void)
{
	u64 lba = dev.lba[0][0] | (u64)dev.lba[1][0] << 8 | (u64)dev.lba[2][0] << 16 | (u64)dev.lba[0][1] << 24 |
		  (u64)dev.lba[1][1] << 32 | (u64)dev.lba[2][1] << 40;
	u32 count = dev.count[0] | (u32)dev.count[1] << 8;

	if (dev.pending == 0)
		return;
	if (dev.pending == ATA_FLUSH_EXT)
		dev.flushes++;
	else if (!(dev.bm_command & 1))
		return;
	else
		transfer(lba, count, dev.pending == ATA_READ_DMA_EXT);
	dev.pending = 0;
	dev.status = ATA_READY;
	dev.bm_status |= 4;
	dev.interrupts++;
}

static int setup(void **state)
{
	(void)state;
	make_device();
	return 0;
}

static void test_requests(void **state)
{
	(void)state;
	bench_bring_up();
	assert_int_equal(dev.resets, 1);
	assert_int_equal(bench_client.info.sectors, BENCH_SECTORS);
	assert_int_equal(bench_client.info.features, 0);
	assert_int_equal(bench_client.info.max_sectors, BLK_MAX_SECTORS);
	assert_false(bench.disk[1].is_there);
	bench_common_tests(1);
	assert_int_equal(dev.interrupts, 0);
}

static void test_flush(void **state)
{
	(void)state;
	dev.identify[85] = 0x20;
	bench_bring_up();
	assert_int_equal(bench_do(BLK_FLUSH, 0, 0, 0, 0, 0), BLK_OK);
	assert_int_equal(dev.flushes, 1);
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

static void test_errors(void **state)
{
	(void)state;
	bench_bring_up();
	dev.fails = true;
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_IOERR);
	dev.fails = false;
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

/* Nobody waits inside of a request for a disk that is not ready: the disk is looked at again, and the request fails in
 * the end. */
static void test_not_ready(void **state)
{
	enum blk_status status;
	u32 number, waits;

	(void)state;
	bench_bring_up();
	waits = bench_waits;
	for (u32 round = 0; round < 2; round++) {
		dev.status = ATA_READY | ATA_BUSY;
		assert_true(bench_submit(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0) >= 0);
		for (u32 ms = 0; ms < 4999; ms++, bench_ms++)
			(void)blk_driver_step(&bench);
		assert_false(blk_client_completed(&bench_client, &number, &status));
		assert_true(bench.needs_poll);
		assert_int_equal(dev.pending, 0);
		if (round == 0) {
			dev.status = ATA_READY;
			(void)blk_driver_step(&bench);
			assert_false(bench.needs_poll);
			fake_tick();
		} else {
			bench_ms++;
		}
		while (blk_driver_step(&bench))
			;
		assert_true(blk_client_completed(&bench_client, &number, &status));
		assert_int_equal(status, round == 0 ? BLK_OK : BLK_IOERR);
		assert_false(bench.needs_poll);
	}
	assert_int_equal(bench_waits, waits);
	dev.status = ATA_READY;
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

static void test_stray_interrupt(void **state)
{
	(void)state;
	bench_bring_up();
	dev.interrupts = 1;
	ata_ops.quiet(&bench, 1);
	assert_int_equal(dev.interrupts, 1);
	ata_ops.quiet(&bench, 0);
	assert_int_equal(dev.interrupts, 0);
}

static void test_refused(void **state)
{
	(void)state;
	bench_args.dma_bits = 64;
	assert_true(bench_has_no_disk());
	make_device();
	dev.identify[49] = 0x200;
	assert_true(bench_has_no_disk());
	make_device();
	bench_args.bars[4].port_count = 0;
	assert_true(bench_has_no_disk());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_flush, setup),
		cmocka_unit_test_setup(test_errors, setup),
		cmocka_unit_test_setup(test_not_ready, setup),
		cmocka_unit_test_setup(test_stray_interrupt, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
