/* SPDX-License-Identifier: MIT */
/*
 * The virtio network driver against a model of a device (virtio 1.2, 5.1): features, the filter, frames and their
 * headers, chains, and devices that lie.
 */
/* links: virtio_net rt */
/* helpers: nic_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "inet.h"
#include "nic_bench.h"
#include "virtio_net.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#define NOTIFY 0x3000u
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define COMMON(field) offsetof(struct virtio_pci_common_cfg, field)
#define FEATURE(name) BIT64(VIRTIO_NET_F_##name)

enum { RX, TX, CONTROL, QUEUES };

struct model_queue {
	u64 desc, avail, used;
	u16 size, vector, enable, seen, done;
};

static struct {
	u64 features, taken;
	u32 select, commands;
	u16 queue, config_vector, most;		/* most: descriptors of a queue */
	u8 status, ack;
	bool is_deaf;
	struct model_queue queues[QUEUES];
	struct virtio_net_config config;
	struct virtio_net_hdr_v1 header;	/* of the frame that was sent last */
	u32 head, buffers;
} dev;

/* ---- Registers ---- */

static struct model_queue *selected(void)
{
	assert_true(dev.queue < QUEUES);
	return &dev.queues[dev.queue];
}

static u64 common_read(u32 at)
{
	if (at == COMMON(device_feature))
		return dev.select == 0 ? (u32)dev.features : dev.features >> 32;
	if (at == COMMON(device_status))
		return dev.status;
	if (at == COMMON(queue_size))
		return selected()->size != 0 ? selected()->size : dev.most;
	if (at == COMMON(queue_msix_vector))
		return selected()->vector;
	if (at == COMMON(queue_notify_off))
		return dev.queue;
	return 0;
}

u64 device_read(u32 offset, u32 size)
{
	u64 value = 0;

	if (offset >= 0x2000 && offset + size <= 0x2000 + sizeof(dev.config)) {
		memcpy(&value, (const u8 *)&dev.config + (offset - 0x2000), size);
		return value;
	}
	if (offset == 0x1000)
		return 2;
	assert_true(offset + size <= sizeof(struct virtio_pci_common_cfg));
	return common_read(offset);
}

static void set_half(u64 *word, bool is_high, u64 value)
{
	*word = is_high ? (*word & ~0u) | value << 32 : (*word & ~0ull << 32) | (u32)value;
}

