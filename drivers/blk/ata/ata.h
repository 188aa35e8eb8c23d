/* SPDX-License-Identifier: MIT */
/*
 * ata.h - driver of a parallel ATA controller with bus master DMA, as the PIIX has (ATA/ATAPI-7 Vol. 2; Programming
 * Interface for Bus Master IDE Controller 1.0): two channels with two disks each. A channel carries out one command at
 * a time.
 */
#ifndef VOS_ATA_H
#define VOS_ATA_H

#include "blk_driver.h"

extern const struct blk_driver_ops ata_ops;

#endif
