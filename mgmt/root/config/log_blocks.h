/* SPDX-License-Identifier: MIT */
/*
 * log_blocks.h - how VMs' logs lie in their volume of a pool: a slot for each VM, of blocks that say themselves what
 * they have. A block is written to a place whose contents nobody needs, so a power cut loses no more than what was on
 * its way. Pure. What is read is foreign.
 */
#ifndef VOS_LOG_BLOCKS_H
#define VOS_LOG_BLOCKS_H

#include "blake2b.h"
#include "root_limits.h"
#include "types.h"
#include "vm_log.h"

#define LOG_BLOCK_BYTES 4096u
#define LOG_BLOCKS 32u		/* of a slot */
#define LOG_SLOT_BYTES (LOG_BLOCKS * LOG_BLOCK_BYTES)
#define LOG_VOLUME_BYTES ((u64)VM_COUNT * LOG_SLOT_BYTES)

/* Little endian, as all of VOS is. */
struct log_block {
	char magic[8];		/* LOG_MAGIC */
	u64 log;		/* random, of this VM's log: what the slot had before has another one */
	u64 start;		/* as of struct log_piece */
	u32 count;		/* from 1 */
	u32 zero;
	u8 hash[BLAKE2B_BYTES];	/* of all before it, and of the bytes */
	u8 zero1[8];
	char bytes[LOG_PIECE_BYTES];	/* zeros behind `count` */
};
_Static_assert(sizeof(struct log_block) == LOG_BLOCK_BYTES, "one block");

#define LOG_MAGIC "VOSLOG01"

void log_block_fill(struct log_block *block, u64 log, u64 start, const char *bytes, u32 count);
/* A copy of one that is foreign: it is right, and of that log. */
bool log_block_ok(const struct log_block *block, u64 log);

/* What the places of a slot have. */
struct log_index {
	u64 start[LOG_BLOCKS];
	u32 count[LOG_BLOCKS];	/* 0: nothing */
};

void log_index_read(struct log_index *index, const struct log_block blocks[LOG_BLOCKS], u64 log);
/* Where to write the next block: a free place, else one that another has the bytes of, else the oldest. */
u32 log_index_place(const struct log_index *index);
/* Of those that begin at `from` or later, the first, and of several that begin there the longest. LOG_BLOCKS: there is
 * none. */
u32 log_index_next(const struct log_index *index, u64 from);

#endif
