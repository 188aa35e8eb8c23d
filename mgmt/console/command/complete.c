/* SPDX-License-Identifier: MIT */
/*
 * complete.c - see complete.h.
 */
#include <stdio.h>
#include <string.h>

#include "complete.h"
#include "help.h"
#include "nic.h"
#include "units.h"

/* Where the cursor is, in terms of the grammar. */
enum place { PLACE_NOWHERE, PLACE_VERB, PLACE_NOUN_VERB, PLACE_FLAG, PLACE_VALUE };

struct context {
	enum place place;
	const struct command *command;
	enum arg arg;		/* PLACE_VALUE: whose value */
	arg_set given;		/* flags that are there already */
	bool is_bare;		/* PLACE_VALUE in a word that may also begin a flag */
	const char *noun;
	const char *partial;	/* the word so far, unquoted */
};

static struct words words;

/* The words before the last one: which flags are there, and does the last one want the last word as its value? */
static void scan_flags(struct context *context, u32 next, u32 last)
{
	struct cmd_error unused;

	for (u32 i = next; i < last; i++) {
		const char *word = words.word[i];
		const char *equals = strchr(word, '=');

		if (words.is_quoted[i] || strncmp(word, "--", 2) != 0) {
			if (command_bare(context->command, context->given) != ARG_COUNT)
				context->given |= ARG_BIT(command_bare(context->command, context->given));
			continue;
		}
		context->arg = command_arg(
			context->command, word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2), &unused);
		if (context->arg == ARG_COUNT)
			continue;
		context->given |= ARG_BIT(context->arg);
		if (!equals && arg_needs_value(context->arg) && ++i == last)
			context->place = PLACE_VALUE;
	}
}

static bool takes_many(const struct command *command)
{
	return command->takes & ARG_BIT(ARG_ALL);
}

/* May that flag be given, or given once more? */
static bool is_possible(const struct context *context, u32 arg)
{
	if (arg_is_list((enum arg)arg))
		return true;
	if (arg == ARG_NAME && takes_many(context->command))
		return !(context->given & ARG_BIT(ARG_ALL));
	if (arg == ARG_ALL && (context->given & ARG_BIT(ARG_NAME)))
		return false;
	return !(context->given & ARG_BIT(arg));
}

static void find_argument(struct context *context, u32 next, u32 last)
{
	const char *equals;
	struct cmd_error unused;

	context->place = PLACE_FLAG;
	scan_flags(context, next, last);
	if (context->place == PLACE_VALUE)
		return;
	if (strncmp(context->partial, "--", 2) == 0) {
		equals = strchr(context->partial, '=');
		if (!equals)
			return;
		context->arg = command_arg(
			context->command, context->partial + 2, (size_t)(equals - context->partial - 2), &unused);
		context->place = context->arg == ARG_COUNT ? PLACE_NOWHERE : PLACE_VALUE;
		context->partial = equals + 1;
		return;
	}
	context->arg = command_bare(context->command, context->given);
	if (context->arg != ARG_COUNT && is_possible(context, context->arg)) {
		context->place = PLACE_VALUE;
		context->is_bare = true;
	}
}

static struct context locate(const char *line, size_t cursor)
{
	struct context context = { .place = PLACE_NOWHERE, .arg = ARG_COUNT, .partial = "" };
	struct cmd_error unused;
	u32 last, first = 0, next = 0;

	tokenize(&words, line, cursor);
	if (words.is_too_many || memchr(line, '#', cursor))
		return context;
	last = words.is_between ? words.count : words.count - 1;
	if (!words.is_between)
		context.partial = words.word[last];
	if (last > 0 && strcmp(words.word[0], "vos") == 0)
		first = 1;
	if (last == first) {
		context.place = PLACE_VERB;
		return context;
	}
	if (last == first + 1 && command_is_noun(words.word[first])) {
		context.place = PLACE_NOUN_VERB;
		context.noun = words.word[first];
		return context;
	}
	context.command = command_find(&words, &next, &unused);
	if (context.command && next <= last)
		find_argument(&context, next, last);
	return context;
}

static void add(struct completion *completion, const char *partial, const char *candidate)
{
	if (completion->count == CANDIDATE_COUNT || strncmp(candidate, partial, strlen(partial)) != 0)
		return;
	if (text_copy(completion->candidates[completion->count], sizeof(completion->candidates[0]), candidate))
		completion->count++;
}

