/*
 * help.c - see help.h.
 */
#include <stdio.h>
#include <string.h>

#include "help.h"

#define ARG_COLUMN 24u	/* where a flag's explanation begins */

void help_all(const struct out *out)
{
	for (u32 group = 0; group < GROUP_COUNT; group++) {
		out_format(out, "%s\n", group_titles[group]);
		for (u32 i = 0; i < VERB_COUNT; i++)
			if (commands[i].group == group)
				out_format(out, "  %-14s%s\n", commands[i].verb, commands[i].summary);
	}
	out_text(out, "help COMMAND explains one; Tab completes, ? shows what is possible here.\n");
}

void help_arg(const struct out *out, enum arg arg, bool is_needed)
{
	const struct arg_spec *spec = &arg_specs[arg];
	bool has_gap = spec->value && spec->value[0] != '[';
	char flag[64];
	int length = snprintf(
		flag, sizeof(flag), "  --%s%s%s", spec->name, has_gap ? " " : "", spec->value ? spec->value : "");
	char help[160];

	snprintf(help, sizeof(help), "%s%s", spec->help, is_needed ? " (needed)" : "");
	out_text(out, flag);
	if (length + 1 >= (int)ARG_COLUMN)
		out_format(out, "\n%*s", (int)ARG_COLUMN, "");
	else
		out_format(out, "%*s", (int)ARG_COLUMN - length, "");
	out_wrapped(out, help, ARG_COLUMN, ARG_COLUMN, HELP_COLUMNS);
}

static void usage(const struct out *out, const struct command *command)
{
	char line[640];
	struct out_buffer buffer;
	struct out text;

	out_buffer_init(&buffer, line, sizeof(line));
	text = out_to_buffer(&buffer);
	for (u32 i = 0; i < ARG_COUNT; i++) {
		const struct arg_spec *spec = &arg_specs[i];
		bool is_needed = command->needs & BIT64(i);
		bool is_attached = spec->value && spec->value[0] == '[';

		if (!(command->takes & BIT64(i)))
			continue;
		if (i == ARG_VERB)
			out_format(&text, " [%s]", spec->value);
		else
			out_format(&text, " %s--%s%s%s%s", is_needed ? "" : "[", spec->name,
				spec->value && !is_attached ? OUT_GLUE : "", spec->value ? spec->value : "",
				is_needed ? "" : "]");
	}
	out_format(out, line[0] ? "usage: %s " : "usage: %s", command->verb);
	out_wrapped(out, line, 8 + (u32)strlen(command->verb), 8 + (u32)strlen(command->verb), HELP_COLUMNS);
}

void help_command(const struct out *out, const struct command *command)
{
	out_format(out, "%s: %s\n", command->verb, command->summary);
	usage(out, command);
	for (u32 i = 0; i < ARG_COUNT; i++)
		if ((command->takes & BIT64(i)) && i != ARG_VERB)
			help_arg(out, (enum arg)i, command->needs & BIT64(i));
	if (command->more)
		out_wrapped(out, command->more, 0, 0, HELP_COLUMNS);
	out_format(out, "example: %s\n", command->example);
}
