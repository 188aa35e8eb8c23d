/* SPDX-License-Identifier: MIT */
/*
 * token_table.c - see token_table.h.
 */
#include "token_table.h"

#include <string.h>

#include "root.h"

#define TOKEN_NS (USER_TOKEN_HOURS * 3600 * NS_PER_S)

struct token {
	u32 role;		/* ROLE_UNSET: a free place */
	u64 end_ns;
	char user[USER_NAME_BYTES];
	u8 bytes[USER_SECRET_BYTES];
};

static struct token table[USERS_MAX * USER_TOKENS_MAX];

static void drop(struct token *token)
{
	explicit_bzero(token, sizeof(*token));
}

static bool is_of(const struct token *token, const char *user)
{
	return token->role != ROLE_UNSET && strncmp(token->user, user, USER_NAME_BYTES) == 0;
}

/* In a time that does not tell how much of it was right. */
static bool has_bytes(const struct token *token, const u8 bytes[USER_SECRET_BYTES])
{
	u32 differs = 0;

	for (u32 i = 0; i < USER_SECRET_BYTES; i++)
		differs |= token->bytes[i] ^ bytes[i];
	return differs == 0;
}

static struct token *find(const char *user, const u8 bytes[USER_SECRET_BYTES])
{
	u64 now = rt_time_now_ns(&root.time);

	for (u32 i = 0; i < ARRAY_COUNT(table); i++) {
		if (table[i].role != ROLE_UNSET && table[i].end_ns <= now)
			drop(&table[i]);
		if (is_of(&table[i], user) && has_bytes(&table[i], bytes))
			return &table[i];
	}
	return NULL;
}

/* One that is free, or the user's oldest one if there are as many as may be. */
static struct token *find_place(const char *user)
{
	struct token *oldest = NULL, *place = NULL;
	u32 count = 0;

	for (u32 i = 0; i < ARRAY_COUNT(table); i++) {
		if (table[i].role == ROLE_UNSET && place == NULL)
			place = &table[i];
		if (!is_of(&table[i], user))
			continue;
		count++;
		if (oldest == NULL || table[i].end_ns < oldest->end_ns)
			oldest = &table[i];
	}
	return count == USER_TOKENS_MAX ? oldest : place;
}

void token_keep(const char user[USER_NAME_BYTES], u32 role, const u8 token[USER_SECRET_BYTES])
{
	static const u8 zeros[USER_SECRET_BYTES];
	struct token *place;

	if (memcmp(token, zeros, sizeof(zeros)) == 0)
		return;
	place = find(user, token);
	if (place == NULL)
		place = find_place(user);
	if (place == NULL)
		return;		/* users that were deleted have none, so this can't be */
	*place = (struct token){ .role = role, .end_ns = rt_time_now_ns(&root.time) + TOKEN_NS };
	memcpy(place->user, user, USER_NAME_BYTES);
	memcpy(place->bytes, token, USER_SECRET_BYTES);
}

u32 token_role(const char user[USER_NAME_BYTES], const u8 token[USER_SECRET_BYTES])
{
	const struct token *found = find(user, token);

	return found != NULL ? found->role : ROLE_UNSET;
}

void token_end(const char user[USER_NAME_BYTES], const u8 token[USER_SECRET_BYTES])
{
	struct token *found = find(user, token);

	if (found != NULL)
		drop(found);
}

void tokens_end(const char user[USER_NAME_BYTES])
{
	for (u32 i = 0; i < ARRAY_COUNT(table); i++)
		if (is_of(&table[i], user))
			drop(&table[i]);
}
