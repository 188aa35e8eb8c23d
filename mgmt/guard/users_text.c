/* SPDX-License-Identifier: MIT */
/*
 * users_text.c - see users_text.h. The text is the boot medium's: foreign until it is read.
 */
#include <sodium.h>
#undef PAGE_SIZE	/* limits.h has it too */

#include "users_text.h"

#include <stdio.h>
#include <string.h>

#include "password.h"
#include "users.h"

#define WORD_BYTES 160u
#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

struct reader {
	const char *text;
	u64 bytes, at;
	u32 line, column;		/* of at */
	char word[WORD_BYTES];		/* the last one; "" at the end */
	bool is_string, is_open;	/* in quotes; without the second one */
	u32 word_line, word_column;
	const char *mistake;		/* the first of the statement in hand, at: */
	u32 bad_line, bad_column;
};

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin",
};

/* ---- words ---- */

static char here(const struct reader *r)
{
	return r->at < r->bytes ? r->text[r->at] : 0;
}

static void step(struct reader *r)
{
	bool is_end = here(r) == '\n';

	r->at++;
	r->line += is_end;
	r->column = is_end ? 1 : r->column + 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_mark(char c)
{
	return c == '{' || c == '}' || c == ';';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->bytes && (is_blank(here(r)) || here(r) == '#')) {
		if (here(r) == '#')
			while (r->at < r->bytes && here(r) != '\n')
				step(r);
		else
			step(r);
	}
}

static bool is_in_word(const struct reader *r)
{
	char c = here(r);

	if (r->at >= r->bytes)
		return false;
	return r->is_string ? c != '"' && c != '\n' : !is_blank(c) && !is_mark(c) && c != '"' && c != '#';
}

/* A mark, a word or a string; what is longer than any that means something is cut. */
static void next(struct reader *r)
{
	u32 length = 0;

	skip_blanks(r);
	r->word_line = r->line;
	r->word_column = r->column;
	r->is_string = here(r) == '"' && r->at < r->bytes;
	r->is_open = false;
	if (r->is_string)
		step(r);
	if (!r->is_string && r->at < r->bytes && is_mark(here(r))) {
		r->word[length++] = here(r);
		step(r);
	} else {
		for (; is_in_word(r); step(r))
			if (length < WORD_BYTES - 1)
				r->word[length++] = here(r);
	}
	if (r->is_string) {
		r->is_open = here(r) != '"';
		if (!r->is_open)
			step(r);
	}
	r->word[length] = 0;
}

static bool is_at_end(const struct reader *r)
{
	return r->word[0] == 0 && !r->is_string && r->at >= r->bytes;
}

static bool is(const struct reader *r, const char *word)
{
	return !r->is_string && strcmp(r->word, word) == 0;
}

static void mistake(struct reader *r, const char *what)
{
	if (r->mistake != NULL)
		return;
	r->mistake = what;
	r->bad_line = r->word_line;
	r->bad_column = r->word_column;
}

/* ---- passwords ---- */

static bool take_base64(const char *text, size_t length, u8 *out, size_t bytes)
{
	size_t got = 0;
	const char *end = NULL;

	return sodium_base642bin(out, bytes, text, length, NULL, &got, &end, BASE64) == 0 && got == bytes &&
	       end == text + length;
}

/* Decimal digits, no leading zero; text is behind them. */
static bool take_number(const char **text, u32 *number)
{
	const char *c = *text;

	*number = 0;
	if (*c == '0')
		return false;
	for (; *c >= '0' && *c <= '9' && *number < 100000; c++)
		*number = *number * 10 + (u32)(*c - '0');
	if (c == *text)
		return false;
	*text = c;
	return true;
}

static bool take_text(const char **text, const char *wanted)
{
	size_t length = strlen(wanted);

	if (strncmp(*text, wanted, length) != 0)
		return false;
	*text += length;
	return true;
}

static bool take_password(struct user *user, const char *text)
{
	const char *dollar;

	if (!take_text(&text, "$argon2id$v=19$m=") || !take_number(&text, &user->memory_kib) ||
	    !take_text(&text, ",t=") || !take_number(&text, &user->passes) || !take_text(&text, ",p=1$"))
		return false;
	dollar = strchr(text, '$');
	return dollar != NULL && password_cost_ok(user->passes, user->memory_kib) &&
	       take_base64(text, (size_t)(dollar - text), user->salt, sizeof(user->salt)) &&
	       take_base64(dollar + 1, strlen(dollar + 1), user->hash, sizeof(user->hash));
}

