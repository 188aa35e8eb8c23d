/* SPDX-License-Identifier: MIT */
/*
 * load_multiboot.c - Multiboot 1 images: ELF, or any file with the address fields ("a.out kludge"). 32-bit entry
 * without paging, EAX = magic, EBX = information structure. (Multiboot Specification 0.6.96.)
 */
#include <string.h>

#include "load.h"
#include "load_elf.h"
#include "range.h"

#define HEADER_MAGIC 0x1badb002u
#define LOADER_MAGIC 0x2badb002u
#define HEADER_SEARCH 8192u

#define HEADER_PAGE_ALIGN BIT32(0)
#define HEADER_MEMORY BIT32(1)
#define HEADER_VIDEO BIT32(2)		/* a wish: there is no screen */
#define HEADER_ADDRESSES BIT32(16)
#define HEADER_MUST_KNOW 0xffffu

struct mb_header {
	u32 magic, flags, checksum;
	u32 header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

#define INFO_MEMORY BIT32(0)
#define INFO_CMDLINE BIT32(2)
#define INFO_MODULES BIT32(3)
#define INFO_MAP BIT32(6)
#define INFO_LOADER BIT32(9)

struct mb_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};

struct mb_module { u32 start, end, string, zero; };
struct mb_map { u32 size; u32 start_low, start_high, len_low, len_high, type; };

/* Offsets in BOOT_INFO and BOOT_TABLES. */
#define LOADER_NAME (BOOT_INFO + 0x800)
#define MAP_AT BOOT_TABLES
#define MODULES_AT (BOOT_TABLES + 0x800)
#define STRINGS_AT (BOOT_TABLES + 0x1000)
_Static_assert(MEMORY_RANGES * sizeof(struct mb_map) <= 0x800, "map fits");
_Static_assert(LOAD_IMAGES * sizeof(struct mb_module) <= 0x800, "list fits");
_Static_assert(0x1000 + LOAD_STRINGS_BYTES <= BOOT_TABLES_BYTES, "strings fit");

/* Finds the header; *offset is its place in the file. Fields beyond the file's end read as zero. */
static bool find_header(const struct load_image *kernel, struct mb_header *h, u64 *offset)
{
	u64 limit = min_u64(kernel->size, HEADER_SEARCH);

	for (u64 at = 0; range_ok(at, 12, limit); at += 4) {
		memset(h, 0, sizeof(*h));
		memcpy(h, kernel->bytes + at, min_u64(sizeof(*h), kernel->size - at));
		if (h->magic == HEADER_MAGIC && h->magic + h->flags + h->checksum == 0) {
			*offset = at;
			return true;
		}
	}
	return false;
}

bool load_multiboot_is(const struct load_image *kernel)
{
	struct mb_header h;
	u64 offset;

	return find_header(kernel, &h, &offset);
}

static const char *load_kludge(const struct load_input *in, const struct mb_header *h, u64 offset, u64 *end)
{
	const struct load_image *image = &in->images[0];
	u64 start, file_bytes, memory_bytes;

	if (h->header_addr < h->load_addr || h->header_addr - h->load_addr > offset)
		return "Multiboot addresses contradict the file";
	start = offset - (h->header_addr - h->load_addr);
	file_bytes = image->size - start;
	if (h->load_end_addr) {
		if (h->load_end_addr < h->load_addr || h->load_end_addr - h->load_addr > file_bytes)
			return "Multiboot load address lies outside the file";
		file_bytes = h->load_end_addr - h->load_addr;
	}
	memory_bytes = file_bytes;
	if (h->bss_end_addr) {
		if (h->bss_end_addr < h->load_addr || h->bss_end_addr - h->load_addr < file_bytes)
			return "Multiboot bss address contradicts the load address";
		memory_bytes = h->bss_end_addr - h->load_addr;
	}
	*end = h->load_addr + memory_bytes;
	return load_copy(in, h->load_addr, image->bytes + start, file_bytes, memory_bytes);
}

