/* SPDX-License-Identifier: MIT */
/*
 * help.c - see help.h.
 */
#include <stdio.h>
#include <string.h>

#include "help.h"

#define ARG_COLUMN 24u	/* where a flag's explanation begins */
#define ARGS_COMMON (ARG_BIT(ARG_WAIT) | ARG_BIT(ARG_DRY_RUN) | ARG_BIT(ARG_QUIET) | ARG_BIT(ARG_JSON))

static char page_text[16384];

static u32 lines_of(const char *text)
{
	u32 lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Its title, then its verbs. */
static void verbs_of_group(const struct out *out, u32 group)
{
	struct out_buffer buffer;
	struct out text;
	size_t title;

	out_buffer_init(&buffer, page_text, sizeof(page_text));
	text = out_to_buffer(&buffer);
	out_format(&text, "%s (help %s): ", group_titles[group], group_names[group]);
	title = buffer.used;
	FOR_EACH_COMMAND(c)
		if (c->group == group)
			out_format(&text, "%s ", c->verb);
	out_bytes(out, page_text, title);
	out_wrapped(out, page_text + title, (u32)title, 2, HELP_COLUMNS);
}

void help_all(const struct out *out)
{
	for (u32 group = 0; group < GROUP_COUNT; group++)
		verbs_of_group(out, group);
	out_text(out, "To begin: create-vm myvm, start-vm myvm, console myvm (Ctrl-] d detaches).\n"
		      "help COMMAND explains a command. Tab completes; ? lists what can follow.\n");
}

void help_summary(const struct out *out, const struct command *command)
{
	out_format(out, "  %-16s%s\n", command->verb, command->summary);
}

void help_group(const struct out *out, u32 group)
{
	out_format(out, "%s\n", group_titles[group]);
	FOR_EACH_COMMAND(c)
		if (c->group == group)
			help_summary(out, c);
	out_text(out, "help COMMAND explains a command.\n");
}

void help_noun(const struct out *out, const char *noun)
{
	FOR_EACH_COMMAND(c)
		if (command_is_on(c, noun))
			help_summary(out, c);
	out_text(out, "help COMMAND explains a command.\n");
}

/* ---- flags ---- */

/* The flag and its value; returns the column behind it. */
static u32 flag_name(const struct out *out, const struct arg_spec *spec)
{
	bool has_gap = spec->value && spec->value[0] != '[';
	char flag[64];
	int length = snprintf(
		flag, sizeof(flag), "  --%s%s%s", spec->name, has_gap ? " " : "", spec->value ? spec->value : "");

	out_text(out, flag);
	return (u32)length;
}

/* Among those flags, how far is it needed? */
static const char *need(u32 arg, arg_set args, arg_set needs)
{
	if (!(needs & ARG_BIT(arg)))
		return "";
	return args & ARG_BIT(ARG_ALL) ? " (several, or --all)" : " (needed)";
}

static void full_arg(const struct out *out, enum arg arg, const char *need)
{
	const struct arg_spec *spec = &arg_specs[arg];
	u32 column = flag_name(out, spec);
	char help[256];

	snprintf(help, sizeof(help), "%s%s", spec->help, need);
	if (column + 1 >= ARG_COLUMN)
		out_format(out, "\n%*s", (int)ARG_COLUMN, "");
	else
		out_format(out, "%*s", (int)(ARG_COLUMN - column), "");
	out_wrapped(out, help, ARG_COLUMN, ARG_COLUMN, HELP_COLUMNS);
}

/* How much of an explanation to give where there are so many columns: up to the end of a clause. */
static size_t clause(const char *text, size_t room)
{
	size_t best = 0, word = 0;
	bool is_inside = false;		/* of parentheses */

	if (strlen(text) <= room)
		return strlen(text);
	for (size_t i = 0; i <= room; i++) {
		is_inside = text[i] == '(' || (is_inside && text[i] != ')');
		if (!is_inside && (text[i] == ';' || text[i] == ',' || (text[i] == ' ' && text[i + 1] == '(')))
			best = i;
		if (text[i] == ' ')
			word = i;
	}
	return best ? best : word;
}

/* All on one line. */
static void brief_arg(const struct out *out, enum arg arg, const char *need)
{
	const struct arg_spec *spec = &arg_specs[arg];
	u32 column = flag_name(out, spec), at = column + 2 > ARG_COLUMN ? column + 2 : ARG_COLUMN;
	size_t room = HELP_COLUMNS - at - strlen(need);

	out_format(out, "%*s%.*s%s\n", (int)(at - column), "", (int)clause(spec->help, room), spec->help,
		need);
}

/* Of these the short form has only the names: what all commands take, and what hardly anybody needs. */
#define ARGS_NAMED_ONLY (ARGS_COMMON | ARG_BIT(ARG_ON_IO_ERROR) | ARG_BIT(ARG_MEMORY_POLICY) | ARG_BIT(ARG_VMM) | \
			 ARG_BIT(ARG_TEMPLATE) | ARG_BIT(ARG_ITS_SNAPSHOT) | ARG_BIT(ARG_MODULE))

