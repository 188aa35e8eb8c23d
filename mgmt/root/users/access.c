/* SPDX-License-Identifier: MIT */
/*
 * access.c - see access.h.
 */
#include "access.h"

#include <string.h>

#include "op_roles.h"
#include "root.h"
#include "session_table.h"

#define ROLE_ROW(op, role, is_applied, what) [op] = { role, is_applied },

static const struct { u8 role; bool is_applied; } ops[REQ_OP_COUNT] = { OP_ROLES(ROLE_ROW) };

static bool has_users;

bool access_has_users(void)
{
	return has_users || root.users.bytes != 0;
}

void access_note_users(u32 count)
{
	has_users = has_users || count != 0;
}

static u32 role_without_login(u32 op, bool is_applying)
{
	if (!access_has_users())
		return ROLE_ADMIN;
	return ops[op].is_applied && is_applying ? ROLE_ADMIN : ROLE_ANYBODY;
}

struct error_info access_judge(u32 client, const struct request *request, bool is_applying)
{
	u32 op = request->op < REQ_OP_COUNT ? request->op : 0;
	const struct login *login = request->session != 0 ? session_find(client, request->session) : NULL;
	u32 role = login != NULL ? login->role : ROLE_UNSET;
	struct error_info info;

	if (request->session == 0)
		role = role_without_login(op, is_applying);
	if (ops[op].role != ROLE_UNSET && role >= ops[op].role)
		return ERROR_INFO_NONE;
	if (login == NULL && ops[op].role != ROLE_UNSET)
		return error_info_of(ERR_NO_LOGIN, 0, 0);
	info = error_info_of(ERR_ROLE, ops[op].role, role);
	if (login != NULL)
		memcpy(info.text, login->user, sizeof(login->user));
	return info;
}