static void add_flags(struct completion *completion, const struct context *context)
{
	arg_set takes = (context->command->takes | ARG_BIT(ARG_HELP)) & ~ARG_BIT(ARG_VERB);
	char flag[IMAGE_NAME_BYTES];

	completion->has_dashes = true;
	for (u32 i = 0; i < ARG_COUNT; i++) {
		if (!(takes & ARG_BIT(i)) || !is_possible(context, i))
			continue;
		snprintf(flag, sizeof(flag), "--%s", arg_specs[i].name);
		add(completion, context->partial, flag);
	}
}

static void add_texts(struct completion *completion, const char *partial, const char *const *texts)
{
	for (; *texts; texts++)
		add(completion, partial, *texts);
}

static void add_verbs(struct completion *completion, const char *partial)
{
	FOR_EACH_COMMAND(c)
		add(completion, partial, c->verb);
}

static void add_names(
	struct completion *completion, const char *partial, const char *(*source)(void *, u32), void *context)
{
	const char *name;

	for (u32 i = 0; (name = source(context, i)) != 0; i++)
		add(completion, partial, name);
}

/* Snapshots of several disks have one name. */
static void add_once(
	struct completion *completion, const char *partial, const char *(*source)(void *, u32), void *context)
{
	const char *name;

	for (u32 i = 0; (name = source(context, i)) != 0; i++) {
		u32 k = 0;

		while (k < completion->count && strcmp(completion->candidates[k], name) != 0)
			k++;
		if (k == completion->count)
			add(completion, partial, name);
	}
}

/* What stands before the cursor's word is not offered again. */
static bool is_on_line(const char *name)
{
	u32 before = words.is_between ? words.count : words.count - 1;

	for (u32 i = 1; i < before; i++)
		if (strcmp(words.word[i], name) == 0)
			return true;
	return false;
}

static void add_vms(struct completion *completion, const char *partial, const struct name_source *names)
{
	const char *name;

	for (u32 i = 0; (name = names->vm(names->context, i)) != 0; i++)
		if (!is_on_line(name))
			add(completion, partial, name);
}

/* Their drivers are services. */
static void add_cards(struct completion *completion, const char *partial, const struct name_source *names)
{
	const char *name;

	for (u32 i = 0; (name = names->service(names->context, i)) != NULL; i++)
		if (text_begins(name, NIC_NAME))
			add(completion, partial, name);
}

/* DISKpN of a disk, among all volumes. */
static void add_partitions(struct completion *completion, const char *partial, const struct name_source *names)
{
	const char *name, *disk;

	for (u32 i = 0; (name = names->volume(names->context, i)) != NULL; i++)
		for (u32 k = 0; (disk = names->disk(names->context, k)) != NULL; k++)
			if (text_begins(name, disk) && name[strlen(disk)] == 'p')
				add(completion, partial, name);
}

/* A disk or a partition, or another disk behind a comma. */
static void add_pool_disks(struct completion *completion, const char *partial, const struct name_source *names)
{
	const char *comma = strchr(partial, ','), *name;
	int first = comma != NULL ? (int)(comma - partial) : 0;
	char text[2 * DISK_NAME_BYTES];

	if (comma == NULL) {
		add_names(completion, partial, names->disk, names->context);
		add_partitions(completion, partial, names);
	}
	for (u32 i = 0; comma != NULL && (name = names->disk(names->context, i)) != 0; i++) {
		snprintf(text, sizeof(text), "%.*s,%s", first, partial, name);
		if (strncmp(partial, name, (size_t)first) != 0 || name[first] != '\0')
			add(completion, partial, text);
	}
}

/* The first card of each; the others are its owner's words. */
static void add_places(struct completion *completion, const char *partial, const struct name_source *names)
{
	const char *name;
	char place[IMAGE_NAME_BYTES];

	for (u32 i = 0; (name = names->vm(names->context, i)) != NULL; i++) {
		snprintf(place, sizeof(place), "%.*s/0", (int)VM_NAME_BYTES, name);
		add(completion, partial, place);
	}
	for (u32 i = 0; (name = names->router(names->context, i)) != NULL; i++) {
		snprintf(place, sizeof(place), "%.*s/0", (int)VM_NAME_BYTES, name);
		add(completion, partial, place);
	}
	add_cards(completion, partial, names);
}

