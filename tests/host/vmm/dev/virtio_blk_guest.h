/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk_guest.h - a block device of the VMM between a guest's driver and a store, for tests of it. cmocka's
 * headers come before.
 */
#ifndef VOS_TEST_VIRTIO_BLK_GUEST_H
#define VOS_TEST_VIRTIO_BLK_GUEST_H

#include "bus.h"
#include "virtio_blk.h"

#define RAM_BYTES (16u << 20)
#define RING 0x1000u
#define USED 0x4000u
#define HEADERS 0x8000u		/* + 64 * number: header, range, status */
#define DATA 0x100000u
#define SIZE 128u
#define DISK_SECTORS 8192u

static u8 *ram, *link_memory;
static u8 disk[DISK_SECTORS * 512];
static struct guest_memory memory;
static struct virtio_blk *b;
static struct pci_bus pci;
static struct bus machine_bus;
static struct blk_server store;
static u16 available, collected;
static u32 signals, faults, interrupts, flushes, zeroed, next_descriptor;
static struct blk_sqe held[BLK_RING];
static u32 held_count;

static struct blk_info info = {
	.sectors = DISK_SECTORS, .block_bytes = 512, .physical_bytes = 4096, .max_sectors = BLK_MAX_SECTORS,
	.max_zero_sectors = 64, .features = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP,
};

static bool runs_at_once;	/* the store, within the signal to it */
static bool was_waiting;	/* the device asked for a signal then */
static inline void store_complete(void);

static inline void signal_store(void *ctx)
{
	(void)ctx;
	signals++;
	if (!runs_at_once)
		return;
	was_waiting = blk_server_should_signal(&store);
	store_complete();
}

static u32 put_off;

static inline void serve_later(void *ctx)
{
	(void)ctx;
	put_off++;
}

static inline void broken(void *ctx, const char *device, const char *fault)
{
	(void)ctx;
	assert_string_equal(device, "virtio-blk");
	assert_non_null(fault);
	faults++;
}

static inline void set_line(void *ctx, u32 gsi, bool is_asserted)
{
	(void)ctx;
	(void)gsi;
	interrupts += is_asserted;
}

static inline void start_driver(u64 features)
{
	struct virtqueue_setup setup = { .descriptors = RING, .available = RING + 0x1000, .used = USED, .size = SIZE };

	b->device.accepted = features;
	b->device.status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
			   VIRTIO_CONFIG_S_DRIVER_OK;
	b->device.function.config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER;
	assert_true(virtqueue_enable(&b->device.queue[0].ring, &memory, &setup));
}

static inline int make(bool is_read_only)
{
	struct virtio_blk_disk d = { .bytes = sizeof(disk), .block_bytes = 512, .is_read_only = is_read_only,
				     .serial = "serial-of-this-disk!" };
	struct virtio_blk_ops ops = { signal_store, serve_later, NULL };
	struct virtio_host host = { &memory, broken, NULL };
	struct pci_host pci_host = { .bus = &machine_bus, .set_line = set_line };

	ram = calloc(1, RAM_BYTES);
	link_memory = aligned_alloc(4096, BLK_LINK_BYTES);
	memset(link_memory, 0, BLK_LINK_BYTES);
	b = calloc(1, sizeof(*b));
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	bus_init(&machine_bus);
	pci_bus_init(&pci, &pci_host);
	assert_int_equal(virtio_blk_init(b, 0x20, &d, 2, link_memory, &ops, &host, &pci), ST_OK);
	available = collected = 0;
	runs_at_once = was_waiting = false;
	put_off = signals = faults = interrupts = flushes = zeroed = next_descriptor = held_count = 0;
	for (u32 i = 0; i < sizeof(disk); i++)
		disk[i] = (u8)(i / 512 * 3 + i);
	info.features = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP;
	start_driver(BIT64(VIRTIO_BLK_F_FLUSH));
	return 0;
}

static inline int setup(void **state)
{
	(void)state;
	(void)make(false);
	blk_server_begin(&store, link_memory, &info, BLK_UP, 0);
	virtio_blk_poll(b);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	free(ram);
	free(link_memory);
	free(b);
	return 0;
}

/* ---- The guest's driver ---- */

