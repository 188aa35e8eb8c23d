/*
 * insn_cache.h - instructions that have exited before, so that the next time they need no walk and no decoding. Pure.
 *
 * What is found is what a fetch would find now: an entry counts only while everything it came from is as it was, that
 * is RIP, CR3, the kind of code and paging (GROUP_CODE, without which nothing is found), each page-table entry of the
 * walk, and the instruction's bytes. So the guest may change its code and its tables as it likes.
 */
#ifndef VOS_INSN_CACHE_H
#define VOS_INSN_CACHE_H

#include "decode.h"
#include "guest_memory.h"
#include "vcpu_page.h"
#include "walk.h"

#define INSN_CACHE_ENTRIES 256u
#define INSN_CACHE_BYTES 16u	/* compared at once: an instruction has at most 15 */

#define INSN_LEVELS 4u		/* of paging */
#define INSN_NO_CR3 ~0ull	/* no processor has so many address bits */

struct insn_entry {
	u64 rip, cr3;			/* INSN_NO_CR3: the entry is not in use */
	/* Entries of 32-bit paging come with their neighbour; those of no use point to a zero. */
	const u64 *table[INSN_LEVELS];
	u64 value[INSN_LEVELS];
	const u8 *code;		/* in the guest's RAM */
	u8 kind;		/* enum code_kind */
	u64 bytes[INSN_CACHE_BYTES / 8];
	struct insn insn;
};

struct insn_cache { struct insn_entry entries[INSN_CACHE_ENTRIES]; };

void insn_cache_init(struct insn_cache *c);

static inline u32 insn_cache_place(u64 rip)
{
	return (u32)rip % INSN_CACHE_ENTRIES;
}

static inline u8 insn_cache_kind(const struct vcpu_page *page)
{
	return (u8)(page->filled >> GROUP_CODE_SHIFT);
}

static inline u64 insn_cache_now(const struct insn_entry *e, u32 level)
{
	return __atomic_load_n(e->table[level], __ATOMIC_RELAXED) ^ e->value[level];
}

static inline u64 insn_cache_code(const struct insn_entry *e, u32 word)
{
	u64 now;

	__builtin_memcpy(&now, e->code + word * sizeof(now), sizeof(now));
	return now ^ e->bytes[word];
}

/* One condition without branches: it nearly always holds. Written out, because a loop costs more than what it does. */
static inline bool insn_cache_is_current(const struct insn_entry *e)
{
	return (insn_cache_code(e, 0) | insn_cache_code(e, 1) | insn_cache_now(e, 0) | insn_cache_now(e, 1) |
		insn_cache_now(e, 2) | insn_cache_now(e, 3)) == 0;
}
_Static_assert(INSN_LEVELS == 4 && INSN_CACHE_BYTES == 16, "insn_cache_is_current");

/* The instruction at RIP, or NULL if it must be fetched. GPR must be filled. */
static inline const struct insn *insn_cache_find(const struct insn_cache *c, const struct vcpu_page *page)
{
	const struct insn_entry *e = &c->entries[insn_cache_place(page->rip)];

	if (insn_cache_kind(page) != e->kind || e->rip != page->rip || e->cr3 != page->cr3)
		return NULL;
	return likely(insn_cache_is_current(e)) ? &e->insn : NULL;
}

/*
 * Remember what was fetched and decoded: `w` is the successful walk of the instruction's first byte, `bytes` has as
 * many as were decoded from, at least INSN_BYTES_MAX. Forms that are not for the cache are left out.
 */
void insn_cache_put(struct insn_cache *c, const struct vcpu_page *page, const struct guest_memory *memory,
		    const struct walk_result *w, const u8 *bytes, const struct insn *insn);

#endif
