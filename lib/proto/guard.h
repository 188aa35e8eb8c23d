/* SPDX-License-Identifier: MIT */
/*
 * guard.h - what root asks of the service guard and what that answers: fixed-size messages over two byte rings. Guard
 * has the users and their passwords, root the sessions. Neither believes the other's strings and numbers.
 */
#ifndef VOS_GUARD_H
#define VOS_GUARD_H

#include "audit.h"

enum guard_op {
	GUARD_READY,		/* of a report alone: guard has started, and has `users` */
	GUARD_LOGIN,		/* name, secret */
	GUARD_PASSWD,		/* name, secret, new_secret */
	GUARD_ADD,		/* name, role, new_secret */
	GUARD_SET,		/* name, fields, role, new_secret */
	GUARD_DELETE,		/* name */
	GUARD_ROW,		/* index: the user there; GUARD_TEXT: and as a line */
	GUARD_UNLOCK,		/* name */
	GUARD_VERIFY,		/* the audit log */
	GUARD_OP_COUNT
};

enum guard_error {
	GUARD_OK,
	GUARD_WRONG,		/* no such user, or not that password */
	GUARD_NO_USER,
	GUARD_EXISTS,
	GUARD_FULL,		/* USERS_MAX */
	GUARD_FIRST_ADMIN,	/* the first user has to be an admin */
	GUARD_LAST_ADMIN,	/* there has to be an admin */
	GUARD_MEMORY,		/* none for the hash */
	GUARD_BAD_ORDER,
	GUARD_LOCKED,		/* that user on that line, for left_s; the password was not looked at */
	GUARD_BROKEN,		/* the audit log, at record `place` */
	GUARD_ERROR_COUNT
};

#define GUARD_DRY_RUN BIT32(0)
#define GUARD_TEXT BIT32(1)

struct guard_order {
	u32 id;			/* comes back; not 0 */
	u32 op;			/* enum guard_op */
	u32 flags;
	u32 role;
	u32 fields;
	u32 index;
	u32 line;		/* GUARD_LOGIN, GUARD_PASSWD: where it is typed; below GUARD_LINES */
	u32 zero;
	char name[USER_NAME_BYTES];
	u8 secret[USER_SECRET_BYTES];
	u8 new_secret[USER_SECRET_BYTES];
};

struct guard_report {
	u32 id;			/* of the order; GUARD_READY: 0 */
	u32 op;
	u32 error;		/* enum guard_error */
	u32 users;		/* how many there are now */
	u32 role;		/* GUARD_LOGIN, GUARD_ROW: of the user */
	u32 index;		/* GUARD_ROW */
	u32 left_s;		/* GUARD_LOCKED: seconds until the next try, rounded up */
	u32 is_user;		/* GUARD_LOGIN: 1 = there is one of that name, whatever the password was; 0 */
	char name[USER_NAME_BYTES];
	char line[USER_LINE_BYTES];
	u64 place;		/* GUARD_BROKEN */
	struct audit_verdict verdict;	/* GUARD_VERIFY */
};

#define GUARD_ORDER_RING_BYTES 4096u
#define GUARD_REPORT_RING_BYTES 8192u

/* A user as guard keeps it. */
struct user {
	char name[USER_NAME_BYTES];
	u32 role;
	u32 passes, memory_kib;	/* of Argon2id */
	u32 zero;
	u8 salt[16];
	u8 hash[32];
};

struct users {
	u32 count;
	u32 zero;
	struct user list[USERS_MAX];
};

#define GUARD_LINES 8u		/* the console has no more */
#define LOCKOUT_PLACES (USERS_MAX * GUARD_LINES + 64u)

/* Wrong passwords of a name on a line. */
struct lockout {
	char name[USER_NAME_BYTES];
	u32 line;
	u32 wrong;		/* 0 = a free place */
	u32 is_user;
	u32 zero;
	u64 until_ns;
};

struct lockouts {
	struct lockout places[LOCKOUT_PLACES];
};

/* Memory of guard's that outlives it: root makes it and does not read it. */
struct guard_state {
	u64 module_bytes;	/* of the boot module `users` at GUARD_MODULE; 0 = there is none. Root writes this */
	u32 is_read;		/* the module has been read: `users` counts */
	u32 zero;
	struct users users;
	struct lockouts lockouts;
};

#endif
