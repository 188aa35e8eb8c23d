/* SPDX-License-Identifier: MIT */
/*
 * ahci.h - driver of an AHCI controller (Serial ATA AHCI 1.3.1) with up to DRIVER_LINKS disks. Commands are not queued
 * in the disk (no NCQ): the controller takes up to 32 a port and carries them out one after the other.
 */
#ifndef VOS_AHCI_H
#define VOS_AHCI_H

#include "blk_driver.h"

extern const struct blk_driver_ops ahci_ops;

#endif
