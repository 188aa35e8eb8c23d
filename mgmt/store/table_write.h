/* SPDX-License-Identifier: MIT */
/*
 * table_write.h - writes a disk's table so that a power cut leaves the old one or the new one: what was written before
 * it, a new pool's first blocks too, is flushed, one copy written, flushed, the other copy written, flushed. The copy
 * that is bad comes first, so that one of them is right at any time.
 */
#ifndef VOS_TABLE_WRITE_H
#define VOS_TABLE_WRITE_H

#include "gpt.h"
#include "types.h"

/* To be called before: that partition is a new one. If it is of the pools' type, a pool is made in it first. */
void table_write_new(u32 disk, const struct gpt_part *part);
/* The table as it is in memory, from the beginning. */
void table_write_begin(u32 disk);
/* Begin the next transfer, after the last one has succeeded. False: all is written. */
bool table_write_next(u32 disk);

#endif
