/* SPDX-License-Identifier: MIT */
/*
 * secret_arg.c - see secret_arg.h.
 */
#include "secret_arg.h"

#include <string.h>

#include "store.h"
#include "units.h"

bool secret_set(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	if (arg == ARG_KEY && !hex_parse(value, args->secret, sizeof(args->secret)))
		return error_set(error, RESULT_USAGE, "--key takes %u hex digits", 2 * POOL_SECRET_BYTES);
	if (*value == 0)
		return error_set(error, RESULT_USAGE, "--secret is empty");
	if (arg == ARG_SECRET)
		pool_secret(args->secret, STORE_PASSPHRASE, value, strlen(value));
	args->key_way = arg == ARG_KEY ? STORE_KEY_FILE : STORE_PASSPHRASE;
	return true;
}

static bool set_role(struct args *args, const struct arg_spec *spec, const char *value, struct cmd_error *error)
{
	char word[SET_TEXT_BYTES];

	for (u32 i = 0; choice_word(word, spec, i); i++)
		if (strcmp(value, word) == 0)
			args->role = ROLE_VIEWER + i;
	return choice_ok(spec, value, error);
}

bool user_set(struct args *args, enum arg arg, const struct arg_spec *spec, const char *value,
	struct cmd_error *error)
{
	size_t length = strlen(value);

	if (arg == ARG_ROLE)
		return set_role(args, spec, value, error);
	if (arg == ARG_TOKEN)
		return hex_parse(value, args->new_secret, sizeof(args->new_secret)) ||
			error_set(error, RESULT_USAGE, "--token takes %u hex digits", 2 * USER_SECRET_BYTES);
	if (arg == ARG_NEW_PASSWORD && length < PASSWORD_MIN)
		return error_set(error, RESULT_USAGE, "a password has at least %u characters", PASSWORD_MIN);
	user_secret(arg == ARG_PASSWORD ? args->secret : args->new_secret, value, length);
	return true;
}
