/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.h - the PCI transport of a virtio device as its driver sees it (virtio 1.2: 3.1 initialization, 4.1 PCI;
 * modern devices only): registers, features, virtqueues. Pure. A virtqueue's memory and what goes into it are the
 * driver's.
 */
#ifndef VOS_VIRTIO_PCI_H
#define VOS_VIRTIO_PCI_H

#include "driver.h"
#include "virtio_caps.h"

struct virtio_pci {
	const struct driver_args *args;
	void (*wait_us)(u32 us);	/* while the device resets */
	struct virtio_blocks blocks;
	u64 features;			/* negotiated */
	bool is_unusable;		/* the reason of virtio_pci_start is not one that goes by */
};

struct virtio_queue_place {
	u64 desc, avail, used;		/* bus addresses */
	u32 most;			/* entries that there is room for: a power of two */
	u32 least;
};

struct virtio_queue {
	u16 size;			/* entries: a power of two; 0 = not set up */
	u32 notify_at;
};

/* From the start: find the registers, reset the device, accept of `wanted` (BIT64 of a feature) what it offers. NULL,
 * or a reason for the log. args and wait_us are set before, all else is zero. */
const char *virtio_pci_start(struct virtio_pci *v, u64 wanted);
/* Set up queue `index`; its interrupt is message 0, if the driver has messages. NULL, or a reason. */
const char *virtio_pci_queue(struct virtio_pci *v, u16 index, const struct virtio_queue_place *place,
			     struct virtio_queue *q);
/* The device may begin, or (after a reason) will not be driven. */
void virtio_pci_go(struct virtio_pci *v);
void virtio_pci_fail(struct virtio_pci *v);

/* There is something new in queue `index`. */
void virtio_pci_notify(struct virtio_pci *v, u16 index, const struct virtio_queue *q);
/* Let the device take its interrupt back, if that is a line (4.1.4.5). True: its configuration may have changed. */
bool virtio_pci_quiet(struct virtio_pci *v);
/* After virtio_pci_start: a change of the configuration raises an interrupt too: message 1, or 0 if there is one alone;
 * lines do so anyway. */
void virtio_pci_config_interrupt(struct virtio_pci *v);

/* A field of the device's configuration, or `otherwise` where the device is too short for it. */
u32 virtio_pci_config(struct virtio_pci *v, u32 offset, u32 size, u32 otherwise);
/* A counter that differs from an earlier one if the configuration has changed since. */
u32 virtio_pci_generation(struct virtio_pci *v);

#endif
