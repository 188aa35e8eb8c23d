/* SPDX-License-Identifier: MIT */
/*
 * memory_map.h - the guest-physical memory map of every guest, and where the VMM puts boot data. Pure.
 *
 * All addresses below RAM_LOW_LIMIT are RAM; the map says which of it a guest may use. Boot data lies in usable memory:
 * the guest may overwrite it once it has read it.
 */
#ifndef VOS_MEMORY_MAP_H
#define VOS_MEMORY_MAP_H

#include "guest_memory.h"

enum memory_type { MEMORY_RAM = 1, MEMORY_RESERVED = 2 };	/* as in E820, Multiboot and PVH */

struct memory_range { u64 start, len; u32 type; u32 zero; };

#define MEMORY_RANGES 8u
struct memory_map {
	struct memory_range range[MEMORY_RANGES];
	u32 count;
};

/*
 * Below 1 MiB. Boot data is where PC loaders used to put Linux' real-mode part, and two pages below the EBDA, where
 * Linux' decompressor has its trampoline (find_trampoline_placement). Images may lie anywhere else.
 */
#define LOW_IMAGES_START 0x500ull	/* behind real mode's vectors and the BIOS data area */
#define BOOT_DATA 0x90000ull
#define BOOT_GDT BOOT_DATA
#define BOOT_INFO 0x91000ull		/* boot_params, start_info or mbi: one page */
#define BOOT_TABLES 0x92000ull		/* memory maps, module lists: two pages */
#define BOOT_TABLES_BYTES 0x2000ull
#define BOOT_PAGE_TABLES 0x94000ull	/* six pages */
#define BOOT_CMDLINE 0x9a000ull		/* one page */
#define BIOS_EBDA 0x9fc00ull
#define BIOS_START 0xe0000ull		/* ACPI tables; reserved up to 1 MiB */
#define BIOS_END 0x100000ull

void memory_map_build(struct memory_map *map, const struct guest_memory *memory);

#endif
