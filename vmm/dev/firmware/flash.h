/* SPDX-License-Identifier: MIT */
/*
 * flash.h - the flash memory in which UEFI keeps its variables: read as memory, changed by Intel's basic command set
 * (Intel 28F640J3 data sheet, 4.1: array, status, byte program, block erase), one byte wide. OVMF knows the flash by
 * its status, which is 0 once it was cleared (QemuFlash.c, QemuFlashDetected). Pure.
 *
 * A command is a byte at any address; from PROGRAM or ERASE on, reading gives the status until the next command. As in
 * silicon programming only clears bits, and erasing sets those of a block. What is no command ends in the status' two
 * bits for a bad sequence. The guest may read all but the first block without an exit: there it gets the array always,
 * which OVMF, who looks at the status in that block only, does not notice. All is under the machine's lock.
 */
#ifndef VOS_FLASH_H
#define VOS_FLASH_H

#include "device.h"

#define FLASH_BLOCK_BYTES 4096u

struct flash_ops {
	void (*changed)(void *ctx, u64 offset, u32 count);
	void (*settled)(void *ctx);	/* READ_ARRAY: a driver has written what it wanted to */
	void *ctx;
};

struct flash {
	struct flash_ops ops;
	u8 *bytes;
	u32 count;	/* a multiple of FLASH_BLOCK_BYTES */
	u8 command;	/* the last one */
	u8 status;
};

void flash_init(struct flash *f, u8 *bytes, u32 count, const struct flash_ops *ops);
extern const struct region_ops flash_region;	/* count bytes; device = struct flash */

#endif
