/* SPDX-License-Identifier: MIT */
/*
 * pool_format.h - a pool on its disk. All little endian, in blocks of 4 KiB; docs/internals/pool.md has the reasons.
 *
 *	block 0		label: written once, when the pool is made
 *	block 1, 2	superblocks A and B: generation g lies in block 1 + (g & 1)
 *	block 3		of a mirror: a bit for each region that is being written; else zero
 *	block 4 .. 7	zero
 *	block 8 ..	log, a ring of log_blocks records: record `seq` lies in block 8 + seq % log_blocks
 *	then		blocks of data and nodes; a granule of 64 KiB is a chunk, 16 blocks at a multiple of 16
 *
 * Label, superblock and record have a checksum of their own, with that field zero; a node's is in the reference to it.
 * Unused bytes are zero and are not judged, so that later versions can use them under a feature bit.
 */
#ifndef VOS_POOL_FORMAT_H
#define VOS_POOL_FORMAT_H

#include "types.h"

#define POOL_BLOCK 4096u
#define POOL_SECTOR 512u
#define POOL_BLOCK_SECTORS (POOL_BLOCK / POOL_SECTOR)
#define POOL_CHUNK_BLOCKS 16u
#define POOL_CHUNK_SECTORS (POOL_CHUNK_BLOCKS * POOL_BLOCK_SECTORS)

#define POOL_LABEL_BLOCK 0u
#define POOL_SUPER_BLOCK 1u		/* and the one after it */
#define POOL_REGION_BLOCK 3u		/* of a mirror: a bit for each region that is being written */
#define POOL_LOG_BLOCK 8u
#define POOL_LOG_MIN 16u
#define POOL_LOG_MAX 16384u
#define POOL_BLOCKS_MAX (64516ull * 32512)	/* 254 * 254 bitmaps: 7.8 TiB */

#define POOL_VERSION 1u
#define POOL_UUID_BYTES 16u
#define POOL_NAME_BYTES 32u		/* with the zero at the end */
#define POOL_MEMBERS 2u

/* Feature bits of the label. A pool with a bit that is not known here is not opened. */
#define POOL_FEATURES (POOL_FEATURE_ENCRYPTED | POOL_FEATURE_MIRROR)
#define POOL_FEATURE_MIRROR BIT32(0)	/* member_count may be 2 */
#define POOL_FEATURE_ENCRYPTED BIT32(1)	/* there may be keys, volumes of kind POOL_ENCRYPTED, and their wider entries */

struct pool_label {
	u8 magic[8];		/* POOL_LABEL_MAGIC */
	u32 version;		/* POOL_VERSION */
	u32 features;
	u8 uuid[POOL_UUID_BYTES];
	char name[POOL_NAME_BYTES];
	u64 blocks;		/* of the pool: at most what the device has */
	u32 log_blocks;
	u32 dirty_max;		/* nodes that change between two checkpoints: memory that recovery needs */
	u8 block_shift;		/* 12 */
	u8 chunk_shift;		/* 16 */
	u8 member_count;	/* 1, or 2 = mirror */
	u8 member_index;
	u8 member_uuid[POOL_MEMBERS][POOL_UUID_BYTES];
	u32 crc;
	u8 zero[387];
	u8 region_shift;	/* a mirror: blocks of a region, as a power of two */
};
_Static_assert(sizeof(struct pool_label) == 512, "format");
#define POOL_LABEL_MAGIC "VOSPOOL1"

/* A node of a tree; block 0 = there is none, all below is holes, and birth says since when. */
struct pool_ref {
	u64 block;
	u32 crc;		/* of the node's 4096 bytes */
	u32 birth;		/* of the node: not below any birth in it */
};
_Static_assert(sizeof(struct pool_ref) == 16, "format");

/* The pool's key, encrypted by one that its owner has: one way of unlocking it. The pool keeps it, and does not look
 * into it (mgmt/store/keys.c). */
struct pool_key_slot {
	u8 kind;		/* 0 = there is none */
	u8 zero[3];
	u32 passes, memory_kib;	/* of what makes a key of a passphrase */
	u8 salt[16];
	u8 nonce[24];
	u8 wrapped[48];
	u32 zero_end;
};
_Static_assert(sizeof(struct pool_key_slot) == 104, "format");
#define POOL_KEY_SLOTS 2u

