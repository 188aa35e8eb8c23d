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
