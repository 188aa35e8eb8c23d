/* SPDX-License-Identifier: MIT */
/*
 * guest_rings.c - a driver of virtio-blk (virtio 1.2, 2.7, 4.1, 5.2) that breaks each rule of a split virtqueue, and
 * fills rings with anything. Each rule that is broken must stop the device with DEVICE_NEEDS_RESET, and a reset must
 * bring it back.
 *
 * `random=N`: so many random rings at the end, `seed=S`. With `good` it is the victim: for ever it writes sectors,
 * reads them again and compares; `io N` says how many requests that were. The first disk is used and overwritten.
 */
#include "guest.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA 0xcfcu
#define VENDOR_VIRTIO 0x1af4u
#define DEVICE_BLK 0x1042u
#define COMMAND 0x04u
#define MASTER 4u
#define CAP_VENDOR 9u
enum { CAP_COMMON = 1, CAP_NOTIFY = 2 };
/* The common structure (4.1.4.3). */
enum { FEATURE_SELECT = 8, FEATURE = 12, STATUS = 20, QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28,
       QUEUE_DESCRIPTORS = 32, QUEUE_AVAILABLE = 40, QUEUE_USED = 48 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 0x40 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { TYPE_IN = 0, TYPE_OUT = 1 };
#define FEATURE_INDIRECT BIT32(28)	/* of the low half */
#define FEATURE_VERSION_1 BIT32(0)	/* of the high half */
#define SIZE 16u
#define SECTOR 512u
#define SECTORS 64u			/* that are written to and read again */
#define NOWHERE 0x7f000000ull		/* behind the RAM of any VM that this runs in */
/* RAM that nothing else uses, for what the device writes to random places. */
#define SCRATCH 0x1000000ull
#define SCRATCH_BYTES 0x1000000ull
#define RAM_BYTES (64ull << 20)

struct descriptor { u64 address; u32 length; u16 flags, next; };
struct header { u32 type, reserved; u64 sector; };

static struct {
	struct descriptor table[SIZE];
	struct { u16 flags, index, ring[SIZE], event; } available;
	struct { u16 flags, index; struct { u32 id, length; } ring[SIZE]; u16 event; } used __attribute__((aligned(4)));
} queue __attribute__((aligned(4096)));
static struct descriptor indirect[256] __attribute__((aligned(16)));
static struct header header;
static u8 data[SECTOR], result;
static u64 common;		/* address */
static u16 notify_port;
static u64 state;

/* ---- The device ---- */

static u32 config_read(u32 device, u32 offset)
{
	out32(CONFIG_ADDRESS, BIT32(31) | device << 11 | (offset & 0xfc));
	return in32(CONFIG_DATA) >> (8 * (offset & 3));
}

static void config_write(u32 device, u32 offset, u32 value)
{
	out32(CONFIG_ADDRESS, BIT32(31) | device << 11 | offset);
	out32(CONFIG_DATA, value);
}

/* Where a structure is: a port or an address. */
static u64 place_of(u32 device, u32 capability)
{
	u32 at = 0x10 + 4 * (config_read(device, capability + 4) & 0xff), bar = config_read(device, at);

	return (bar & 1 ? bar & ~3u : bar & ~15u) + (u64)config_read(device, capability + 8);
}

static bool find_device(void)
{
	for (u32 device = 0; device < 32; device++) {
		if (config_read(device, 0) != (DEVICE_BLK << 16 | VENDOR_VIRTIO))
			continue;
		for (u32 at = config_read(device, 0x34) & 0xff; at != 0; at = config_read(device, at + 1) & 0xff) {
			u32 kind = config_read(device, at + 3) & 0xff;

			if ((config_read(device, at) & 0xff) != CAP_VENDOR)
				continue;
			if (kind == CAP_COMMON)
				common = place_of(device, at);
			else if (kind == CAP_NOTIFY && notify_port == 0)
				notify_port = (u16)place_of(device, at);
		}
		config_write(device, COMMAND, config_read(device, COMMAND) | MASTER);
		return common != 0 && notify_port != 0;
	}
	return false;
}

static u8 status(void)
{
	return *(volatile u8 *)(common + STATUS);
}

static void set_status(u8 value)
{
	*(volatile u8 *)(common + STATUS) = value;
}

static void write16(u32 field, u16 value)
{
	*(volatile u16 *)(common + field) = value;
}

static void write32(u32 field, u32 value)
{
	*(volatile u32 *)(common + field) = value;
}

static void write64(u32 field, u64 value)
{
	write32(field, (u32)value);
	write32(field + 4, (u32)(value >> 32));
}

static void reset(void)
{
	set_status(0);
	while (status() != 0)
		;
}

/* A queue of that size and place, as a driver sets it up; all of it is zero. */
static void set_up(u16 size, u64 place)
{
	reset();
	memset(&queue, 0, sizeof(queue));
	memset(indirect, 0, sizeof(indirect));
	queue.available.flags = 1;	/* no interrupts */
	set_status(ACKNOWLEDGE | DRIVER);
	write32(FEATURE_SELECT, 0);
	write32(FEATURE, FEATURE_INDIRECT);
	write32(FEATURE_SELECT, 1);
	write32(FEATURE, FEATURE_VERSION_1);
	set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
	write16(QUEUE_SELECT, 0);
	write16(QUEUE_SIZE, size);
	write64(QUEUE_DESCRIPTORS, place);
	write64(QUEUE_AVAILABLE, (u64)&queue.available);
	write64(QUEUE_USED, (u64)&queue.used);
	write16(QUEUE_ENABLE, 1);
	set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void kick(u16 index)
{
	__atomic_store_n(&queue.available.index, index, __ATOMIC_SEQ_CST);
	out16(notify_port, 0);
}

static void put(u32 i, u64 address, u32 length, u16 flags, u16 next)
{
	queue.table[i] = (struct descriptor){ address, length, flags, next };
}

/* One request, polled; as a well-behaved driver does it. */
static bool transfer(u32 type, u64 sector)
{
	u16 before = queue.used.index;

	header = (struct header){ .type = type, .sector = sector };
	result = 0xff;
	put(0, (u64)&header, sizeof(header), NEXT, 1);
	put(1, (u64)data, SECTOR, type == TYPE_IN ? NEXT | WRITE : NEXT, 2);
	put(2, (u64)&result, 1, WRITE, 0);
	queue.available.ring[queue.available.index % SIZE] = 0;
	kick((u16)(queue.available.index + 1));
	while (__atomic_load_n(&queue.used.index, __ATOMIC_SEQ_CST) == before)
		if (status() & NEEDS_RESET)
			return false;
	return result == 0;
}

static bool write_and_read(u64 number)
{
	u64 sector = number % SECTORS;

	memset(data, (int)(number & 0xff), SECTOR);
	if (!transfer(TYPE_OUT, sector))
		return false;
	memset(data, 0, SECTOR);
	if (!transfer(TYPE_IN, sector))
		return false;
	for (u32 i = 0; i < SECTOR; i++)
		if (data[i] != (u8)number)
			return false;
	return true;
}

/* ---- Rules, each broken once ---- */

static void size_of_three(void)
{
	set_up(3, (u64)queue.table);
}

static void rings_nowhere(void)
{
	set_up(SIZE, NOWHERE);
}

static void far_ahead(void)
{
	kick(SIZE + 1);
}

static void head_outside(void)
{
	queue.available.ring[0] = 0xffff;
	kick(1);
}

static void next_outside(void)
{
	put(0, (u64)&header, sizeof(header), NEXT, SIZE);
	kick(1);
}

static void loop(void)
{
	put(0, (u64)&header, sizeof(header), NEXT, 1);
	put(1, (u64)data, SECTOR, NEXT, 0);
	kick(1);
}

static void buffer_nowhere(void)
{
	put(0, (u64)&header, sizeof(header), NEXT, 1);
	put(1, 0xfee00000, SECTOR, NEXT | WRITE, 2);
	put(2, (u64)&result, 1, WRITE, 0);
	kick(1);
}

static void buffer_around_the_end(void)
{
	put(0, (u64)&header, sizeof(header), NEXT, 1);
	put(1, ~0ull - 255, SECTOR, NEXT | WRITE, 2);
	put(2, (u64)&result, 1, WRITE, 0);
	kick(1);
}

static void empty_buffer(void)
{
	put(0, (u64)&header, 0, 0, 0);
	kick(1);
}

static void readable_after_writable(void)
{
	put(0, (u64)data, SECTOR, NEXT | WRITE, 1);
	put(1, (u64)&header, sizeof(header), 0, 0);
	kick(1);
}

static void too_many_bytes(void)
{
	for (u16 i = 0; i < SIZE; i++)
		put(i, 0, (u32)(RAM_BYTES - 4096), i < SIZE - 1 ? NEXT : 0, (u16)(i + 1));
	kick(1);
}

static void indirect_of_129(void)
{
	put(0, (u64)indirect, 129 * sizeof(indirect[0]), INDIRECT, 0);
	kick(1);
}

static void indirect_nowhere(void)
{
	put(0, NOWHERE, 16 * sizeof(indirect[0]), INDIRECT, 0);
	kick(1);
}

static void indirect_in_indirect(void)
{
	indirect[0] = (struct descriptor){ (u64)indirect, sizeof(indirect), INDIRECT, 0 };
	put(0, (u64)indirect, sizeof(indirect[0]), INDIRECT, 0);
	kick(1);
}

static void indirect_with_next(void)
{
	put(0, (u64)indirect, sizeof(indirect[0]), INDIRECT | NEXT, 1);
	kick(1);
}

static void no_header(void)
{
	put(0, (u64)&header, sizeof(header) - 1, NEXT, 1);
	put(1, (u64)&result, 1, WRITE, 0);
	kick(1);
}

static const struct { const char *name; void (*run)(void); } rules[] = {
	{ "size of three", size_of_three }, { "rings nowhere", rings_nowhere }, { "far ahead", far_ahead },
	{ "head outside", head_outside }, { "next outside", next_outside }, { "loop", loop },
	{ "buffer nowhere", buffer_nowhere }, { "buffer around the end", buffer_around_the_end },
	{ "empty buffer", empty_buffer }, { "readable after writable", readable_after_writable },
	{ "too many bytes", too_many_bytes }, { "indirect of 129", indirect_of_129 },
	{ "indirect nowhere", indirect_nowhere }, { "indirect in indirect", indirect_in_indirect },
	{ "indirect with next", indirect_with_next }, { "no header", no_header },
};

static void break_rules(void)
{
	for (u32 i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		set_up(SIZE, (u64)queue.table);
		rules[i].run();
		ok(status() & NEEDS_RESET, rules[i].name);
		set_up(SIZE, (u64)queue.table);
		ok(!(status() & NEEDS_RESET) && write_and_read(i), "works after a reset");
	}
}

/* ---- Random rings ---- */

static u64 random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Mostly what is allowed, so that chains get far. What the device may write lies in the scratch memory. */
static struct descriptor random_descriptor(u32 count)
{
	u64 r = random_u64();
	struct descriptor d = { .address = SCRATCH + random_u64() % (SCRATCH_BYTES - 0x20000) };

	d.length = r & 7 ? (u32)(r >> 8) % 4096 + 1 : (u32)(r >> 8) % 0x20000;
	d.flags = (u16)(r >> 40) & (r >> 60 ? NEXT | WRITE : NEXT | WRITE | INDIRECT);
	d.next = (u16)((r >> 48) % (r >> 62 ? count : count + 2));
	if ((r >> 3 & 31) == 0)
		d.address = random_u64() | RAM_BYTES;	/* not in RAM */
	return d;
}

/* Of the ring: chains as they are allowed, whose data lies anywhere in the scratch memory. */
static void obey(u64 r)
{
	for (u32 i = 0; i < SIZE; i++) {
		u64 address = SCRATCH + random_u64() % (SCRATCH_BYTES / 2);

		queue.available.ring[i] = (u16)(random_u64() % SIZE & ~1u);
		if (i % 2)
			put(i, address, (u32)(random_u64() % 8) * SECTOR + 1, r >> i & 1 ? WRITE : WRITE | NEXT,
			    (u16)((i + 2) % SIZE));
		else if (queue.table[i].flags & INDIRECT)
			put(i, SCRATCH, sizeof(struct header), NEXT, (u16)(i + 1));
	}
}

static void random_ring(void)
{
	struct header *headers = (struct header *)SCRATCH;
	u64 r = random_u64();

	set_up(SIZE, (u64)queue.table);
	for (u32 i = 0; i < 16; i++) {
		headers[i] = (struct header){ .type = (u32)random_u64() % 16, .sector = random_u64() % (4 * SECTORS) };
		indirect[i] = random_descriptor(16);
		queue.table[i] = random_descriptor(SIZE);
		queue.available.ring[i] = (u16)(random_u64() % (SIZE + (r & 1)));
	}
	/* Requests that begin with a header, and tables that are there. */
	for (u32 i = 0; i < SIZE; i += 2) {
		if (queue.table[i].flags & INDIRECT)
			queue.table[i] = (struct descriptor){ (u64)indirect, 16 * (1 + (u32)random_u64() % 16),
							      INDIRECT, 0 };
		else
			put(i, (u64)&headers[i], sizeof(*headers), NEXT, (u16)(i + 1));
	}
	if (r >> 16 & 3)
		obey(r);
	kick((u16)(r >> 24 & 7 ? random_u64() % (SIZE + 1) : random_u64()));
}

static void random_rings(u64 count)
{
	u64 broken = 0;

	for (u64 i = 0; i < count; i++) {
		random_ring();
		broken += (status() & NEEDS_RESET) != 0;
	}
	put_text("random rings ");
	put_decimal(count);
	put_text(", stopped ");
	put_decimal(broken);
	put_char('\n');
	set_up(SIZE, (u64)queue.table);
	ok(write_and_read(count), "works after random rings");
}

static void be_good(void)
{
	set_up(SIZE, (u64)queue.table);
	for (u64 i = 0;; i++) {
		if (!write_and_read(i)) {
			ok(false, "io");
			return;
		}
		if (i % 128 == 127) {
			put_text("io ");
			put_decimal(2 * i + 2);
			put_char('\n');
		}
	}
}

void guest_main(void)
{
	ok(find_device(), "there is a disk");
	if (common == 0)
		return;
	if (guest_has("good")) {
		be_good();
		return;
	}
	state = guest_number("seed=", 1) | 1ull << 32;
	break_rules();
	random_rings(guest_number("random=", 0));
}