static void add_values(struct completion *completion, const struct context *context, const struct name_source *names)
{
	static const char *const policies[] = { "never", "on-failure:", "always", 0 };
	static const char *const answers[] = { "yes", "no", 0 };
	static const char *const none[] = { "none", 0 };
	static const char *const forwards[] = { "tcp:", "udp:", "none", 0 };
	static const char *const ram[] = { VOLUME_RAM, 0 };
	static const char *const all[] = { "all", 0 };
	char word[SET_TEXT_BYTES];

	switch (arg_specs[context->arg].type) {
	case TYPE_NEW_NAME:
		if (context->command->op != REQ_CREATE)
			add_vms(completion, context->partial, names);
		break;
	case TYPE_OLD_NAME:
		add_vms(completion, context->partial, names);
		break;
	case TYPE_SERVICE:
		add_names(completion, context->partial, names->service, names->context);
		break;
	case TYPE_VOLUME:
		if (context->command->op != REQ_CREATE_VOLUME)
			add_names(completion, context->partial, names->volume, names->context);
		break;
	case TYPE_NETWORK:
		if (context->command->op != REQ_CREATE_SWITCH)
			add_names(completion, context->partial, names->network, names->context);
		break;
	case TYPE_ROUTER:
		if (context->command->op != REQ_CREATE_ROUTER)
			add_names(completion, context->partial, names->router, names->context);
		break;
	case TYPE_OUTER: case TYPE_INNERS:
		add_names(completion, context->partial, names->network, names->context);
		break;
	case TYPE_FORWARDS:
		add_texts(completion, context->partial, forwards);
		break;
	case TYPE_CARD:
		add_cards(completion, context->partial, names);
		add_texts(completion, context->partial, none);
		break;
	case TYPE_TARGET:
		add_names(completion, context->partial, names->vm, names->context);
		break;
	case TYPE_PLACE:
		add_places(completion, context->partial, names);
		break;
	case TYPE_NIC_LIST:
		add_names(completion, context->partial, names->network, names->context);
		add_texts(completion, context->partial, none);
		break;
	case TYPE_POOL:
		if (context->command->op != REQ_CREATE_POOL)
			add_names(completion, context->partial, names->pool, names->context);
		break;
	case TYPE_SNAPSHOT:
		if (context->command->op != REQ_SNAPSHOT_VM)
			add_once(completion, context->partial, names->snapshot, names->context);
		break;
	case TYPE_DISK:
		add_names(completion, context->partial, names->disk, names->context);
		if (context->arg == ARG_ON)
			add_texts(completion, context->partial, ram);
		break;
	case TYPE_POOL_DISKS:
		add_pool_disks(completion, context->partial, names);
		break;
	case TYPE_ANY_IMAGE:
		add_names(completion, context->partial, names->image, names->context);
		break;
	case TYPE_IMAGE: case TYPE_IMAGES:
		add_names(completion, context->partial, names->image, names->context);
		if (spec_fields[FIELD_OF_ARG(context->arg)].least == 0 && context->partial[0])
			add_texts(completion, context->partial, none);
		break;
	case TYPE_CHOICE:
		for (u32 i = 0; choice_word(word, &arg_specs[context->arg], i); i++)
			add(completion, context->partial, word);
		break;
	case TYPE_RESTART:
		add_texts(completion, context->partial, policies);
		break;
	case TYPE_PERCENT: case TYPE_DISK_LIST:
		add_texts(completion, context->partial, none);
		break;
	case TYPE_PCPUS:
		add_texts(completion, context->partial, all);
		break;
	case TYPE_VERB:
		add_verbs(completion, context->partial);
		for (u32 i = 0; i < GROUP_COUNT; i++)
			add(completion, context->partial, group_names[i]);
		break;
	case TYPE_SWITCH:
		add_texts(completion, context->partial, answers);
		break;
	case TYPE_COUNT: case TYPE_OFFSET: case TYPE_SIZE: case TYPE_TIME: case TYPE_TIME_OPTIONAL: case TYPE_TEXT:
	case TYPE_FRESH_NAME:
		break;
	}
}

static void add_noun_verbs(struct completion *completion, const struct context *context)
{
	char verb[IMAGE_NAME_BYTES];

	FOR_EACH_COMMAND(c) {
		const char *dash = strchr(c->verb, '-');

		if (!dash || strcmp(dash + 1, context->noun) != 0)
			continue;
		snprintf(verb, sizeof(verb), "%.*s", (int)(dash - c->verb), c->verb);
		add(completion, context->partial, verb);
	}
}

