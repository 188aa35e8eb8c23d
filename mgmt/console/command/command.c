/* SPDX-License-Identifier: MIT */
/*
 * command.c - see command.h.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "disk_arg.h"
#include "out.h"

#define GUESS_BYTES 24u	/* longer words are not worth a guess */

const struct command *commands;

const char *const group_titles[GROUP_COUNT] = {
	[GROUP_VM] = "Virtual machines", [GROUP_STORAGE] = "Disks, volumes and snapshots",
	[GROUP_POOL] = "Pools", [GROUP_NETWORK] = "Networks",
	[GROUP_MACHINE] = "This machine", [GROUP_USER] = "Users", [GROUP_PROMPT] = "The prompt",
};

const char *const group_names[GROUP_COUNT] = {
	[GROUP_VM] = "vm", [GROUP_STORAGE] = "storage", [GROUP_POOL] = "pool", [GROUP_NETWORK] = "network",
	[GROUP_MACHINE] = "machine", [GROUP_USER] = "user", [GROUP_PROMPT] = "prompt",
};

static u32 smallest(u32 a, u32 b, u32 c)
{
	u32 m = a < b ? a : b;

	return m < c ? m : c;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/*
 * How many letters to insert, drop, change or swap to make b, in lower case, of a, in any case; large if a word is
 * long.
 */
static u32 distance(const char *a, const char *b)
{
	u32 rows[3][GUESS_BYTES + 1], length = (u32)strlen(b), i = 0;

	if (length > GUESS_BYTES || strlen(a) > GUESS_BYTES)
		return GUESS_BYTES;
	for (u32 j = 0; j <= length; j++)
		rows[0][j] = j;
	for (; a[i]; i++) {
		u32 *row = rows[(i + 1) % 3];
		const u32 *above = rows[i % 3], *swapped = rows[(i + 2) % 3];

		row[0] = i + 1;
		for (u32 j = 0; j < length; j++) {
			row[j + 1] = smallest(above[j + 1] + 1, row[j] + 1, above[j] + (lower(a[i]) != b[j]));
			if (i && j && lower(a[i]) == b[j - 1] && lower(a[i - 1]) == b[j])
				row[j + 1] = smallest(row[j + 1], swapped[j - 1] + 1, row[j + 1]);
		}
	}
	return rows[i % 3][length];
}

const struct command *command_named(const char *verb)
{
	FOR_EACH_COMMAND(c)
		if (strcmp(c->verb, verb) == 0)
			return c;
	return 0;
}

bool command_only_reads(const struct command *command)
{
	arg_set changes = ARG_BIT(ARG_DRY_RUN) | ARG_BIT(ARG_YES);	/* what such commands take, and no other */

	return !(command->takes & changes) && command->op != REQ_CANCEL && command->op != REQ_LOGIN &&
	       command->op != REQ_LOGOUT && command->op != REQ_PASSWD;
}

static bool is_farewell(const char *word)
{
	return strcmp(word, "exit") == 0 || strcmp(word, "quit") == 0;
}

static void guess_verb(const char *word, struct cmd_error *error)
{
	const char *best = 0;
	u32 best_distance = strlen(word) < 6 ? 2 : 3;	/* most of a short word must be right */

	FOR_EACH_COMMAND(c) {
		u32 d = distance(word, c->verb);

		if (d < best_distance) {
			best_distance = d;
			best = c->verb;
		}
	}
	if (is_farewell(word))
		error_set(error, RESULT_USAGE, "logout ends your session, if you have logged in. Leave your terminal "
			"program; shutdown switches the machine off");
	else if (best)
		error_set(error, RESULT_USAGE, "there is no command \"%.40s\". Did you mean %s?", word, best);
	else
		error_set(error, RESULT_USAGE, "there is no command \"%.40s\". Try help", word);
}

/* Nobody is to do that by a word that means something else: `sh`; or by the `n` for a question that is gone. */
static bool is_too_short(const struct command *command, size_t length, struct cmd_error *error)
{
	if (command->op == REQ_POWEROFF || command->op == REQ_REBOOT)
		error_set(error, RESULT_USAGE, "%s ends all VMs. Type it in full", command->verb);
	else if (length == 1 && command->role != ROLE_VIEWER)
		error_set(error, RESULT_USAGE, "%s changes something. Type more of it than one letter", command->verb);
	else
		return false;
	return true;
}

static const struct command *by_prefix(const char *word, struct cmd_error *error)
{
	const struct command *found = command_named(word);
	char list[160] = "";
	size_t length = strlen(word), used = 0;
	u32 matches = 0;

	if (found)
		return found;
	FOR_EACH_COMMAND(c) {
		int n;

		if (length == 0 || strncmp(c->verb, word, length) != 0)
			continue;
		found = c;
		n = snprintf(list + used, sizeof(list) - used, "%s%s", matches ? ", " : "", found->verb);
		if (n > 0 && (size_t)n < sizeof(list) - used)
			used += (size_t)n;
		matches++;
	}
	if (matches == 1)
		return is_too_short(found, length, error) ? NULL : found;
	if (matches > 1)
		error_set(error, RESULT_USAGE, "\"%.20s\" may be %s. Type more of it", word, list);
	else
		guess_verb(word, error);
	return 0;
}

static const char *noun_of(const struct command *command)
{
	const char *dash = strchr(command->verb, '-');

	return dash ? dash + 1 : 0;
}

bool command_is_noun(const char *word)
{
	FOR_EACH_COMMAND(c)
		if (noun_of(c) && strcmp(word, noun_of(c)) == 0)
			return true;
	return false;
}

enum arg command_bare(const struct command *command, arg_set given)
{
	static const u8 bare[] = {
		ARG_VERB, ARG_POOL, ARG_ANY_POOL, ARG_FILE, ARG_SOURCE, ARG_NAME, ARG_USER, ARG_SERVICE, ARG_SWITCH,
		ARG_ROUTER, ARG_PLACE, ARG_TARGET, ARG_VOLUME, ARG_DISK_NAME, ARG_IMAGE, ARG_POOL_DISK, ARG_OLD_DISK,
		ARG_NEW_DISK, ARG_TO, ARG_SNAPSHOT, ARG_NEW_VOLUME, ARG_OUT_FILE,
	};
	enum arg first = ARG_COUNT;

	for (u32 i = 0; i < ARRAY_COUNT(bare); i++) {
		if (!(command->takes & ARG_BIT(bare[i])))
			continue;
		if (!(given & ARG_BIT(bare[i])))
			return (enum arg)bare[i];
		first = first == ARG_COUNT ? (enum arg)bare[i] : first;
	}
	return first;
}

static const struct command *by_noun(const char *noun, const char *verb, struct cmd_error *error)
{
	const struct command *found = 0;
	size_t length = strlen(verb);
	u32 matches = 0;

	FOR_EACH_COMMAND(c) {
		const char *dash = strchr(c->verb, '-');
		size_t stem = dash ? (size_t)(dash - c->verb) : 0;

		if (!dash || strcmp(dash + 1, noun) != 0 || length > stem ||
			strncmp(c->verb, verb, length) != 0)
			continue;
		if (length == stem)
			return c;
		found = c;
		matches++;
	}
	if (matches == 1)
		return found;
	error_set(error, RESULT_USAGE, "\"%s %.30s\" %s. Try help", noun, verb,
		matches ? "may be several commands" : "is not a command");
	return 0;
}

const struct command *command_find(const struct words *words, u32 *next, struct cmd_error *error)
{
	const struct command *found;
	u32 i = 0;

	if (words->count > 0 && strcmp(words->word[0], "vos") == 0)
		i = 1;
	*next = i;
	if (i == words->count && i == 1)
		return command_named("help");
	if (i == words->count) {
		error->code = RESULT_OK;
		return 0;
	}
	error->at = words->start[i];
	if (strcmp(words->word[i], "--help") == 0 || strcmp(words->word[i], "-h") == 0) {
		*next = i + 1;
		return command_named("help");
	}
	if (command_is_noun(words->word[i])) {
		if (i + 1 == words->count) {
			error_set(error, RESULT_USAGE, "%s needs a verb: try `%s %s`", words->word[i], words->word[i],
				strcmp(words->word[i], "config") == 0 ? "apply" : "list");
			return 0;
		}
		*next = i + 2;
		found = by_noun(words->word[i], words->word[i + 1], error);
	} else {
		*next = i + 1;
		found = by_prefix(words->word[i], error);
	}
	if (!found)
		error->at = words->start[i];
	return found;
}

static void unknown_arg(const struct command *command, const char *name, struct cmd_error *error)
{
	const char *best = 0;
	u32 best_distance = 3;

	for (u32 i = 0; i < ARG_COUNT; i++) {
		u32 d = distance(name, arg_specs[i].name);

		if ((command->takes & ARG_BIT(i)) && i != ARG_VERB && d < best_distance) {
			best_distance = d;
			best = arg_specs[i].name;
		}
		if (strcmp(name, arg_specs[i].name) == 0 && i != ARG_VERB) {
			error_set(error, RESULT_USAGE, "--%s has no meaning for %s. Try help %s", name, command->verb,
				command->verb);
			return;
		}
	}
	if (best)
		error_set(error, RESULT_USAGE, "%s has no --%.40s. Did you mean --%s?", command->verb, name, best);
	else
		error_set(error, RESULT_USAGE, "%s has no --%.40s. Try help %s", command->verb, name, command->verb);
}

bool text_begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

enum arg command_arg(const struct command *command, const char *name, size_t length, struct cmd_error *error)
{
	arg_set takes = (command->takes | ARG_BIT(ARG_HELP)) & ~ARG_BIT(ARG_VERB);
	enum arg found = ARG_COUNT;
	char word[48];

	for (u32 i = 0; i < ARG_COUNT; i++) {
		if (!(takes & ARG_BIT(i)) || length == 0 || strncmp(arg_specs[i].name, name, length) != 0)
			continue;
		if (arg_specs[i].name[length] == 0)
			return (enum arg)i;
		if (found != ARG_COUNT && text_begins(arg_specs[i].name, arg_specs[found].name))
			continue;	/* --mem is --memory, although there is --memory-policy */
		if (found != ARG_COUNT) {
			error_set(error, RESULT_USAGE, "--%.*s may be --%s or --%s. Type more of it", (int)length, name,
				arg_specs[found].name, arg_specs[i].name);
			return ARG_COUNT;
		}
		found = (enum arg)i;
	}
	if (found == ARG_COUNT) {
		snprintf(word, sizeof(word), "%.*s", (int)(length < 40 ? length : 40), name);
		unknown_arg(command, word, error);
	}
	return found;
}

bool command_complete(struct args *args, struct cmd_error *error)
{
	arg_set missing = args->command->needs & ~args->given;
	bool takes_disc = args->command->takes & ARG_BIT(ARG_OF_FIELD(FIELD_ISO));
	bool is_eject = args->command->is_of_drive && !takes_disc;

	if (is_eject) {
		strcpy(args->spec.iso, IMAGE_NO_DISC);
		args->given |= ARG_BIT(ARG_OF_FIELD(FIELD_ISO));
	}
	if (args->command->is_of_drive && args_has(args, ARG_OF_FIELD(FIELD_ISO)) && args->spec.iso[0] == 0)
		return error_set(error, RESULT_USAGE, "%s needs an image, see list-image. eject-cd takes a disc out; "
			"set-vm --iso none takes the drive of a stopped VM away", args->command->verb);
	if (args_has(args, ARG_ALL) && args_has(args, ARG_NAME))
		return error_set(error, RESULT_USAGE, "--all and a name exclude each other. For example: %s",
			args->command->example);
	if (args_has(args, ARG_ALL))
		missing &= ~ARG_BIT(ARG_NAME);
	for (u32 i = 0; i < ARG_COUNT; i++)
		if (missing & ARG_BIT(i))
			return error_set(error, RESULT_USAGE, "%s needs --%s %s%s. For example: %s",
				args->command->verb, arg_specs[i].name, arg_specs[i].value,
				args->command->takes & ARG_BIT(ARG_ALL) ? ", or --all" : "", args->command->example);
	if (args_has(args, ARG_LINES) && args_has(args, ARG_OFFSET))
		return error_set(error, RESULT_USAGE, "--lines and --offset exclude each other. For example: %s",
			args->command->example);
	if (args->command->op == REQ_CREATE && args_has(args, ARG_ITS_SNAPSHOT) && !args_has(args, ARG_TEMPLATE))
		return error_set(error, RESULT_USAGE, "--snapshot is that of a --template. For example: "
			"create-vm web2 --template web --snapshot clean");
	if (args_has(args, ARG_TEMPLATE) && args_has(args, ARG_DISK))
		return error_set(error, RESULT_USAGE, "the disks are those of the --template; attach-disk adds others");
	if (args->command->op == REQ_SET && !(args->given & ARGS_FIELDS))
		return error_set(error, RESULT_USAGE, "set-vm needs something to set. For example: %s",
			args->command->example);
	if (args->command->op == REQ_CREATE)
		disk_add_nvram(&args->spec);
	return true;
}

/* The word at *i is a flag; takes its value from behind a = or from the next word. */
static bool parse_flag(struct args *args, const struct words *words, u32 *i, struct cmd_error *error)
{
	const char *flag = words->word[*i] + 2, *value = strchr(flag, '=');
	size_t length = value ? (size_t)(value - flag) : strlen(flag);
	enum arg arg = command_arg(args->command, flag, length, error);

	if (arg == ARG_COUNT)
		return false;
	if (value)
		return args_set(args, arg, value + 1, error);
	if (!arg_needs_value(arg))
		return args_set(args, arg, 0, error);
	if (*i + 1 < words->count && (words->is_quoted[*i + 1] || strncmp(words->word[*i + 1], "--", 2) != 0))
		value = words->word[++*i];
	return args_set(args, arg, value, error);
}

static bool refuse_one_dash(const struct args *args, const char *word, struct cmd_error *error)
{
	const char *verb = args->command->verb;
	enum arg arg = command_arg(args->command, word + 1, strcspn(word + 1, "="), error);

	if (arg != ARG_COUNT)
		return error_set(error, RESULT_USAGE, "flags begin with two dashes: --%s", arg_specs[arg].name);
	return error_set(error, RESULT_USAGE, "%s has no %.40s. Flags begin with two dashes. Try help %s", verb, word,
		verb);
}

static bool parse_bare(struct args *args, const char *word, struct cmd_error *error)
{
	const struct command *command = args->command;
	enum arg bare = command_bare(command, args->given);

	if (bare == ARG_COUNT)
		return error_set(error, RESULT_USAGE, "%s takes no \"%.40s\". Try help %s", command->verb, word,
			command->verb);
	if (args_has(args, bare) && !(command->takes & ARG_BIT(ARG_ALL)))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is one word too many for %s. Try help %s", word,
			command->verb, command->verb);
	return args_set(args, bare, word, error);
}

