/* SPDX-License-Identifier: MIT */
/*
 * load_linux.c - Linux bzImage, by the x86 boot protocol (Documentation/x86/boot.rst): 64-bit entry where the kernel
 * has one, else the 32-bit entry.
 */
#include <asm/bootparam.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "range.h"

#define HEADER_OFFSET 0x1f1u
#define HEADER_MAGIC 0x53726448u	/* "HdrS" */
#define BOOT_FLAG 0xaa55u
#define LOADER_UNDEFINED 0xffu
#define SECTOR 512u
/* Real kernels name their payload (protocol 2.08); an older header may belong to any 16-bit program. */
#define PROTOCOL_32_BIT 0x0208u
#define ENTRY_64_OFFSET 0x200u
#define LOAD_HIGH 0x100000ull

_Static_assert(sizeof(struct boot_params) == PAGE_SIZE, "fits BOOT_INFO");

struct linux_image {
	struct setup_header header;
	u64 setup_bytes;	/* real-mode part in front of the kernel */
	u64 kernel_bytes;
	u64 load;		/* GPA */
	u64 memory_bytes;	/* the kernel needs from `load` until it knows its memory map */
};

/* The header is as long as its own jump instruction says (offset 201h), later protocols added to its end. */
static bool read_header(const struct load_image *kernel, struct setup_header *header)
{
	u64 bytes;

	memset(header, 0, sizeof(*header));
	if (!range_ok(HEADER_OFFSET, 0x202 - HEADER_OFFSET + 4, kernel->size))
		return false;
	bytes = min_u64(0x202u + kernel->bytes[0x201] - HEADER_OFFSET, sizeof(*header));
	if (!range_ok(HEADER_OFFSET, bytes, kernel->size))
		return false;
	memcpy(header, kernel->bytes + HEADER_OFFSET, bytes);
	return header->boot_flag == BOOT_FLAG && header->header == HEADER_MAGIC;
}

bool load_linux_is(const struct load_image *kernel)
{
	struct setup_header header;

	return read_header(kernel, &header);
}

static bool too_large(const struct linux_image *image, struct load_result *out)
{
	static char why[96];
	u64 end = image->load + image->memory_bytes;

	if (end < image->load || end > 4 * GIB)
		return load_fail(out, "Linux kernel needs more memory than a VM can have below 4 GiB");
	snprintf(why, sizeof(why), "Linux kernel needs more memory than the VM has: %u MiB, and its initrd's",
		 (u32)(align_up(end, MIB) / MIB));
	return load_fail(out, why);
}

/* The address that the kernel prefers. Loaded below, it moves itself there without checking the RAM (head_64.S). */
static bool place_kernel(const struct load_input *in, struct linux_image *linux_image, struct load_result *out)
{
	const struct setup_header *h = &linux_image->header;
	u64 limit = guest_memory_low_bytes(in->memory);

	linux_image->setup_bytes = (u64)((h->setup_sects ? h->setup_sects : 4u) + 1u) * SECTOR;
	if (h->version < PROTOCOL_32_BIT || !(h->loadflags & LOADED_HIGH))
		return load_fail(out, "kernel needs a BIOS: it has no 32-bit entry (bzImage protocol below 2.08)");
	if (linux_image->setup_bytes >= in->images[0].size)
		return load_fail(out, "Linux kernel is cut off");
	linux_image->kernel_bytes = in->images[0].size - linux_image->setup_bytes;
	linux_image->load = LOAD_HIGH;
	linux_image->memory_bytes = linux_image->kernel_bytes;
	if (h->version >= 0x020a) {
		linux_image->load = h->pref_address;
		linux_image->memory_bytes = max_u64(h->init_size, linux_image->kernel_bytes);
	}
	if (linux_image->load < LOAD_HIGH)
		return load_fail(out, "Linux kernel wants to be where the BIOS is");
	if (!range_ok(linux_image->load, linux_image->memory_bytes, limit))
		return too_large(linux_image, out);
	out->why = load_copy(in, linux_image->load, in->images[0].bytes + linux_image->setup_bytes,
			     linux_image->kernel_bytes, linux_image->memory_bytes);
	return out->why == NULL;
}

/* As high as the kernel allows, so that it is out of the way. */
static bool place_initrd(const struct load_input *in, struct linux_image *linux_image, struct load_result *out)
{
	struct setup_header *h = &linux_image->header;
	u64 limit = guest_memory_low_bytes(in->memory), size, at;

	if (in->image_count > 2 || (in->image_count == 2 && in->images[1].kind != IMAGE_INITRD))
		return load_fail(out, "Linux takes an initrd but no modules");
	if (in->image_count < 2)
		return true;
	size = in->images[1].size;
	limit = min_u64(limit, (u64)h->initrd_addr_max + 1);
	if (size > limit)
		return load_fail(out, "initrd does not fit into the VM's memory");
	at = align_down(limit - size, PAGE_SIZE);
	if (at < linux_image->load + linux_image->memory_bytes || load_copy(in, at, in->images[1].bytes, size, size))
		return load_fail(out, "initrd does not fit into the VM's memory");
	h->ramdisk_image = (u32)at;
	h->ramdisk_size = (u32)size;
	return true;
}

static void fill_e820(const struct memory_map *map, struct boot_params *params)
{
	for (u32 i = 0; i < map->count; i++)
		params->e820_table[i] = (struct boot_e820_entry){
			.addr = map->range[i].start, .size = map->range[i].len, .type = map->range[i].type,
		};
	params->e820_entries = (u8)map->count;
}

/* The kernel would cut a longer one and silently ignore its end. */
static bool cmdline_fits(const struct load_input *in, const struct setup_header *h, struct load_result *out)
{
	static char why[96];

	if (strlen(in->cmdline) <= h->cmdline_size)
		return true;
	snprintf(why, sizeof(why), "this Linux kernel takes a command line of at most %u characters",
		 h->cmdline_size);
	return load_fail(out, why);
}

bool load_linux(const struct load_input *in, struct load_result *out)
{
	static struct boot_params params;	/* too large for the stack */
	struct linux_image linux_image = { .load = 0 };
	struct setup_header *h = &linux_image.header;

	if (!read_header(&in->images[0], h))
		return load_fail(out, "not a Linux kernel");
	if (!place_kernel(in, &linux_image, out) || !place_initrd(in, &linux_image, out) ||
	    !cmdline_fits(in, h, out) || !load_cmdline(in, out))
		return false;
	h->type_of_loader = LOADER_UNDEFINED;
	h->cmd_line_ptr = (u32)BOOT_CMDLINE;
	h->code32_start = (u32)linux_image.load;
	memset(&params, 0, sizeof(params));
	params.hdr = *h;
	params.acpi_rsdp_addr = in->rsdp;
	fill_e820(in->map, &params);
	if (!guest_memory_write(in->memory, GPA(BOOT_INFO), &params, sizeof(params)))
		return load_fail(out, "VM has too little memory");
	out->rsi = BOOT_INFO;
	out->mode = LOAD_PROTECTED;
	out->entry = linux_image.load;
	if (h->version >= 0x020c && (h->xloadflags & XLF_KERNEL_64)) {
		out->mode = LOAD_LONG;
		out->entry = linux_image.load + ENTRY_64_OFFSET;
	}
	return true;
}
