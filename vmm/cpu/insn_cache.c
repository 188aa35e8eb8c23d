/* SPDX-License-Identifier: MIT */
/*
 * insn_cache.c - the cache of instructions: one entry for each address modulo the size; a new instruction replaces it.
 */
#include "insn_cache.h"

#include <string.h>

#include "x86.h"

void insn_cache_init(struct insn_cache *c)
{
	for (u32 i = 0; i < INSN_CACHE_ENTRIES; i++)
		c->entries[i].cr3 = INSN_NO_CR3;
}

/*
 * These eight bytes hold the entry that the walk found, and its neighbour's present value. When the neighbour changes,
 * the cache misses, which does no harm.
 */
static bool table_put(struct insn_entry *e, u32 level, const struct guest_memory *memory, const struct walk_step *step,
		      u32 bytes)
{
	u32 shift = 8 * (u32)(step->gpa & (sizeof(u64) - bytes));
	const u8 *at = guest_memory_at(memory, GPA(step->gpa & ~(sizeof(u64) - 1)), sizeof(u64));

	if (!at)
		return false;
	e->table[level] = (const u64 *)(const void *)at;
	e->value[level] = __atomic_load_n(e->table[level], __ATOMIC_RELAXED);
	return ((e->value[level] >> shift) & alu_mask(bytes)) == step->entry;
}

static bool tables_put(struct insn_entry *e, const struct guest_memory *memory, const struct walk_result *w, u32 bytes)
{
	static const u64 nothing;

	for (u32 i = w->count; i < INSN_LEVELS; i++) {
		e->table[i] = &nothing;
		e->value[i] = 0;
	}
	for (u32 i = 0; i < w->count; i++)
		if (!table_put(e, i, memory, &w->steps[i], bytes))
			return false;
	return true;
}

static u32 entry_bytes(u8 kind)
{
	return kind == CODE_32_PSE || kind == CODE_32_NO_PSE ? 4 : 8;
}

void insn_cache_put(struct insn_cache *c, const struct vcpu_page *page, const struct guest_memory *memory,
		    const struct walk_result *w, const u8 *bytes, const struct insn *insn)
{
	struct insn_entry *e = &c->entries[insn_cache_place(page->rip)];
	u8 kind = insn_cache_kind(page);

	e->cr3 = INSN_NO_CR3;
	if (!kind || w->count > INSN_LEVELS || (w->gpa & (PAGE_SIZE - 1)) > PAGE_SIZE - INSN_CACHE_BYTES)
		return;
	e->code = guest_memory_at(memory, GPA(w->gpa), INSN_CACHE_BYTES);
	if (!e->code || !tables_put(e, memory, w, entry_bytes(kind)))
		return;
	/* The 16th byte, which no instruction has, may change meanwhile: then this entry never hits. */
	memcpy(e->bytes, e->code, sizeof(e->bytes));
	memcpy(e->bytes, bytes, INSN_BYTES_MAX);
	e->kind = kind;
	e->rip = page->rip;
	e->cr3 = page->cr3;
	e->insn = *insn;
}
