/* SPDX-License-Identifier: MIT */
/*
 * main.c - vos: VOS's commands in a shell of the operator's own machine, with the prompt's words, texts and exit codes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_cmd.h"
#include "help.h"
#include "vos_main.h"

#define HINT_BYTES 300u
#define HINT_S 2u

static int simple(struct vos *vos, const struct call *call)
{
	char *arguments = json_dumps(call->arguments, JSON_COMPACT), *answer = NULL;
	struct cmd_error error;
	int result;

	(void)vos_call(vos, call->verb, arguments, call->is_json ? 0 : VOS_CALL_TEXT, &answer);
	if (call->is_foreign && vos_result(vos) == VOS_USAGE && strstr(vos_error(vos), "no command")) {
		grammar_unknown(call->verb, &error);
		result = show_error(call, &error);
	} else {
		result = show_answer(call, vos, answer);
	}
	free(arguments);
	free(answer);
	return result;
}

int run_simple(struct vos *vos, const struct call *call)
{
	return simple(vos, call);
}

static const struct {
	const char *verb;
	int (*run)(struct vos *vos, const struct call *call);
} special[] = {
	{ "top", run_top }, { "log", run_log }, { "log-vm", run_log }, { "events", run_events },
	{ "console", run_console }, { "upload-image", run_upload },
	{ "create-vm", run_create_vm },
	{ "set-pool", run_key }, { "unlock-pool", run_key },
	{ "login", run_login }, { "logout", run_logout },
	{ "passwd", run_password }, { "add-user", run_password }, { "set-user", run_password },
	{ "export-image", run_export_image }, { "capture", run_capture },
	{ "backup-vm", run_backup_vm }, { "restore-vm", run_restore_vm },
};

/* ---- nobody answers ---- */

static char hint[HINT_BYTES];

static void show_hint(int number)
{
	(void)number;
	if (write(STDERR_FILENO, hint, strlen(hint)) < 0)
		return;
}

/* vos_open, which waits for about a minute; a person is told so when it does. */
static struct vos *open_host(const char *host)
{
	struct sigaction tell = { .sa_handler = show_hint, .sa_flags = SA_RESTART };
	const char *name = host ? host : getenv("VOS_HOST");
	struct vos *vos;

	snprintf(hint, sizeof(hint), "vos: waiting for %.200s, which does not answer (up to a minute) ...\n",
		name ? name : "the machine");
	if (isatty(STDERR_FILENO) && sigaction(SIGALRM, &tell, NULL) == 0)
		(void)alarm(HINT_S);
	vos = vos_open(host);
	(void)alarm(0);
	return vos;
}

static int run(const char *host, const struct call *call)
{
	struct vos *vos = open_host(host);
	int (*how)(struct vos *, const struct call *) = run_simple;
	int result;

	if (!vos)
		return show_failure(call, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(special); i++)
		if (strcmp(call->verb, special[i].verb) == 0)
			how = special[i].run;
	result = how(vos, call);
	vos_close(vos);
	return result;
}

static int help(const struct call *call)
{
	const struct command *topic = call->args.verb[0] ? command_named(call->args.verb) : NULL;
	FILE *file = stdout;
	struct out out = out_to_file(&file);
	u32 group = 0;

	while (group < GROUP_COUNT && strcmp(call->args.verb, group_names[group]) != 0)
		group++;
	if (args_has(&call->args, ARG_HELP))
		help_command(&out, call->args.command);
	else if (topic && call->args.is_full)
		help_command_full(&out, topic);
	else if (topic)
		help_command(&out, topic);
	else if (group < GROUP_COUNT)
		help_group(&out, group);
	else
		help_all(&out);
	if (!topic && !args_has(&call->args, ARG_HELP))
		out_text(&out, "\nvos [--host HOST] COMMAND ... HOST is unix:PATH, serial:DEVICE[,BAUD],\n"
			"tcp:ADDRESS:PORT or a name from ~/.config/vos/hosts; without --host, VOS_HOST or\n"
			"the name `default`. Exit codes are the prompt's; vosd serves several programs on\n"
			"one line (man vos, man vosd).\n");
	return 0;
}

/* Take --host HOST out of the words, wherever it is. False: it has no value. */
static bool take_host(int *count, char **words, const char **host)
{
	int kept = 0;

	for (int i = 0; i < *count; i++) {
		if (strcmp(words[i], "--host") == 0) {
			if (i + 1 == *count)
				return false;
			*host = words[++i];
		} else if (strncmp(words[i], "--host=", 7) == 0) {
			*host = words[i] + 7;
		} else {
			words[kept++] = words[i];
		}
	}
	*count = kept;
	return true;
}

/* What this program does without VOS; -1: nothing. */
static int alone(int count, char **words)
{
	if (count == 1 && strcmp(words[0], "--version") == 0) {
		printf("vos %s\n", VOS_VERSION);
		return 0;
	}
	if (count == 1 && strcmp(words[0], "--manual") == 0)
		return pages_manual();
	if (count == 3 && strcmp(words[0], "--complete") == 0)
		return pages_complete(words[1], words[2]);
	return -1;
}

int main(int argc, char **argv)
{
	int count = argc - 1, result;
	const char *host = NULL;
	struct cmd_error error;
	struct call call = { 0 };

	grammar_init();
	result = alone(count, argv + 1);
	if (result >= 0)
		return result;
	if (!take_host(&count, argv + 1, &host)) {
		error_set(&error, RESULT_USAGE, "--host needs a value: --host HOST");
		return show_error(&call, &error);
	}
	if (!grammar_parse(&call, count, argv + 1, &error))
		result = show_error(&call, &error);
	else if (!call.is_foreign && (args_has(&call.args, ARG_HELP) || strcmp(call.verb, "help") == 0))
		result = help(&call);
	else if (strcmp(call.verb, "verify-backup") == 0)
		result = run_verify_backup(&call);	/* no machine has a part in it */
	else
		result = run(host, &call);
	json_decref(call.arguments);
	if (fflush(stdout) != 0)
		result = result ? result : RESULT_FAILED;
	return result;
}
