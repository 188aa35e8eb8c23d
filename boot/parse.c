/*
 * parse.c - the common half of the boot-information parsers. Pure.
 *
 * Loaders are trusted to be loaded (they could do anything to us), not to be free of bugs: every length and range is
 * checked.
 */
#include "parse.h"

#include <string.h>

#include "range.h"

#define NO_LIMIT (~0ull)

const struct info_screen boot_text_screen = {
	.address = 0xb8000, .pitch = 160, .width = 80, .height = 25, .bits_per_pixel = 16, .type = SCREEN_TEXT,
};

void boot_copy_string(char *to, size_t room, const char *from, size_t bytes)
{
	size_t i = 0;

	for (; i + 1 < room && i < bytes && from[i] != '\0'; i++)
		to[i] = from[i];
	for (; i < room; i++)
		to[i] = '\0';
}

static u32 memory_type(u32 e820_type)
{
	switch (e820_type) {
	case 1:
		return BOOT_MEMORY_USABLE;
	case 3:
		return BOOT_MEMORY_ACPI;
	case 4:
		return BOOT_MEMORY_NVS;
	case 5:
		return BOOT_MEMORY_BAD;
	default:
		return BOOT_MEMORY_RESERVED;
	}
}

void boot_add_range(struct boot_info *out, u64 start, u64 bytes, u32 e820_type, u32 *dropped)
{
	if (bytes == 0)
		return;
	if (out->range_count == BOOT_RANGES || !range_ok(start, bytes, NO_LIMIT)) {
		(*dropped)++;
		return;
	}
	out->ranges[out->range_count++] = (struct boot_range){
		.start = HPA(start), .bytes = bytes, .type = memory_type(e820_type),
	};
}

bool boot_add_module(struct boot_info *out, u64 start, u64 bytes, const char *string, size_t string_bytes,
		     u32 *dropped)
{
	struct boot_info_module *m;

	if (!range_ok(start, bytes, NO_LIMIT))
		return false;
	if (out->module_count == BOOT_INFO_MODULES) {
		(*dropped)++;
		return true;
	}
	m = &out->modules[out->module_count++];
	m->start = HPA(start);
	m->bytes = bytes;
	boot_copy_string(m->string, sizeof(m->string), string, string_bytes);
	return true;
}

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
