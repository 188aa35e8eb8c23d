/* SPDX-License-Identifier: MIT */
/*
 * fake_users.h - the fake root's users: alice is admin, oscar operator, bob viewer, all with the password
 * "open sesame". It judges no role: so a test sees what the console refuses by itself. Included by fake_root.c.
 */
#ifndef VOS_FAKE_USERS_H
#define VOS_FAKE_USERS_H

#include <string.h>

#include "fake_root.h"
#include "pool_secret.h"

static const struct { const char *name; u32 role; } fake_users[] = {
	{ "alice", ROLE_ADMIN }, { "bob", ROLE_VIEWER }, { "oscar", ROLE_OPERATOR },
};

static inline void fake_refuse_user(struct reply *reply, enum result result, enum error error)
{
	reply->result = result;
	reply->error = error;
}

static inline bool fake_is_right(const u8 secret[USER_SECRET_BYTES])
{
	u8 right[USER_SECRET_BYTES];

	user_secret(right, FAKE_PASSWORD, strlen(FAKE_PASSWORD));
	return memcmp(right, secret, sizeof(right)) == 0;
}

static inline void fake_login(struct fake_root *root, const struct request *r, struct reply *reply)
{
	for (u32 i = 0; i < ARRAY_COUNT(fake_users); i++) {
		bool is_right = r->op == REQ_LOGIN ? fake_is_right(r->user.secret) : r->user.new_secret[31] == 7;

		if (strcmp(fake_users[i].name, r->name) != 0 || !is_right)
			continue;
		reply->login = (struct login_report){ .session = ++root->sessions, .role = fake_users[i].role };
		strcpy(reply->login.user, r->name);
		return;
	}
	fake_refuse_user(reply, RESULT_DENIED, ERR_WRONG_PASSWORD);
}

static inline void fake_user_row(const struct request *r, struct reply *reply)
{
	if (r->index >= ARRAY_COUNT(fake_users)) {
		fake_refuse_user(reply, RESULT_NOT_FOUND, ERR_NO_USER);
	} else if (r->op == REQ_SESSIONS) {
		reply->session_row = (struct session_row){ .index = r->index, .role = fake_users[r->index].role,
			.age_ns = 5000000000 };
		strcpy(reply->session_row.user, fake_users[r->index].name);
	} else {
		reply->user_row = (struct user_row){ .index = r->index, .role = fake_users[r->index].role };
		strcpy(reply->user_row.user, fake_users[r->index].name);
		if (r->op == REQ_EXPORT_USERS)
			strcpy(reply->user_row.line, "user ... { }\n");
	}
}

/* Two records, and an answer that says more than there is room for. */
static inline void fake_audit(const struct request *r, struct reply *reply)
{
	static const struct audit_record records[] = {
		{ .number = 1, .now_ns = 5000000000, .op = REQ_STOP, .kind = AUDIT_REFUSED, .error = ERR_ROLE,
		  .role = ROLE_VIEWER, .user = "bob", .name = "a" },
		{ .number = 2, .op = REQ_OP_COUNT, .kind = 77, .error = ERROR_COUNT, .role = ROLE_COUNT,
		  .name = "\033[2J" },
	};
	struct audit_rows *rows = &reply->audit;

	rows->first = 1;
	for (rows->next = r->index ? r->index : 1; rows->next <= ARRAY_COUNT(records); rows->next++)
		rows->rows[rows->count++] = records[rows->next - 1];
	if (r->index == 99)
		rows->count = 99;
}

static inline bool fake_is_known(const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(fake_users); i++)
		if (strcmp(fake_users[i].name, name) == 0)
			return true;
	return false;
}

/* False: it is not about users. */
static inline bool fake_user(struct fake_root *root, const struct request *r, struct reply *reply)
{
	bool is_old = root->ended != 0 && r->session == root->ended;

	root->last_session = r->session;
	if (is_old)
		fake_refuse_user(reply, RESULT_DENIED, ERR_NO_LOGIN);
	else if (r->op == REQ_LOGIN || r->op == REQ_TOKEN_LOGIN)
		fake_login(root, r, reply);
	else if (r->op == REQ_PASSWD && !fake_is_right(r->user.secret))
		fake_refuse_user(reply, RESULT_DENIED, ERR_WRONG_PASSWORD);
	else if (r->op == REQ_ADD_USER && fake_is_known(r->name))
		fake_refuse_user(reply, RESULT_STATE, ERR_USER_EXISTS);
	else if ((r->op == REQ_SET_USER || r->op == REQ_DELETE_USER || r->op == REQ_UNLOCK_USER) &&
		 !fake_is_known(r->name))
		fake_refuse_user(reply, RESULT_NOT_FOUND, ERR_NO_USER);
	else if (r->op == REQ_AUDIT)
		fake_audit(r, reply);
	else if (r->op == REQ_SESSIONS || r->op == REQ_USERS || r->op == REQ_EXPORT_USERS)
		fake_user_row(r, reply);
	return is_old || (r->op >= REQ_LOGIN && r->op <= REQ_EXPORT_USERS) ||
	       (r->op >= REQ_UNLOCK_USER && r->op <= REQ_TOKEN_LOGIN);
}

#endif
