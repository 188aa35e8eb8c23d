/* SPDX-License-Identifier: MIT */
/*
 * table.h - what the store holds of each disk: its partition table, its volumes, and what root is to be told of them.
 * No I/O (jobs.h).
 */
#ifndef VOS_TABLE_H
#define VOS_TABLE_H

#include "blk.h"
#include "disk.h"
#include "gpt.h"
#include "store.h"
#include "types.h"

#define TABLE_WORDS (STORE_PARTITIONS / 64)

struct table {
	char name[DISK_NAME_BYTES];	/* "": root has not told of it */
	bool is_up;			/* the disk answers */
	bool is_settled;		/* it was looked at, and nothing is being changed: it may be reported */
	bool is_due;			/* the disk is to be reported */
	bool is_first_zero, is_mbr_zero;
	bool is_first_bad;		/* the second copy is what is known */
	enum store_table state;
	enum store_fault fault;
	struct blk_info info;
	u32 zeroing, zeroed;		/* partition that is being zeroed, and how much of it: per cent */
	u64 due[TABLE_WORDS], told[TABLE_WORDS];	/* partitions: to be reported; reported */
	/* Behind here nothing is cleared at the start, so that a disk which is not there takes no memory. */
	struct gpt gpt;			/* in states other than GPT and RECOVERED without entries */
};

void tables_init(void);
struct table *table_of(u32 disk);
/* Root has told of a disk: its link is mapped. */
enum store_error table_add(u32 disk, const char *name);

static inline bool table_has_gpt(const struct table *t)
{
	return t->state == STORE_TABLE_GPT || t->state == STORE_TABLE_RECOVERED;
}

static inline u64 table_sectors(const struct table *t, u64 blocks)
{
	return blocks * (t->gpt.block_bytes / BLK_SECTOR_BYTES);
}

/* All bytes are zero; the memory may be foreign. */
bool table_is_zero(const void *at, u64 bytes);

/* The beginning of the disk (`bytes` of it), then its end (the last `bytes`), in foreign memory. After the second the
 * state is known. */
void table_read_first(struct table *t, const u8 *at, u32 bytes);
void table_read_last(struct table *t, const u8 *at, u32 bytes);
/* The disk could not be read. */
void table_unreadable(struct table *t);

/* Make volumes of the table's partitions, keep those that are the same, drop those that are no more. What a link has is
 * kept in any case; if it is not in the table any more, that is the table's fault. All is due to be reported. */
void table_sync(u32 disk);

/* By its type. */
enum store_extent table_kind_of(const struct gpt_part *part);
/* A partition that is to be zeroed: 0, or its number. */
u32 table_find_zeroing(const struct table *t);

/* The whole disk: a volume of its name. Another disk may have something to report then. */
void table_set_whole(u32 disk);
bool table_is_whole_used(u32 disk);

/* Is there something to report; the next of it. */
bool table_has_report(u32 disk);
void table_report(u32 disk, struct store_report *out);

#endif
