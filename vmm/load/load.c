/* SPDX-License-Identifier: MIT */
/*
 * load.c - chooses the loader for a kernel image, and gives the vCPU its first registers.
 */
#include "load.h"

#include <string.h>

#include "x86.h"

#define PAT_RESET 0x0007040600070406ull

static const struct {
	bool (*is)(const struct load_image *kernel);
	bool (*load)(const struct load_input *in, struct load_result *out);
} loaders[] = {
	{ load_firmware_is, load_firmware },
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

/* The vCPU is as reset has left it. SDM Vol. 3 9.1.4: its first instruction is 16 bytes below 4 GiB. */
static void set_reset_vector(struct vcpu_page *page)
{
	page->seg[SEG_CS].base = 0xffff0000;
	page->dirty |= GROUP_SEG;
}

static void set_entry(const struct load_result *result, const struct guest_memory *memory, struct vcpu_page *page)
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

void load_registers(const struct load_result *result, const struct guest_memory *memory, struct vcpu_page *page)
{
	if (result->mode == LOAD_RESET)
		set_reset_vector(page);
	else
		set_entry(result, memory, page);
}
