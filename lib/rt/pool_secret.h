/* SPDX-License-Identifier: MIT */
/*
 * pool_secret.h - the secret of a pool (store.h) of what a person has: of a passphrase, or of a key file's
 * bytes; and the secret of a user, of a password.
 */
#ifndef VOS_POOL_SECRET_H
#define VOS_POOL_SECRET_H

#include "types.h"

#define POOL_SECRET_BYTES 32u

/* way: enum store_key_way. */
void pool_secret(u8 out[POOL_SECRET_BYTES], u32 way, const void *bytes, size_t count);
/* Of a user (users.h). */
void user_secret(u8 out[POOL_SECRET_BYTES], const char *password, size_t count);

#endif
