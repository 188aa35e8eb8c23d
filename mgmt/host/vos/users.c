/* SPDX-License-Identifier: MIT */
/*
 * users.c - login, logout, passwd, add-user and set-user: passwords are typed unseen, or are lines of the standard
 * input, and never words of the command.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passphrase.h"
#include "vos_main.h"

#define PASSWORD_BYTES 512u
#define PASSWORD_MIN 8u

static char present[PASSWORD_BYTES], fresh[PASSWORD_BYTES], again[PASSWORD_BYTES];

static int refuse(const struct call *call, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_USAGE, "%s", why);
	return show_error(call, &error);
}

static void forget(void)
{
	explicit_bzero(present, sizeof(present));
	explicit_bzero(fresh, sizeof(fresh));
	explicit_bzero(again, sizeof(again));
}

/* NULL: it is typed. */
static const char *ask_present(const char *user)
{
	char prompt[64];

	snprintf(prompt, sizeof(prompt), "Password%s%.32s", *user ? " of " : "", user);
	return passphrase_take(prompt, present, sizeof(present)) ? NULL :
		"there is no password, or it has more than 511 bytes";
}

static const char *ask_fresh(void)
{
	if (!passphrase_take("New password", fresh, sizeof(fresh)))
		return "there is no new password, or it has more than 511 bytes. Nothing was changed";
	if (strlen(fresh) < PASSWORD_MIN)
		return "a password has at least 8 characters. Nothing was changed";
	if (isatty(STDIN_FILENO) && (!passphrase_take("Again", again, sizeof(again)) || strcmp(fresh, again) != 0))
		return "the two were not the same. Nothing was changed";
	return NULL;
}

static int show_done(struct vos *vos, const struct call *call, const char *text)
{
	if (vos_result(vos) != VOS_OK)
		return show_failure(call, vos);
	if (call->is_json)
		printf("{}\n");
	else
		printf("%s\n", text);
	return 0;
}

int run_login(struct vos *vos, const struct call *call)
{
	const char *user = call->args.name, *why = ask_present(user);
	char text[128];

	if (why)
		return refuse(call, why);
	(void)vos_login(vos, user, present);
	forget();
	snprintf(text, sizeof(text), "%.32s is logged in for 12 hours, or until vos logout.", user);
	return show_done(vos, call, text);
}

int run_logout(struct vos *vos, const struct call *call)
{
	(void)vos_logout(vos);
	return show_done(vos, call, "Logged out.");
}

/* passwd, add-user, set-user */
int run_password(struct vos *vos, const struct call *call)
{
	bool is_mine = strcmp(call->verb, "passwd") == 0;
	bool needs_fresh = strcmp(call->verb, "set-user") != 0 || args_has(&call->args, ARG_ASK_PASSWORD);
	const char *why = NULL;
	int result;

	if (args_has(&call->args, ARG_DRY_RUN))
		return run_simple(vos, call);
	if (is_mine)
		why = ask_present("");
	if (!why && needs_fresh)
		why = ask_fresh();
	if (!why && is_mine)
		json_object_set_new(call->arguments, "password", json_string(present));
	if (!why && needs_fresh)
		json_object_set_new(call->arguments, "new-password", json_string(fresh));
	json_object_del(call->arguments, "ask-password");	/* that was done here */
	forget();
	result = why ? refuse(call, why) : run_simple(vos, call);
	if (is_mine && result == 0 && !call->is_json)
		printf("This one has, too: log in again with vos login.\n");
	return result;
}
