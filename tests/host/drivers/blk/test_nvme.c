/* SPDX-License-Identifier: MIT */
/*
 * The NVMe driver against a model of a controller (NVM Express Base 1.4): start, namespaces, transfers by PRP lists,
 * flush, discard, zeros, FUA, and controllers that fail or lie.
 */
/* links: nvme rt */
/* helpers: blk_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "blk_bench.h"
#include "nvme.h"
#include "nvme_regs.h"

#define BAR 0x10000ull
#define ENTRIES 64u

struct pair {
	u64 sq, cq;
	u32 sq_head, sq_tail, cq_tail, cq_head, phase;
	bool is_made, has_interrupt;
};

static struct {
	u32 cc, csts, aqa;
	u64 asq, acq, cap;
	struct pair pair[2];
	u32 shift, mdts, namespaces;
	u32 flushes, fua, discarded, zeroed, deallocated;
	bool is_dead, is_fatal, lies, fails;
} dev;

static void make_device(void)
{
	bench_reset(&nvme_ops);
	memset(&dev, 0, sizeof(dev));
	dev.cap = 2047ull | 2ull << 24;
	dev.shift = 9;
	dev.namespaces = 1;
	bench_args.bars[0] = (struct driver_bar){ .address = BAR, .bytes = 0x2000 };
}

u64 fake_read(u64 at, u32 size)
{
	at -= BAR;
	if (at == NVME_CAP && size == 8)
		return dev.cap;
	assert_int_equal(size, 4);
	return at == NVME_CSTS ? dev.csts : at == NVME_CC ? dev.cc : 0;
}

static void enable(void)
{
	assert_int_equal(dev.cc, CC_EN | CC_ENTRIES);
	assert_int_equal(dev.aqa, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	dev.pair[0] = (struct pair){ .sq = dev.asq, .cq = dev.acq, .phase = 1, .is_made = true };
	dev.csts = dev.is_fatal ? CSTS_CFS : CSTS_RDY;
}

static void disable(void)
{
	dev.csts = 0;
	memset(dev.pair, 0, sizeof(dev.pair));
}

static void doorbell(u32 i, u32 value)
{
	struct pair *p = &dev.pair[i / 2];

	assert_true(p->is_made && value < ENTRIES);
	if (i % 2 == 0)
		p->sq_tail = value;
	else
		p->cq_head = value;
}

void fake_write(u64 at, u32 size, u64 value)
{
	at -= BAR;
	if (at >= NVME_DOORBELLS) {
		assert_true(at < NVME_DOORBELLS + 16);
		doorbell((u32)(at - NVME_DOORBELLS) / 4, (u32)value);
	} else if (at == NVME_CC) {
		dev.cc = (u32)value;
		if (dev.cc & CC_EN && !dev.is_dead)
			enable();
		else
			disable();
	} else if (at == NVME_AQA) {
		dev.aqa = (u32)value;
	} else {
		assert_int_equal(size, 8);
		*(at == NVME_ASQ ? &dev.asq : &dev.acq) = value;
	}
}

static void identify(const struct nvme_command *c)
{
	u8 *out = bench_dma(c->prp1, 4096);
	u64 blocks = BENCH_SECTORS >> (dev.shift - 9);
	u32 format = dev.shift << 16, oncs = ONCS_DATASET | ONCS_WRITE_ZEROES;

	memset(out, 0, 4096);
	if (c->cdw10 == IDENTIFY_CONTROLLER) {
		memcpy(out + ID_SERIAL, "S1\x01                 ", ID_SERIAL_BYTES);
		memcpy(out + ID_MODEL, "a model that fills all forty characters.", ID_MODEL_BYTES);
		out[ID_MDTS] = (u8)dev.mdts;
		memcpy(out + ID_ONCS, &oncs, 2);
		out[ID_VWC] = 1;
	} else if (c->cdw10 == IDENTIFY_ACTIVE) {
		for (u32 i = 0; i < dev.namespaces; i++)
			out[4 * i] = (u8)(i + 1);
	} else {
		memcpy(out + NS_SIZE, &blocks, 8);
		out[NS_FLBAS] = 2;
		memcpy(out + NS_LBAF + 8, &format, 4);
		out[NS_DLFEAT] = 1 | DLFEAT_ZEROES_DEALLOCATE;
	}
}

static u32 admin(const struct nvme_command *c)
{
	struct pair *p = &dev.pair[1];

	switch (c->opcode) {
	case NVME_IDENTIFY:
		identify(c);
		return 0;
	case NVME_SET_FEATURES:
		return c->cdw10 == FEATURE_QUEUES ? 0 : 2;
	case NVME_CREATE_CQ:
		assert_int_equal(c->cdw10, (ENTRIES - 1) << 16 | 1);
		p->cq = c->prp1;
		p->phase = 1;
		p->has_interrupt = (c->cdw11 & QUEUE_INTERRUPTS) != 0;
		return 0;
	case NVME_CREATE_SQ:
		assert_int_equal(c->cdw11, 1u << 16 | QUEUE_CONTIGUOUS);
		p->sq = c->prp1;
		p->is_made = true;
		return 0;
	default:
		return 1;
	}
}

static void transfer(const struct nvme_command *c)
{
	u32 blocks = (c->cdw12 & 0xffff) + 1, bytes = blocks << dev.shift, pages = (bytes + 4095) / 4096;
	u8 *disk = bench_store + (c->cdw10 << dev.shift);
	const u64 *list = pages > 2 ? bench_dma(c->prp2, (pages - 1) * 8) : &c->prp2;

	assert_int_equal(c->cdw11, 0);
	assert_true((u64)(c->cdw10 + blocks) << dev.shift <= sizeof(bench_store));
	if (dev.mdts != 0)
		assert_true(pages <= 1u << dev.mdts);
	for (u32 i = 0; i < pages; i++) {
		u64 bus = i == 0 ? c->prp1 : list[i - 1];
		u32 count = bytes - i * 4096 < 4096 ? bytes - i * 4096 : 4096;
		u8 *at = bench_dma(bus, count);

		assert_int_equal(bus % 4096, 0);
		if (c->opcode == NVME_READ)
			memcpy(at, disk + i * 4096, count);
		else
			memcpy(disk + i * 4096, at, count);
	}
	if (c->cdw12 & RW_FUA)
		dev.fua++;
}

static u32 io(const struct nvme_command *c)
{
	const struct nvme_range *range;

	assert_true(c->nsid >= 1 && c->nsid <= dev.namespaces);
	if (dev.fails)
		return 0x281;
	switch (c->opcode) {
	case NVME_READ:
	case NVME_WRITE:
		transfer(c);
		return 0;
	case NVME_FLUSH:
		dev.flushes++;
		return 0;
	case NVME_DATASET:
		assert_true(c->cdw10 == 0 && c->cdw11 == DATASET_DEALLOCATE);
		range = bench_dma(c->prp1, sizeof(*range));
		dev.discarded += range->blocks;
		return 0;
	case NVME_WRITE_ZEROES:
		dev.zeroed += (c->cdw12 & 0xffff) + 1;
		if (c->cdw12 & ZEROES_DEALLOCATE)
			dev.deallocated += (c->cdw12 & 0xffff) + 1;
		return 0;
	default:
		return 1;
	}
}

static void serve(u32 i)
{
	struct pair *p = &dev.pair[i];
	const struct nvme_command *c = (const struct nvme_command *)bench_dma(p->sq, ENTRIES * 64) + p->sq_head;
	struct nvme_completion *done = (struct nvme_completion *)bench_dma(p->cq, ENTRIES * 16) + p->cq_tail;
	u32 status = i == 0 ? admin(c) : io(c);

	assert_true((p->cq_tail + 1) % ENTRIES != p->cq_head);
	p->sq_head = (p->sq_head + 1) % ENTRIES;
	done->id = dev.lies && i == 1 ? (u16)(c->id + 1) : c->id;
	done->status = (u16)(status << 1 | p->phase);
	p->cq_tail = (p->cq_tail + 1) % ENTRIES;
	if (p->cq_tail == 0)
		p->phase ^= 1;
}

void fake_tick(void)
{
	if (!(dev.csts & CSTS_RDY))
		return;
	for (u32 i = 0; i < 2; i++)
		if (dev.pair[i].is_made && dev.pair[i].sq_head != dev.pair[i].sq_tail)
			serve(i);
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
	assert_true(dev.pair[1].has_interrupt);
	assert_int_equal(bench_client.info.sectors, BENCH_SECTORS);
	assert_int_equal(bench_client.info.max_sectors, BLK_MAX_SECTORS);
	assert_true((bench_client.info.features & BLK_DISCARD_KEEPS_ZEROES) != 0);
	assert_string_equal(bench_client.info.serial, "S1?");
	assert_string_equal(bench_client.info.model, "a model that fills all forty characters.");
	bench_common_tests(63);
}

static void test_blocks_of_4096_and_short_transfers(void **state)
{
	(void)state;
	dev.shift = 12;
	dev.mdts = 1;
	bench_bring_up();
	assert_int_equal(bench_client.info.block_bytes, 4096);
	assert_int_equal(bench_client.info.max_sectors, 16);
	assert_int_equal(bench_do(BLK_READ, 0, 4, 8, BLK_WINDOW_OWN, 0), BLK_INVAL);
	bench_common_tests(63);
}

static void test_other_commands(void **state)
{
	(void)state;
	bench_bring_up();
	assert_int_equal(bench_do(BLK_FLUSH, 0, 0, 0, 0, 0), BLK_OK);
	assert_int_equal(dev.flushes, 1);
	assert_int_equal(bench_do(BLK_WRITE, BLK_FUA, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
	assert_int_equal(dev.fua, 1);
	assert_int_equal(bench_do(BLK_DISCARD, 0, 8, 16, 0, 0), BLK_OK);
	assert_int_equal(dev.discarded, 16);
	assert_int_equal(bench_do(BLK_WRITE_ZEROES, 0, 8, 8, 0, 0), BLK_OK);
	assert_int_equal(bench_do(BLK_WRITE_ZEROES, BLK_UNMAP, 8, 8, 0, 0), BLK_OK);
	assert_int_equal(dev.zeroed, 16);
	assert_int_equal(dev.deallocated, 8);
	dev.fails = true;
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_IOERR);
}

static void test_namespaces(void **state)
{
	(void)state;
	dev.namespaces = 6;
	bench_bring_up();
	for (u32 i = 0; i < DRIVER_LINKS; i++)
		assert_true(bench.disk[i].is_there);
}

static void test_refused_controllers(void **state)
{
	(void)state;
	dev.is_dead = true;
	assert_non_null(bench_start());
	make_device();
	dev.is_fatal = true;
	assert_non_null(bench_start());
	make_device();
	dev.cap = 7ull;				/* queues of eight */
	assert_non_null(bench_start());
	make_device();
	dev.cap |= 15ull << 32;			/* doorbells far apart, out of the BAR */
	assert_non_null(bench_start());
	make_device();
	dev.shift = 30;
	assert_true(bench_has_no_disk());
	make_device();
	dev.namespaces = 0;
	assert_null(bench_start());		/* it is up, and has no disk */
	assert_false(bench.disk[0].is_there);
	make_device();
	bench_args.bars[0].bytes = 0x100;
	assert_non_null(bench_start());
}

static void test_lies(void **state)
{
	(void)state;
	bench_bring_up();
	dev.lies = true;
	bench_expect_no_completion();
}

/* A second start finds the memory as the first left it: old phase bits must not look like completions. */
static void test_second_life(void **state)
{
	(void)state;
	bench_bring_up();
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
	assert_null(bench_start());
	assert_true(blk_client_poll(&bench_client));
	assert_int_equal(bench_do(BLK_READ, 0, 8, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_blocks_of_4096_and_short_transfers, setup),
		cmocka_unit_test_setup(test_other_commands, setup),
		cmocka_unit_test_setup(test_namespaces, setup),
		cmocka_unit_test_setup(test_refused_controllers, setup),
		cmocka_unit_test_setup(test_lies, setup),
		cmocka_unit_test_setup(test_second_life, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
