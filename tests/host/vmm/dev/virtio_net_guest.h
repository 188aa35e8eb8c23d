/* SPDX-License-Identifier: MIT */
/*
 * virtio_net_guest.h - a guest with a network card, and its switch: the test plays both.
 */
#ifndef VOS_TEST_VIRTIO_NET_GUEST_H
#define VOS_TEST_VIRTIO_NET_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "../fake_driver.h"
#include "bus.h"
#include "checksum.h"
#include "frames.h"
#include "virtio_net.h"

#define RAM_BYTES (16u << 20)
#define QUEUE(i) (0x1000u * ((i) + 1))
#define OUT 0x100000u		/* a packet of the guest's, with its header */
#define BUFFERS 0x200000u	/* + i * BUFFER_SPACE */
#define BUFFER_SPACE 0x20000u
#define CONTROL 0x20000u
#define HEADER ((u32)sizeof(struct virtio_net_hdr_v1))
#define MTU 9000u
#define LONGEST (14 + 4 + MTU)
#define A 0x020000000001ull
#define B 0x020000000002ull
#define ALL_FEATURES                                                                                                   \
	(BIT64(VIRTIO_NET_F_MRG_RXBUF) | BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_HOST_TSO4) |                    \
	 BIT64(VIRTIO_NET_F_GUEST_CSUM) | BIT64(VIRTIO_NET_F_GUEST_TSO4) | BIT64(VIRTIO_NET_F_CTRL_VQ))

static u8 *ram, *link_memory;
static struct guest_memory memory;
static struct virtio_net *n;
static struct pci_bus pci;
static struct bus machine_bus;
static struct fake_driver driver[3];
static struct ring from_guest, to_guest;	/* the switch's ends */
static u32 signals, faults, put_off, gathered, told_later;
static struct vmm_nic_drops drops;

static inline void signal_switch(void *ctx, u32 nic)
{
	(void)ctx;
	assert_int_equal(nic, 3);
	signals++;
}

static inline void poll_later(void *ctx, u32 nic)
{
	(void)ctx;
	assert_int_equal(nic, 3);
	put_off++;
}

static inline void serve_late(void *ctx)
{
	(void)ctx;
	gathered++;
}

static inline void tell_later(void *ctx)
{
	(void)ctx;
	told_later++;
}

static inline void broken(void *ctx, const char *device, const char *fault)
{
	(void)ctx;
	assert_string_equal(device, "virtio-net");
	assert_non_null(fault);
	faults++;
}

static inline void set_line(void *ctx, u32 gsi, bool is_asserted)
{
	(void)ctx;
	(void)gsi;
	(void)is_asserted;
}

static inline void start_driver(u64 features)
{
	n->device.accepted = features;
	n->device.status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
			   VIRTIO_CONFIG_S_DRIVER_OK;
	n->device.function.config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER;
	for (u32 i = 0; i < 3; i++) {
		struct virtqueue_setup s;

		driver[i] = (struct fake_driver){ .ram = ram, .base = QUEUE(i) };
		memset(ram + QUEUE(i), 0, 0x1000);
		s = driver_setup(&driver[i]);
		virtqueue_disable(&n->device.queue[i].ring);
		assert_true(virtqueue_enable(&n->device.queue[i].ring, &memory, &s));
	}
}

static inline int setup(void **state)
{
	struct virtio_net_nic nic = { .number = 3, .drops = &drops, .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = MTU };
	struct virtio_net_ops ops = { signal_switch, poll_later, serve_late, tell_later, NULL };
	struct virtio_host host = { &memory, broken, NULL };
	struct pci_host pci_host = { .bus = &machine_bus, .set_line = set_line };

	(void)state;
	ram = calloc(1, RAM_BYTES);
	link_memory = aligned_alloc(4096, NET_LINK_BYTES);
	memset(link_memory, 0, NET_LINK_BYTES);
	n = calloc(1, sizeof(*n));
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	bus_init(&machine_bus);
	pci_bus_init(&pci, &pci_host);
	assert_int_equal(virtio_net_init(n, 0x20, &nic, link_memory, &ops, &host, &pci), ST_OK);
	ring_attach_consumer(&from_guest, (struct ring_shared *)(link_memory + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_producer(&to_guest, (struct ring_shared *)(link_memory + NET_TO_CLIENT), NET_RING_BYTES);
	signals = faults = put_off = gathered = told_later = 0;
	drops = (struct vmm_nic_drops){ 0 };
	start_driver(ALL_FEATURES);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	free(ram);
	free(link_memory);
	free(n);
	return 0;
}

static inline void notify(u32 queue)
{
	n->device.type->notify(&n->device, queue);
}

static inline void pattern(u8 *at, u32 count, u32 seed)
{
	for (u32 i = 0; i < count; i++)
		at[i] = (u8)(i * 7 + i / 256 + seed);
}

static inline bool is_collected(u32 queue, u32 *written)
{
	u32 head;

	return driver_collect(&driver[queue], &head, written);
}

static u8 frame_bytes[NET_FRAME_MAX], received[NET_FRAME_MAX + HEADER];
static u32 buffer_bytes, offered, taken;

static inline void add_buffers(u32 count, u32 bytes)
{
	buffer_bytes = bytes;
	while (count-- > 0) {
		u64 at = BUFFERS + offered++ % DRIVER_SIZE * BUFFER_SPACE;

		driver_offer(&driver[0], &(struct driver_buffer){ at, bytes, true }, 1);
	}
	notify(0);
}

static inline void arrive(struct net_frame frame, const u8 *bytes)
{
	assert_true(net_begin(&to_guest, &frame));
	net_write(&to_guest, 0, bytes, frame.bytes);
	net_end(&to_guest, &frame);
	virtio_net_poll(n);
}

static inline void arrive_plain(u32 bytes)
{
	pattern(frame_bytes, bytes, bytes);
	arrive((struct net_frame){ .bytes = bytes }, frame_bytes);
}

/* A frame's bytes into `received`, with its header in front; 0: none came. */
static inline u32 receive(struct virtio_net_hdr_v1 *header)
{
	u32 count = 0, at = 0, written;

	do {
		if (!is_collected(0, &written))
			return 0;
		memcpy(received + at, ram + BUFFERS + taken++ % DRIVER_SIZE * BUFFER_SPACE, written);
		at += written;
		memcpy(header, received, HEADER);
	} while (at != 0 && ++count < header->num_buffers);
	return at;
}

#endif