static const char *load_kernel(const struct load_input *in, const struct mb_header *h, u64 offset, u64 *entry, u64 *end)
{
	static struct elf elf;
	const char *why;

	if (h->flags & HEADER_MUST_KNOW & ~(HEADER_PAGE_ALIGN | HEADER_MEMORY | HEADER_VIDEO))
		return "Multiboot header wants something unknown";
	if (h->flags & HEADER_ADDRESSES) {
		*entry = h->entry_addr;
		return load_kludge(in, h, offset, end);
	}
	why = elf_parse(&elf, &in->images[0]);
	if (!why)
		why = elf_load(&elf, in, end);
	*entry = elf_physical_entry(&elf, &in->images[0]);
	return why;
}

static bool write_map(const struct load_input *in)
{
	struct mb_map map[MEMORY_RANGES] = { { 0 } };

	for (u32 i = 0; i < in->map->count; i++) {
		const struct memory_range *r = &in->map->range[i];

		map[i] = (struct mb_map){
			.size = sizeof(map[0]) - sizeof(map[0].size),
			.start_low = (u32)r->start,
			.start_high = (u32)(r->start >> 32),
			.len_low = (u32)r->len,
			.len_high = (u32)(r->len >> 32),
			.type = r->type,
		};
	}
	return guest_memory_write(in->memory, GPA(MAP_AT), map, sizeof(map));
}

static bool write_modules(const struct load_input *in, u64 end)
{
	struct mb_module list[LOAD_IMAGES] = { { 0 } };
	u64 first[LOAD_IMAGES] = { 0 };

	if (!load_modules(in, end, first) || !load_strings(in, STRINGS_AT))
		return false;
	for (u32 i = 1; i < in->image_count; i++)
		list[i - 1] = (struct mb_module){
			(u32)first[i], (u32)(first[i] + in->images[i].size), (u32)load_string_at(STRINGS_AT, i), 0,
		};
	return guest_memory_write(in->memory, GPA(MODULES_AT), list, sizeof(list));
}

static bool write_info(const struct load_input *in)
{
	static const char name[] = "VOS";
	struct mb_info info = {
		.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP | INFO_LOADER,
		.mem_lower = (u32)(BIOS_EBDA / KIB),
		.mem_upper = (u32)((guest_memory_low_bytes(in->memory) - BIOS_END) / KIB),
		.cmdline = (u32)BOOT_CMDLINE,
		.mods_count = in->image_count - 1, .mods_addr = (u32)MODULES_AT,
		.mmap_length = in->map->count * (u32)sizeof(struct mb_map), .mmap_addr = (u32)MAP_AT,
		.boot_loader_name = (u32)LOADER_NAME,
	};

	return guest_memory_write(in->memory, GPA(LOADER_NAME), name, sizeof(name)) &&
	       guest_memory_write(in->memory, GPA(BOOT_INFO), &info, sizeof(info));
}

bool load_multiboot(const struct load_input *in, struct load_result *out)
{
	struct mb_header h;
	u64 offset, entry, end = 0;
	const char *why;

	if (!find_header(&in->images[0], &h, &offset))
		return load_fail(out, "not a Multiboot image");
	why = load_kernel(in, &h, offset, &entry, &end);
	if (why)
		return load_fail(out, why);
	if (entry >= RAM_HIGH_START)
		return load_fail(out, "Multiboot entry lies above 4 GiB");
	if (!write_map(in) || !write_modules(in, end))
		return load_fail(out, "modules do not fit into the VM's memory");
	if (!load_cmdline(in, out))
		return false;
	if (!write_info(in))
		return load_fail(out, "VM has too little memory");
	out->mode = LOAD_PROTECTED;
	out->entry = entry;
	out->rax = LOADER_MAGIC;
	out->rbx = BOOT_INFO;
	return true;
}