static void brief_args(const struct out *out, arg_set args, arg_set needs)
{
	arg_set common = args & ARGS_NAMED_ONLY;
	char line[256];
	struct out_buffer buffer;
	struct out text;

	for (u32 i = 0; i < ARG_COUNT; i++)
		if ((args & ~common) & ARG_BIT(i))
			brief_arg(out, (enum arg)i, need(i, args, needs));
	if (!common)
		return;
	out_buffer_init(&buffer, line, sizeof(line));
	text = out_to_buffer(&buffer);
	for (u32 i = 0; i < ARG_COUNT; i++)
		if (common & ARG_BIT(i))
			out_format(&text, " --%s", arg_specs[i].name);
	out_text(out, "  ");
	out_wrapped(out, line + 1, 2, 2, HELP_COLUMNS);
}

static void full_args(const struct out *out, arg_set args, arg_set needs)
{
	for (u32 i = 0; i < ARG_COUNT; i++)
		if (args & ARG_BIT(i))
			full_arg(out, (enum arg)i, need(i, args, needs));
}

void help_args(const struct out *out, arg_set args, arg_set needs)
{
	struct out_buffer buffer;
	struct out text;

	out_buffer_init(&buffer, page_text, sizeof(page_text));
	text = out_to_buffer(&buffer);
	full_args(&text, args, needs);
	if (lines_of(page_text) <= HELP_LINES)
		out_text(out, page_text);
	else
		brief_args(out, args, needs);
}

/* ---- commands ---- */

static void usage(const struct out *out, const struct command *command)
{
	char line[640];
	struct out_buffer buffer;
	struct out text;

	out_buffer_init(&buffer, line, sizeof(line));
	text = out_to_buffer(&buffer);
	for (u32 i = 0; i < ARG_COUNT; i++) {
		const struct arg_spec *spec = &arg_specs[i];
		bool is_needed = command->needs & ARG_BIT(i);
		bool is_attached = spec->value && spec->value[0] == '[';

		if (!(command->takes & ARG_BIT(i)) || i == ARG_ALL)
			continue;
		if (i == ARG_VERB)
			out_format(&text, " [%s]", spec->value);
		else if (i == ARG_NAME && (command->takes & ARG_BIT(ARG_ALL)))
			out_format(&text, " {--name" OUT_GLUE "NAME" OUT_GLUE "..." OUT_GLUE "|" OUT_GLUE "--all}");
		else
			out_format(&text, " %s--%s%s%s%s", is_needed ? "" : "[", spec->name,
				spec->value && !is_attached ? OUT_GLUE : "", spec->value ? spec->value : "",
				is_needed ? "" : "]");
	}
	out_format(out, line[0] ? "usage: %s " : "usage: %s", command->verb);
	out_wrapped(out, line, 8 + (u32)strlen(command->verb), 8 + (u32)strlen(command->verb), HELP_COLUMNS);
}

static arg_set args_of(const struct command *command)
{
	return command->takes & ~ARG_BIT(ARG_VERB);
}

void help_command_full(const struct out *out, const struct command *command)
{
	out_format(out, "%s: %s\n", command->verb, command->summary);
	usage(out, command);
	full_args(out, args_of(command), command->needs);
	if (command->more)
		out_wrapped(out, command->more, 0, 0, HELP_COLUMNS);
	out_format(out, "example: %s\n", command->example);
}

static void help_command_brief(const struct out *out, const struct command *command)
{
	out_format(out, "%s: %s\nexample: %s\n", command->verb, command->summary, command->example);
	brief_args(out, args_of(command), command->needs);
	out_format(out, "help %s full has the complete text; --FLAG ? explains a flag.\n", command->verb);
}

void help_command(const struct out *out, const struct command *command)
{
	struct out_buffer buffer;
	struct out text;

	out_buffer_init(&buffer, page_text, sizeof(page_text));
	text = out_to_buffer(&buffer);
	help_command_full(&text, command);
	if (lines_of(page_text) <= HELP_LINES)
		out_text(out, page_text);
	else
		help_command_brief(out, command);
}
