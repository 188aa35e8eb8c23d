/* SPDX-License-Identifier: MIT */
/*
 * virtio_rng.c - answers each chain with what the allowance permits; without one, chains wait in the queue.
 */
#include "virtio_rng.h"

#include <linux/virtio_ids.h>

#include "mul_div.h"

#define PORTION_BYTES 64u	/* a waiting chain gets at least that, or all it has room for */
#define CLASS_SYSTEM_OTHER 0x088000u

static u64 now_ns(const struct virtio_rng *r)
{
	return r->clock->ns(r->clock->ctx);
}

static void refill(struct virtio_rng *r)
{
	u64 now = now_ns(r), passed = now - r->filled_ns, most = NS_PER_SECOND * VIRTIO_RNG_BURST_BYTES;
	u64 bytes;

	if (passed >= most / VIRTIO_RNG_BYTES_PER_SECOND) {
		r->allowance = VIRTIO_RNG_BURST_BYTES;
		r->filled_ns = now;
		return;
	}
	bytes = passed * VIRTIO_RNG_BYTES_PER_SECOND / NS_PER_SECOND;
	r->filled_ns += bytes * NS_PER_SECOND / VIRTIO_RNG_BYTES_PER_SECOND;
	r->allowance += (u32)bytes;
	if (r->allowance > VIRTIO_RNG_BURST_BYTES)
		r->allowance = VIRTIO_RNG_BURST_BYTES;
}

/* Random bytes for a chain; returns how many. */
static u32 fill(struct virtio_rng *r, const struct virtqueue_chain *chain)
{
	u32 wanted = chain->writable_bytes < r->allowance ? chain->writable_bytes : r->allowance, done = 0;
	u8 bytes[256];

	while (done < wanted) {
		u32 count = wanted - done < sizeof(bytes) ? wanted - done : (u32)sizeof(bytes);

		if (!r->ops.random(r->ops.ctx, bytes, count))
			break;
		done += virtqueue_write(chain, done, bytes, count);
	}
	r->allowance -= done;
	return done;
}

static void serve(struct virtio_rng *r)
{
	struct virtio_device *d = &r->device;

	r->wake_ns = DEADLINE_NONE;
	do {
		while (r->allowance >= PORTION_BYTES && virtio_pop(d, 0, &r->chain))
			virtio_push(d, 0, r->chain.head, fill(r, &r->chain));
		if (!virtio_has_more(d, 0))
			break;
		if (r->allowance < PORTION_BYTES) {
			r->wake_ns = now_ns(r) + NS_PER_SECOND * PORTION_BYTES / VIRTIO_RNG_BYTES_PER_SECOND;
			r->ops.armed(r->ops.ctx);
			break;
		}
	} while (virtio_is_running(d));
	virtio_interrupt(d, 0);
}

static void rng_notify(struct virtio_device *d, u32 queue)
{
	struct virtio_rng *r = d->model;

	(void)queue;
	refill(r);
	serve(r);
}

static bool rng_reset(struct virtio_device *d)
{
	((struct virtio_rng *)d->model)->wake_ns = DEADLINE_NONE;
	return true;
}

static u64 timer_deadline(void *device)
{
	return ((struct virtio_rng *)device)->wake_ns;
}

static void timer_run(void *device)
{
	struct virtio_rng *r = device;

	if (r->wake_ns == DEADLINE_NONE || now_ns(r) < r->wake_ns)
		return;
	refill(r);
	serve(r);
}

const struct timer_ops virtio_rng_timer = { .deadline_ns = timer_deadline, .run = timer_run };

static const struct virtio_type rng_type = {
	.name = "virtio-rng", .id = VIRTIO_ID_RNG, .class_code = CLASS_SYSTEM_OTHER, .notify = rng_notify,
	.reset = rng_reset,
};

enum status virtio_rng_init(struct virtio_rng *r, u8 devfn, const struct virtio_rng_ops *ops,
			    const struct clock *clock, const struct virtio_host *host, struct pci_bus *bus)
{
	const struct virtio_setup setup = { .queue_count = 1, .queue_size = 64, .devfn = devfn };
	enum status status;

	r->ops = *ops;
	r->clock = clock;
	r->filled_ns = clock->ns(clock->ctx);
	r->allowance = VIRTIO_RNG_BURST_BYTES;
	r->wake_ns = DEADLINE_NONE;
	status = virtio_init(&r->device, &rng_type, &setup, host, bus);
	r->device.model = r;
	return status;
}
