/* SPDX-License-Identifier: MIT */
/*
 * image_need.c - see image_need.h. The VMM's loaders (vmm/load/) take the same fields from the same headers.
 */
#include "image_need.h"

#include <asm/bootparam.h>
#include <linux/elf.h>
#include <string.h>

#include "range.h"
#include "vm_layout.h"

#define BIOS_END 0x100000ull	/* what is loaded with a kernel goes above */
#define NEED_MAX (1ull << 52)	/* more is no address */

static bool read_at(const u8 *file, u64 bytes, u64 offset, void *to, u64 count)
{
	if (!range_ok(offset, count, bytes))
		return false;
	memcpy(to, file + offset, count);
	return true;
}

/* start + length, or 0 if that is no address. */
static u64 end_of(u64 start, u64 length)
{
	return range_ok(start, length, NEED_MAX) ? start + length : 0;
}

/* ---- Linux: Documentation/x86/boot.rst, "The Real-Mode Kernel Header" ---- */

#define HEADER_OFFSET 0x1f1u
#define HEADER_JUMP 0x201u	/* the header ends where its jump goes to */
#define HEADER_MAGIC 0x53726448u
#define BOOT_FLAG 0xaa55u
#define LOAD_HIGH 0x100000ull
#define SECTOR 512u

static bool linux_header(const u8 *kernel, u64 bytes, struct setup_header *h)
{
	u64 count;

	memset(h, 0, sizeof(*h));
	if (!range_ok(HEADER_OFFSET, HEADER_JUMP + 5 - HEADER_OFFSET, bytes))
		return false;
	count = min_u64(HEADER_JUMP + 1u + kernel[HEADER_JUMP] - HEADER_OFFSET, sizeof(*h));
	return read_at(kernel, bytes, HEADER_OFFSET, h, count) && h->boot_flag == BOOT_FLAG &&
	       h->header == HEADER_MAGIC;
}

static u64 linux_end(const struct setup_header *h, u64 bytes)
{
	u64 setup = (u64)((h->setup_sects ? h->setup_sects : 4u) + 1u) * SECTOR;

	if (setup >= bytes)
		return 0;
	if (h->version < 0x020a)
		return LOAD_HIGH + bytes - setup;
	return end_of(h->pref_address, max_u64(h->init_size, bytes - setup));
}

/* ---- ELF ---- */

static u64 segments_end(const u8 *file, u64 bytes, u64 offset, u32 count, bool is_64)
{
	u64 end = 0, entry = is_64 ? sizeof(struct elf64_phdr) : sizeof(struct elf32_phdr);

	for (u32 i = 0; i < count; i++) {
		struct elf64_phdr p64 = { .p_type = PT_NULL };
		struct elf32_phdr p32 = { .p_type = PT_NULL };
		u64 at = end_of(offset, i * entry), last;

		if (!(is_64 ? read_at(file, bytes, at, &p64, entry) : read_at(file, bytes, at, &p32, entry)))
			return 0;
		if ((is_64 ? p64.p_type : p32.p_type) != PT_LOAD || (is_64 ? p64.p_memsz : p32.p_memsz) == 0)
			continue;
		last = is_64 ? end_of(p64.p_paddr, p64.p_memsz) : end_of(p32.p_paddr, p32.p_memsz);
		if (last == 0)
			return 0;
		end = max_u64(end, last);
	}
	return end;
}

static u64 elf_end(const u8 *file, u64 bytes)
{
	struct elf64_hdr h64;
	struct elf32_hdr h32;

	if (!read_at(file, bytes, 0, &h32, sizeof(h32)) || memcmp(h32.e_ident, ELFMAG, SELFMAG) != 0)
		return 0;
	if (h32.e_ident[EI_CLASS] == ELFCLASS32 && h32.e_phentsize == sizeof(struct elf32_phdr))
		return segments_end(file, bytes, h32.e_phoff, h32.e_phnum, false);
	if (h32.e_ident[EI_CLASS] == ELFCLASS64 && read_at(file, bytes, 0, &h64, sizeof(h64)) &&
	    h64.e_phentsize == sizeof(struct elf64_phdr))
		return segments_end(file, bytes, h64.e_phoff, h64.e_phnum, true);
	return 0;
}

/* ---- Multiboot 1: Multiboot Specification 0.6.96, 3.1.1 ---- */

#define MULTIBOOT_MAGIC 0x1badb002u
#define MULTIBOOT_SEARCH 8192u
#define MULTIBOOT_ADDRESSES BIT32(16)

struct multiboot_header {
	u32 magic, flags, checksum;
	u32 header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

static bool multiboot_header(const u8 *file, u64 bytes, struct multiboot_header *h, u64 *offset)
{
	for (u64 at = 0; range_ok(at, 12, min_u64(bytes, MULTIBOOT_SEARCH)); at += 4) {
		memset(h, 0, sizeof(*h));
		memcpy(h, file + at, min_u64(sizeof(*h), bytes - at));
		*offset = at;
		if (h->magic == MULTIBOOT_MAGIC && h->magic + h->flags + h->checksum == 0)
			return true;
	}
	return false;
}

/* The addresses in the header itself, for a file that is no ELF. */
static u64 multiboot_end(const struct multiboot_header *h, u64 offset, u64 bytes)
{
	u64 before = (u64)h->header_addr - h->load_addr;

	if (h->header_addr < h->load_addr || before > offset)
		return 0;
	if (h->bss_end_addr != 0)
		return h->bss_end_addr;
	return h->load_end_addr != 0 ? h->load_end_addr : h->load_addr + (bytes - (offset - before));
}

/* ---- all kinds ---- */

u64 image_end(const u8 *kernel, u64 bytes)
{
	struct multiboot_header multiboot;
	struct setup_header linux_kernel;
	u64 offset;

	if (linux_header(kernel, bytes, &linux_kernel))
		return linux_end(&linux_kernel, bytes);
	if (multiboot_header(kernel, bytes, &multiboot, &offset) && (multiboot.flags & MULTIBOOT_ADDRESSES) != 0)
		return multiboot_end(&multiboot, offset, bytes);
	return elf_end(kernel, bytes);
}

static u64 with_modules(u64 end, const u64 *others, u32 count)
{
	u64 at = max_u64(end, BIOS_END);

	for (u32 i = 0; i < count && at != 0; i++)
		at = end_of(align_up(at, PAGE_SIZE), others[i]);
	return count != 0 ? at : end;
}

u64 image_need(u64 end, const u64 *others, u32 count)
{
	if (end == 0)
		return 0;
	end = with_modules(end, others, count);
	return end <= RAM_LOW_LIMIT ? end : 0;	/* else no VM has room for it, however large */
}
