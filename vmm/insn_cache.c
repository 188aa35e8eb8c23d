/*
 * insn_cache.c - see insn_cache.h. One place for each instruction, by its address; the newest stays.
 */
#include "insn_cache.h"

#include <string.h>

#include "x86.h"

static u32 place_of(u64 rip)
{
	return (u32)(rip ^ rip >> 5) % INSN_CACHE_ENTRIES;
}

static u64 load(const u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* One condition without branches: it nearly always holds. Written out, because a loop costs more than what it does. */
static bool is_current(const struct insn_entry *e)
{
	u64 now[INSN_CACHE_BYTES / 8], other;

	memcpy(now, e->code, sizeof(now));
	other = (now[0] ^ e->bytes[0]) | (now[1] ^ e->bytes[1]);
	other |= load(e->table[0]) ^ e->value[0];
	other |= load(e->table[1]) ^ e->value[1];
	other |= load(e->table[2]) ^ e->value[2];
	other |= load(e->table[3]) ^ e->value[3];
	return other == 0;
}
_Static_assert(INSN_LEVELS == 4 && INSN_CACHE_BYTES == 16, "is_current");

const struct insn *insn_cache_find(const struct insn_cache *c, const struct vcpu_page *page)
{
	const struct insn_entry *e = &c->entries[place_of(page->rip)];

	if (!(page->filled & GROUP_CODE) || e->rip != page->rip || e->cr3 != page->cr3 || !e->table[0])
		return NULL;
	return is_current(e) ? &e->insn : NULL;
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

		if (!at) {
			e->table[0] = NULL;
			return false;
		}
		e->table[i] = (const u64 *)(const void *)at;
		e->value[i] = w->steps[i].entry;
	}
	return true;
}

void insn_cache_put(struct insn_cache *c, const struct vcpu_page *page, const struct guest_memory *memory,
		    const struct walk_result *w, const u8 *bytes, const struct insn *insn)
{
	struct insn_entry *e = &c->entries[place_of(page->rip)];

	e->table[0] = NULL;
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
