/*
 * load.c - see load.h: choice of the loader, what they share, and the vCPU's first registers.
 */
#include "load.h"

#include <string.h>

#include "range.h"
#include "x86.h"

#define PAT_RESET 0x0007040600070406ull

static const struct {
	bool (*is)(const struct load_image *kernel);
	bool (*load)(const struct load_input *in, struct load_result *out);
} loaders[] = {
	{ load_linux_is, load_linux },
	{ load_multiboot_is, load_multiboot },
	{ load_pvh_is, load_pvh },
};

bool load(const struct load_input *in, struct load_result *out)
{
	memset(out, 0, sizeof(*out));
	if (in->image_count == 0 || in->image_count > LOAD_IMAGES)
		return load_fail(out, "no kernel image, or too many modules");
	for (u32 i = 0; i < ARRAY_COUNT(loaders); i++)
		if (loaders[i].is(&in->images[0]))
			return loaders[i].load(in, out);
	return load_fail(out, "kernel is neither a Linux bzImage nor a Multiboot nor a PVH image");
}

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

/* ---- First registers ---- */

#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
#define CODE_32 0xc09bu		/* VMX access rights: G, D, present, code, accessed */
#define CODE_64 0xa09bu		/* G, L */
#define DATA_FLAT 0xc093u

static const u64 gdt[] = { 0, 0, 0, 0x00cf93000000ffffull };
#define GDT_CODE_32 0x00cf9b000000ffffull
#define GDT_CODE_64 0x00af9b000000ffffull

static void set_segments(const struct load_result *result, const struct guest_memory *memory, struct vcpu_page *page)
{
	u64 table[ARRAY_COUNT(gdt)];
	bool is_long = result->mode == LOAD_LONG;

	for (u32 i = SEG_ES; i <= SEG_GS; i++)
		page->seg[i] = (struct vcpu_segment){
			.limit = 0xffffffff, .access = DATA_FLAT, .selector = SELECTOR_DATA,
		};
	page->seg[SEG_CS].access = is_long ? CODE_64 : CODE_32;
	page->seg[SEG_CS].selector = SELECTOR_CODE;
	page->seg[SEG_LDTR] = (struct vcpu_segment){ .access = ACCESS_UNUSABLE };
	page->seg[SEG_TR] = (struct vcpu_segment){ .limit = 0x67, .access = 0x8b };
	memcpy(table, gdt, sizeof(table));
	table[SELECTOR_CODE / 8] = is_long ? GDT_CODE_64 : GDT_CODE_32;
	page->gdtr = (struct vcpu_table){ .base = BOOT_GDT, .limit = sizeof(table) - 1 };
	page->idtr = (struct vcpu_table){ .base = 0, .limit = 0x3ff };	/* real mode's, as firmware leaves it */
	/* Cannot fail: the smallest VM has 2 MiB. */
	if (!guest_memory_write(memory, GPA(BOOT_GDT), table, sizeof(table)))
		page->gdtr.limit = 0;
}

/* Four GiB, identity, 2 MiB pages: one top table, one PDPT, four page directories. */
static void set_page_tables(const struct guest_memory *memory, struct vcpu_page *page)
{
	const u64 flags = 0x3;	/* present, writable */
	u64 *table = (u64 *)(void *)guest_memory_at(memory, GPA(BOOT_PAGE_TABLES), 6 * PAGE_SIZE);

	page->cr3 = BOOT_PAGE_TABLES;
	if (!table)
		return;
	table[0] = (BOOT_PAGE_TABLES + PAGE_SIZE) | flags;
	for (u64 i = 0; i < 4; i++)
		table[512 + i] = (BOOT_PAGE_TABLES + (2 + i) * PAGE_SIZE) | flags;
	for (u64 i = 0; i < 4 * 512; i++)
		table[1024 + i] = i * PAGE_SIZE_2M | flags | BIT64(7);
}

void load_registers(const struct load_result *result, const struct guest_memory *memory, struct vcpu_page *page)
{
	bool is_long = result->mode == LOAD_LONG;

	memset(page->gpr, 0, sizeof(page->gpr));
	page->gpr[GPR_RAX] = result->rax;
	page->gpr[GPR_RBX] = result->rbx;
	page->gpr[GPR_RSI] = result->rsi;
	page->rip = result->entry;
	page->rflags = RFLAGS_FIXED;
	page->cr8 = 0;
	page->shadow = 0;
	set_segments(result, memory, page);
	page->cr0 = CR0_PE | CR0_ET | CR0_NE;
	page->cr2 = page->cr3 = page->cr4 = page->efer = 0;
	page->xcr0 = 1;
	page->pat = PAT_RESET;
	if (is_long) {
		set_page_tables(memory, page);
		page->cr0 |= CR0_PG | CR0_WP;
		page->cr4 = CR4_PAE;
		page->efer = EFER_LME | EFER_LMA;
	}
	page->dirty |= GROUP_GPR | GROUP_SEG | GROUP_CR;
}
