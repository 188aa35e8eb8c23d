/* SPDX-License-Identifier: MIT */
/*
 * main.c - first C code: from the loader's structure to struct boot_info, then on to the kernel.
 *
 * Runs on the early tables (0..4 GiB as they are), with the loader's structure still in memory: everything that is
 * needed of it is copied here.
 */
#include <string.h>

#include "arch.h"
#include "info_page.h"
#include "kernel_upcalls.h"
#include "multiboot2.h"
#include "range.h"

#define EARLY_LIMIT (4 * GIB)
#define MULTIBOOT2_MAX_BYTES (1 * MIB)

static struct boot_info boot_info;

/* A page of its own: PDs get it mapped read-only. */
static union {
	struct info_page info;
	u8 page[PAGE_SIZE];
} info_page __attribute__((aligned(PAGE_SIZE)));

static enum status parse(u32 magic, u32 at)
{
	u32 bytes;

	if (magic != MULTIBOOT2_BOOT_MAGIC)
		return ST_UNSUPPORTED;
	memcpy(&bytes, (const void *)(u64)at, sizeof(bytes));
	if (bytes > MULTIBOOT2_MAX_BYTES || !range_ok(at, bytes, EARLY_LIMIT))
		return ST_INVAL;
	return boot_parse_multiboot2((const void *)(u64)at, bytes, &boot_info);
}

_Noreturn void boot_main(u32 magic, u32 at)
{
	enum status status = parse(magic, at);

	early_console_init(&boot_info, &info_page.info);
	if (status == ST_UNSUPPORTED)
		early_console_refuse("VOS needs a Multiboot2 loader (GRUB's multiboot2 command).\n");
	if (status != ST_OK)
		early_console_refuse("VOS: the boot loader's information is malformed.\n");
	arch_init(&boot_info, &info_page.info);
	kernel_main(&boot_info, &info_page.info);
}
