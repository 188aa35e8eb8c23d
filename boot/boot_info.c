/* SPDX-License-Identifier: MIT */
/*
 * boot_info.c - see boot_info.h: questions about what the boot loader told. Pure.
 */
#include "boot_info.h"

#include <string.h>

#include "range.h"

#define NO_LIMIT (~0ull)

const char *boot_option(const struct boot_info *boot, const char *name)
{
	size_t bytes = strlen(name);
	const char *p = boot->cmdline;
	const char *found = NULL;

	while (*p != '\0') {
		while (*p == ' ')
			p++;
		if (strlen(p) >= bytes && memcmp(p, name, bytes) == 0) {
			if (p[bytes] == '=')
				found = p + bytes + 1;
			else if (p[bytes] == ' ' || p[bytes] == '\0')
				found = p + bytes;
		}
		while (*p != '\0' && *p != ' ')
			p++;
	}
	return found;
}

bool boot_has_ram(const struct boot_info *boot, u64 start, u64 bytes)
{
	for (u32 i = 0; i < boot->range_count; i++) {
		const struct boot_range *r = &boot->ranges[i];
		u64 first = max_u64(align_up(min_u64(r->start.raw, NO_LIMIT - PAGE_SIZE), PAGE_SIZE), MIB);
		u64 end = align_down(r->start.raw + r->bytes, PAGE_SIZE);

		if (r->type == BOOT_MEMORY_USABLE && max_u64(first, start) < min_u64(end, start + bytes))
			return true;
	}
	return false;
}