static void queue_write(u32 at, u64 value)
{
	struct model_queue *q = selected();

	assert_int_equal(q->enable, 0);		/* 4.1.5.1.3: nothing changes behind that */
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

static void command(void);

void device_write(u32 offset, u32 size, u64 value)
{
	if (offset >= NOTIFY) {
		assert_true((dev.status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 && offset == NOTIFY + 4 * value);
		if (value == CONTROL && !dev.is_deaf)
			command();
		return;
	}
	assert_true(offset + size <= sizeof(struct virtio_pci_common_cfg));
	if (offset == COMMON(device_status)) {
		dev.status = (u8)value;
		if (value == 0)
			memset(dev.queues, 0, sizeof(dev.queues));
	} else if (offset == COMMON(device_feature_select) || offset == COMMON(guest_feature_select)) {
		dev.select = (u32)value;
	} else if (offset == COMMON(guest_feature)) {
		set_half(&dev.taken, dev.select != 0, value);
	} else if (offset == COMMON(msix_config)) {
		dev.config_vector = (u16)value;
	} else if (offset == COMMON(queue_select)) {
		dev.queue = (u16)value;
	} else {
		queue_write(offset, value);
	}
}

/* ---- Queues ---- */

static const struct vring_desc *desc_of(u32 queue, u32 i)
{
	const struct model_queue *q = &dev.queues[queue];

	assert_true(i < q->size);
	return (const struct vring_desc *)bench_dma(q->desc, 16ull * q->size) + i;
}

static const struct vring_desc *next_chain(u32 queue, u32 *head)
{
	struct model_queue *q = &dev.queues[queue];
	const struct vring_avail *avail = bench_dma(q->avail, 4 + 2ull * q->size);

	assert_int_equal(q->enable, 1);
	if (avail->idx == q->seen)
		return NULL;
	*head = avail->ring[q->seen++ % q->size];
	return desc_of(queue, *head);
}

static void use(u32 queue, u32 id, u32 length)
{
	struct model_queue *q = &dev.queues[queue];
	struct vring_used *used = bench_dma(q->used, 4 + 8ull * q->size);

	used->ring[q->done % q->size] = (struct vring_used_elem){ .id = id, .len = length };
	used->idx = ++q->done;
}

static void command(void)
{
	u32 head = 0;
	const struct vring_desc *d = next_chain(CONTROL, &head);
	const u8 *header;

	assert_non_null(d);
	header = bench_dma(d->addr, 2);
	assert_true(d->len == 2 && header[0] == VIRTIO_NET_CTRL_RX && header[1] == VIRTIO_NET_CTRL_RX_PROMISC);
	d = desc_of(CONTROL, d->next);
	assert_true(d->len == 1 && *(u8 *)bench_dma(d->addr, 1) == 1);
	d = desc_of(CONTROL, d->next);
	assert_int_equal(d->flags, VRING_DESC_F_WRITE);
	*(u8 *)bench_dma(d->addr, 1) = dev.ack;
	dev.commands++;
	use(CONTROL, head, 1);
}

static u32 receive(const struct virtio_net_hdr_v1 *header, const u8 *bytes, u32 count)
{
	u32 head = 0;
	const struct vring_desc *d = next_chain(RX, &head);
	u8 *to;

	assert_non_null(d);
	assert_int_equal(d->flags, VRING_DESC_F_WRITE);
	assert_true(HEADER + count <= d->len);
	to = bench_dma(d->addr, d->len);
	memcpy(to, header, HEADER);
	memcpy(to + HEADER, bytes, count);
	use(RX, head, (u32)HEADER + count);
	return head;
}

static void receive_plain(const u8 *bytes, u32 count)
{
	struct virtio_net_hdr_v1 header = { .num_buffers = 1 };

	(void)receive(&header, bytes, count);
}

/* A frame of the driver's into bench_got, without being used up; 0: there is none. */
static u32 transmit(void)
{
	const struct vring_desc *d = next_chain(TX, &dev.head);
	u8 whole[HEADER + BENCH_FRAME_BYTES];
	u32 count = 0;

	dev.buffers = 0;
	for (; d != NULL; d = desc_of(TX, d->next)) {
		assert_int_equal(d->flags & ~VRING_DESC_F_NEXT, 0);
		assert_true(count + d->len <= sizeof(whole));
		memcpy(whole + count, bench_dma(d->addr, d->len), d->len);
		count += d->len;
		dev.buffers++;
		if ((d->flags & VRING_DESC_F_NEXT) == 0)
			break;
	}
	if (count == 0)
		return 0;
	memcpy(&dev.header, whole, HEADER);
	memcpy(bench_got, whole + HEADER, count - HEADER);
	return count - (u32)HEADER;
}

/* ---- Its life ---- */

static void put_cap(u32 at, u32 next, u8 type, u32 offset, u32 length)
{
	struct virtio_pci_notify_cap cap = { .cap = { PCI_CAP_ID_VNDR, (u8)next, sizeof(cap), type, 0, 0, { 0 }, offset,
						     length }, .notify_off_multiplier = 4 };

	memcpy(bench_args.config + at, &cap, sizeof(cap));
}

static int setup(void **state)
{
	(void)state;
	bench_reset(&virtio_net_ops);
	memset(&dev, 0, sizeof(dev));
	bench_args.interrupt_count = 2;
	dev.most = 256;
	bench_args.config[PCI_CAPABILITY_LIST] = 0x40;
	put_cap(0x40, 0x58, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, 0x1000);
	put_cap(0x58, 0x70, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x38);
	put_cap(0x70, 0x88, VIRTIO_PCI_CAP_ISR_CFG, 0x1000, 4);
	put_cap(0x88, 0, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000, sizeof(dev.config));
	dev.features = BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM) | FEATURE(CSUM) |
		       FEATURE(GUEST_CSUM) | FEATURE(MTU) | FEATURE(MAC) | FEATURE(GUEST_TSO4) | FEATURE(HOST_TSO4) |
		       FEATURE(MRG_RXBUF) | FEATURE(STATUS) | FEATURE(CTRL_VQ) | FEATURE(CTRL_RX) | FEATURE(MQ) |
		       FEATURE(SPEED_DUPLEX);
	dev.config = (struct virtio_net_config){ .mac = { 2, 0, 0, 0, 0, 7 }, .status = VIRTIO_NET_S_LINK_UP,
						 .mtu = 1400, .speed = 10000, .duplex = 1 };
	return 0;
}

static int setup_up(void **state)
{
	(void)setup(state);
	bench_start();
	return 0;
}

static void it_comes_up(void **state)
{
	(void)state;
	assert_int_equal(dev.commands, 1);
	assert_int_equal(dev.taken & (FEATURE(MRG_RXBUF) | FEATURE(GUEST_TSO4) | FEATURE(MQ)), 0);
	assert_memory_equal(bench_page.mac, dev.config.mac, 6);
	assert_int_equal(bench_page.mtu, 1400);
	assert_int_equal(bench_page.mbits, 10000);
	assert_int_equal(bench_page.state, NIC_UP);
	assert_int_equal(dev.config_vector, 1);
	assert_false(virtio_net_ops.quiet(&bench, 0));
	assert_true(virtio_net_ops.quiet(&bench, 1));
}

static void a_poor_device(void **state)
{
	(void)state;
	dev.features = BIT64(VIRTIO_F_VERSION_1);
	bench_args.interrupts = DRIVER_IRQ_LINES;
	bench_args.interrupt_count = 1;
	bench_start();
	assert_int_equal(dev.commands, 0);
	assert_int_equal(bench_page.state, NIC_UP);
	assert_int_equal(bench_page.mbits, 0);
	assert_int_equal(bench_page.mtu, 1500);
	assert_false(bench.can_checksum || bench.can_cut[NET_TCP4]);
	assert_true(virtio_net_ops.quiet(&bench, 0));
}

static void what_does_not_come_up(void **state)
{
	static u64 nothing[NET_LINK_BYTES / 8];

	(void)state;
	dev.ack = VIRTIO_NET_ERR;
	assert_non_null(nic_driver_start(&bench, nothing));
	dev.ack = VIRTIO_NET_OK;
	(void)setup(state);
	dev.is_deaf = true;
	assert_non_null(nic_driver_start(&bench, nothing));
	assert_true(bench_waited_us >= 1000000);
	assert_false(bench.is_unusable);
	(void)setup(state);
	dev.features &= ~BIT64(VIRTIO_F_ACCESS_PLATFORM);
	bench_args.is_contained = 1;
	assert_non_null(nic_driver_start(&bench, nothing));
	assert_true(bench.is_unusable);
}

static void frames_from_the_wire(void **state)
{
	struct virtio_net_hdr_v1 header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16 };
	struct net_frame frame;
	u8 bytes[1518];

	(void)state;
	for (u32 i = 0; i < 700; i++) {
		bench_fill(bytes, sizeof(bytes), i);
		receive_plain(bytes, 60 + i);
		bench_steps();
		assert_true(bench_take(&frame));
		assert_int_equal(frame.bytes, 60 + i);
		assert_memory_equal(bench_got, bytes, 60 + i);
	}
	(void)receive(&header, bytes, 100);
	bench_steps();
	assert_true(bench_take(&frame));
	assert_int_equal(frame.flags, NET_NEEDS_CHECKSUM);
	assert_int_equal(frame.checksum_start, 34);
	assert_int_equal(frame.checksum_offset, 16);
	header.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	(void)receive(&header, bytes, 100);
	bench_steps();
	assert_true(bench_take(&frame));
	assert_int_equal(frame.flags, NET_CHECKSUM_GOOD);
}

