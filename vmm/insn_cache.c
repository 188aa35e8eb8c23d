/*
 * insn_cache.c - see insn_cache.h. One place for each instruction, by its address; the newest stays.
 */
#include "insn_cache.h"

#include <string.h>

#include "x86.h"

static u32 dpl_of_ss(const struct vcpu_page *page)
{
	return page->seg[SEG_SS].access >> ACCESS_DPL_SHIFT & 3;
}

/* One condition without branches: it nearly always holds. */
static bool is_for(const struct insn_key *key, const struct vcpu_page *page)
{
	u64 other = key->rip ^ page->rip;

	other |= key->cr0 ^ page->cr0;
	other |= key->cr3 ^ page->cr3;
	other |= key->cr4 ^ page->cr4;
	other |= key->efer ^ page->efer;
	other |= key->cs_base ^ page->seg[SEG_CS].base;
	other |= (key->cs_access ^ page->seg[SEG_CS].access) & ~ACCESS_G;
	other |= key->cpl ^ dpl_of_ss(page);
	return other == 0;
}

static u32 place_of(u64 rip)
{
	return (u32)(rip ^ rip >> 5) % INSN_CACHE_ENTRIES;
}

static u64 load(const u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static bool is_current(const struct insn_entry *e)
{
	u64 now[INSN_CACHE_BYTES / 8], other;

	memcpy(now, e->code, sizeof(now));
	other = (now[0] ^ e->bytes[0]) | (now[1] ^ e->bytes[1]);
	/* written out, because a loop costs more than what it does */
	other |= load(e->table[0]) ^ e->value[0];
	other |= load(e->table[1]) ^ e->value[1];
	other |= load(e->table[2]) ^ e->value[2];
	other |= load(e->table[3]) ^ e->value[3];
	other |= load(e->table[4]) ^ e->value[4];
	return other == 0;
}
_Static_assert(WALK_LEVELS == 5, "is_current");

const struct insn *insn_cache_find(const struct insn_cache *c, const struct vcpu_page *page)
{
	const struct insn_entry *e = &c->entries[place_of(page->rip)];

	return e->is_used && is_for(&e->key, page) && is_current(e) ? &e->insn : NULL;
}

static bool tables_put(struct insn_entry *e, const struct guest_memory *memory, const struct walk_result *w)
{
	static const u64 nothing;

	for (u32 i = 0; i < WALK_LEVELS; i++) {
		e->table[i] = &nothing;
		e->value[i] = 0;
	}
	for (u32 i = 0; i < w->count; i++) {
		const u8 *at = guest_memory_at(memory, GPA(w->steps[i].gpa), sizeof(u64));

		if (!at)
			return false;
		e->table[i] = (const u64 *)(const void *)at;
		e->value[i] = w->steps[i].entry;
	}
	return true;
}

void insn_cache_put(struct insn_cache *c, const struct vcpu_page *page, const struct guest_memory *memory,
		    const struct walk_result *w, const u8 *bytes, const struct insn *insn)
{
	struct insn_entry *e = &c->entries[place_of(page->rip)];

	e->is_used = false;
	if (!(page->efer & EFER_LMA) || (w->gpa & (PAGE_SIZE - 1)) > PAGE_SIZE - INSN_CACHE_BYTES)
		return;
	e->code = guest_memory_at(memory, GPA(w->gpa), INSN_CACHE_BYTES);
	if (!e->code || !tables_put(e, memory, w))
		return;
	/* The one byte more than an instruction can have may change in between: then the entry is never found. */
	memcpy(e->bytes, e->code, sizeof(e->bytes));
	memcpy(e->bytes, bytes, INSN_BYTES_MAX);
	e->key = (struct insn_key){
		.rip = page->rip, .cr0 = page->cr0, .cr3 = page->cr3, .cr4 = page->cr4, .efer = page->efer,
		.cs_base = page->seg[SEG_CS].base, .cs_access = page->seg[SEG_CS].access, .cpl = dpl_of_ss(page),
	};
	e->insn = *insn;
	e->is_used = true;
}
