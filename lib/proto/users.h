/* SPDX-License-Identifier: MIT */
/*
 * users.h - who may ask for what: roles, sessions, and what requests about users have (request.h). Root judges the role
 * of each request; the service guard alone says who somebody is (guard.h).
 */
#ifndef VOS_USERS_H
#define VOS_USERS_H

#include "root_limits.h"
#include "types.h"

/* In this order: each may what those before it may. A row without a role can't be asked for. */
enum user_role {
	ROLE_UNSET,
	ROLE_ANYBODY,		/* also without a login */
	ROLE_VIEWER,		/* looks */
	ROLE_OPERATOR,		/* and makes, starts, stops, changes and deletes VMs with their disks and networks */
	ROLE_ADMIN,		/* and the machine, its pools, switches, images and users */
	ROLE_COUNT
};

#define USER_NAME_BYTES VM_NAME_BYTES	/* written as the name of a VM is */
#define USERS_MAX 32u
#define SESSIONS_MAX 32u
#define USER_SECRET_BYTES 32u		/* the hash of a password (pool_secret.h): no more of it leaves the console */

#define USER_SET_ROLE BIT32(0)
#define USER_SET_SECRET BIT32(1)
#define USER_TOKEN BIT32(2)		/* REQ_LOGIN, REQ_LOGOUT: new_secret is a token */

/* A token logs in without a password. Who logs in has chosen it, at random; root keeps it in memory. */
#define USER_TOKEN_HOURS 12u		/* after the login */
#define USER_TOKENS_MAX 4u		/* of a user; one more takes the oldest one's place */

struct user_request {
	u32 role;		/* enum user_role, from ROLE_VIEWER on */
	u32 fields;		/* REQ_SET_USER: USER_SET_...; USER_TOKEN */
	u32 line;		/* REQ_LOGIN, REQ_TOKEN_LOGIN, REQ_PASSWD: the console's line */
	u32 zero;
	u8 secret[USER_SECRET_BYTES];		/* of the password that is */
	u8 new_secret[USER_SECRET_BYTES];	/* of the one that is to be */
};

/* Answer to REQ_LOGIN and REQ_TOKEN_LOGIN. */
struct login_report {
	u32 session;		/* for the requests that follow; never 0 */
	u32 role;		/* enum user_role */
	char user[USER_NAME_BYTES];
};

/* Somebody who is logged in. */
struct session_row {
	u32 index;
	u32 role;
	u32 line;
	u32 zero;
	u64 age_ns;
	char user[USER_NAME_BYTES];
};

#define USER_LINE_BYTES 256u	/* of a user as a text, with its newline and a zero */

struct user_row {
	u32 index;
	u32 role;
	u32 sessions;		/* that are open */
	u32 zero;
	char user[USER_NAME_BYTES];
	char line[USER_LINE_BYTES];	/* REQ_EXPORT_USERS: with the password's hash; else "" */
};

#endif