static void nonsense_from_the_wire(void **state)
{
	struct virtio_net_hdr_v1 far = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 99, .csum_offset = 16 };
	struct virtio_net_hdr_v1 cut = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1000 };
	struct net_frame frame;
	u8 bytes[100] = { 0 };
	u32 head;

	(void)state;
	(void)receive(&far, bytes, 100);
	(void)receive(&cut, bytes, 100);
	receive_plain(bytes, 13);
	bench_steps();
	assert_int_equal(bench_page.drops[NIC_DROP_BAD], 3);
	(void)next_chain(RX, &head);
	use(RX, head, 2049);
	(void)next_chain(RX, &head);
	use(RX, head, 11);
	(void)next_chain(RX, &head);
	use(RX, head, ~0u);
	bench_steps();
	assert_int_equal(bench_page.drops[NIC_DROP_BAD], 6);
	use(RX, 256, 100);			/* ids that are none */
	use(RX, ~0u, 100);
	use(TX, 3, 0);
	use(TX, ~0u, 0);
	bench_steps();
	assert_false(bench_take(&frame));
	assert_int_equal(bench.busy, 0);
	dev.queues[RX].done = (u16)(dev.queues[RX].done + 1000);	/* more than can be: not believed */
	((struct vring_used *)bench_dma(dev.queues[RX].used, 4))->idx = dev.queues[RX].done;
	bench_steps();
	assert_false(bench_take(&frame));
}

