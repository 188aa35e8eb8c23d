/* SPDX-License-Identifier: MIT */
/*
 * port_bench.c - see port_bench.h.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "port_bench.h"
#include "rt_log.h"

#define BUS 0x7000000000ull
#define BAR 0x10000ull
#define NOTIFY 0x3000u
#define COMMON(field) offsetof(struct virtio_pci_common_cfg, field)

struct port bench;
struct driver_args bench_args;
struct ring bench_rx, bench_tx;
struct bench_device bench_device;
u8 *bench_memory;

static u64 rx_memory[(RING_BYTES(BENCH_RX_BYTES) + 7) / 8], tx_memory[(RING_BYTES(BENCH_TX_BYTES) + 7) / 8];

/* For fuzzers too, which have no cmocka. */
static void check(bool is_true)
{
	if (!is_true)
		abort();
}

void rt_log(const char *format, ...)
{
	(void)format;
}

/* ---- Registers ---- */

static u64 queue_read(u64 at)
{
	const struct bench_queue *q = &bench_device.queues[bench_device.queue];

	if (at == COMMON(queue_size))
		return q->size != 0 ? q->size : bench_device.queue_size;
	if (at == COMMON(queue_msix_vector))
		return bench_device.takes_no_interrupt ? 0xffff : q->vector;
	if (at == COMMON(queue_notify_off))
		return bench_device.queue + (u64)bench_device.notify_off;
	return 0;
}

static u64 fake_read(void *base, u32 offset, u32 size)
{
	u64 at = (u64)base + offset - BAR;
	u8 config[12] = { 0 };
	u64 value = 0;

	memcpy(config + offsetof(struct virtio_console_config, max_nr_ports), &bench_device.ports, 4);
	if (at >= 0x2000 && at + size <= 0x2000 + sizeof(config)) {
		memcpy(&value, config + (at - 0x2000), size);
		return value;
	}
	if (at == 0x1000)
		return bench_device.isr_reads++;
	check(at + size <= sizeof(struct virtio_pci_common_cfg));
	if (at == COMMON(device_feature))
		return bench_device.select == 0 ? (u32)bench_device.features : bench_device.features >> 32;
	if (at == COMMON(device_status))
		return bench_device.status;
	return queue_read(at);
}

static void set_half(u64 *word, bool is_high, u64 value)
{
	*word = is_high ? (*word & ~0u) | value << 32 : (*word & ~0ull << 32) | (u32)value;
}

static void queue_write(u64 at, u64 value)
{
	struct bench_queue *q = &bench_device.queues[bench_device.queue];

	if (at == COMMON(queue_size))
		q->size = (u16)value;
	if (at == COMMON(queue_msix_vector))
		q->vector = (u16)value;
	if (at == COMMON(queue_enable))
		q->enable = (u16)value;
	if (at / 8 == COMMON(queue_desc_lo) / 8)
		set_half(&q->desc, at % 8 != 0, value);
	if (at / 8 == COMMON(queue_avail_lo) / 8)
		set_half(&q->avail, at % 8 != 0, value);
	if (at / 8 == COMMON(queue_used_lo) / 8)
		set_half(&q->used, at % 8 != 0, value);
}

static void status_write(u8 value)
{
	if (value == 0 && !bench_device.is_mute)
		memset(bench_device.queues, 0, sizeof(bench_device.queues));
	if (bench_device.refuses_features)
		value &= (u8)~VIRTIO_CONFIG_S_FEATURES_OK;
	bench_device.status = bench_device.is_mute ? 1 : value;
}

static void fake_write(void *base, u32 offset, u32 size, u64 value)
{
	u64 at = (u64)base + offset - BAR;

	if (at >= NOTIFY) {
		check(value < 64 && at == NOTIFY + 4 * value);
		bench_device.queues[value].notifies++;
		return;
	}
	check(at + size <= sizeof(struct virtio_pci_common_cfg));
	if (at == COMMON(device_status))
		status_write((u8)value);
	else if (at == COMMON(device_feature_select) || at == COMMON(guest_feature_select))
		bench_device.select = (u32)value;
	else if (at == COMMON(guest_feature))
		set_half(&bench_device.taken, bench_device.select != 0, value);
	else if (at == COMMON(queue_select))
		bench_device.queue = (u16)(value % 64);
	else
		queue_write(at, value);
}

struct regs regs_memory(u64 address, u64 bytes)
{
	return (struct regs){ fake_read, fake_write, (void *)address, bytes };
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
}

/* ---- Its life ---- */

static void put_cap(u32 at, u32 next, u8 type, u32 offset, u32 length)
{
	struct virtio_pci_notify_cap cap = { .cap = { PCI_CAP_ID_VNDR, (u8)next, sizeof(cap), type, 4, 0, { 0 }, offset,
						     length }, .notify_off_multiplier = 4 };

	memcpy(bench_args.config + at, &cap, sizeof(cap));
}

