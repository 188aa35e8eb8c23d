/* SPDX-License-Identifier: MIT */
/*
 * key.c - set-pool and unlock-pool: a passphrase is typed, twice for a new one; of a key file only a hash is sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "passphrase.h"
#include "pool_secret.h"
#include "request.h"
#include "vos_main.h"

#define PASSPHRASE_BYTES 512u
#define PASSPHRASE_MIN 8u

static int refuse(const struct call *call, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_USAGE, "%s", why);
	return show_error(call, &error);
}

static int ask_both(struct vos *vos, const struct call *call)
{
	static char text[PASSPHRASE_BYTES], again[PASSPHRASE_BYTES];
	bool is_set = strcmp(call->verb, "set-pool") == 0, asks_again = is_set && isatty(STDIN_FILENO);
	const char *why = NULL;

	if (!passphrase_take(is_set ? "New passphrase" : "Passphrase", text, sizeof(text)))
		why = "there is no passphrase, or it has more than 511 bytes. For a key file, use --file";
	else if (is_set && strlen(text) < PASSPHRASE_MIN)
		why = "a passphrase has at least 8 characters. Nothing was changed";
	else if (asks_again && (!passphrase_take("Again", again, sizeof(again)) || strcmp(text, again) != 0))
		why = "the two were not the same. Nothing was changed";
	if (!why)
		json_object_set_new(call->arguments, "secret", json_string(text));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(again, sizeof(again));
	return why ? refuse(call, why) : run_simple(vos, call);
}

static int send_file(struct vos *vos, const struct call *call, const char *path)
{
	static u8 bytes[POOL_KEY_FILE_BYTES + 1];
	FILE *file = fopen(path, "rb");
	size_t count = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	char hex[2 * POOL_SECRET_BYTES + 1];
	u8 secret[POOL_SECRET_BYTES];

	if (file)
		fclose(file);
	if (count == 0 || count > POOL_KEY_FILE_BYTES)
		return refuse(call, "the key file can't be read, or has more than 64 KiB");
	pool_secret(secret, STORE_KEY_FILE, bytes, count);
	explicit_bzero(bytes, sizeof(bytes));
	for (u32 i = 0; i < sizeof(secret); i++)
		snprintf(hex + 2 * i, 3, "%02x", secret[i]);
	json_object_set_new(call->arguments, "key", json_string(hex));
	return run_simple(vos, call);
}

int run_key(struct vos *vos, const struct call *call)
{
	if (args_has(&call->args, ARG_FILE))
		return send_file(vos, call, grammar_value(call, ARG_FILE));
	if (args_has(&call->args, ARG_KEY_MODULE) || args_has(&call->args, ARG_SECRET) ||
		args_has(&call->args, ARG_KEY) || args_has(&call->args, ARG_DRY_RUN))
		return run_simple(vos, call);
	return ask_both(vos, call);
}
