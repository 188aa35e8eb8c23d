/* SPDX-License-Identifier: MIT */
/*
 * console_bench.h - what the tests of the console share: a session in front of a fake root, typing and looking at its
 * screen, VMs, and playing a program on the line: frames in, answers out.
 */
#ifndef VOS_CONSOLE_BENCH_H
#define VOS_CONSOLE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

/* The screen with messages of several lines (report_line) on one each. */
static inline const char *unwrapped(void)
{
	static char text[FAKE_TERMINAL_BYTES];
	size_t used = 0;

	for (const char *c = root->terminal; *c; c++) {
		bool is_wrap = strncmp(c, "\r\n  ", 4) == 0;

		text[used++] = is_wrap ? ' ' : *c;
		c += is_wrap ? 3 : 0;
	}
	text[used] = 0;
	return text;
}

static void expect(const char *words)
{
	if (!strstr(root->terminal, words) && !strstr(unwrapped(), words))
		fail_msg("no \"%s\" in:\n%s", words, root->terminal);
}

static inline void expect_not(const char *words)
{
	if (strstr(root->terminal, words))
		fail_msg("\"%s\" in:\n%s", words, root->terminal);
}

/* Every line of what was printed fits a terminal of 80 columns, whose last one stays free. */
static inline void expect_80_columns(void)
{
	for (const char *line = root->terminal; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != 0))
		if (strcspn(line, "\r\n") > 79)
			fail_msg("longer than 79 columns: %.*s", (int)strcspn(line, "\r\n"), line);
}

static inline void clear_screen(void)
{
	fake_screen(root);
	root->terminal[0] = 0;
}

/* Type a line, and expect words and an exit code; what failed is said within the line's columns. */
static void command(const char *line, const char *words, enum result result)
{
	clear_screen();
	fake_type(root, line);
	fake_type(root, "\r");
	expect(words);
	assert_int_equal(session.last_result, result);
	if (result != RESULT_OK && !strstr(line, "--json"))
		expect_80_columns();
}

/* A VM of that name, and one that runs. */
static inline void make_vm(const char *name)
{
	char line[VM_NAME_BYTES + 16];

	snprintf(line, sizeof(line), "create-vm %s", name);
	command(line, "is defined", RESULT_OK);
}

static inline void run_vm(const char *name)
{
	char line[VM_NAME_BYTES + 16];

	make_vm(name);
	snprintf(line, sizeof(line), "start-vm %s", name);
	command(line, "is running", RESULT_OK);
}

/* ---- a program's frames ---- */

static struct json json;
static char answer[65536];

/* Take the next frame out of what the terminal got, into answer and json; NULL = begin anew. */
static inline bool next_frame(char *channel)
{
	static char body[4 * sizeof(answer)];
	static struct frame_scanner scanner = { .body = body, .size = sizeof(body) };
	static size_t at;
	struct frame_result result;

	if (!channel) {
		at = 0;
		return false;
	}
	while (at < root->terminal_used) {
		at += frame_scan(&scanner, root->terminal + at, root->terminal_used - at, &result);
		assert_null(result.broken);
		if (!result.is_frame)
			continue;
		assert_true(result.length < sizeof(answer));
		memcpy(channel, result.channel, FRAME_CHANNEL_BYTES);
		memcpy(answer, result.message, result.length);
		answer[result.length] = 0;
		if (!json_parse(&json, answer, result.length))
			fail_msg("not JSON: %s", answer);
		return true;
	}
	return false;
}

/* The bytes of a frame, until the next call. */
static inline const char *framed(const char *channel, const char *message)
{
	static char text[65536];
	struct out_buffer buffer;
	struct frame_sink sink;

	out_buffer_init(&buffer, text, sizeof(text));
	sink = (struct frame_sink){ out_to_buffer(&buffer).write, &buffer };
	frame_encode(FRAME_TEXT, &sink, channel, message, strlen(message));
	return text;
}

/* Looked for from here on. */
static inline void forget_frames(void)
{
	fake_screen(root);
	next_frame(NULL);
}

static inline void send_frame(const char *channel, const char *message)
{
	forget_frames();
	fake_type(root, framed(channel, message));
}

/* What the screen shows stays. */
static inline void wire(const char *message)
{
	fake_type(root, framed("control", message));
}

static inline void exchange(const char *message, const char *words)
{
	char channel[FRAME_CHANNEL_BYTES];

	send_frame("control", message);
	while (next_frame(channel))
		if (strcmp(channel, "control") == 0)
			break;
	if (!strstr(answer, words))
		fail_msg("%s: no \"%s\" in %s", message, words, answer);
}

#endif