/* One sector, which a device writes wholly or not at all; the rest of the block is zero. */
struct pool_super {
	u32 magic;		/* POOL_SUPER_MAGIC */
	u32 crc;
	u8 uuid[POOL_UUID_BYTES];	/* the label's */
	u64 generation;		/* from 1 on; the valid one with the higher generation counts */
	u64 log_seq;		/* the first record that is not in the trees */
	u32 birth;		/* of what is written now */
	u32 next_volume;	/* id of the next volume that is made */
	struct pool_ref volumes, free_map;
	u64 used_blocks;	/* bits that are set in the free map */
	u64 nonces;		/* numbers of nonces below this one may have been used; at most POOL_NONCES */
	u64 stale_generation[POOL_MEMBERS];	/* a member is stale since then; POOL_STALE_ALL: it has
						 * nothing; 0 = it is not stale */
	struct pool_key_slot key[POOL_KEY_SLOTS];
	u8 zero[192];
};
_Static_assert(sizeof(struct pool_super) == 512, "format");
#define POOL_SUPER_MAGIC 0x42535056u	/* "VPSB" */
#define POOL_STALE_ALL 1ull	/* since the pool was made */
#define POOL_NONCES (1ull << 48)	/* writes of encrypted granules with one key: 2^60 bytes */

enum pool_kind {
	POOL_PLAIN = 1,		/* granules of 64 KiB, which are overwritten in place if no snapshot has them */
	POOL_INTEGRITY = 2,	/* granules of 4 KiB, each with a checksum in the map, never overwritten in place */
	POOL_ENCRYPTED = 3,	/* as integrity, with a nonce and a tag; the checksum is of the encrypted bytes */
};

enum pool_cipher_kind {
	POOL_AES_256_GCM = 1,
	POOL_CHACHA20_POLY1305 = 2,	/* RFC 8439: for processors without instructions for AES */
};
#define POOL_CIPHER_KINDS 3u

/* Zeros where a granule is not encrypted. */
struct pool_seal {
	u8 nonce[12];		/* 4 bytes that are chosen at each opening, 8 of a number that grows: never twice */
	u8 tag[16];
};
_Static_assert(sizeof(struct pool_seal) == 28, "format");

/* What a tag binds a granule to, beside its nonce and its bytes. */
struct pool_bound {
	u32 line;		/* pool_record.crypto */
	u32 birth;
	u64 granule;
};
_Static_assert(sizeof(struct pool_bound) == 16, "format");

/* Where a granule's data is: 44 bits of block, 4 bits of state, 16 bits of mask. Bit i of the mask is set if block i of
 * the granule has been written; what has not been reads as zeros. */
typedef u64 pool_place;
#define POOL_HOLE 0u
#define POOL_MAPPED 1u

static inline pool_place pool_place_of(u64 block, u32 mask)
{
	return block | (u64)POOL_MAPPED << 44 | (u64)mask << 48;
}

static inline u64 pool_place_block(pool_place p)
{
	return p & (BIT64(44) - 1);
}

static inline u32 pool_place_state(pool_place p)
{
	return (u32)(p >> 44) & 15;
}

static inline u32 pool_place_mask(pool_place p)
{
	return (u32)(p >> 48);
}

/* A granule in a leaf. */
struct pool_granule {
	pool_place place;
	u32 crc;		/* not plain: of the 4096 bytes on the disk */
	u32 birth;		/* of this place: when it was mapped, or became a hole */
};
_Static_assert(sizeof(struct pool_granule) == 16, "format");

/* The same of an encrypted volume; 84 in a leaf. */
struct pool_granule_encrypted {
	struct pool_granule g;
	struct pool_seal seal;
	u32 zero;
};
_Static_assert(sizeof(struct pool_granule_encrypted) == 48, "format");

enum pool_node_kind { POOL_NODE_MAP = 1, POOL_NODE_VOLUMES = 2, POOL_NODE_FREE = 3 };

struct pool_node_header {
	u32 magic;		/* POOL_NODE_MAGIC */
	u8 kind;		/* enum pool_node_kind */
	u8 level;		/* 0 = leaf */
	u16 entry_bytes;
	u64 index;		/* among the nodes of this level */
	u32 birth;
	u32 volume;		/* that wrote it; its snapshots and clones share it */
	u32 zero[2];
};
_Static_assert(sizeof(struct pool_node_header) == 32, "format");
#define POOL_NODE_MAGIC 0x444e5056u	/* "VPND" */
#define POOL_NODE_BYTES (POOL_BLOCK - 32u)
#define POOL_FANOUT (POOL_NODE_BYTES / 16u)		/* 254 */
#define POOL_FANOUT_ENCRYPTED (POOL_NODE_BYTES / 48u)	/* 84, of a leaf */
#define POOL_BITMAP_BITS (POOL_NODE_BYTES * 8u)		/* blocks in a leaf of the free map: 127 MiB */
#define POOL_LEVELS_MAX 5u

