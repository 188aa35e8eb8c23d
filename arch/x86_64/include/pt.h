/* SPDX-License-Identifier: MIT */
/*
 * pt.h - one page-table walker for host tables, AMD nested tables and Intel EPT (arch/x86_64/mmu/).
 *
 * A format (codec) knows the bits, the walker knows the tree, and what the formats have in common: the address's bits,
 * and the bit of a large leaf. Both are pure: table frames come from and are reached
 * through struct pt_frames, so that host tests run the same code. Four levels; leaves of 4 KiB, 2 MiB and, where the
 * format says so, 1 GiB. No TLB work is done here: callers flush (tlb.h, virt.h).
 */
#ifndef VOS_PT_H
#define VOS_PT_H

#include "status.h"
#include "types.h"

#define PT_R BIT32(0)
#define PT_W BIT32(1)
#define PT_X BIT32(2)
#define PT_USER BIT32(3)	/* host tables only: ring 3 may use it */
#define PT_UNCACHED BIT32(4)
#define PT_GLOBAL BIT32(5)	/* host tables only */

enum pt_level { PT_LEVEL_4K = 1, PT_LEVEL_2M = 2, PT_LEVEL_1G = 3, PT_LEVEL_TOP = 4 };

/* What one entry of a table of that level covers. */
static inline u64 pt_level_bytes(u32 level)
{
	return PAGE_SIZE << (9 * (level - PT_LEVEL_4K));
}

struct pt_format {
	u64 present;		/* an entry with one of these bits is */
	u64 table;		/* bits of an entry that points at a table */
	u64 (*leaf)(u32 rights);	/* bits of a leaf, without address and size */
	u32 (*rights)(u64 leaf);
};

/* The entry of a leaf; of a table. */
u64 pt_leaf_entry(const struct pt_format *format, hpa_t hpa, u32 rights, enum pt_level level);
u64 pt_table_entry(const struct pt_format *format, hpa_t table);

extern const struct pt_format pt_host;	/* AMD APM Vol. 2 5.3, SDM Vol. 3 4.5 */
extern const struct pt_format pt_npt;	/* AMD APM Vol. 2 15.25: host format, user bit always set */
extern const struct pt_format pt_ept;	/* SDM Vol. 3 28.3.2 */

struct pt_frames {
	enum status (*alloc)(void *ctx, hpa_t *out);	/* one zeroed 4 KiB frame */
	void (*free)(void *ctx, hpa_t frame);
	u64 *(*pointer)(void *ctx, hpa_t frame);
	void *ctx;
};

struct pt {
	const struct pt_format *format;
	const struct pt_frames *frames;
	hpa_t root;
	u64 table_count;	/* tables in use, root included */
	u32 top;		/* level of the root: 4; less for a tree that no hardware walks and that stays small */
	bool has_1g;		/* may use 1 GiB leaves */
	bool is_walked;		/* by hardware, which may hold on to a table that is empty by now: tables are freed by
				 * pt_fini_step only */
};

/* A leaf as found: its level (0 = not mapped), first HPA and rights. */
struct pt_leaf {
	enum pt_level level;
	hpa_t hpa;
	u32 rights;
};

enum status pt_init(struct pt *pt, const struct pt_format *format, const struct pt_frames *frames,
		    bool has_1g) MUST_CHECK;

/* Map one leaf of `level` at `va` (both aligned to it). ST_EXISTS if anything is mapped there, ST_NOMEM if a table
 * could not be had. */
enum status pt_map(struct pt *pt, u64 va, hpa_t hpa, enum pt_level level, u32 rights) MUST_CHECK;

/* The leaf that maps va; level 0 if none. */
struct pt_leaf pt_lookup(const struct pt *pt, u64 va);

/* The first leaf that maps anything in [from, end), and where it begins (*va, which may be below from); level 0 if
 * none. */
struct pt_leaf pt_next(const struct pt *pt, u64 from, u64 end, u64 *va);

/* Remove all leaves within [va, va + bytes), both 4 KiB aligned; a larger leaf that sticks out is ST_INVAL before
 * anything is changed. Frees tables that become empty, unless is_walked. */
enum status pt_unmap(struct pt *pt, u64 va, u64 bytes) MUST_CHECK;

/* Free every table below and including the root, at most `budget` of them: ST_AGAIN until the root is gone. Leaves are
 * not touched. Entries of the top level from `keep_from` on (0..512) belong to somebody else. */
enum status pt_fini_step(struct pt *pt, u32 keep_from, u32 budget) MUST_CHECK;

#endif
