/*
 * insn_cache.c - see insn_cache.h. One place for each instruction, by its address; the newest stays.
 */
#include "insn_cache.h"

#include <string.h>

#include "x86.h"

void insn_cache_init(struct insn_cache *c)
{
	for (u32 i = 0; i < INSN_CACHE_ENTRIES; i++)
		c->entries[i].cr3 = INSN_NO_CR3;
}

static bool tables_put(struct insn_entry *e, const struct guest_memory *memory, const struct walk_result *w)
{
	static const u64 nothing;

	for (u32 i = 0; i < INSN_LEVELS; i++) {
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
	struct insn_entry *e = &c->entries[insn_cache_place(page->rip)];

	e->cr3 = INSN_NO_CR3;
	if (!(page->filled & GROUP_CODE) || w->count == 0 || w->count > INSN_LEVELS ||
	    (w->gpa & (PAGE_SIZE - 1)) > PAGE_SIZE - INSN_CACHE_BYTES)
		return;
	e->code = guest_memory_at(memory, GPA(w->gpa), INSN_CACHE_BYTES);
	if (!e->code || !tables_put(e, memory, w))
		return;
	/* The one byte more than an instruction can have may change in between: then the entry is never found. */
	memcpy(e->bytes, e->code, sizeof(e->bytes));
	memcpy(e->bytes, bytes, INSN_BYTES_MAX);
	e->rip = page->rip;
	e->cr3 = page->cr3;
	e->insn = *insn;
}
