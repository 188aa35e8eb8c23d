/* SPDX-License-Identifier: MIT */
/*
 * COMMANDS.md is what the table of commands says: this test writes the page anew and compares. After a change of the
 * table, `build/host/test_commands_md --write` brings the page up to date.
 */
/*
 * links: console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"

#define PAGE "COMMANDS.md"

static char wanted[131072], found[131072];

static void write_command(const struct out *out, const struct command *command)
{
	static char text[8192];
	struct out_buffer buffer;
	struct out help;

	out_buffer_init(&buffer, text, sizeof(text));
	help = out_to_buffer(&buffer);
	help_command_full(&help, command);
	out_format(out, "\n### %s\n\n```\n", command->verb);
	out_text(out, text);
	out_text(out, "```\n");
}

static void write_page(void)
{
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, wanted, sizeof(wanted));
	out = out_to_buffer(&buffer);
	out_text(&out, "# Commands\n\nWhat `help COMMAND full` says of each, at the prompt of VOS. Programs give the "
		       "same names as JSON:\n");
	out_text(&out, "`{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"myvm\",\"cap\":\"50%\"},\"id\":1}`.\n");
	out_text(&out, "This page is written from the table of commands (`mgmt/console/command/command_table.c`).\n");
	for (u32 group = 0; group < GROUP_COUNT; group++) {
		out_format(&out, "\n## %s\n", group_titles[group]);
		FOR_EACH_COMMAND(c)
			if (c->group == group)
				write_command(&out, c);
	}
	assert_false(buffer.is_full);
}

static void the_page_is_up_to_date(void **state)
{
	FILE *file = fopen(PAGE, "r");
	size_t count;

	(void)state;
	write_page();
	assert_non_null(file);
	count = fread(found, 1, sizeof(found) - 1, file);
	found[count] = 0;
	assert_int_equal(fclose(file), 0);
	if (strcmp(found, wanted) != 0)
		fail_msg(PAGE " is not what the table says: run build/host/test_commands_md --write");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_page_is_up_to_date) };
	FILE *file;

	commands = command_rows;
	if (argc != 2 || strcmp(argv[1], "--write") != 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	write_page();
	file = fopen(PAGE, "w");
	return file == NULL || fputs(wanted, file) < 0 || fclose(file) != 0;
}
