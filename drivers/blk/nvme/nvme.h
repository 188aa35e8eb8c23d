/* SPDX-License-Identifier: MIT */
/*
 * nvme.h - driver of an NVMe controller (NVM Express Base 1.4; NVM Command Set 1.0): the admin queue, one I/O
 * queue pair, and up to DRIVER_LINKS namespaces, each a disk.
 */
#ifndef VOS_NVME_H
#define VOS_NVME_H

#include "blk_driver.h"

extern const struct blk_driver_ops nvme_ops;

#endif
