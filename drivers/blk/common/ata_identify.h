/* SPDX-License-Identifier: MIT */
/*
 * ata_identify.h - what an ATA disk says about itself (ACS-3, 7.12.7 IDENTIFY DEVICE data), and command codes that the
 * AHCI and the ATA driver share (ACS-3, 7).
 */
#ifndef VOS_ATA_IDENTIFY_H
#define VOS_ATA_IDENTIFY_H

#include "blk_driver.h"

enum ata_command {
	ATA_DATA_SET = 0x06, ATA_READ_DMA_EXT = 0x25, ATA_WRITE_DMA_EXT = 0x35, ATA_FLUSH_EXT = 0xea,
	ATA_IDENTIFY = 0xec
};

#define ATA_BUSY 0x80u		/* status register */
#define ATA_READY 0x40u
#define ATA_FAULT 0x20u
#define ATA_DATA 0x08u
#define ATA_ERROR 0x01u
#define ATA_TRIM 1u		/* feature of ATA_DATA_SET */
#define ATA_LBA 0x40u		/* device register */
#define ATA_IDENTIFY_WORDS 256u

/* 64 ranges of at most FFFFh sectors are one block of ATA_DATA_SET. */
#define ATA_TRIM_RANGES 64u
#define ATA_TRIM_SECTORS 0xffffu

/* NULL, or why the disk can't be used. `data`: ATA_IDENTIFY_WORDS, copied. Limits of requests are the caller's. */
const char *ata_describe(const u16 *data, struct blk_info *info);

/* The ranges of a discard, for ATA_DATA_SET. At most ATA_TRIM_RANGES * ATA_TRIM_SECTORS. */
void ata_trim_ranges(u64 *out, u64 lba, u64 sectors);

#endif
