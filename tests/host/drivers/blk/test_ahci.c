/* SPDX-License-Identifier: MIT */
/*
 * The AHCI driver against a model of a controller (AHCI 1.3.1) with a disk at port 2 and a CD drive at port 0: start,
 * transfers, flush, TRIM, errors in the middle of several commands, controllers that can't be used.
 */
/* links: ahci rt */
/* helpers: blk_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ahci.h"
#include "ahci_regs.h"
#include "ata_identify.h"
#include "blk_bench.h"

#define BAR 0x10000ull
#define DISK_PORT 2u

static struct {
	u32 cap, ghc, is, pi;
	u32 reg[3][PORT_BYTES / 4];
	u32 flushes, trimmed, fail_lba, commands;
	u16 identify[ATA_IDENTIFY_WORDS];
	bool is_stuck, takes_failed_off, stops_slowly;
} dev;

static u32 *port_reg(u32 port, u32 offset)
{
	return &dev.reg[port][offset / 4];
}

static void put_words(u32 at, const char *text, u32 count)
{
	for (u32 i = 0; i < count; i++)
		dev.identify[at + i] = (u16)(text[2 * i] << 8 | text[2 * i + 1]);
}

static void make_device(void)
{
	u64 sectors = BENCH_SECTORS;

	bench_reset(&ahci_ops);
	memset(&dev, 0, sizeof(dev));
	dev.cap = CAP_S64A | 31u << 8 | 5u;
	dev.pi = ~0u;
	dev.fail_lba = ~0u;
	bench_args.bars[5] = (struct driver_bar){ .address = BAR, .bytes = 0x280 };
	put_words(10, "SERIAL123           ", 10);
	put_words(27, "A disk                                  ", 20);
	dev.identify[49] = 0x300;
	dev.identify[83] = 0x400;
	dev.identify[85] = 0x20;
	dev.identify[69] = 0x4000;
	dev.identify[106] = 0x6003;
	dev.identify[169] = 1;
	memcpy(&dev.identify[100], &sectors, 8);
}

u64 fake_read(u64 at, u32 size)
{
	at -= BAR;
	assert_int_equal(size, 4);
	if (at >= HBA_PORTS) {
		assert_true(at < HBA_PORTS + 3 * PORT_BYTES);
		return *port_reg((u32)(at - HBA_PORTS) / PORT_BYTES, (u32)(at - HBA_PORTS) % PORT_BYTES);
	}
	return at == HBA_CAP ? dev.cap : at == HBA_GHC ? dev.ghc : at == HBA_IS ? dev.is : at == HBA_PI ? dev.pi : 0;
}

static void write_cmd(u32 port, u32 value)
{
	u32 *cmd = port_reg(port, PORT_CMD);
	bool is_running = (value & PORT_CMD_ST) || (dev.stops_slowly && (*cmd & PORT_CMD_CR));

	*cmd = (value & ~PORT_CMD_CR) | (is_running ? PORT_CMD_CR : 0) | (*cmd & 0x1f00);
	if (!(value & PORT_CMD_ST))
		*port_reg(port, PORT_CI) = 0;
	if (value & PORT_CMD_SUD && port != 1) {
		*port_reg(port, PORT_SSTS) = 0x123;
		*port_reg(port, PORT_SIG) = port == DISK_PORT ? SIG_DISK : 0xeb140101;
		*port_reg(port, PORT_TFD) = ATA_READY;
	}
}

void fake_write(u64 at, u32 size, u64 value)
{
	u32 port, offset;

	at -= BAR;
	assert_int_equal(size, 4);
	if (at == HBA_GHC) {
		dev.ghc = (u32)value & ~(dev.is_stuck ? 0 : GHC_RESET);
		return;
	}
	if (at < HBA_PORTS) {
		if (at == HBA_IS)
			dev.is &= ~(u32)value;
		return;
	}
	port = (u32)(at - HBA_PORTS) / PORT_BYTES;
	offset = (u32)(at - HBA_PORTS) % PORT_BYTES;
	assert_true(port < 3);
	if (offset == PORT_CMD)
		write_cmd(port, (u32)value);
	else if (offset == PORT_IS || offset == PORT_SERR)
		*port_reg(port, offset) &= ~(u32)value;
	else if (offset == PORT_CI)
		*port_reg(port, offset) |= (u32)value;
	else
		*port_reg(port, offset) = (u32)value;
}

static u64 lba_of(const u8 *fis)
{
	return fis[4] | (u64)fis[5] << 8 | (u64)fis[6] << 16 | (u64)fis[8] << 24;
}

static bool data(const struct ahci_header *h, const struct ahci_table *t, u8 *disk, u32 bytes, bool is_write)
{
	u32 done = 0;

	assert_int_equal((h->flags & HEADER_WRITE) != 0, is_write);
	for (u32 i = 0; i < h->prdt_count; i++) {
		u32 count = (t->prd[i].last & 0x3fffff) + 1;
		u8 *at = bench_dma(t->prd[i].bus, count);

		assert_int_equal(count % 2, 0);
		if (is_write)
			memcpy(disk + done, at, count);
		else
			memcpy(at, disk + done, count);
		done += count;
	}
	assert_int_equal(done, bytes);
	return true;
}

static bool carry_out(const struct ahci_header *h, const struct ahci_table *t)
{
	u32 count = t->fis[12] | (u32)t->fis[13] << 8;
	u64 lba = lba_of(t->fis), ranges[64] = { 0 };

	assert_int_equal(t->fis[0], FIS_TO_DEVICE);
	assert_int_equal(h->flags & 0x1f, HEADER_FIS_WORDS);
	switch (t->fis[2]) {
	case ATA_IDENTIFY:
		return data(h, t, (u8 *)dev.identify, 512, false);
	case ATA_READ_DMA_EXT:
	case ATA_WRITE_DMA_EXT:
		assert_true(lba + count <= BENCH_SECTORS);
		if (lba == dev.fail_lba)
			return false;
		return data(h, t, bench_store + lba * 512, count * 512, t->fis[2] == ATA_WRITE_DMA_EXT);
	case ATA_FLUSH_EXT:
		dev.flushes++;
		return true;
	case ATA_DATA_SET:
		assert_true(t->fis[3] == ATA_TRIM && count == 1);
		(void)data(h, t, (u8 *)ranges, 512, true);
		for (u32 i = 0; i < 64; i++)
			dev.trimmed += (u32)(ranges[i] >> 48);
		return true;
	default:
		return false;
	}
}

static u64 reg64(u32 offset)
{
	return *port_reg(DISK_PORT, offset) | (u64)*port_reg(DISK_PORT, offset + 4) << 32;
}

/* One command, the lowest slot. */
void fake_tick(void)
{
	u32 ci = *port_reg(DISK_PORT, PORT_CI), slot;
	const struct ahci_header *h;

	if (!(*port_reg(DISK_PORT, PORT_CMD) & PORT_CMD_ST) || ci == 0 || *port_reg(DISK_PORT, PORT_IS) & PORT_IS_FATAL)
		return;
	slot = (u32)__builtin_ctz(ci);
	h = (const struct ahci_header *)bench_dma(reg64(PORT_CLB), 1024) + slot;
	dev.commands++;
	if (carry_out(h, bench_dma(h->table, sizeof(struct ahci_table)))) {
		*port_reg(DISK_PORT, PORT_CI) = ci & ~BIT32(slot);
		*port_reg(DISK_PORT, PORT_IS) |= 1;
		*port_reg(DISK_PORT, PORT_TFD) = ATA_READY;
	} else {
		if (dev.takes_failed_off)
			*port_reg(DISK_PORT, PORT_CI) = ci & ~BIT32(slot);
		*port_reg(DISK_PORT, PORT_CMD) = (*port_reg(DISK_PORT, PORT_CMD) & ~0x1f00u) | slot << 8;
		*port_reg(DISK_PORT, PORT_IS) |= PORT_IS_TASK_FILE;
		*port_reg(DISK_PORT, PORT_TFD) = ATA_READY | ATA_ERROR;
	}
	dev.is |= BIT32(DISK_PORT);
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
	assert_int_equal(bench_client.info.sectors, BENCH_SECTORS);
	assert_int_equal(bench_client.info.physical_bytes, 4096);
	assert_string_equal(bench_client.info.serial, "SERIAL123");
	assert_string_equal(bench_client.info.model, "A disk");
	assert_false(bench.disk[1].is_there);
	bench_common_tests(32);
	assert_int_equal(dev.is, 0);
}

