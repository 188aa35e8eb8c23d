/* SPDX-License-Identifier: MIT */
/*
 * load_pvh.c - ELF images with a Xen PVH entry note (xen/include/public/arch-x86/hvm/start_info.h): 32-bit entry
 * without paging, EBX = start info.
 */
#include "load.h"
#include "load_elf.h"

/* After types.h: Xen's header uses the integer types without including them. */
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>

/* BOOT_TABLES: memory map, then the module list and the modules' strings. */
#define MODULES_OFFSET 0x800u
#define STRINGS_OFFSET 0x1000u

_Static_assert(MEMORY_RANGES * sizeof(struct hvm_memmap_table_entry) <= MODULES_OFFSET, "map fits");
_Static_assert(MODULES_OFFSET + LOAD_IMAGES * sizeof(struct hvm_modlist_entry) <= STRINGS_OFFSET, "list fits");
_Static_assert(STRINGS_OFFSET + LOAD_STRINGS_BYTES <= BOOT_TABLES_BYTES, "strings fit");

/* The note holds a 32-bit physical entry; 4 or 8 bytes of it. */
static bool entry_note(const struct elf *elf, const struct load_image *image, u32 *entry)
{
	u64 value = 0;

	if (elf_note(elf, image, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, &value, sizeof(value)) < 4)
		return false;
	*entry = (u32)value;
	return true;
}

bool load_pvh_is(const struct load_image *kernel)
{
	static struct elf elf;
	u32 entry;

	return elf_parse(&elf, kernel) == NULL && entry_note(&elf, kernel, &entry);
}

static bool write_map(const struct load_input *in)
{
	struct hvm_memmap_table_entry entry[MEMORY_RANGES] = { { 0 } };

	for (u32 i = 0; i < in->map->count; i++)
		entry[i] = (struct hvm_memmap_table_entry){
			.addr = in->map->range[i].start, .size = in->map->range[i].len, .type = in->map->range[i].type,
		};
	return guest_memory_write(in->memory, GPA(BOOT_TABLES), entry, sizeof(entry));
}

static bool write_modules(const struct load_input *in, u64 end)
{
	struct hvm_modlist_entry list[LOAD_IMAGES] = { { 0 } };
	u64 first[LOAD_IMAGES] = { 0 };

	if (!load_modules(in, end, first) || !load_strings(in, BOOT_TABLES + STRINGS_OFFSET))
		return false;
	for (u32 i = 1; i < in->image_count; i++)
		list[i - 1] = (struct hvm_modlist_entry){
			.paddr = first[i], .size = in->images[i].size,
			.cmdline_paddr = load_string_at(BOOT_TABLES + STRINGS_OFFSET, i),
		};
	return guest_memory_write(in->memory, GPA(BOOT_TABLES + MODULES_OFFSET), list, sizeof(list));
}

bool load_pvh(const struct load_input *in, struct load_result *out)
{
	static struct elf elf;
	const char *why = elf_parse(&elf, &in->images[0]);
	struct hvm_start_info info = {
		.magic = XEN_HVM_START_MAGIC_VALUE, .version = 1,
		.nr_modules = in->image_count - 1,
		.cmdline_paddr = BOOT_CMDLINE,
		.rsdp_paddr = in->rsdp,
		.memmap_paddr = BOOT_TABLES, .memmap_entries = in->map->count,
	};
	u32 entry;
	u64 end;

	if (!why && !entry_note(&elf, &in->images[0], &entry))
		why = "PVH entry note is missing";
	if (!why)
		why = elf_load(&elf, in, &end);
	if (why)
		return load_fail(out, why);
	if (info.nr_modules)
		info.modlist_paddr = BOOT_TABLES + MODULES_OFFSET;
	if (!write_map(in) || !write_modules(in, end))
		return load_fail(out, "modules do not fit into the VM's memory");
	if (!load_cmdline(in, out))
		return false;
	if (!guest_memory_write(in->memory, GPA(BOOT_INFO), &info, sizeof(info)))
		return load_fail(out, "VM has too little memory");
	out->mode = LOAD_PROTECTED;
	out->entry = entry;
	out->rbx = BOOT_INFO;
	return true;
}