struct pool_node {
	struct pool_node_header h;
	union {
		struct pool_ref ref[POOL_FANOUT];		/* level > 0 */
		struct pool_granule granule[POOL_FANOUT];
		struct pool_granule_encrypted encrypted[POOL_FANOUT_ENCRYPTED];
		u8 bytes[POOL_NODE_BYTES];
	};
};
_Static_assert(sizeof(struct pool_node) == POOL_BLOCK, "format");

/* A volume or a snapshot: 15 in a leaf of the tree of volumes; its place there is free for another if id is 0. */
struct pool_record {
	u32 id;			/* never used again */
	u8 kind;		/* enum pool_kind */
	u8 levels;		/* of its map: 1 .. POOL_LEVELS_MAX */
	u16 flags;		/* POOL_VOLUME_* */
	char name[64];		/* with the zero at the end */
	u8 uuid[POOL_UUID_BYTES];
	u64 sectors;
	struct pool_ref root;
	u64 mapped;		/* granules that are mapped */
	u64 own;		/* those of them that no older snapshot and no origin has; modulo 2^64, and right only
				 * while no snapshot of the line is being deleted */
	u64 reserve;		/* granules that are kept for it, its own ones among them; not of a snapshot */
	u64 cursor;		/* being deleted: granules below it are done */
	u32 head;		/* a snapshot: the volume that it is of; else 0 */
	u32 origin;		/* a clone: the snapshot that it began as; else 0 */
	u32 birth;		/* a snapshot: the birth of its newest granules. A clone: that of its origin. Else 0 */
	u32 crypto;		/* encrypted: the id of its line's first one, which all of it have; else 0 */
	u32 until;		/* a snapshot that a revert let go: the birth of the state that the head had then; what
				 * is newer does not descend from it. Else 0 */
	u8 cipher;		/* an encrypted volume: enum pool_cipher_kind; else 0 */
	u8 zero[91];
};
_Static_assert(sizeof(struct pool_record) == 256, "format");
#define POOL_VOLUME_THICK BIT32(0)	/* blocks for all of it are kept free for it; not of a snapshot */
#define POOL_VOLUME_READ_ONLY BIT32(1)
#define POOL_VOLUME_DELETING BIT32(2)
#define POOL_VOLUME_MARKED BIT32(3)	/* the owner's; the pool only keeps it */
#define POOL_VOLUME_UNFINISHED BIT32(4)	/* likewise */
#define POOL_VOLUME_MARKS (POOL_VOLUME_MARKED | POOL_VOLUME_UNFINISHED)
#define POOL_VOLUME_FLAGS (BIT32(5) - 1)
#define POOL_RECORDS 15u		/* in a leaf; each has 256 bytes, the last 224 bytes of a leaf are zero */
#define POOL_RECORD_BYTES 256u

enum pool_log_op { POOL_LOG_MAP = 1, POOL_LOG_HOLE = 2 };

struct pool_entry {
	u64 granule;
	pool_place place;	/* MAP */
	u32 volume;
	u32 birth;
	u32 crc;		/* MAP, not of a plain volume */
	u8 op;
	u8 zero[3];
};
_Static_assert(sizeof(struct pool_entry) == 32, "format");

/* The same of an encrypted volume; 63 in a record. In such a record all entries are of this size. */
struct pool_entry_encrypted {
	struct pool_entry e;
	struct pool_seal seal;
	u32 zero;
};
_Static_assert(sizeof(struct pool_entry_encrypted) == 64, "format");

#define POOL_ENTRIES 126u		/* in a record */
#define POOL_ENTRIES_ENCRYPTED 63u
#define POOL_BATCH 8u			/* records that are written between two flushes, at most */
struct pool_log_record {
	u32 magic;		/* POOL_LOG_MAGIC */
	u32 crc;
	u8 uuid[POOL_UUID_BYTES];	/* the label's */
	u64 generation;		/* of the superblock that it follows */
	u64 seq;
	u64 durable;		/* the record of this number, and all before it, were flushed before this was written */
	u16 count;
	u16 entry_bytes;	/* 32, or 64 */
	u32 zero[3];
	union {
		struct pool_entry entry[POOL_ENTRIES];
		struct pool_entry_encrypted encrypted[POOL_ENTRIES_ENCRYPTED];
	};
};
_Static_assert(sizeof(struct pool_log_record) == POOL_BLOCK, "format");
#define POOL_LOG_MAGIC 0x474c5056u	/* "VPLG" */

#endif
