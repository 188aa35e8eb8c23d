/* SPDX-License-Identifier: MIT */
/*
 * grammar.c - the prompt's grammar in a shell: its parser judges the words, and they become arguments for VOS as they
 * were typed. The table is the console's; rows that only make sense at the prompt are left out, and this program's own
 * are added.
 */
#include <stdio.h>
#include <string.h>

#include "vos_main.h"

#define A(x) ARG_BIT(ARG_##x)
#define ROWS_MAX 128u

static const struct command own_rows[] = {
	{
		.verb = "upload-image", .group = GROUP_MACHINE,
		.summary = "upload a file of this machine as an image, or into a new volume",
		.more = "--name is the image's; without, it is that of the file. An upload that was interrupted goes "
			"on where it was, for 5 minutes. VOS checks the hash of the whole before the image can be "
			"used. Without a pool, uploaded images are lost when VOS ends. With --volume, the file is a "
			"disk image, raw or qcow2, and becomes a volume that stays; its zeros are not sent. --size "
			"makes the volume larger than the image.",
		.example = "upload-image debian.qcow2 --volume web --size 20G",
		.takes = A(FILE) | A(IMAGE) | A(INTO) | A(BYTES) | A(ON) | A(QUIET) | A(JSON), .needs = A(FILE),
	},
	{
		.verb = "export-image", .group = GROUP_STORAGE,
		.summary = "make a disk image of a volume or a snapshot",
		.more = "Of a VM that runs a snapshot is made for it, and deleted afterwards. What was never written, "
			"or was discarded, is not sent, and is a hole in the file. If it is interrupted, the same "
			"command goes on: until then FILE.part has what came. The disks of a VM that does not run "
			"can't change meanwhile, so it can't be started.",
		.example = "export-image web.0 web.qcow2 --format qcow2 --compress zstd",
		.takes = A(VOLUME) | A(OUT_FILE) | A(ITS_SNAPSHOT) | A(FORMAT) | A(COMPRESS) | A(QUIET) | A(JSON),
		.needs = A(VOLUME) | A(OUT_FILE),
	},
	{
		.verb = "backup-vm", .group = GROUP_STORAGE,
		.summary = "write a VM and its disks, as of one moment, into a file",
		.more = "The disks lie in a pool. A snapshot is made for it, and kept, so that the next backup can be "
			"made --since this one: it has only what has changed, and this one's snapshot is deleted then. "
			"A backup that builds on others needs them in its folder. What a key file or a passphrase has "
			"encrypted is lost with it.",
		.example = "backup-vm web web-2.vosbackup --since web-1.vosbackup",
		.takes = A(NAME) | A(OUT_FILE) | A(BASE_FILE) | A(BACKUP_KEY) | A(BACKUP_PHRASE) | A(QUIET) | A(JSON),
		.needs = A(NAME) | A(OUT_FILE),
	},
	{
		.verb = "restore-vm", .group = GROUP_STORAGE,
		.summary = "make a VM of a backup",
		.more = "The backup, and those that it builds on, are read to their ends first: one that is damaged or "
			"cut off changes nothing. Meanwhile the disks lie in files of $TMPDIR, or /var/tmp. With "
			"--name the VM is a new one, with other network addresses. Its disks are new volumes, which "
			"delete-vm leaves.",
		.example = "restore-vm web-2.vosbackup --name web2",
		.takes = A(FILE) | A(NAME) | A(ON) | A(BACKUP_KEY) | A(BACKUP_PHRASE) | A(QUIET) | A(JSON),
		.needs = A(FILE),
	},
	{
		.verb = "verify-backup", .group = GROUP_STORAGE,
		.summary = "read a backup, and those it builds on, to the end",
		.example = "verify-backup web-2.vosbackup",
		.takes = A(FILE) | A(BACKUP_KEY) | A(BACKUP_PHRASE) | A(QUIET) | A(JSON), .needs = A(FILE),
	},
	{
		.verb = "events", .group = GROUP_MACHINE,
		.summary = "print the changes of VMs' states, with number and time",
		.more = "A line has the number, the seconds since VOS started, the VM, its state and the reason. "
			"Alone, it prints those that VOS keeps, the last 256. With --follow or --count, it prints what "
			"comes from now on, and with --since also what came since event N: one that was lost meanwhile "
			"is told. Numbers begin at 0 when VOS starts, and when it starts its console again, which "
			"libvos tells. With --json, each event is one JSON object.",
		.example = "events --follow --since 12",
		.takes = A(SINCE) | A(FOLLOW) | A(TIMES) | A(JSON),
	},
};

