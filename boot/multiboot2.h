/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.h - the boot information of the Multiboot2 specification (2.0, 3.6), as far as we read it.
 */
#ifndef VOS_MULTIBOOT2_H
#define VOS_MULTIBOOT2_H

#include "types.h"

#define MULTIBOOT2_BOOT_MAGIC 0x36d76289u

enum mb2_tag_type {
	MB2_END = 0, MB2_CMDLINE = 1, MB2_LOADER = 2, MB2_MODULE = 3, MB2_MEMORY_MAP = 6, MB2_FRAMEBUFFER = 8,
	MB2_EFI32 = 11, MB2_EFI64 = 12, MB2_ACPI_OLD = 14, MB2_ACPI_NEW = 15
};

struct mb2_info {
	u32 total_bytes;
	u32 zero;
};

struct mb2_tag {		/* 8-byte aligned; the next one starts at the next multiple of 8 */
	u32 type;
	u32 bytes;		/* with this header, without padding */
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start, end;
	/* a string follows */
};

struct mb2_memory_map {
	struct mb2_tag tag;
	u32 entry_bytes, entry_version;
	/* entries follow */
};

struct mb2_memory {
	u64 start, bytes;
	u32 type, zero;
};

struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 address;
	u32 pitch, width, height;
	u8 bits_per_pixel, type;
};

/* main.c; called by header.S. at: physical address of the loader's structure. */
_Noreturn void boot_main(u32 magic, u32 at);

#endif
