/* SPDX-License-Identifier: MIT */
/*
 * The virtio block driver against a model of a device (virtio 1.2): capabilities, features, requests, discards, and
 * devices that lie.
 */
/* links: virtio_blk rt */
/* helpers: blk_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "blk_bench.h"
#include "virtio_blk.h"

#define BAR 0x10000ull
#define NOTIFY 0x3000u

static struct {
	u8 common[64];
	struct virtio_blk_config config;
	u64 features, taken;
	u32 select;
	u64 desc, avail, used;
	u16 seen, done;
	u32 notifies, flushes, isr_reads;
	bool refuses_features, is_mute, lies, fails, is_restless;
	u32 unmapped;		/* sectors that were discarded, or written as zeros with UNMAP */
} dev;

static u32 get(u32 offset, u32 size)
{
	u32 value = 0;

	memcpy(&value, dev.common + offset, size);
	return value;
}

static void put_cap(u32 at, u32 next, u8 type, u32 offset, u32 length)
{
	struct virtio_pci_notify_cap cap = { .cap = { PCI_CAP_ID_VNDR, (u8)next, sizeof(cap), type, 4, 0, { 0 }, offset,
						     length }, .notify_off_multiplier = 4 };

	memcpy(bench_args.config + at, &cap, sizeof(cap));
}

static void make_device(void)
{
	bench_reset(&virtio_blk_ops);
	memset(&dev, 0, sizeof(dev));
	dev.features = BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM) | BIT64(VIRTIO_BLK_F_FLUSH) |
		       BIT64(VIRTIO_BLK_F_BLK_SIZE) | BIT64(VIRTIO_BLK_F_DISCARD) | BIT64(VIRTIO_BLK_F_WRITE_ZEROES) |
		       BIT64(VIRTIO_BLK_F_MQ) | BIT64(VIRTIO_RING_F_EVENT_IDX);
	dev.config = (struct virtio_blk_config){ .capacity = BENCH_SECTORS, .blk_size = 512,
		.max_discard_sectors = 4096, .max_write_zeroes_sectors = 2048, .write_zeroes_may_unmap = 1 };
	dev.common[offsetof(struct virtio_pci_common_cfg, queue_size) + 1] = 1;	/* 256 */
	bench_args.bars[4] = (struct driver_bar){ .address = BAR, .bytes = 0x4000 };
	bench_args.config[PCI_CAPABILITY_LIST] = 0x40;
	bench_args.config[0x40] = PCI_CAP_ID_PM;
	bench_args.config[0x41] = 0x48;
	put_cap(0x48, 0x60, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
	put_cap(0x60, 0x78, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, 0x1000);
	put_cap(0x78, 0x90, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x38);
	put_cap(0x90, 0xa8, VIRTIO_PCI_CAP_ISR_CFG, 0x1000, 4);
	put_cap(0xa8, 0, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000, sizeof(dev.config));
}

u64 fake_read(u64 at, u32 size)
{
	u64 value = 0;

	at -= BAR;
	if (at >= 0x2000 && at + size <= 0x2000 + sizeof(dev.config)) {
		memcpy(&value, (u8 *)&dev.config + (at - 0x2000), size);
	} else if (at == 0x1000) {
		dev.isr_reads++;
	} else if (at == offsetof(struct virtio_pci_common_cfg, device_feature)) {
		value = dev.select == 0 ? (u32)dev.features : dev.features >> 32;
	} else {
		if (dev.is_restless && at == offsetof(struct virtio_pci_common_cfg, config_generation))
			dev.common[at]++;
		assert_true(at + size <= 0x38);
		value = get((u32)at, size);
	}
	return value;
}

