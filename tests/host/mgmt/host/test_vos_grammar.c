/* SPDX-License-Identifier: MIT */
/*
 * The shell's words as arguments for VOS.
 */
/*
 * links: vos console libvos
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "vos_main.h"

#define WORDS 8u

static void arguments(void **state)
{
	static const struct { char *words[WORDS]; const char *json; } rows[] = {
		{ { "list-vm" }, "{}" },
		{ { "start-vm", "a" }, "{\"name\": \"a\"}" },
		{ { "start-vm", "a", "b" }, "{\"name\": [\"a\", \"b\"]}" },
		{ { "stop-vm", "--force", "a" }, "{\"force\": true, \"name\": \"a\"}" },
		{ { "create-pool", "p", "d" }, "{\"disk\": \"d\", \"name\": \"p\"}" },
		{ { "unlock-pool", "p" }, "{\"name\": \"p\"}" },
		{ { "create-pool", "--disk", "d", "p" }, "{\"disk\": \"d\", \"name\": \"p\"}" },
		{ { "foreign", "a", "--size", "3" }, "{\"name\": \"a\", \"size\": \"3\"}" },
	};

	(void)state;
	grammar_init();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char *words[WORDS];
		struct cmd_error error;
		struct call call;
		int count = 0;
		char *text;

		for (; rows[i].words[count]; count++)
			words[count] = rows[i].words[count];
		if (!grammar_parse(&call, count, words, &error))
			fail_msg("%s: %s", words[0], error.text);
		text = json_dumps(call.arguments, JSON_SORT_KEYS);
		assert_string_equal(text, rows[i].json);
		free(text);
		json_decref(call.arguments);
	}
}

/* This program's own commands too, on a terminal of 80 columns. */
static void help_fits(void **state)
{
	static char text[16384];
	struct out_buffer buffer;
	struct out out;

	(void)state;
	grammar_init();
	assert_non_null(command_named("upload-image"));		/* the last ones: all have a place */
	assert_non_null(command_named("events"));
	FOR_EACH_COMMAND(c) {
		out_buffer_init(&buffer, text, sizeof(text));
		out = out_to_buffer(&buffer);
		help_command_full(&out, c);
		for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
			if (strcspn(at, "\n") >= 80)
				fail_msg("%s: %.*s", c->verb, (int)strcspn(at, "\n"), at);
	}
}

static void values(void **state)
{
	char *words[] = { "upload-image", "path", "--json" };
	struct cmd_error error;
	struct call call;

	(void)state;
	grammar_init();
	assert_true(grammar_parse(&call, ARRAY_COUNT(words), words, &error));
	assert_string_equal(grammar_value(&call, ARG_FILE), "path");
	assert_null(grammar_value(&call, ARG_NAME));
	json_decref(call.arguments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments), cmocka_unit_test(values), cmocka_unit_test(help_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
