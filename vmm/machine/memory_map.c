/* SPDX-License-Identifier: MIT */
/*
 * memory_map.c - builds the guest-physical memory map from the VM's RAM size.
 */
#include "memory_map.h"

static void add_range(struct memory_map *map, u64 start, u64 end, u32 type)
{
	if (end > start)
		map->range[map->count++] = (struct memory_range){ .start = start, .len = end - start, .type = type };
}

void memory_map_build(struct memory_map *map, const struct guest_memory *memory)
{
	*map = (struct memory_map){ .count = 0 };
	add_range(map, 0, BIOS_EBDA, MEMORY_RAM);
	add_range(map, BIOS_EBDA, 0xa0000, MEMORY_RESERVED);
	add_range(map, BIOS_START, BIOS_END, MEMORY_RESERVED);
	add_range(map, BIOS_END, guest_memory_low_bytes(memory), MEMORY_RAM);
	add_range(map, RAM_HIGH_START, RAM_HIGH_START + guest_memory_high_bytes(memory), MEMORY_RAM);
}
