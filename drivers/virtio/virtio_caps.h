/* SPDX-License-Identifier: MIT */
/*
 * virtio_caps.h - where the register blocks of a virtio-pci function are (virtio 1.2, 4.1.4): read from its capability
 * list, which is foreign.
 */
#ifndef VOS_VIRTIO_CAPS_H
#define VOS_VIRTIO_CAPS_H

#include "driver.h"
#include "regs.h"

struct virtio_blocks {
	struct regs common, notify, isr, device;
	u32 notify_multiplier;
};

/* False: one of them is missing, or lies outside of its BAR. */
bool virtio_find_blocks(const struct driver_args *args, struct virtio_blocks *out);

#endif