void bench_reset(void)
{
	if (bench_memory == NULL)
		bench_memory = malloc(DRIVER_PIECE_BYTES);
	check(bench_memory != NULL);
	memset(bench_memory, 0, DRIVER_PIECE_BYTES);
	memset(rx_memory, 0, sizeof(rx_memory));
	memset(tx_memory, 0, sizeof(tx_memory));
	bench_device = (struct bench_device){
		.features = BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM) |
			    BIT64(VIRTIO_CONSOLE_F_MULTIPORT) | BIT64(VIRTIO_CONSOLE_F_EMERG_WRITE),
		.ports = BENCH_PORTS, .queue_size = 128,
	};
	bench_args = (struct driver_args){ .name = "port0", .interrupts = DRIVER_IRQ_MESSAGES, .interrupt_count = 1,
					   .dma_bus = BUS, .dma_bits = 64 };
	bench_args.bars[4] = (struct driver_bar){ .address = BAR, .bytes = 0x4000 };
	bench_args.config[PCI_CAPABILITY_LIST] = 0x40;
	put_cap(0x40, 0x58, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, 0x1000);
	put_cap(0x58, 0x70, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x38);
	put_cap(0x70, 0x88, VIRTIO_PCI_CAP_ISR_CFG, 0x1000, 4);
	put_cap(0x88, 0, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000, 12);
	bench = (struct port){ .pci = { .args = &bench_args, .wait_us = wait_us }, .dma = bench_memory };
	ring_attach_producer(&bench.rx, (struct ring_shared *)rx_memory, BENCH_RX_BYTES);
	ring_attach_consumer(&bench.tx, (struct ring_shared *)tx_memory, BENCH_TX_BYTES);
	ring_attach_consumer(&bench_rx, (struct ring_shared *)rx_memory, BENCH_RX_BYTES);
	ring_attach_producer(&bench_tx, (struct ring_shared *)tx_memory, BENCH_TX_BYTES);
}

void bench_bring_up(void)
{
	struct virtio_console_control message;

	check(port_start(&bench) == NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_NAME, 1, "vos");
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_steps();
	while (bench_heard(&message))
		;
	check(bench.is_open);
}

void bench_steps(void)
{
	for (u32 i = 0; i < 100 && port_step(&bench); i++)
		;
}

/* ---- The device's side of the queues ---- */

void *bench_dma(u64 bus, u64 bytes)
{
	check(bus >= BUS && bytes <= DRIVER_PIECE_BYTES && bus - BUS <= DRIVER_PIECE_BYTES - bytes);
	return bench_memory + (bus - BUS);
}

static struct vring_avail *avail_of(u32 queue)
{
	return bench_dma(bench_device.queues[queue].avail, 4 + 2ull * bench_device.queues[queue].size);
}

u32 bench_buffers(u32 queue)
{
	return (u16)(avail_of(queue)->idx - bench_device.queues[queue].seen);
}

static const struct vring_desc *next_buffer(u32 queue, u32 *id)
{
	struct bench_queue *q = &bench_device.queues[queue];
	const struct vring_desc *table = bench_dma(q->desc, 16ull * q->size);

	check(q->enable == 1);
	if (bench_buffers(queue) == 0)
		return NULL;
	*id = avail_of(queue)->ring[q->seen++ % q->size];
	check(*id < q->size);
	check((table[*id].flags & ~VRING_DESC_F_WRITE) == 0);
	return &table[*id];
}

void bench_use(u32 queue, u32 id, u32 length)
{
	struct bench_queue *q = &bench_device.queues[queue];
	struct vring_used *used = bench_dma(q->used, 4 + 8ull * q->size);

	used->ring[q->done % q->size] = (struct vring_used_elem){ .id = id, .len = length };
	used->idx = ++q->done;
}

u32 bench_write(u32 queue, const void *bytes, u32 count)
{
	const struct vring_desc *d;
	u32 done = 0, id;

	while (done < count && (d = next_buffer(queue, &id)) != NULL) {
		u32 some = count - done < d->len ? count - done : d->len;

		check((d->flags & VRING_DESC_F_WRITE) != 0);
		memcpy(bench_dma(d->addr, d->len), (const u8 *)bytes + done, some);
		bench_use(queue, id, some);
		done += some;
	}
	return done;
}

u32 bench_read(u32 queue, void *bytes, u32 count)
{
	const struct vring_desc *d;
	u32 done = 0, id;

	while (done < count && (d = next_buffer(queue, &id)) != NULL) {
		check((d->flags & VRING_DESC_F_WRITE) == 0 && d->len <= count - done);
		memcpy((u8 *)bytes + done, bench_dma(d->addr, d->len), d->len);
		bench_use(queue, id, 0);
		done += d->len;
	}
	return done;
}

void bench_say(u32 port, u16 event, u16 value, const char *name)
{
	struct virtio_console_control message = { .id = port, .event = event, .value = value };
	u8 bytes[300] = { 0 };
	u32 count = sizeof(message);

	memcpy(bytes, &message, sizeof(message));
	if (name != NULL) {
		strcpy((char *)bytes + count, name);
		count += (u32)strlen(name) + 1;
	}
	check(bench_write(2, bytes, count) == count);
}

bool bench_heard(struct virtio_console_control *message)
{
	return bench_read(3, message, sizeof(*message)) == sizeof(*message);
}

void bench_expect_message(u32 port, u16 event, u16 value)
{
	struct virtio_console_control message;

	check(bench_heard(&message));
	check(message.id == port);
	check(message.event == event);
	check(message.value == value);
}

void bench_expect_silence(void)
{
	struct virtio_console_control message;

	bench_steps();
	check(!bench_heard(&message));
}