static struct command rows[ROWS_MAX];
static char line[LINE_BYTES + 16];

/* Of the prompt's alone. */
static bool is_prompts(const struct command *row)
{
	static const char *const verbs[] = { "result", "clear", "cancel" };

	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		if (strcmp(row->verb, verbs[i]) == 0)
			return true;
	return false;
}

static struct command *find_row(const char *verb)
{
	for (struct command *row = rows; row->verb; row++)
		if (strcmp(row->verb, verb) == 0)
			return row;
	return NULL;
}

void grammar_init(void)
{
	u32 count = 0;

	for (const struct command *row = command_rows; row->verb && count < ROWS_MAX - 1; row++)
		if (!is_prompts(row))
			rows[count++] = *row;
	for (size_t i = 0; i < ARRAY_COUNT(own_rows) && count < ROWS_MAX - 1; i++)
		if (!find_row(own_rows[i].verb))
			rows[count++] = own_rows[i];
	for (u32 i = 0; i < count; i++)		/* what a command line shows to everybody */
		rows[i].takes &= ~(A(PASSWORD) | A(NEW_PASSWORD) | A(TOKEN));
	find_row("login")->more = "Asks for the password. From then on this account's programs are logged in on that "
		"machine, for 12 hours, until logout or passwd, or until VOS starts again. ~/.config/vos/logins has a "
		"random number for it, not the password. As long as no users are defined, nobody needs to log in.";
	find_row("log-vm")->takes |= A(FOLLOW);
	find_row("log")->takes |= A(FOLLOW);
	find_row("create-vm")->takes |= A(CLOUD_INIT);
	find_row("set-pool")->takes |= A(FILE);
	find_row("unlock-pool")->takes |= A(FILE);
	commands = rows;
}

/* ---- words of a shell are a line of the prompt ---- */

static bool is_special(char c)
{
	return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\' || c == '#';
}

/* False: it is too long. */
static bool add_word(const char *word, size_t *used)
{
	const char *empty = *word ? "" : "\"\"";

	if (*used + 3 + 2 * strlen(word) >= sizeof(line))
		return false;
	*used += (size_t)snprintf(line + *used, sizeof(line) - *used, "%s%s", *used ? " " : "", empty);
	for (; *word; word++) {
		if (is_special(*word))
			line[(*used)++] = '\\';
		line[(*used)++] = *word;
	}
	line[*used] = 0;
	return true;
}

/* ---- the words as VOS's arguments ---- */

static bool is_for_this_side(enum arg arg)
{
	return arg == ARG_JSON || arg == ARG_QUIET || arg == ARG_HELP || arg == ARG_FOLLOW || arg == ARG_FILE ||
	       arg == ARG_SINCE || arg == ARG_PASSPHRASE || arg == ARG_OUT_FILE || arg == ARG_BASE_FILE ||
	       arg == ARG_BACKUP_KEY || arg == ARG_BACKUP_PHRASE || arg == ARG_CLOUD_INIT;
}

static void add_value(json_t *arguments, const char *name, json_t *value, bool is_list)
{
	json_t *there = json_object_get(arguments, name);

	if (!is_list) {
		json_object_set_new(arguments, name, value);
		return;
	}
	if (!json_is_array(there)) {
		json_object_set_new(arguments, name, json_array());
		there = json_object_get(arguments, name);
	}
	json_array_append_new(there, value);
}

static void add_known(struct call *call, enum arg arg, const char *value)
{
	const struct command *command = call->args.command;
	bool is_many = arg == ARG_NAME && (command->takes & A(ALL)) && call->args.names && call->args.names->count > 1;

	if (is_for_this_side(arg) || (arg == ARG_WAIT && !value))
		return;		/* a program waits anyway */
	add_value(call->arguments, arg_specs[arg].name, value ? json_string(value) : json_true(),
		is_many || arg_is_list(arg));
}