static void test_few_slots(void **state)
{
	(void)state;
	dev.cap = CAP_S64A | 0u << 8;
	bench_bring_up();
	bench_common_tests(1);
}

static void test_flush_and_trim(void **state)
{
	(void)state;
	bench_bring_up();
	assert_int_equal(bench_do(BLK_FLUSH, 0, 0, 0, 0, 0), BLK_OK);
	assert_int_equal(dev.flushes, 1);
	assert_int_equal(bench_do(BLK_DISCARD, 0, 8, BENCH_SECTORS - 8, 0, 0), BLK_OK);
	assert_int_equal(dev.trimmed, BENCH_SECTORS - 8);
	assert_int_equal(bench_do(BLK_WRITE_ZEROES, 0, 8, 8, 0, 0), BLK_INVAL);
}

/* What is discarded may read as zeros once and as old data later: such a disk is not told to. */
static void test_trim_of_no_effect(void **state)
{
	(void)state;
	dev.identify[69] = 0;
	bench_bring_up();
	assert_int_equal(bench_client.info.features, BLK_CAN_FLUSH);
	assert_int_equal(bench_client.info.max_zero_sectors, 0);
}

/* One of eight fails: it alone is told so, and the others are done. */
static void one_of_eight_fails(void)
{
	enum blk_status status;
	u32 number, done = 0;

	bench_bring_up();
	dev.fail_lba = 24;
	for (u32 i = 0; i < 8; i++)
		assert_true(bench_submit(BLK_READ, 0, i * 8, 8, BLK_WINDOW_OWN, i) >= 0);
	for (u32 turn = 0; turn < 100; turn++) {
		(void)blk_driver_step(&bench);
		fake_tick();
		while (blk_client_completed(&bench_client, &number, &status)) {
			assert_int_equal(status, number == 3 ? BLK_IOERR : BLK_OK);
			done++;
		}
	}
	assert_int_equal(done, 8);
	dev.fail_lba = ~0u;
	assert_int_equal(bench_do(BLK_READ, 0, 24, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

static void test_error_among_others(void **state)
{
	(void)state;
	one_of_eight_fails();
	make_device();
	dev.takes_failed_off = true;
	one_of_eight_fails();
}

/* A port that takes its time to stop keeps nobody waiting, and takes no command meanwhile. */
static void test_slow_recovery(void **state)
{
	enum blk_status status;
	u32 number, waits, commands;

	(void)state;
	bench_bring_up();
	waits = bench_waits;
	dev.fail_lba = 0;
	dev.stops_slowly = true;
	for (u32 round = 0; round < 2; round++) {
		assert_true(bench_submit(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0) >= 0);
		(void)blk_driver_step(&bench);
		fake_tick();
		assert_true(bench_submit(BLK_READ, 0, 8, 8, BLK_WINDOW_OWN, 1) >= 0);
		commands = dev.commands;
		for (u32 ms = 0; ms < 500; ms++, bench_ms++) {
			(void)blk_driver_step(&bench);
			assert_true(bench.needs_poll);
			fake_tick();
		}
		assert_false(blk_client_completed(&bench_client, &number, &status));
		assert_int_equal(dev.commands, commands);
		if (round == 0)
			*port_reg(DISK_PORT, PORT_CMD) &= ~PORT_CMD_CR;
		(void)blk_driver_step(&bench);		/* else it is not waited for any longer */
		assert_false(bench.needs_poll);
		assert_true(blk_client_completed(&bench_client, &number, &status));
		assert_int_equal(status, BLK_IOERR);
		fake_tick();
		(void)blk_driver_step(&bench);
		assert_true(blk_client_completed(&bench_client, &number, &status));
		assert_int_equal(status, BLK_OK);
	}
	*port_reg(DISK_PORT, PORT_IS) |= PORT_IS_FATAL;		/* while it has nothing to do */
	dev.is |= BIT32(DISK_PORT);
	for (u32 i = 0; i < 3; i++) {
		(void)blk_driver_step(&bench);
		assert_true(bench.needs_poll);
	}
	*port_reg(DISK_PORT, PORT_CMD) &= ~PORT_CMD_CR;
	(void)blk_driver_step(&bench);
	assert_false(bench.needs_poll);
	assert_true(bench_submit(BLK_READ, 0, 8, 8, BLK_WINDOW_OWN, 0) >= 0);
	(void)blk_driver_step(&bench);
	fake_tick();
	(void)blk_driver_step(&bench);
	assert_true(blk_client_completed(&bench_client, &number, &status));
	assert_int_equal(status, BLK_OK);
	assert_int_equal(bench_waits, waits);
}

static void test_refused(void **state)
{
	(void)state;
	dev.is_stuck = true;
	assert_true(bench_has_no_disk());
	make_device();
	dev.cap &= ~CAP_S64A;
	assert_true(bench_has_no_disk());
	make_device();
	dev.pi = 3;
	assert_true(bench_has_no_disk());
	make_device();
	dev.identify[83] = 0;
	assert_true(bench_has_no_disk());
	make_device();
	dev.identify[106] = 0x5000;
	dev.identify[117] = 0xffff;
	assert_true(bench_has_no_disk());
	make_device();
	bench_args.bars[5].bytes = 0xff;
	assert_true(bench_has_no_disk());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_few_slots, setup),
		cmocka_unit_test_setup(test_flush_and_trim, setup),
		cmocka_unit_test_setup(test_trim_of_no_effect, setup),
		cmocka_unit_test_setup(test_error_among_others, setup),
		cmocka_unit_test_setup(test_slow_recovery, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
