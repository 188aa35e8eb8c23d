/* SPDX-License-Identifier: MIT */
/*
 * users_text.h - users as a text: the boot module `users`, and what export-users prints.
 *
 *	user alice { role admin; password "$argon2id$v=19$m=8192,t=5,p=1$SALT$HASH"; }
 *
 * # begins a comment. Passwords are in the PHC string format, with base64 without padding; the hash is of what
 * user_secret (pool_secret.h) makes of the password.
 */
#ifndef VOS_GUARD_USERS_TEXT_H
#define VOS_GUARD_USERS_TEXT_H

#include "guard.h"

/*
 * Add the users of a text to *users. A user with a mistake is left out, and `tell` is called with its place, counted
 * from 1. If there are users and none is an admin, that is a mistake too; they are there all the same.
 */
void users_read(struct users *users, const char *text, u64 bytes,
		void (*tell)(u32 line, u32 column, const char *what));

/* A user as a line of that text, which ends with a newline and a zero. */
void user_write(char line[USER_LINE_BYTES], const struct user *user);

#endif