static u8 carry_out(const struct virtio_blk_outhdr *h, const struct vring_desc *data)
{
	const struct virtio_blk_discard_write_zeroes *range;
	u64 sector = h->sector;

	if (dev.fails)
		return VIRTIO_BLK_S_IOERR;
	if (h->type == VIRTIO_BLK_T_FLUSH) {
		assert_int_equal(sector, 0);
		dev.flushes++;
		return VIRTIO_BLK_S_OK;
	}
	if (h->type == VIRTIO_BLK_T_DISCARD || h->type == VIRTIO_BLK_T_WRITE_ZEROES) {
		range = bench_dma(data->addr, sizeof(*range));
		assert_int_equal(data->len, sizeof(*range));
		assert_true(range->sector + range->num_sectors <= BENCH_SECTORS);
		if (h->type == VIRTIO_BLK_T_DISCARD)
			assert_int_equal(range->flags, 0);
		if (h->type == VIRTIO_BLK_T_DISCARD || range->flags != 0)
			dev.unmapped += range->num_sectors;
		memset(bench_store + range->sector * 512, 0, range->num_sectors * 512);
		return VIRTIO_BLK_S_OK;
	}
	for (;; data++) {
		u8 *at = bench_dma(data->addr, data->len);

		if (data->len == 1)
			return VIRTIO_BLK_S_OK;
		assert_int_equal((data->flags & VRING_DESC_F_WRITE) != 0, h->type == VIRTIO_BLK_T_IN);
		assert_true(sector + data->len / 512 <= BENCH_SECTORS);
		if (h->type == VIRTIO_BLK_T_IN)
			memcpy(at, bench_store + sector * 512, data->len);
		else
			memcpy(bench_store + sector * 512, at, data->len);
		sector += data->len / 512;
	}
}

static void serve(u16 head)
{
	const struct vring_desc *table = bench_dma(dev.desc, 256 * sizeof(*table)), *d = &table[head];
	struct vring_used *used = bench_dma(dev.used, 4096);
	u8 *status;
	u32 n = 1;

	for (; d->flags & VRING_DESC_F_NEXT; d = &table[d->next])
		assert_true(n++ < 6 && d->next < 256);
	assert_int_equal(d->len, 1);
	assert_true((d->flags & VRING_DESC_F_WRITE) != 0);
	status = bench_dma(d->addr, 1);
	*status = carry_out(bench_dma(table[head].addr, sizeof(struct virtio_blk_outhdr)), &table[head + 1]);
	used->ring[dev.done % 256].id = dev.lies ? head + 1u : head;
	used->idx = ++dev.done;
}

