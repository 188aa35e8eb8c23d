/* SPDX-License-Identifier: MIT */
/*
 * crypt.h - granules of encrypted volumes: nonces, and the way to the owner's cipher.
 *
 * A nonce has a number that no other one with this pool's key has. The superblock says below which all numbers may have
 * been used, and numbers are given out only below what a superblock on the disk says: so whatever a power cut leaves,
 * the pool goes on with numbers that nothing was ever encrypted with.
 */
#ifndef VOS_POOL_CRYPT_H
#define VOS_POOL_CRYPT_H

#include "task.h"

void crypt_init(struct pool *p);
/* The superblock was read: nothing is given out until one is written. */
void crypt_begin(struct pool *p);
/* What the superblock that is being written says, and that it is on the disk. */
u64 crypt_nonces_ahead(const struct pool *p);
void crypt_settle(struct pool *p);

/* Gives the task a nonce. False: the task has ended, or was dropped and waits for a checkpoint. */
bool crypt_take_nonce(struct pool *p, struct task *t);

/* There are the pool's key and this cipher (enum pool_cipher_kind). */
static inline bool crypt_has_cipher(const struct pool *p, u32 cipher)
{
	return (p->crypt.cipher.known >> cipher & 1) != 0;
}

/* The 4096 bytes in the task's bounce buffer: encrypted as the new granule, with its nonce, and decrypted as the old
 * one. False: they differ from their tag. */
void crypt_seal(struct pool *p, struct task *t);
bool crypt_open(struct pool *p, struct task *t);

#endif
