/* SPDX-License-Identifier: MIT */
/*
 * password.h - what is kept of a password: Argon2id (RFC 9106) of its hash, by libsodium. A try takes PASSWORD_KIB of
 * memory and the same time whether there is such a user or not.
 */
#ifndef VOS_GUARD_PASSWORD_H
#define VOS_GUARD_PASSWORD_H

#include "guard.h"

#define PASSWORD_PASSES 5u
#define PASSWORD_KIB 8192u	/* what OWASP gives as the least, rounded up; the heap has it */
#define PASSWORD_PASSES_MAX 32u	/* that a file may ask for */
#define PASSWORD_KIB_MIN 8u	/* libsodium's */

/* Once, before anything else. `random` fills in bytes or returns false; `ticks` then makes salts differ. */
void password_init(bool (*random)(void *out, size_t bytes), u64 (*ticks)(void));

/* Argon2id can be done with that here. */
bool password_cost_ok(u32 passes, u32 memory_kib);

/* Salt, cost and hash of *user. False: there is no memory for it. */
bool password_make(struct user *user, const u8 secret[USER_SECRET_BYTES]);

/* GUARD_OK, GUARD_WRONG or GUARD_MEMORY. user NULL: there is none, which takes as long to say. */
enum guard_error password_check(const struct user *user, const u8 secret[USER_SECRET_BYTES]);

#endif
