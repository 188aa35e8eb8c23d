/* SPDX-License-Identifier: MIT */
/*
 * sim_cipher.h - a cipher for simulations: weak and fast. Bytes depend on nonce and key, the tag on everything that a
 * real one covers. It remembers the nonces it was given.
 */
#ifndef SIM_CIPHER_H
#define SIM_CIPHER_H

#include "pool.h"

#define SIM_NONCES 65536u	/* a power of 2 */

struct sim_cipher {
	struct sim_cipher *self;	/* what the pool keeps a constant address of */
	u64 key;
	u64 seen[SIM_NONCES];	/* numbers + 1, at the places of their hashes; 0 = none */
	u32 count;
	u64 unused;		/* all numbers that were given are below */
	bool is_twice;		/* a nonce came again */
};

void sim_cipher_make(struct sim_cipher *c, u64 key);
/* Both of enum pool_cipher_kind. */
struct pool_cipher sim_cipher(struct sim_cipher *c);

#endif