static void frames_to_the_wire(void **state)
{
	u8 bytes[1518];

	(void)state;
	for (u32 i = 0; i < 700; i++) {
		bench_fill(bytes, sizeof(bytes), i);
		bench_send_plain(bytes, 14 + i);
		bench_steps();
		assert_int_equal(transmit(), 14 + i);
		assert_memory_equal(bench_got, bytes, 14 + i);
		assert_int_equal(dev.header.flags, 0);
		assert_int_equal(dev.header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
		use(TX, dev.head, 0);
	}
	for (u32 i = 0; i < 300; i++)
		bench_send_plain(bytes, 100);
	bench_steps();
	for (u32 i = 0; i < 256; i++) {
		assert_int_equal(transmit(), 100);
		use(TX, dev.head, 0);
	}
	assert_int_equal(transmit(), 0);
	bench_steps();
	for (u32 i = 256; i < 300; i++)
		assert_int_equal(transmit(), 100);
	assert_int_equal(bench.busy, 44);
}

/* The device cuts: one chain of buffers, given back in any order, and by its head alone. */
static void segments(void **state)
{
	static u8 bytes[BENCH_FRAME_BYTES];
	struct net_frame frame = bench_segment(bytes, 60000, 1300);
	u32 heads[3], left;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		bench_send(&frame, bytes);
		bench_steps();
		assert_int_equal(transmit(), frame.bytes);
		assert_memory_equal(bench_got, bytes, frame.bytes);
		assert_int_equal(dev.header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
		assert_int_equal(dev.header.gso_size, 1300);
		assert_int_equal(dev.header.hdr_len, 54);
		assert_int_equal(dev.header.csum_start, 34);
		assert_int_equal(dev.buffers, (frame.bytes + NIC_BUFFER_BYTES - 1) / NIC_BUFFER_BYTES);
		heads[i] = dev.head;
	}
	left = bench.busy;
	use(TX, desc_of(TX, heads[1])->next, 0);	/* the middle of a chain is no head */
	bench_steps();
	assert_int_equal(bench.busy, left);
	use(TX, heads[1], 0);
	use(TX, heads[0], 0);
	use(TX, heads[0], 0);				/* twice */
	use(TX, heads[2], 0);
	bench_steps();
	assert_int_equal(bench.busy, 0);
	assert_int_equal(virtio_net_ops.room(&bench), 256);
	bytes[ETH_BYTES + IPV4_BYTES + TCP_FLAGS] = TCP_CWR;	/* the device was not told of it: it is cut here */
	frame = bench_segment(bytes, 2000, 1300);
	bytes[ETH_BYTES + IPV4_BYTES + TCP_FLAGS] = TCP_CWR;
	bench_send(&frame, bytes);
	bench_steps();
	assert_int_equal(transmit(), 1354);
	assert_int_equal(dev.header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(bench_got[ETH_BYTES + IPV4_BYTES + TCP_FLAGS], TCP_CWR);
	assert_int_equal(transmit(), 754);
	assert_int_equal(bench_got[ETH_BYTES + IPV4_BYTES + TCP_FLAGS], 0);
}

/* A segment that needs more buffers than the queue has is cut here, and what follows it goes out, too. */
static void a_short_queue(void **state)
{
	static u8 bytes[BENCH_FRAME_BYTES];
	struct net_frame frame = bench_segment(bytes, 60000, 1300);
	u32 pieces = 0, payload = 0, count;

	(void)state;
	dev.most = 4;
	bench_start();
	bench_send(&frame, bytes);
	bench_send_plain(bytes, 100);
	for (bench_steps(); (count = transmit()) != 0 && count != 100; bench_steps()) {
		assert_int_equal(dev.header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
		assert_memory_equal(bench_got + 54, bytes + 54 + payload, count - 54);
		payload += count - 54;
		pieces++;
		use(TX, dev.head, 0);
	}
	assert_int_equal(payload, 60000);
	assert_int_equal(pieces, 47);
	assert_int_equal(count, 100);
	frame = bench_segment(bytes, 4 * NIC_BUFFER_BYTES - 54, 1300);	/* one that fits is the device's to cut */
	use(TX, dev.head, 0);
	bench_send(&frame, bytes);
	bench_steps();
	assert_int_equal(transmit(), frame.bytes);
	assert_int_equal(dev.buffers, 4);
	assert_int_equal(dev.header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
}

static void the_cable(void **state)
{
	(void)state;
	dev.config.status = 0;
	nic_driver_look(&bench);
	nic_driver_publish(&bench);
	assert_int_equal(bench_page.state, NIC_NO_CARRIER);
	dev.config.status = VIRTIO_NET_S_LINK_UP;
	dev.config.speed = ~0u;			/* unknown */
	nic_driver_look(&bench);
	nic_driver_publish(&bench);
	assert_int_equal(bench_page.state, NIC_UP);
	assert_int_equal(bench_page.mbits, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_comes_up, setup_up), cmocka_unit_test_setup(a_poor_device, setup),
		cmocka_unit_test_setup(what_does_not_come_up, setup),
		cmocka_unit_test_setup(frames_from_the_wire, setup_up),
		cmocka_unit_test_setup(nonsense_from_the_wire, setup_up),
		cmocka_unit_test_setup(frames_to_the_wire, setup_up), cmocka_unit_test_setup(segments, setup_up),
		cmocka_unit_test_setup(a_short_queue, setup),
		cmocka_unit_test_setup(the_cable, setup_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
