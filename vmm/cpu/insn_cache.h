/* SPDX-License-Identifier: MIT */
/*
 * insn_cache.h - caches instructions that have exited, so that the next exit needs no walk and no decoding. Pure.
 *
 * A hit is what a fetch would find now: an entry is valid only while all that it was made of is unchanged, that is RIP,
 * CR3, the kind of code and paging (GROUP_CODE, without which there is no hit), each page-table entry of the walk, and
 * the instruction's bytes. So the guest may change its code and its tables at any time.
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
	/* 32-bit paging: the 8 bytes hold the entry and its neighbour. Unused levels point to a zero. */
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

/* One condition without branches, since it nearly always holds; unrolled, since a loop would cost more. */
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
 * Store an instruction that was fetched and decoded: `w` is the successful walk of its first byte, `bytes` are those
 * that were decoded, at least INSN_BYTES_MAX. Forms that the cache can't hold are not stored.
 */
void insn_cache_put(struct insn_cache *c, const struct vcpu_page *page, const struct guest_memory *memory,
		    const struct walk_result *w, const u8 *bytes, const struct insn *insn);

#endif
