/* SPDX-License-Identifier: MIT */
/*
 * boot_info.h - what the boot loader told us. Filled by boot/ before kernel_main.
 */
#ifndef VOS_BOOT_INFO_H
#define VOS_BOOT_INFO_H

#include "info_page.h"
#include "status.h"
#include "types.h"

#define BOOT_RANGES 128u
#define BOOT_INFO_MODULES 48u

enum boot_memory { BOOT_MEMORY_USABLE = 1, BOOT_MEMORY_RESERVED, BOOT_MEMORY_ACPI, BOOT_MEMORY_NVS, BOOT_MEMORY_BAD };
enum boot_firmware { BOOT_BIOS, BOOT_UEFI };

struct boot_range {
	hpa_t start;
	u64 bytes;
	u32 type;		/* enum boot_memory */
	u32 zero;
};

struct boot_info_module {
	hpa_t start;
	u64 bytes;
	char string[128];	/* "name and arguments" */
};

struct boot_info {
	char loader[32];
	char cmdline[512];
	u32 firmware;		/* enum boot_firmware */
	u32 range_count;
	u32 module_count;
	u32 rsdp_copy_bytes;	/* 0 = none */
	u8 rsdp_copy[40];	/* ACPI's root pointer */
	struct info_screen screen;
	struct boot_range ranges[BOOT_RANGES];
	struct boot_info_module modules[BOOT_INFO_MODULES];
	u32 dropped_ranges;	/* of memory: they wrap, or there were more than BOOT_RANGES */
	u32 left_out_count;	/* of modules that came after those ... */
	char left_out[160];	/* ... and their names, a blank before each; cut if they are longer */
};

/*
 * The word `name` or `name=value` of the kernel's command line, the last one if there are several: its value, or "" if
 * it has none. Ends at a space or NUL. NULL: there is no such word.
 */
const char *boot_option(const struct boot_info *boot, const char *name);

/* Is there some of a whole frame of usable memory in [start, start + bytes), which does not wrap? What lies below 1 MiB
 * does not count. */
bool boot_has_ram(const struct boot_info *boot, u64 start, u64 bytes);

/*
 * The pure parser (boot/multiboot2.c). `blob` holds `bytes` readable bytes of the loader's structure. Anything
 * malformed gives ST_INVAL; memory ranges and modules beyond our tables are only counted.
 */
enum status boot_parse_multiboot2(const void *blob, size_t bytes, struct boot_info *out) MUST_CHECK;

#endif