static void take_known(struct call *call, const struct words *words, u32 next)
{
	struct cmd_error unused;
	arg_set given = 0;		/* as flags, or without */

	for (; next < words->count; next++) {
		const char *word = words->word[next], *equals = strchr(word, '=');
		enum arg arg;

		if (words->is_quoted[next] || strncmp(word, "--", 2) != 0) {
			arg = command_bare(call->args.command, given);
			given |= ARG_BIT(arg);
			add_known(call, arg, word);
			continue;
		}
		arg = command_arg(call->args.command, word + 2,
			equals ? (size_t)(equals - word - 2) : strlen(word + 2), &unused);
		if (arg == ARG_COUNT)
			continue;	/* the parser has refused it */
		given |= ARG_BIT(arg);
		if (equals)
			add_known(call, arg, equals + 1);
		else if (arg_needs_value(arg) && next + 1 < words->count)
			add_known(call, arg, words->word[++next]);
		else
			add_known(call, arg, NULL);
	}
}

/* Of a verb that is not in the table: what it takes, only VOS can know. */
static void take_foreign(struct call *call, const struct words *words, u32 next)
{
	for (; next < words->count; next++) {
		const char *word = words->word[next], *equals = strchr(word, '=');
		char name[48];

		if (strncmp(word, "--", 2) != 0) {
			add_value(call->arguments, "name", json_string(word), json_object_get(call->arguments, "name"));
			continue;
		}
		if (strcmp(word, "--json") == 0 || strcmp(word, "--quiet") == 0) {
			call->is_json = call->is_json || word[2] == 'j';
			call->is_quiet = call->is_quiet || word[2] == 'q';
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(equals ? equals - word - 2 : 47), word + 2);
		if (equals)
			add_value(call->arguments, name, json_string(equals + 1), false);
		else if (next + 1 < words->count && strncmp(words->word[next + 1], "--", 2) != 0)
			add_value(call->arguments, name, json_string(words->word[++next]), false);
		else
			add_value(call->arguments, name, json_true(), false);
	}
}

/* No verb begins like that. */
static bool is_unknown(const char *word)
{
	size_t length = strlen(word);

	if (command_is_noun(word) || *word == '-' || length < 2)
		return false;
	FOR_EACH_COMMAND(c)
		if (strncmp(c->verb, word, length) == 0)
			return false;
	return true;
}

void grammar_unknown(const char *word, struct cmd_error *error)
{
	struct args args;

	(void)command_parse(word, &args, error);
}

static struct words words;

bool grammar_parse(struct call *call, int count, char **argv, struct cmd_error *error)
{
	struct cmd_error unused;
	size_t used = 0;
	u32 next = 0;

	memset(call, 0, sizeof(*call));
	line[0] = 0;
	if (count == 0)
		(void)add_word("help", &used);
	for (int i = 0; i < count; i++)
		if (!add_word(argv[i], &used))
			return line_too_long(error);
	call->arguments = json_object();
	tokenize(&words, line, sizeof(line));
	if (count && is_unknown(argv[0]) && !words.is_too_long && !words.is_too_many) {
		call->is_foreign = true;
		call->verb = argv[0];
		take_foreign(call, &words, 1);
		return true;
	}
	if (!command_parse(line, &call->args, error))
		return false;
	if (!call->args.command)
		call->args.command = command_named("help");
	call->verb = call->args.command->verb;
	call->is_json = args_has(&call->args, ARG_JSON);
	call->is_quiet = args_has(&call->args, ARG_QUIET);
	(void)command_find(&words, &next, &unused);
	take_known(call, &words, next);
	return true;
}

const char *grammar_value(const struct call *call, enum arg arg)
{
	struct cmd_error unused;
	const char *found = NULL;
	u32 next = 0;
	arg_set seen = 0;

	(void)command_find(&words, &next, &unused);
	for (; next < words.count; next++) {
		const char *word = words.word[next], *equals = strchr(word, '=');
		bool is_flag = !words.is_quoted[next] && strncmp(word, "--", 2) == 0;
		enum arg given = !is_flag ? command_bare(call->args.command, seen) : command_arg(call->args.command,
			word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2), &unused);

		seen |= given != ARG_COUNT ? ARG_BIT(given) : 0;
		if (is_flag && !equals && given != ARG_COUNT && arg_needs_value(given))
			word = ++next < words.count ? words.word[next] : "";
		else if (is_flag)
			word = equals ? equals + 1 : "";
		found = given == arg ? word : found;
	}
	return found;
}
