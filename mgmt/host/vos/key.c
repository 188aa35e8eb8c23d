/* SPDX-License-Identifier: MIT */
/*
 * key.c - set-pool and unlock-pool: a passphrase is read from the terminal, unseen; of a key file only a hash is sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

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

/* False: there is no terminal, or nothing was typed. */
static bool ask(const char *question, char text[PASSPHRASE_BYTES])
{
	FILE *terminal = fopen("/dev/tty", "r+");
	struct termios before, silent;
	bool is_there;

	if (!terminal)
		return false;
	is_there = tcgetattr(fileno(terminal), &before) == 0;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	is_there = is_there && tcsetattr(fileno(terminal), TCSAFLUSH, &silent) == 0;
	fputs(question, terminal);
	is_there = is_there && fgets(text, PASSPHRASE_BYTES, terminal);
	fputs("\n", terminal);
	(void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fclose(terminal);
	if (is_there)
		text[strcspn(text, "\n")] = 0;
	return is_there && text[0];
}

static int ask_both(struct vos *vos, const struct call *call)
{
	char text[PASSPHRASE_BYTES], again[PASSPHRASE_BYTES];
	bool is_set = strcmp(call->verb, "set-pool") == 0;
	int result;

	if (!ask(is_set ? "New passphrase: " : "Passphrase: ", text))
		return refuse(call, "no passphrase was typed. Without a terminal, use --file");
	if (is_set && strlen(text) < PASSPHRASE_MIN)
		return refuse(call, "a passphrase has at least 8 characters. Nothing was changed");
	if (is_set && (!ask("Again: ", again) || strcmp(text, again) != 0))
		return refuse(call, "the two were not the same. Nothing was changed");
	json_object_set_new(call->arguments, "secret", json_string(text));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(again, sizeof(again));
	result = run_simple(vos, call);
	return result;
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
