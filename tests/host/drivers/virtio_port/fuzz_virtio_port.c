/* SPDX-License-Identifier: MIT */
/*
 * A device that does what it likes behind the driver of a virtio port: used rings, indices, messages and memory at
 * random. The driver reaches nothing but its memory and its rings, and hands out no buffer outside of it.
 */
/*
 * links: virtio_port rt
 * helpers: port_bench.c
 */
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_ring.h>

#include "port_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input { const uint8_t *at; size_t left; };

static u32 number(struct input *in, u32 bytes)
{
	u32 value = 0;

	for (; bytes != 0; bytes--) {
		value = value << 8 | (in->left != 0 ? *in->at : 0);
		in->at += in->left != 0;
		in->left -= in->left != 0;
	}
	return value;
}

/* All that the driver has handed out lies in its memory. */
static void check_buffers(const struct port_channel *c)
{
	const struct vring_desc *table = (const void *)(bench_memory + c->number * PAGE_SIZE);

	for (u32 i = 0; i < c->slots; i++)
		if ((c->busy & BIT32(i)) != 0)
			(void)bench_dma(table[i].addr, table[i].len);
	if (c->slots < PORT_SLOTS && c->busy >> c->slots != 0)
		abort();
}

static void use(struct input *in)
{
	u32 queue = number(in, 1) % BENCH_QUEUES, id = number(in, 1);

	bench_use(queue, id < 0xf0 ? id : number(in, 4), number(in, 2));
}

/* The driver's descriptors are its own to write; all else a device may change at any time. */
static void poke(struct input *in)
{
	u32 at = number(in, 3) % DRIVER_PIECE_BYTES, offset = at % PAGE_SIZE;

	if (at >= PORT_QUEUES * PAGE_SIZE || offset >= PORT_SLOTS * sizeof(struct vring_desc))
		bench_memory[at] = (u8)number(in, 1);
}

static void say(struct input *in)
{
	struct virtio_console_control message = { .id = number(in, 1) % 6, .event = (u16)(number(in, 1) % 9),
						  .value = (u16)number(in, 1) };
	u32 slot = (u32)__builtin_ctz(bench.control_in.busy | BIT32(31));
	u8 *at = bench_memory + bench.control_in.buffers_at + slot * bench.control_in.buffer_bytes;

	memcpy(at, &message, sizeof(message));
	memcpy(at + sizeof(message), "vos", 4);
	at[sizeof(message) + 2] ^= (u8)(number(in, 1) & 1);
	bench_use(2, slot, (u32)sizeof(message) + number(in, 1) % 6);
}

static void play_console(struct input *in)
{
	static u8 bytes[20000];
	bool is_cut;

	(void)ring_read(&bench_rx, bytes, ring_used_to_cut(&bench_rx, &is_cut) % (number(in, 2) + 1));
	(void)ring_write(&bench_tx, bytes, number(in, 2) % sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const deeds[])(struct input *in) = { use, poke, say, play_console };
	struct input in = { data, size };

	bench_reset();
	bench_device.ports = number(&in, 1) % 40 + 4;
	bench_device.queue_size = (u16)(1u << number(&in, 1) % 9);
	if (port_start(&bench) != NULL)
		return 0;
	while (in.left != 0) {
		deeds[number(&in, 1) % ARRAY_COUNT(deeds)](&in);
		for (u32 i = 0; i < 3; i++)
			(void)port_step(&bench);
		check_buffers(&bench.control_in);
		check_buffers(&bench.control_out);
		check_buffers(&bench.in);
		check_buffers(&bench.out);
		if (bench.has_held && bench.held_end > PORT_BUFFER_BYTES)
			abort();
	}
	return 0;
}
