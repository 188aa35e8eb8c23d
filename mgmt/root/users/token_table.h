/* SPDX-License-Identifier: MIT */
/*
 * token_table.h - tokens that log a user in again without a password (users.h). They end with time, with what ends the
 * user's sessions, and when VOS starts again.
 */
#ifndef VOS_ROOT_TOKEN_TABLE_H
#define VOS_ROOT_TOKEN_TABLE_H

#include "types.h"
#include "users.h"

/* That user has logged in with that role. A token of zeros is none, and not kept. */
void token_keep(const char user[USER_NAME_BYTES], u32 role, const u8 token[USER_SECRET_BYTES]);
/* The user's role; ROLE_UNSET: there is no such token (any more). */
u32 token_role(const char user[USER_NAME_BYTES], const u8 token[USER_SECRET_BYTES]);
void token_end(const char user[USER_NAME_BYTES], const u8 token[USER_SECRET_BYTES]);
/* All of the user's. */
void tokens_end(const char user[USER_NAME_BYTES]);

#endif
