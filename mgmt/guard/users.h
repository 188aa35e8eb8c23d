/* SPDX-License-Identifier: MIT */
/*
 * users.h - the table of users, and the rules of it. Passwords are password.h's; the text of it is users_text.h's.
 */
#ifndef VOS_GUARD_USERS_H
#define VOS_GUARD_USERS_H

#include "guard.h"

/* [a-z0-9][a-z0-9-]{0,30}, and a zero within the array. */
bool user_name_ok(const char name[USER_NAME_BYTES]);
/* A role that a user can have. */
bool user_role_ok(u32 role);

/* A table that somebody else may have written: each user is one, and no name is there twice. */
bool users_ok(const struct users *users);

/* NULL: there is none. */
struct user *users_find(struct users *users, const char *name);

/* Of these the judgement comes first, and alone if is_dry_run. The first user is an admin, and one always is. */
enum guard_error users_add(struct users *users, const struct user *user, bool is_dry_run);
enum guard_error users_set_role(struct users *users, const char *name, u32 role, bool is_dry_run);
enum guard_error users_delete(struct users *users, const char *name, bool is_dry_run);

#endif
