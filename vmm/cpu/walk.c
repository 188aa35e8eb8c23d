/* SPDX-License-Identifier: MIT */
/*
 * walk.c - walks a guest's page tables, and sets accessed and dirty bits.
 *
 * A paging mode is a row of a table: entry size, levels, where each level's index is. The walk itself knows no mode.
 */
#include "walk.h"

#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_U BIT64(2)
#define PTE_A BIT64(5)
#define PTE_D BIT64(6)
#define PTE_PS BIT64(7)
#define PTE_NX BIT64(63)

#define PF_P BIT32(0)
#define PF_W BIT32(1)
#define PF_U BIT32(2)
#define PF_RSVD BIT32(3)
#define PF_FETCH BIT32(4)

#define ADDRESS_MASK 0x000ffffffffff000ull

struct paging_mode {
	u8 levels;
	u8 entry_bytes;
	u8 index_bits;		/* of each level but the top of PAE */
	bool is_pae_top;	/* PAE's four top entries: no W, U, A bits */
};

static const struct paging_mode mode_32 = { 2, 4, 10, false };
static const struct paging_mode mode_pae = { 3, 8, 9, true };
static const struct paging_mode mode_4 = { 4, 8, 9, false };
static const struct paging_mode mode_5 = { 5, 8, 9, false };

static const struct paging_mode *mode_of(const struct walk_cpu *cpu)
{
	if (!(cpu->cr4 & CR4_PAE))
		return &mode_32;
	if (!(cpu->efer & EFER_LMA))
		return &mode_pae;
	return cpu->cr4 & CR4_LA57 ? &mode_5 : &mode_4;
}

static bool page_fault(const struct walk_cpu *cpu, u64 linear, u32 access, u32 bits, struct walk_result *result)
{
	u32 error = bits;

	if (access & WALK_WRITE)
		error |= PF_W;
	if (cpu->cpl == 3)
		error |= PF_U;
	if ((access & WALK_FETCH) && ((cpu->efer & EFER_NXE) || (cpu->cr4 & CR4_SMEP)))
		error |= PF_FETCH;
	result->fault = (struct fault){ .vector = VECTOR_PF, .has_error = 1, .error = error, .address = linear };
	return false;
}

static bool is_leaf(const struct walk_cpu *cpu, const struct paging_mode *mode, u32 level, u64 entry)
{
	if (level == 1)
		return true;
	if (!(entry & PTE_PS))
		return false;
	if (mode == &mode_32)
		return cpu->cr4 & CR4_PSE;
	return level == 2 || (level == 3 && mode != &mode_pae);
}

/* PAE's top entries: 2:1, 8:6, and what is above the address. QEMU's walker sets bit 5 (accessed) in them. */
#define PAE_TOP_RESERVED (PTE_NX | 0x7ff0000000000000ull | 0x1c6)

/* A 4 MiB page's address bits 39:32 (in 20:13) that are beyond the physical width (SDM Vol. 3, table 4-4). */
static u64 pse36_reserved(const struct walk_cpu *cpu)
{
	u64 beyond = ADDRESS_MASK & ~(BIT64(cpu->physical_bits) - 1);

	return (beyond >> 32 & 0xff) << 13;
}

/* Bits that must be zero in an entry at this level. */
static u64 reserved_bits(const struct walk_cpu *cpu, const struct paging_mode *mode, u32 level, bool leaf, u32 shift)
{
	u64 reserved = ADDRESS_MASK & ~(BIT64(cpu->physical_bits) - 1);

	if (mode == &mode_32)
		return leaf && level == 2 ? BIT64(21) | pse36_reserved(cpu) : 0;
	if (!(cpu->efer & EFER_NXE))
		reserved |= PTE_NX;
	if (mode == &mode_pae) {
		reserved |= 0x7ff0000000000000ull;
		if (level == 3)
			return reserved | PAE_TOP_RESERVED;
	}
	if (level >= 4)
		reserved |= PTE_PS;
	if (leaf && level > 1)
		reserved |= (BIT64(shift) - 1) & ~0x1fffull;	/* bit 12 is the PAT bit */
	return reserved;
}

static u64 read_entry(const struct guest_memory *memory, u64 gpa, u32 bytes)
{
	u64 value;

	return guest_memory_load(memory, GPA(gpa), bytes, &value) ? value : alu_mask(bytes);
}