bool command_is_on(const struct command *command, const char *noun)
{
	const char *dash = strchr(command->verb, '-');

	return dash != NULL && strcmp(dash + 1, noun) == 0;
}

/* Not if it is a command, too. */
static bool command_has_noun(const char *word)
{
	if (command_named(word) != NULL)
		return false;
	FOR_EACH_COMMAND(c)
		if (command_is_on(c, word))
			return true;
	return false;
}

static bool is_group(const char *word)
{
	for (u32 i = 0; i < GROUP_COUNT; i++)
		if (strcmp(word, group_names[i]) == 0)
			return true;
	return false;
}

static bool set_topic(struct args *args, const char *topic)
{
	args->given |= ARG_BIT(ARG_VERB);
	return text_copy(args->verb, sizeof(args->verb), topic);
}

/* `help vm create` and `help create` explain create-vm, `help vm` all commands for VMs. */
static bool find_topic(struct args *args, const struct words *words, u32 next, struct cmd_error *error)
{
	static struct words topic;
	const struct command *found;
	u32 unused;

	topic.count = 0;
	args->is_full = words->count - next > 1 && strcmp(words->word[words->count - 1], "full") == 0;
	for (; next < words->count - args->is_full && topic.count < 2; next++) {
		topic.word[topic.count] = words->word[next];
		topic.start[topic.count++] = words->start[next];
	}
	if (topic.count == 0)
		return true;
	if (topic.count == 1 && (is_group(topic.word[0]) || command_has_noun(topic.word[0])))
		return set_topic(args, topic.word[0]);
	found = command_find(&topic, &unused, error);
	if (!found)
		return error->code == RESULT_OK;
	return set_topic(args, found->verb);
}

