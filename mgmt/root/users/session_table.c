/* SPDX-License-Identifier: MIT */
/*
 * session_table.c - see session_table.h. An id is its place and a number that grows.
 */
#include "session_table.h"

#include <string.h>

#include "root.h"

#define PLACE_BITS 8u
#define ADMIN_SESSIONS 4u	/* places that the others leave: they can't keep an admin out */
#define LAST_NUMBER (BIT32(32 - PLACE_BITS) - 1)

_Static_assert(SESSIONS_MAX <= BIT32(PLACE_BITS), "an id has its place");

static struct login table[SESSIONS_MAX];
static u32 last_number;

static u32 free_places(void)
{
	u32 count = 0;

	for (u32 i = 0; i < SESSIONS_MAX; i++)
		count += table[i].id == 0;
	return count;
}

u32 session_open(u32 client, const char user[USER_NAME_BYTES], u32 role, u32 line, bool is_by_token)
{
	bool is_full = role < ROLE_ADMIN && free_places() <= ADMIN_SESSIONS;

	for (u32 i = 0; i < SESSIONS_MAX && !is_full; i++) {
		if (table[i].id != 0)
			continue;
		last_number = last_number % LAST_NUMBER + 1;
		table[i] = (struct login){ .id = last_number << PLACE_BITS | i, .client = client, .role = role,
					   .line = line, .is_by_token = is_by_token,
					   .since_ns = rt_time_now_ns(&root.time) };
		memcpy(table[i].user, user, USER_NAME_BYTES);
		return table[i].id;
	}
	return 0;
}

const struct login *session_find(u32 client, u32 id)
{
	const struct login *login = &table[id % BIT32(PLACE_BITS) % SESSIONS_MAX];

	return id != 0 && login->id == id && login->client == client ? login : NULL;
}

void session_close(u32 id)
{
	table[id % BIT32(PLACE_BITS)].id = 0;
}

void sessions_drop(u32 client)
{
	for (u32 i = 0; i < SESSIONS_MAX; i++)
		if (table[i].client == client)
			table[i].id = 0;
}

static bool is_of(const struct login *login, const char *user)
{
	return login->id != 0 && strncmp(login->user, user, USER_NAME_BYTES) == 0;
}

void sessions_end(const char user[USER_NAME_BYTES], u32 except)
{
	for (u32 i = 0; i < SESSIONS_MAX; i++)
		if (is_of(&table[i], user) && table[i].id != except)
			table[i].id = 0;
}

u32 sessions_of(const char user[USER_NAME_BYTES])
{
	u32 count = 0;

	for (u32 i = 0; i < SESSIONS_MAX; i++)
		count += is_of(&table[i], user);
	return count;
}

bool session_row(u32 *index, struct session_row *out)
{
	const struct login *login;

	while (*index < SESSIONS_MAX && table[*index].id == 0)
		++*index;
	if (*index >= SESSIONS_MAX)
		return false;
	login = &table[*index];
	*out = (struct session_row){ .index = *index, .role = login->role, .line = login->line,
				     .age_ns = rt_time_now_ns(&root.time) - login->since_ns };
	memcpy(out->user, login->user, sizeof(out->user));
	++*index;
	return true;
}