static u64 leaf_address(const struct paging_mode *mode, u64 entry, u32 level, u32 shift, u64 linear)
{
	u64 offset_mask = BIT64(shift) - 1, base = entry & ADDRESS_MASK;

	if (mode == &mode_32) {
		base = entry & 0xfffff000u;
		if (level == 2)		/* PSE-36: address bits 39:32 in entry bits 20:13 */
			base |= (entry >> 13 & 0xff) << 32;
	}
	return (base & ~offset_mask) | (linear & offset_mask);
}

/* May this access use a page with these accumulated rights? */
static bool allowed(const struct walk_cpu *cpu, u32 access, bool writable, bool user, bool no_execute)
{
	bool is_user = cpu->cpl == 3;

	if (is_user && !user)
		return false;
	if ((access & WALK_FETCH) && (no_execute || (!is_user && user && (cpu->cr4 & CR4_SMEP))))
		return false;
	if (!(access & WALK_FETCH) && !is_user && user && (cpu->cr4 & CR4_SMAP) && !(cpu->rflags & RFLAGS_AC))
		return false;
	if ((access & WALK_WRITE) && !writable && (is_user || (cpu->cr0 & CR0_WP)))
		return false;
	return true;
}

/* The processor sets A on every entry it used and D on the leaf of a write; only after all checks passed. */
static void set_accessed(const struct paging_mode *mode, const struct guest_memory *memory, u32 access,
			 struct walk_result *result)
{
	for (u32 i = 0; i < result->count; i++) {
		struct walk_step *step = &result->steps[i];
		u64 bits = PTE_A;

		if (mode->is_pae_top && i == 0)
			continue;
		if (i + 1 == result->count && (access & WALK_WRITE) && !(access & WALK_NO_DIRTY))
			bits |= PTE_D;
		/* If another vCPU has changed the entry meanwhile, this access counts as one before the change. */
		if ((step->entry & bits) != bits)
			guest_memory_set_bits(memory, GPA(step->gpa), mode->entry_bytes, step->entry, bits);
		step->entry |= bits;
	}
}

static bool walk_tables(const struct walk_cpu *cpu, const struct guest_memory *memory, u64 linear, u32 access,
			struct walk_result *result)
{
	const struct paging_mode *mode = mode_of(cpu);
	bool writable = true, user = true, no_execute = false, leaf = false;
	u64 table =
		mode->is_pae_top ? cpu->cr3 & 0xffffffe0u : cpu->cr3 & (mode == &mode_32 ? 0xfffff000u : ADDRESS_MASK);
	u32 shift = 0;
	u64 entry = 0;

	for (u32 level = mode->levels; !leaf; level--) {
		bool is_pae_top = mode->is_pae_top && level == 3;
		struct walk_step *step = &result->steps[result->count++];
		u64 index;

		shift = 12 + (level - 1) * mode->index_bits;
		index = (linear >> shift) & (BIT64(is_pae_top ? 2 : mode->index_bits) - 1);
		step->gpa = table + index * mode->entry_bytes;
		step->entry = entry = read_entry(memory, step->gpa, mode->entry_bytes);
		if (!(entry & PTE_P))
			return page_fault(cpu, linear, access, 0, result);
		leaf = is_leaf(cpu, mode, level, entry);
		if (entry & reserved_bits(cpu, mode, level, leaf, shift))
			return page_fault(cpu, linear, access, PF_P | PF_RSVD, result);
		if (!is_pae_top) {
			writable = writable && (entry & PTE_W);
			user = user && (entry & PTE_U);
			no_execute = no_execute || (mode != &mode_32 && (entry & PTE_NX));
		}
		table = mode == &mode_32 ? entry & 0xfffff000u : entry & ADDRESS_MASK;
		if (leaf)
			result->gpa = leaf_address(mode, entry, level, shift, linear);
	}
	if (!allowed(cpu, access, writable, user, no_execute))
		return page_fault(cpu, linear, access, PF_P, result);
	set_accessed(mode, memory, access, result);
	return true;
}

bool walk(const struct walk_cpu *cpu, const struct guest_memory *memory, u64 linear, u32 access,
	  struct walk_result *result)
{
	result->count = 0;
	if (!(cpu->cr0 & CR0_PG)) {
		result->gpa = (u32)linear;
		return true;
	}
	return walk_tables(cpu, memory, linear, access, result);
}

void walk_cpu_init(struct walk_cpu *cpu, const struct vcpu_page *page, u32 physical_bits)
{
	*cpu = (struct walk_cpu){
		.cr0 = page->cr0, .cr3 = page->cr3, .cr4 = page->cr4, .efer = page->efer, .rflags = page->rflags,
		.cpl = x86_cpl(page), .physical_bits = physical_bits,
	};
}
