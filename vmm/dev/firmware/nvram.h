/* SPDX-License-Identifier: MIT */
/*
 * nvram.h - keeps the flash memory of UEFI's variables in a volume, on a link with the store (lib/proto/blk.h).
 *
 * The volume begins with the flash memory, as a file of OVMF's variables, so an export of it is one. A journal follows
 * at NVRAM_JOURNAL: a block that says which blocks of flash changed, with a checksum, then these blocks. They are
 * written there, then to their places, with a flush after each. So whatever is cut off, the volume has the flash memory
 * of before or after: OVMF's own order of writes holds, though a block of flash is not written in one piece. A volume
 * that has neither is a new one, and gets what the flash memory has.
 *
 * Everything waits until the store has answered; a restart of the store is a pause. All is under the machine's lock,
 * which ops.wait gives away meanwhile.
 */
#ifndef VOS_NVRAM_H
#define VOS_NVRAM_H

#include "blk_link.h"
#include "flash.h"
#include "status.h"
#include "vm_layout.h"

#define NVRAM_BLOCKS (VMM_FLASH_BYTES / FLASH_BLOCK_BYTES)
#define NVRAM_JOURNAL (1u << 20)

struct nvram_ops {
	void (*signal)(void *ctx);	/* there is a request on the link: wake the store */
	void (*wait)(void *ctx);	/* for a signal of the store, or a moment */
	void *ctx;
};

struct nvram {
	struct nvram_ops ops;
	void *link;
	struct blk_client client;
	u8 *flash;			/* VMM_FLASH_BYTES */
	bool is_changed[NVRAM_BLOCKS];	/* since it was written last */
	bool is_busy, is_again;		/* one is at it; another has changed something meanwhile */
	bool is_over;			/* nothing is written any more: the volume has the journal to go on from */
};

/* link: mapped, as root made it. */
void nvram_init(struct nvram *n, void *link, u8 *flash, const struct nvram_ops *ops);
/* The flash memory gets what the volume has. False: it can't be read. */
bool nvram_load(struct nvram *n) MUST_CHECK;
void nvram_changed(struct nvram *n, u64 offset, u32 count);
/* What has changed goes to the volume. False: it did not, and counts as changed still. */
bool nvram_write(struct nvram *n) MUST_CHECK;

#endif