/* ---- statements ---- */

static void take_role(struct reader *r, struct user *user)
{
	next(r);
	if (user->role != ROLE_UNSET)
		mistake(r, "the role is there twice");
	for (u32 role = ROLE_VIEWER; role < ROLE_COUNT; role++)
		if (is(r, role_names[role]))
			user->role = role;
	if (user->role == ROLE_UNSET)
		mistake(r, "a role is viewer, operator or admin");
}

static void take_hash(struct reader *r, struct user *user)
{
	next(r);
	if (user->passes != 0)
		mistake(r, "the password is there twice");
	if (!r->is_string || r->is_open || !take_password(user, r->word))
		mistake(r, "that is not a password as export-users prints it: \"$argon2id$v=19$m=...\"");
}

static void take_name(struct reader *r, struct user *user)
{
	size_t length;

	next(r);
	length = strlen(r->word);
	memcpy(user->name, r->word, length < USER_NAME_BYTES ? length : USER_NAME_BYTES - 1);
	if (r->is_string || length >= USER_NAME_BYTES || !user_name_ok(user->name))
		mistake(r, "a user's name has a-z, 0-9 and -, at most 31 characters");
}

/* Up to the mark that ends the property or the statement. */
static void end_property(struct reader *r)
{
	next(r);
	if (!is(r, ";") && !is(r, "}"))
		mistake(r, "; is missing");
	while (!is(r, ";") && !is(r, "}") && !is_at_end(r))
		next(r);
}

static void take_properties(struct reader *r, struct user *user)
{
	next(r);
	if (!is(r, "{"))
		mistake(r, "{ is missing");
	if (is(r, "{"))
		next(r);
	while (!is(r, "}") && !is_at_end(r)) {
		if (is(r, "role"))
			take_role(r, user);
		else if (is(r, "password"))
			take_hash(r, user);
		else if (!is(r, ";"))
			mistake(r, "a user has a role and a password, and no other property");
		if (!is(r, ";"))
			end_property(r);
		if (is(r, ";"))
			next(r);
	}
	if (!is(r, "}"))
		mistake(r, "} is missing");
}

static void judge(struct reader *r, struct users *users, const struct user *user)
{
	if (user->role == ROLE_UNSET)
		mistake(r, "the user has no role");
	if (user->passes == 0)
		mistake(r, "the user has no password");
	if (users_find(users, user->name) != NULL)
		mistake(r, "a user of that name is there already");
	if (users->count == USERS_MAX)
		mistake(r, "there are too many users");
}

static void statement(struct reader *r, struct users *users)
{
	struct user user = { .role = ROLE_UNSET };

	if (is(r, "user"))
		take_name(r, &user);
	else
		mistake(r, "a statement is user NAME { role ROLE; password \"...\"; }");
	take_properties(r, &user);
	judge(r, users, &user);
	if (r->mistake == NULL)
		users->list[users->count++] = user;
}

static bool has_admin(const struct users *users)
{
	for (u32 i = 0; i < users->count; i++)
		if (users->list[i].role == ROLE_ADMIN)
			return true;
	return false;
}

void users_read(struct users *users, const char *text, u64 bytes, void (*tell)(u32 line, u32 column, const char *what))
{
	struct reader r = { .text = text, .bytes = bytes, .line = 1, .column = 1 };

	for (next(&r); !is_at_end(&r); next(&r)) {
		r.mistake = NULL;
		statement(&r, users);
		if (r.mistake != NULL)
			tell(r.bad_line, r.bad_column, r.mistake);
	}
	if (!has_admin(users))
		tell(r.word_line, r.word_column, "no user is an admin");
}

void user_write(char line[USER_LINE_BYTES], const struct user *user)
{
	char salt[sodium_base64_ENCODED_LEN(sizeof(user->salt), BASE64)];
	char hash[sodium_base64_ENCODED_LEN(sizeof(user->hash), BASE64)];

	(void)sodium_bin2base64(salt, sizeof(salt), user->salt, sizeof(user->salt), BASE64);
	(void)sodium_bin2base64(hash, sizeof(hash), user->hash, sizeof(user->hash), BASE64);
	(void)snprintf(line, USER_LINE_BYTES,
		       "user %.*s { role %s; password \"$argon2id$v=19$m=%u,t=%u,p=1$%s$%s\"; }\n",
		       (int)USER_NAME_BYTES, user->name, user_role_ok(user->role) ? role_names[user->role] : "?",
		       user->memory_kib, user->passes, salt, hash);
}
