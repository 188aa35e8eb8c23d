/* SPDX-License-Identifier: MIT */
/*
 * console_bench.h - what the tests of the console share: a session in front of a fake root, and looking at its screen.
 */
#ifndef VOS_CONSOLE_BENCH_H
#define VOS_CONSOLE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_root.h"

static struct session session;
static struct fake_root *root;

static int setup(void **state)
{
	(void)state;
	root = fake_start(&session, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(root);
	return 0;
}

static void expect(const char *words)
{
	if (!strstr(root->terminal, words))
		fail_msg("no \"%s\" in:\n%s", words, root->terminal);
}

static inline void expect_not(const char *words)
{
	if (strstr(root->terminal, words))
		fail_msg("\"%s\" in:\n%s", words, root->terminal);
}

/* Every line of what was printed fits the line. */
static inline void expect_80_columns(void)
{
	for (const char *line = root->terminal; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != 0))
		if (strcspn(line, "\r\n") > 80)
			fail_msg("longer than 80 columns: %.*s", (int)strcspn(line, "\r\n"), line);
}

/* Type a line, and expect words and an exit code. */
static void command(const char *line, const char *words, enum result result)
{
	fake_screen(root);
	root->terminal[0] = 0;
	fake_type(root, line);
	fake_type(root, "\r");
	expect(words);
	assert_int_equal(session.last_result, result);
}

#endif
