/* SPDX-License-Identifier: MIT */
/*
 * load_common.c - what the loaders share: copying images, the command line, modules and their strings into guest RAM.
 */
#include <string.h>

#include "load.h"
#include "range.h"

const char *load_copy(const struct load_input *in, u64 gpa, const u8 *from, u64 count, u64 memory_count)
{
	u8 *to = guest_memory_at(in->memory, GPA(gpa), memory_count);

	if (!to || count > memory_count)
		return "kernel or module does not fit into the VM's memory";
	if (gpa < LOW_IMAGES_START || (gpa < BIOS_END && gpa + memory_count > BOOT_DATA))
		return "kernel would lie over boot or BIOS data (below 500h, 90000h to fffffh)";
	memcpy(to, from, count);
	return NULL;
}

bool load_cmdline(const struct load_input *in, struct load_result *out)
{
	u64 bytes = strlen(in->cmdline) + 1;

	if (bytes > CMDLINE_BYTES || !guest_memory_write(in->memory, GPA(BOOT_CMDLINE), in->cmdline, bytes))
		return load_fail(out, "command line is too long");
	return true;
}

bool load_modules(const struct load_input *in, u64 end, u64 first[LOAD_IMAGES])
{
	u64 at = max_u64(end, BIOS_END), limit = guest_memory_low_bytes(in->memory);

	for (u32 i = 1; i < in->image_count; i++) {
		if (at > limit)
			return false;
		at = align_up(at, PAGE_SIZE);
		if (!range_ok(at, in->images[i].size, limit) ||
		    load_copy(in, at, in->images[i].bytes, in->images[i].size, in->images[i].size))
			return false;
		first[i] = at;
		at += in->images[i].size;
	}
	return true;
}

bool load_strings(const struct load_input *in, u64 at)
{
	for (u32 i = 1; i < in->image_count; i++) {
		u64 bytes = strlen(in->images[i].name) + 1;

		if (bytes > MODULE_BYTES ||
		    !guest_memory_write(in->memory, GPA(load_string_at(at, i)), in->images[i].name, bytes))
			return false;
	}
	return true;
}
