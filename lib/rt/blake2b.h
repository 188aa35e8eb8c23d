/* SPDX-License-Identifier: MIT */
/*
 * blake2b.h - BLAKE2b with a digest of 32 bytes and no key (RFC 7693), over bytes that come in pieces.
 */
#ifndef VOS_BLAKE2B_H
#define VOS_BLAKE2B_H

#include "types.h"

#define BLAKE2B_BYTES 32u
#define BLAKE2B_BLOCK 128u

struct blake2b {
	u64 state[8];
	u64 count;			/* bytes that went into the state; more than 2^64 are not counted on */
	u32 used;			/* of block */
	u8 block[BLAKE2B_BLOCK];	/* waits, because the last one is treated differently */
};

void blake2b_init(struct blake2b *b);
void blake2b_add(struct blake2b *b, const void *bytes, size_t count);
/* The digest of all that was added; the state is of no use afterwards. */
void blake2b_finish(struct blake2b *b, u8 digest[BLAKE2B_BYTES]);

#endif
