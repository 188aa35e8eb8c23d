/* SPDX-License-Identifier: MIT */
/*
 * cipher.h - the ciphers of pools, by libsodium. A pool has one key; each cipher has a key of its own made of it, so
 * that no key is used by two of them.
 */
#ifndef VOS_CIPHER_H
#define VOS_CIPHER_H

#include "pool.h"

#define CIPHER_KEY_BYTES 32u

struct cipher_keys {
	_Alignas(16) u8 aes[512];	/* what libsodium makes of its key, if the processor has instructions for it */
	u8 chacha[CIPHER_KEY_BYTES];
};

/* Fills memory with bytes that no one can predict; false: there is no generator. */
typedef bool (*cipher_random)(void *out, size_t bytes);

/* Once, before anything else of libsodium. */
void cipher_init(cipher_random random);

void cipher_keys_make(struct cipher_keys *k, const u8 key[CIPHER_KEY_BYTES]);
void cipher_keys_wipe(struct cipher_keys *k);

/* For pool_unlock(); the keys stay where they are. */
struct pool_cipher cipher_of(const struct cipher_keys *k, u32 salt);
/* What a new volume is encrypted with. */
enum pool_cipher_kind cipher_best(void);

#endif