static inline struct vring_desc *descriptor(u32 i)
{
	return (struct vring_desc *)(void *)(ram + RING) + i % SIZE;
}

static inline u8 *request_at(u16 head)
{
	return ram + HEADERS + 64u * head;
}

static inline void add(u32 *count, u64 gpa, u32 len, u16 flags)
{
	if (*count != 0)
		descriptor(next_descriptor - 1)->flags |= VRING_DESC_F_NEXT;
	*descriptor(next_descriptor) = (struct vring_desc){ gpa, len, flags, (u16)((next_descriptor + 1) % SIZE) };
	next_descriptor++;
	(*count)++;
}

/* Data at `gpa` in two descriptors, to see that both are used. */
static inline u16 offer(u32 type, u64 sector, u64 gpa, u32 bytes)
{
	u16 head = (u16)(next_descriptor % SIZE), *ring = (u16 *)(void *)(ram + RING + 0x1000);
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	u16 flags = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID ? VRING_DESC_F_WRITE : 0;
	u32 count = 0, half = bytes / 2;

	memcpy(request_at(head), &header, sizeof(header));
	request_at(head)[32] = 0xff;
	add(&count, HEADERS + 64u * head, sizeof(header), 0);
	if (half != 0)
		add(&count, gpa, half, flags);
	if (bytes != 0)
		add(&count, gpa + half, bytes - half, flags);
	add(&count, HEADERS + 64u * head + 32, 1, VRING_DESC_F_WRITE);
	ring[2 + available % SIZE] = head;
	ring[1] = ++available;
	return head;
}

static inline void kick(void)
{
	b->device.type->notify(&b->device, 0);
}

static inline bool collect(u32 *head, u32 *written)
{
	const u16 *used = (const u16 *)(const void *)(ram + USED);
	const struct vring_used_elem *entry = (const void *)(used + 2);

	if (used[1] == collected)
		return false;
	*head = entry[collected % SIZE].id;
	*written = entry[collected % SIZE].len;
	collected++;
	return true;
}

/* ---- The store ---- */

static inline enum blk_status carry_out(const struct blk_sqe *sqe)
{
	u32 left = sqe->sectors * 512;
	u8 *at = disk + sqe->sector * 512;

	if (sqe->op == BLK_FLUSH)
		flushes++;
	if (sqe->op == BLK_DISCARD || sqe->op == BLK_WRITE_ZEROES) {
		memset(at, 0, left);
		zeroed += sqe->sectors;
	}
	for (u32 i = 0; i < sqe->seg_count; i++) {
		u32 count = sqe->seg[i].count * BLK_SLOT_BYTES < left ? sqe->seg[i].count * BLK_SLOT_BYTES : left;
		u8 *slot = blk_slot(link_memory, sqe->seg[i].slot);

		assert_int_equal(sqe->seg[i].window, BLK_WINDOW_OWN);
		if (sqe->op == BLK_READ)
			memcpy(slot, at, count);
		else
			memcpy(at, slot, count);
		at += count;
		left -= count;
	}
	return BLK_OK;
}

static inline void store_take(void)
{
	blk_server_wait(&store, true);
	while (blk_server_take(&store, &held[held_count]))
		held_count++;
}

/* Everything, the last one first. */
static inline void store_complete(void)
{
	store_take();
	while (held_count != 0) {
		held_count--;
		blk_server_complete(&store, held[held_count].cookie, carry_out(&held[held_count]));
	}
}

static inline void store_run(void)
{
	do {
		store_complete();
		virtio_blk_poll(b);
		store_take();
	} while (held_count != 0);
}

static inline u8 run_one(u32 type, u64 sector, u64 gpa, u32 bytes, u32 written)
{
	u16 head = offer(type, sector, gpa, bytes);
	u32 got, count;

	kick();
	store_run();
	assert_true(collect(&got, &count));
	assert_int_equal(got, head);
	assert_int_equal(count, written);
	return request_at(head)[32];
}

static inline u32 reads_done(void)
{
	u32 got, count, n = 0;

	while (collect(&got, &count))
		n++;
	return n;
}

static inline u32 read_some(u32 requests)
{
	for (u32 i = 0; i < requests; i++)
		(void)offer(VIRTIO_BLK_T_IN, 16, DATA, 4096);
	kick();
	return reads_done();
}

#endif
