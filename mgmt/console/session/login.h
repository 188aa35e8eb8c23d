/* SPDX-License-Identifier: MIT */
/*
 * login.h - who a line or a program is: the session that root has given it. Root judges each request by that; the
 * console looks at it to say so earlier, and for what it does without a request: terminals, logs, events.
 */
#ifndef VOS_LOGIN_H
#define VOS_LOGIN_H

#include "cmd_error.h"
#include "users.h"

struct login {
	u32 session;		/* 0 = nobody is logged in */
	u32 role;
	char user[USER_NAME_BYTES];
};

struct session;
struct job;

/* There are users, and nobody has logged in at the prompt: the line shows nothing and takes no command but login. */
bool login_is_locked(const struct session *s);
/* Somebody on the line may see what nobody asked for, such as events. */
bool login_is_watched(const struct session *s);
/* That login (of the line or of a client) has the role, or there are no users. Else *error. */
bool login_may(const struct session *s, const struct login *login, u32 role, const char *verb,
	struct cmd_error *error);
/* The login that the job's commands are of; NULL: the console's own, or of a program that has not said hello. */
struct login *login_of(const struct job *job);
/* May the job's command begin? */
bool login_may_start(const struct job *job, struct cmd_error *error);
/* Root has no such session any more. */
void login_lost(const struct job *job);
/* "viewer", "operator", "admin" */
const char *role_text(u32 role);

#endif