static void collect(const struct context *context, const struct name_source *names, struct completion *completion)
{
	switch (context->place) {
	case PLACE_NOWHERE:
		break;
	case PLACE_VERB:
		add_verbs(completion, context->partial);
		break;
	case PLACE_NOUN_VERB:
		add_noun_verbs(completion, context);
		break;
	case PLACE_FLAG:
		add_flags(completion, context);
		break;
	case PLACE_VALUE:
		add_values(completion, context, names);
		if (context->is_bare && (context->partial[0] == 0 || context->partial[0] == '-') &&
			completion->count == 0)
			add_flags(completion, context);
		break;
	}
}

void complete(const char *line, size_t cursor, const struct name_source *names, struct completion *completion)
{
	struct context context = locate(line, cursor);

	completion->count = 0;
	completion->has_dashes = false;
	completion->length = strlen(context.partial);
	/* A word with quotes or backslashes is longer in the line than it is: nothing to complete there. */
	completion->start = cursor < completion->length ? 0 : cursor - completion->length;
	if (completion->length > cursor || memcmp(line + completion->start, context.partial, completion->length) != 0)
		return;
	collect(&context, names, completion);
}

size_t complete_common(const struct completion *completion)
{
	size_t length = completion->count ? strlen(completion->candidates[0]) : 0;

	for (u32 i = 1; i < completion->count; i++) {
		size_t same = 0;

		while (same < length && completion->candidates[i][same] == completion->candidates[0][same])
			same++;
		length = same;
	}
	return length;
}

/* Those that may follow, and that begin with what is there already. */
static void help_flags(const struct context *context, const struct out *out)
{
	arg_set takes = context->command->takes & ~ARG_BIT(ARG_VERB);
	const char *start = text_begins(context->partial, "--") ? context->partial + 2 : "";

	for (u32 i = 0; i < ARG_COUNT; i++)
		if (!is_possible(context, i) || !text_begins(arg_specs[i].name, start))
			takes &= ~ARG_BIT(i);
	if (takes)
		help_args(out, takes, context->command->needs);
	else
		out_text(out, "  No flag that can follow begins with this.\n");
}

static void help_verbs(const char *start, const struct out *out)
{
	u32 count = 0;

	FOR_EACH_COMMAND(c)
		if (text_begins(c->verb, start)) {
			help_summary(out, c);
			count++;
		}
	if (count == 0)
		out_text(out, "  No command begins with this; help lists the commands.\n");
}

static void help_value(const struct context *context, const struct name_source *names, const struct out *out)
{
	static struct completion completion;
	const struct arg_spec *spec = &arg_specs[context->arg];

	out_format(out, "  %s: ", spec->value ? spec->value : spec->name);
	out_wrapped(out, spec->help, (u32)strlen(spec->value ? spec->value : spec->name) + 4, 4, HELP_COLUMNS);
	completion.count = 0;
	add_values(&completion, context, names);
	for (u32 i = 0; i < completion.count; i++)
		out_format(out, "  %s\n", completion.candidates[i]);
	if (context->is_bare)
		help_flags(context, out);
}

void complete_help(const char *line, size_t cursor, const struct name_source *names, const struct out *out)
{
	struct context context = locate(line, cursor);
	static struct completion completion;

	switch (context.place) {
	case PLACE_NOWHERE:
		out_text(out, "  No help for this position; help lists the commands.\n");
		break;
	case PLACE_VERB:
		if (context.partial[0])
			help_verbs(context.partial, out);
		else
			help_all(out);
		break;
	case PLACE_NOUN_VERB:
		completion.count = 0;
		add_noun_verbs(&completion, &context);
		for (u32 i = 0; i < completion.count; i++)
			out_format(out, "  %s %s\n", context.noun, completion.candidates[i]);
		break;
	case PLACE_FLAG:
		help_flags(&context, out);
		break;
	case PLACE_VALUE:
		help_value(&context, names, out);
		break;
	}
}

bool complete_wants_help(const char *line, size_t cursor)
{
	struct context context = locate(line, cursor);

	if (words.is_open)
		return false;
	if (!words.is_between)		/* within the name of a command or a flag, where no ? can be */
		return context.place == PLACE_VERB ||
		       (context.place == PLACE_FLAG && text_begins(context.partial, "--"));
	return (context.place != PLACE_VALUE || arg_specs[context.arg].type != TYPE_TEXT) &&
	       context.place != PLACE_NOWHERE;
}
