/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk.h - driver of a virtio block device behind virtio-pci (virtio 1.2: 2.7 split virtqueues, 4.1 PCI, 5.2
 * block device). Modern devices only. One queue; a request is one chain of at most six descriptors that are always the
 * same ones, so there is nothing to allocate.
 */
#ifndef VOS_VIRTIO_BLK_H
#define VOS_VIRTIO_BLK_H

#include "blk_driver.h"

extern const struct blk_driver_ops virtio_blk_ops;

#endif
