/* SPDX-License-Identifier: MIT */
/*
 * gpt.h - a disk's GUID partition table (UEFI 2.10, section 5.3): judged, changed and built in memory. Pure.
 *
 * Blocks are the disk's logical blocks. A GUID is 16 bytes as on the disk. Reads of foreign memory: a header and its
 * entries are copied once, and the copies are judged.
 */
#ifndef VOS_GPT_H
#define VOS_GPT_H

#include "store.h"
#include "types.h"

#define GPT_ARRAY_BYTES 32768u		/* entries of a table that can be kept */
#define GPT_UNIT_BYTES VOLUME_UNIT	/* partitions begin at and have a multiple of it */

struct gpt {
	u64 blocks;			/* of the disk */
	u32 block_bytes;
	u32 entry_bytes, entry_count;
	u64 first_usable, last_usable;
	u64 array;			/* first block of the first copy's entries */
	u8 guid[STORE_GUID_BYTES];
	u8 entries[GPT_ARRAY_BYTES];
};

struct gpt_part {
	u64 first, blocks;
	u8 type[STORE_GUID_BYTES];
	u8 guid[STORE_GUID_BYTES];
	char label[VOLUME_NAME_BYTES];	/* ASCII; '?' for any other character */
	bool is_marked;			/* STORE_MARK */
	bool is_unfinished;		/* STORE_UNFINISHED */
	bool is_member;			/* STORE_IS_MEMBER */
	bool is_imported, is_exported;	/* STORE_IS_IMPORTED, STORE_IS_EXPORTED */
};

/* EFFA3133-A3A2-4E42-ADE5-3CA4D892E62F and 0B082E9F-557C-40AE-8856-78C6BF25B203 */
extern const u8 gpt_type_volume[STORE_GUID_BYTES];	/* a volume of VOS */
extern const u8 gpt_type_zeroing[STORE_GUID_BYTES];	/* was one; its blocks are not all zero yet */
/* 3EF4FE3D-4D3F-4FCB-8BB7-0364B8CE2CCB */
extern const u8 gpt_type_pool[STORE_GUID_BYTES];	/* a pool of VOS (lib/pool/pool_format.h) */

/* Part of a disk, in memory that may be foreign: `bytes` is a multiple of the block size. */
struct gpt_region {
	const u8 *at;
	u64 first;			/* block */
	u32 bytes;
};

/*
 * Read one copy of the table of a disk (*out: blocks and block_bytes are set by the caller): the first with its header
 * in block 1, or the second with its header in the last block. Header and entries lie in the region.
 */
enum store_fault gpt_read(struct gpt *out, const struct gpt_region *region, bool is_second);
bool gpt_is_same(const struct gpt *a, const struct gpt *b);

/* What the first block of a disk says. */
enum gpt_mbr { GPT_MBR_ZERO, GPT_MBR_PROTECTIVE, GPT_MBR_PARTITIONS, GPT_MBR_OTHER };
enum gpt_mbr gpt_judge_mbr(const u8 *block, u32 block_bytes);

/* An empty table; blocks and block_bytes are set by the caller. False: the disk is too small for one. */
bool gpt_new(struct gpt *t, const u8 guid[STORE_GUID_BYTES]);
/* Of a disk that may have grown: all of it is usable. */
void gpt_grow(struct gpt *t);

/* Where a copy is written: block of its header, and of its entries. */
u64 gpt_header_block(const struct gpt *t, bool is_second);
u64 gpt_array_block(const struct gpt *t, bool is_second);
u32 gpt_array_blocks(const struct gpt *t);
/* out[block_bytes]. */
void gpt_build_header(const struct gpt *t, bool is_second, u8 *out);
void gpt_build_mbr(const struct gpt *t, u8 *out);
/* out[gpt_array_blocks * block_bytes]. */
void gpt_build_array(const struct gpt *t, u8 *out);

/* Entry i (0 .. entry_count - 1). False: it is empty. */
bool gpt_part(const struct gpt *t, u32 i, struct gpt_part *out);
/* The entry with that unique GUID; -1: none. */
s32 gpt_find(const struct gpt *t, const u8 guid[STORE_GUID_BYTES]);
/* A new entry, with a range that gpt_find_room found. Its index; -1: all entries are used. */
s32 gpt_add(struct gpt *t, const struct gpt_part *part);
/* Entry i becomes that: its range is the one that it has. */
void gpt_replace(struct gpt *t, u32 i, const struct gpt_part *part);
void gpt_retype(struct gpt *t, u32 i, const u8 type[STORE_GUID_BYTES]);
/* Those of a new one that the flags of its order say: STORE_MARK, STORE_UNFINISHED, STORE_IS_MEMBER. */
void gpt_mark(struct gpt_part *part, u32 flags);
/* STORE_MARK or STORE_UNFINISHED is taken from it. */
void gpt_unmark(struct gpt *t, u32 i, u32 mark);
void gpt_remove(struct gpt *t, u32 i);

/* The smallest free extent of whole units with room for so many blocks (a multiple of a unit). False: there is none. */
bool gpt_find_room(const struct gpt *t, u64 blocks, u64 *first);
/* Blocks of whole units that are free right behind entry i. */
u64 gpt_room_behind(const struct gpt *t, u32 i);
/* Blocks in whole units that are free: in the largest extent, and in all. Zeros if all entries are used. */
void gpt_free(const struct gpt *t, u64 *largest, u64 *sum);

/* 16 random bytes to a GUID of version 4 (RFC 9562, section 5.4). */
void gpt_make_guid(u8 guid[STORE_GUID_BYTES]);

/* CRC-32 of IEEE 802.3; the sum of what came before, or 0. */
u32 gpt_crc32(u32 sum, const void *bytes, u32 count);

#endif