static bool parse_words(struct args *args, const struct words *words, u32 next, struct cmd_error *error)
{
	if ((args->command->takes & ARG_BIT(ARG_VERB)) && (next == words->count || words->word[next][0] != '-'))
		return find_topic(args, words, next, error);
	for (u32 i = next; i < words->count; i++) {
		bool is_flag = !words->is_quoted[i] && words->word[i][0] == '-' && words->word[i][1] != 0;
		bool is_good;

		error->at = words->start[i];
		if (is_flag && strcmp(words->word[i], "-h") == 0)
			is_good = args_set(args, ARG_HELP, 0, error);
		else if (is_flag && words->word[i][1] != '-')
			is_good = refuse_one_dash(args, words->word[i], error);
		else if (is_flag)
			is_good = parse_flag(args, words, &i, error);
		else
			is_good = parse_bare(args, words->word[i], error);
		if (!is_good) {
			error->at = words->start[i];
			return false;
		}
		if (args_has(args, ARG_HELP))
			return true;
	}
	return command_complete(args, error);
}

bool line_too_long(struct cmd_error *error)
{
	return error_set(error, RESULT_USAGE, "the line has more than %u characters. Nothing was done", LINE_BYTES - 1);
}

bool command_parse(const char *line, struct args *args, struct cmd_error *error)
{
	static struct words words;
	const struct command *command;
	u32 next = 0;

	args_init(args, 0);
	error->code = RESULT_OK;
	error->at = 0;
	tokenize(&words, line, LINE_BYTES);
	if (words.is_too_long)
		return line_too_long(error);
	if (words.is_open)
		return error_set(error, RESULT_USAGE, "a quote is not closed");
	if (words.is_too_many)
		return error_set(error, RESULT_USAGE, "the line has more than %u words. Nothing was done", WORD_COUNT);
	command = command_find(&words, &next, error);
	if (!command)
		return error->code == RESULT_OK;
	args_init(args, command);
	return parse_words(args, &words, next, error);
}
