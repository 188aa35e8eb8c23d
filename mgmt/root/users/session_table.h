/* SPDX-License-Identifier: MIT */
/*
 * session_table.h - who is logged in. A session is made because guard has said who somebody is, for nothing else. It
 * belongs to the client that asked, and ends with that.
 */
#ifndef VOS_ROOT_SESSION_TABLE_H
#define VOS_ROOT_SESSION_TABLE_H

#include "request.h"
#include "types.h"

struct login {
	u32 id;			/* 0 = a free place; no other session has it, before or after */
	u32 client;
	u32 role;		/* enum user_role */
	u32 line;
	bool is_by_token;
	u64 since_ns;
	char user[USER_NAME_BYTES];
};

/* Its id; 0: there are SESSIONS_MAX, or so many that only an admin may have one more. */
u32 session_open(u32 client, const char user[USER_NAME_BYTES], u32 role, u32 line, bool is_by_token);
/* NULL: that client has none of that id. */
const struct login *session_find(u32 client, u32 id);
/* One that session_find has found. */
void session_close(u32 id);
/* All of that client's / of that user's, except this one (0: all). */
void sessions_drop(u32 client);
void sessions_end(const char user[USER_NAME_BYTES], u32 except);
u32 sessions_of(const char user[USER_NAME_BYTES]);
/* The session at *index, or the next that there is; *index is behind it then. False: no more. */
bool session_row(u32 *index, struct session_row *out);

#endif
