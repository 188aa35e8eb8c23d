/* SPDX-License-Identifier: MIT */
/*
 * fw_cfg.h - the device by which a virtual machine's firmware learns what machine it is in: items of bytes, each behind
 * a 16-bit key, and a directory that gives some of them file names. (QEMU, docs/specs/fw_cfg.rst; SeaBIOS and OVMF know
 * nothing else.) Pure.
 *
 * Items are read only: byte by byte at the data port, or by DMA, where the guest names a command in its RAM. Past an
 * item's end, and where there is no item, bytes are zero. The command is copied once and judged; what is wrong with it
 * ends in its error bit. All is under the machine's lock.
 */
#ifndef VOS_FW_CFG_H
#define VOS_FW_CFG_H

#include "device.h"
#include "guest_memory.h"
#include "status.h"

#define FW_CFG_PORT 0x510u
#define FW_CFG_PORTS 12u

/* Keys that are no files. */
#define FW_CFG_SIGNATURE 0x00u		/* "QEMU" */
#define FW_CFG_ID 0x01u			/* u32, bits of what there is */
#define FW_CFG_CPUS 0x05u		/* u16: CPUs that are there */
#define FW_CFG_CPUS_MAX 0x0fu		/* u16: APIC IDs are below it */
#define FW_CFG_DIRECTORY 0x19u
#define FW_CFG_FIRST_FILE 0x20u

#define FW_CFG_ITEMS 24u
#define FW_CFG_FILES 16u
#define FW_CFG_NAME_BYTES 56u		/* with its zero */
#define FW_CFG_FILE_BYTES 64u		/* an entry of the directory */
#define FW_CFG_DMA_BYTES_MAX (1u << 20)	/* of one command: more than all items together have */

struct fw_cfg_item {
	const void *data;
	u32 bytes;
	u16 key;
};

struct fw_cfg {
	const struct guest_memory *memory;
	struct fw_cfg_item items[FW_CFG_ITEMS];
	u32 item_count, file_count;
	u8 directory[4 + FW_CFG_FILES * FW_CFG_FILE_BYTES];
	const struct fw_cfg_item *selected;	/* NULL: a key without an item */
	u32 offset;				/* in it, of the next byte */
	u32 dma_high;				/* the upper half of the next command's address */
};

/* With the signature, the id and an empty directory. */
void fw_cfg_init(struct fw_cfg *f, const struct guest_memory *memory);
/* `data` must outlive the device. ST_FULL: no room; ST_EXISTS: the key is taken; ST_INVAL: the name is too long. */
enum status fw_cfg_add(struct fw_cfg *f, u16 key, const void *data, u32 bytes) MUST_CHECK;
enum status fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, u32 bytes) MUST_CHECK;

extern const struct region_ops fw_cfg_region;	/* FW_CFG_PORTS ports from FW_CFG_PORT; device = struct fw_cfg */

#endif
