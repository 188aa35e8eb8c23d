/* SPDX-License-Identifier: MIT */
/*
 * boot_parse_multiboot2 stays within the blob and leaves a struct boot_info that is fit to use.
 */
/* links: boot */
#include <stdlib.h>
#include <string.h>

#include "boot_info.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static bool ends(const char *string, size_t room)
{
	return memchr(string, '\0', room) != NULL;
}

static void judge(const struct boot_info *info)
{
	u32 i;

	if (info->range_count == 0 || info->range_count > BOOT_RANGES || info->module_count > BOOT_INFO_MODULES ||
	    info->rsdp_copy_bytes > sizeof(info->rsdp_copy) || !ends(info->cmdline, sizeof(info->cmdline)) ||
	    !ends(info->loader, sizeof(info->loader)))
		abort();
	for (i = 0; i < info->range_count; i++) {
		const struct boot_range *r = &info->ranges[i];

		if (r->start.raw + r->bytes < r->start.raw || r->type == 0)
			abort();
	}
	for (i = 0; i < info->module_count; i++)
		if (info->modules[i].start.raw + info->modules[i].bytes < info->modules[i].start.raw ||
		    !ends(info->modules[i].string, sizeof(info->modules[i].string)))
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	u8 *copy = malloc(size + 8);
	u32 total = (u32)size;

	if (!copy)
		abort();
	/* As it comes, and with a total size that is true, so that the tags are reached. */
	if (boot_parse_multiboot2(data, size, &info) == ST_OK)
		judge(&info);
	memcpy(copy, data, size);
	if (size >= sizeof(total))
		memcpy(copy, &total, sizeof(total));
	if (boot_parse_multiboot2(copy, size, &info) == ST_OK)
		judge(&info);
	free(copy);
	return 0;
}
