/* SPDX-License-Identifier: MIT */
/*
 * keys.h - the keys of pools, numbered 0 .. STORE_POOLS_MAX - 1. A pool's key is 32 random bytes, made when the pool
 * gets its first secret. On the disk it lies wrapped, once for each way to unlock the pool (enum store_key_way); in
 * memory from then until the pool is closed, also while its disk is away.
 */
#ifndef VOS_KEYS_H
#define VOS_KEYS_H

#include "cipher.h"
#include "store.h"

void keys_init(cipher_random random, u64 (*ticks)(void));

/* STORE_SET_KEY and STORE_UNLOCK. The secret stays in the order. STORE_ERROR_COUNT: again after the next commit. */
enum store_error keys_set(u32 p, struct pool *pool, const struct store_order *order);
enum store_error keys_unlock(u32 p, struct pool *pool, const struct store_order *order);

/* The pool is open, perhaps not for the first time. */
void keys_opened(u32 p, struct pool *pool);
/* It is closed: its key is wiped. */
void keys_forget(u32 p);

/* It has a secret; its key is here. */
bool keys_are_set(const struct pool *pool);
bool keys_are_here(u32 p);

#endif
