/* SPDX-License-Identifier: MIT */
/*
 * virtio_rng.h - entropy device (virtio 1.2, 5.4): random bytes for the guest, 64 KiB at once and 4 KiB a second after.
 */
#ifndef VOS_VIRTIO_RNG_H
#define VOS_VIRTIO_RNG_H

#include "device.h"
#include "virtio_pci.h"

#define VIRTIO_RNG_BURST_BYTES 65536u
#define VIRTIO_RNG_BYTES_PER_SECOND 4096u

struct virtio_rng_ops {
	bool (*random)(void *ctx, void *out, u32 bytes);	/* false: the generator failed */
	void (*armed)(void *ctx);	/* the deadline of virtio_rng_timer has come nearer */
	void *ctx;
};

struct virtio_rng {
	struct virtio_device device;
	struct virtio_rng_ops ops;
	const struct clock *clock;
	u64 filled_ns;			/* up to when the allowance has been counted */
	u32 allowance;			/* bytes */
	struct virtqueue_chain chain;	/* that is answered */
	u64 wake_ns;			/* chains wait for an allowance; DEADLINE_NONE: none does */
};

enum status virtio_rng_init(struct virtio_rng *r, u8 devfn, const struct virtio_rng_ops *ops,
			    const struct clock *clock, const struct virtio_host *host, struct pci_bus *bus) MUST_CHECK;

extern const struct timer_ops virtio_rng_timer;		/* device = struct virtio_rng */

#endif
