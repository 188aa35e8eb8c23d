/* SPDX-License-Identifier: MIT */
/*
 * lockout.h - wrong passwords: after LOCKOUT_TRIES of a user on a line, that user can't log in on that line for 30 s,
 * and after each further one for twice as long, up to 15 min. Other lines are not concerned. Names that no user has are
 * counted too, so that a refusal does not tell which there are; they never take the place of a user's count.
 */
#ifndef VOS_GUARD_LOCKOUT_H
#define VOS_GUARD_LOCKOUT_H

#include "guard.h"

#define LOCKOUT_TRIES 6u
#define LOCKOUT_FIRST_NS 30000000000ull
#define LOCKOUT_MOST_NS 900000000000ull

/* How long that name is locked out on that line still; 0: it is not. Times are since the machine's start. */
u64 lockout_left_ns(const struct lockouts *lockouts, const char name[USER_NAME_BYTES], u32 line, u64 now_ns);
/* A password was wrong. is_user: a user has that name; line < GUARD_LINES. */
void lockout_note(struct lockouts *lockouts, const char name[USER_NAME_BYTES], bool is_user, u32 line, u64 now_ns);
/* That name's count is 0 again, on that line / on all. */
void lockout_clear(struct lockouts *lockouts, const char name[USER_NAME_BYTES], u32 line);
void lockout_clear_all(struct lockouts *lockouts, const char name[USER_NAME_BYTES]);

#endif