void fake_tick(void)
{
	const struct vring_avail *avail;
	u32 status = get(offsetof(struct virtio_pci_common_cfg, device_status), 1);

	if (dev.is_mute || !(status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	avail = bench_dma(dev.avail, 4 + 2 * 256);
	if (dev.seen != avail->idx)
		serve(avail->ring[dev.seen++ % 256]);
}

void fake_write(u64 at, u32 size, u64 value)
{
	at -= BAR;
	if (at == NOTIFY) {
		dev.notifies++;
		return;
	}
	assert_true(at + size <= 0x38);
	memcpy(dev.common + at, &value, size);
	if (at == offsetof(struct virtio_pci_common_cfg, device_feature_select))
		dev.select = (u32)value;
	if (at == offsetof(struct virtio_pci_common_cfg, guest_feature))
		dev.taken |= get(offsetof(struct virtio_pci_common_cfg, guest_feature_select), 4) ? value << 32 : value;
	if (at == offsetof(struct virtio_pci_common_cfg, device_status) && dev.refuses_features)
		dev.common[at] &= (u8)~VIRTIO_CONFIG_S_FEATURES_OK;
	memcpy(&dev.desc, dev.common + offsetof(struct virtio_pci_common_cfg, queue_desc_lo), 8);
	memcpy(&dev.avail, dev.common + offsetof(struct virtio_pci_common_cfg, queue_avail_lo), 8);
	memcpy(&dev.used, dev.common + offsetof(struct virtio_pci_common_cfg, queue_used_lo), 8);
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
	assert_int_equal(dev.taken & BIT64(VIRTIO_RING_F_EVENT_IDX), 0);
	bench_common_tests(42);
	assert_true(dev.notifies > 0);
}

static void test_flush_discard_zeroes(void **state)
{
	(void)state;
	bench_bring_up();
	assert_int_equal(bench_client.info.max_zero_sectors, 2048);
	assert_int_equal(bench_do(BLK_FLUSH, 0, 0, 0, 0, 0), BLK_OK);
	assert_int_equal(dev.flushes, 1);
	assert_int_equal(bench_do(BLK_DISCARD, 0, 8, 16, 0, 0), BLK_OK);
	assert_int_equal(dev.unmapped, 16);
	assert_int_equal(bench_do(BLK_WRITE_ZEROES, 0, 80, 8, 0, 0), BLK_OK);
	assert_int_equal(dev.unmapped, 16);
	assert_int_equal(bench_do(BLK_WRITE_ZEROES, BLK_UNMAP, 88, 8, 0, 0), BLK_OK);
	assert_int_equal(dev.unmapped, 24);
	assert_int_equal(bench_store[80 * 512] | bench_store[88 * 512 + 4095], 0);
}

static void test_errors_are_told(void **state)
{
	(void)state;
	bench_bring_up();
	dev.fails = true;
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_IOERR);
}

static void test_device_without_features(void **state)
{
	(void)state;
	dev.features = BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_BLK_F_RO);
	bench_bring_up();
	assert_int_equal(bench_client.info.features, BLK_IS_READ_ONLY);
	assert_int_equal(bench_client.info.max_zero_sectors, 0);
	assert_int_equal(bench_do(BLK_WRITE, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_READONLY);
	assert_int_equal(bench_do(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0), BLK_OK);
}

static void test_refused_devices(void **state)
{
	(void)state;
	dev.features = BIT64(VIRTIO_BLK_F_FLUSH);
	assert_non_null(bench_start());
	assert_true(bench.is_unusable);
	make_device();
	dev.refuses_features = true;
	assert_non_null(bench_start());
	assert_false(bench.is_unusable);
	make_device();
	dev.is_restless = true;			/* its configuration changes all the time */
	assert_non_null(bench_start());
	make_device();
	dev.features &= ~BIT64(VIRTIO_F_ACCESS_PLATFORM);
	bench_args.is_contained = 1;
	assert_non_null(bench_start());
	make_device();
	bench_args.config[0x79] = 0x78;		/* the list is a circle */
	assert_non_null(bench_start());
	make_device();
	put_cap(0xa8, 0, VIRTIO_PCI_CAP_DEVICE_CFG, 0x3f00, 0x200);	/* beyond the BAR */
	assert_non_null(bench_start());
	make_device();
	put_cap(0x60, 0x78, VIRTIO_PCI_CAP_NOTIFY_CFG, 0xfffffffe, 0x1000);
	assert_non_null(bench_start());
	assert_int_equal(((struct blk_link_shared *)(void *)bench.links)->state, BLK_DOWN);
}

/* Completions of requests that were never made change nothing; a published index out of range neither. */
static void test_lies(void **state)
{
	struct vring_used *used;

	(void)state;
	bench_bring_up();
	dev.lies = true;
	bench_expect_no_completion();
	used = (struct vring_used *)dev.used;
	used->idx = (u16)(used->idx + 300);
	(void)blk_driver_step(&bench);
	assert_int_equal(bench.disk[0].server.in_flight, 1);
}

static void test_interrupt_line(void **state)
{
	(void)state;
	bench_args.interrupts = DRIVER_IRQ_LINES;
	bench_bring_up();
	assert_int_equal(get(offsetof(struct virtio_pci_common_cfg, queue_msix_vector), 2), 0xffff);
	virtio_blk_ops.quiet(&bench, 0);
	assert_int_equal(dev.isr_reads, 1);
}

/* The store is signalled once for what it asked to be told of. */
static void test_signals(void **state)
{
	(void)state;
	bench_bring_up();
	blk_client_wait(&bench_client, true);
	assert_false(blk_driver_should_signal(&bench));
	assert_true(bench_submit(BLK_READ, 0, 0, 8, BLK_WINDOW_OWN, 0) >= 0);
	(void)blk_driver_step(&bench);
	assert_false(blk_driver_should_signal(&bench));
	fake_tick();
	(void)blk_driver_step(&bench);
	assert_true(blk_driver_should_signal(&bench));
	assert_false(blk_driver_should_signal(&bench));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_flush_discard_zeroes, setup),
		cmocka_unit_test_setup(test_errors_are_told, setup),
		cmocka_unit_test_setup(test_device_without_features, setup),
		cmocka_unit_test_setup(test_refused_devices, setup),
		cmocka_unit_test_setup(test_lies, setup),
		cmocka_unit_test_setup(test_interrupt_line, setup),
		cmocka_unit_test_setup(test_signals, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
