/* SPDX-License-Identifier: MIT */
/*
 * virtio_console.c - queue 0 takes input to the guest, queue 1 brings output.
 */
#include "virtio_console.h"

#include <linux/virtio_ids.h>

enum { QUEUE_INPUT = 0, QUEUE_OUTPUT = 1, QUEUES = 2 };
#define CLASS_COMMUNICATION_OTHER 0x078000u

/* Send what is left of a chain. False: the output has no room for all of it. */
static bool send(struct virtio_console *c)
{
	const struct virtqueue_chain *chain = &c->output;
	u32 start = 0;

	for (u32 i = 0; i < chain->readable; i++) {
		const struct virtqueue_segment *s = &chain->segment[i];

		if (c->output_sent - start < s->len) {
			c->output_sent += c->ops.put(c->ops.ctx, s->at + (c->output_sent - start),
						   s->len - (c->output_sent - start));
			if (c->output_sent - start < s->len)
				return false;
		}
		start += s->len;
	}
	return true;
}

static void send_chains(struct virtio_console *c)
{
	struct virtio_device *d = &c->device;

	do {
		while (virtio_pop(d, QUEUE_OUTPUT, &c->output)) {
			c->output_sent = 0;
			c->is_held = !send(c);
			if (c->is_held)
				return;
			virtio_push(d, QUEUE_OUTPUT, c->output.head, 0);
		}
	} while (virtio_has_more(d, QUEUE_OUTPUT));
}

void virtio_console_output_ready(struct virtio_console *c)
{
	if (!virtio_is_running(&c->device) || (c->is_held && !send(c)))
		return;
	if (c->is_held)
		virtio_push(&c->device, QUEUE_OUTPUT, c->output.head, 0);
	c->is_held = false;
	send_chains(c);
	virtio_interrupt(&c->device, QUEUE_OUTPUT);
}

bool virtio_console_is_open(const struct virtio_console *c)
{
	return virtio_is_running(&c->device) && virtqueue_is_enabled(&c->device.queue[QUEUE_INPUT].ring);
}

u32 virtio_console_receive(struct virtio_console *c, const u8 *bytes, u32 count)
{
	struct virtio_device *d = &c->device;
	u32 taken = 0;

	while (taken < count) {
		u32 written;

		if (!virtio_pop(d, QUEUE_INPUT, &c->input)) {
			if (virtio_has_more(d, QUEUE_INPUT))
				continue;
			break;
		}
		written = virtqueue_write(&c->input, 0, bytes + taken, count - taken);
		virtio_push(d, QUEUE_INPUT, c->input.head, written);
		taken += written;
	}
	virtio_interrupt(d, QUEUE_INPUT);
	return taken;
}

static void console_notify(struct virtio_device *d, u32 queue)
{
	struct virtio_console *c = d->model;

	if (queue == QUEUE_INPUT) {
		c->ops.input_ready(c->ops.ctx);
		return;
	}
	virtio_console_output_ready(c);
}

static bool console_reset(struct virtio_device *d)
{
	((struct virtio_console *)d->model)->is_held = false;
	return true;
}

static const struct virtio_type console_type = {
	.name = "virtio-console", .id = VIRTIO_ID_CONSOLE, .class_code = CLASS_COMMUNICATION_OTHER,
	.notify = console_notify, .reset = console_reset,
};

enum status virtio_console_init(struct virtio_console *c, u8 devfn, const struct virtio_console_ops *ops,
				const struct virtio_host *host, struct pci_bus *bus)
{
	const struct virtio_setup setup = { .queue_count = QUEUES, .queue_size = 64, .devfn = devfn };
	enum status status = virtio_init(&c->device, &console_type, &setup, host, bus);

	c->ops = *ops;
	c->is_held = false;
	c->device.model = c;
	return status;
}
