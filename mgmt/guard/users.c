/* SPDX-License-Identifier: MIT */
/*
 * users.c - see users.h.
 */
#include "users.h"

#include <string.h>

#include "password.h"

static bool is_name_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool user_name_ok(const char name[USER_NAME_BYTES])
{
	u32 length = (u32)strnlen(name, USER_NAME_BYTES);

	if (length == 0 || length == USER_NAME_BYTES || !is_name_letter(name[0]))
		return false;
	for (u32 i = 1; i < length; i++)
		if (!is_name_letter(name[i]) && name[i] != '-')
			return false;
	return true;
}

bool user_role_ok(u32 role)
{
	return role >= ROLE_VIEWER && role < ROLE_COUNT;
}

static u32 admins(const struct users *users)
{
	u32 count = 0;

	for (u32 i = 0; i < users->count; i++)
		count += users->list[i].role == ROLE_ADMIN;
	return count;
}

static const struct user *find(const struct users *users, u32 count, const char *name)
{
	for (u32 i = 0; i < count; i++)
		if (strncmp(users->list[i].name, name, USER_NAME_BYTES) == 0)
			return &users->list[i];
	return NULL;
}

bool users_ok(const struct users *users)
{
	if (users->count > USERS_MAX)
		return false;
	for (u32 i = 0; i < users->count; i++) {
		const struct user *u = &users->list[i];

		if (!user_name_ok(u->name) || !user_role_ok(u->role) || !password_cost_ok(u->passes, u->memory_kib) ||
		    find(users, i, u->name) != NULL)
			return false;
	}
	return true;
}

struct user *users_find(struct users *users, const char *name)
{
	return (struct user *)find(users, users->count, name);
}

enum guard_error users_add(struct users *users, const struct user *user, bool is_dry_run)
{
	if (find(users, users->count, user->name) != NULL)
		return GUARD_EXISTS;
	if (users->count == USERS_MAX)
		return GUARD_FULL;
	if (users->count == 0 && user->role != ROLE_ADMIN)
		return GUARD_FIRST_ADMIN;
	if (is_dry_run)
		return GUARD_OK;
	users->list[users->count] = *user;
	users->count++;
	return GUARD_OK;
}

/* It is an admin, and no other one is. */
static bool is_last_admin(const struct users *users, const struct user *user)
{
	return user->role == ROLE_ADMIN && admins(users) == 1;
}

enum guard_error users_set_role(struct users *users, const char *name, u32 role, bool is_dry_run)
{
	struct user *user = users_find(users, name);

	if (user == NULL)
		return GUARD_NO_USER;
	if (role != ROLE_ADMIN && is_last_admin(users, user))
		return GUARD_LAST_ADMIN;
	if (!is_dry_run)
		user->role = role;
	return GUARD_OK;
}

enum guard_error users_delete(struct users *users, const char *name, bool is_dry_run)
{
	struct user *user = users_find(users, name);

	if (user == NULL)
		return GUARD_NO_USER;
	if (is_last_admin(users, user))
		return GUARD_LAST_ADMIN;
	if (is_dry_run)
		return GUARD_OK;
	*user = users->list[users->count - 1];
	users->count--;
	explicit_bzero(&users->list[users->count], sizeof(users->list[0]));
	return GUARD_OK;
}
