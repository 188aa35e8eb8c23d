/* SPDX-License-Identifier: MIT */
/*
 * virtio_net.h - driver of a virtio network device behind virtio-pci (virtio 1.2: 2.7 split virtqueues, 4.1 PCI, 5.1
 * network device). Modern devices only. A queue each way, and the control queue for one command: receive everything.
 * The device computes checksums and cuts segments where it offers that.
 *
 * The device reaches DRIVER_DMA alone. What it writes there is read once and judged; which buffers it has is known
 * without looking there.
 */
#ifndef VOS_DRIVER_VIRTIO_NET_H
#define VOS_DRIVER_VIRTIO_NET_H

#include "nic_driver.h"

extern const struct nic_driver_ops virtio_net_ops;

#endif
