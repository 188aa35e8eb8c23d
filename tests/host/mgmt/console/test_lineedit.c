/* SPDX-License-Identifier: MIT */
/*
 * The line editor in front of a terminal that knows nothing but printable characters, backspace, carriage return,
 * newline and bell: after every key the row on the screen must be what a fresh drawing would be.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lineedit.h"

#define COLUMNS 80

static struct editor editor;
static struct key_decoder decoder;
static char row[COLUMNS * 4 + 1];	/* ASCII only in these tests but for one */
static u32 column, bells;
static char above[COLUMNS + 1];		/* the row before the last newline */
static enum edit_result last;

static void terminal(void *context, const char *bytes, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		char c = bytes[i];

		if (c == '\r') {
			column = 0;
		} else if (c == '\b') {
			assert_true(column > 0);
			column--;
		} else if (c == '\a') {
			bells++;
		} else if (c == '\n') {
			memcpy(above, row, COLUMNS);
			memset(row, ' ', COLUMNS);
			column = 0;
		} else if (((u8)c & 0xc0) != 0x80) {
			assert_true((u8)c >= 0x20 && c != 0x7f);
			assert_true(column < COLUMNS - 1);	/* the last column stays free */
			row[column++] = (u8)c < 0x80 ? c : '~';
		}
	}
}

static void expect_row(const char *text, u32 at)
{
	char padded[COLUMNS + 1];

	snprintf(padded, sizeof(padded), "%-80s", text);
	row[COLUMNS] = 0;
	assert_string_equal(row, padded);
	assert_int_equal(column, at);
}

static void type(const char *bytes)
{
	for (; *bytes; bytes++) {
		struct key key = keys_feed(&decoder, (u8)*bytes);

		last = edit_key(&editor, &key);
		if (last == EDIT_LINE || last == EDIT_CANCEL || last == EDIT_TOO_LONG)
			edit_begin(&editor, "vos> ", true);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&decoder, 0, sizeof(decoder));
	memset(row, ' ', COLUMNS);
	column = bells = 0;
	edit_init(&editor, (struct out){ terminal, 0 });
	edit_begin(&editor, "vos> ", true);
	return 0;
}

static void editing(void **state)
{
	static const struct { const char *keys, *text; u32 cursor; } cases[] = {
		{ "list-vm", "list-vm", 7 },
		{ "lixt\x7f\x7fst", "list", 4 },
		{ "lixt\b\bst", "list", 4 },
		{ "ab\x1b[D\x1b[Dx", "xab", 1 },
		{ "ab\x1bOD\x1bODx", "xab", 1 },
		{ "abc\x01x", "xabc", 1 },
		{ "abc\x1b[Hx\x1b[Fy", "xabcy", 5 },
		{ "abc\x1b[1~x\x1b[4~y", "xabcy", 5 },
		{ "abc\x01\x05y", "abcy", 4 },
		{ "abc\x02\x02\x04", "ac", 1 },
		{ "abc\x01\x1b[3~", "bc", 0 },
		{ "abc def\x17", "abc ", 4 },
		{ "abc def\x17\x19\x19", "abc defdef", 10 },
		{ "abc\x02\x0b", "ab", 2 },
		{ "abc\x02\x15", "c", 0 },
		{ "abc\x02\x15\x05\x19", "cab", 3 },
		{ "ab\x14", "ba", 2 },
		{ "abc\x01\x06\x14", "bac", 2 },
		{ "one two\x1b" "b\x1b" "bX", "Xone two", 1 },
		{ "one two\x1b" "b\x1b[1;5DX\x1b[1;5CY", "XoneY two", 5 },
		{ "one two\x01\x1b" "d", " two", 0 },
		{ "one two\x1b\x7f", "one ", 4 },
		{ "\x7f\x04\x17\x15\x0b\x14\x19\x02", "", 0 },
		{ "a\x1b[200~b?\tc\x1b[201~d", "ab? cd", 6 },
		{ "a\x1b[99Zb\x1b]0;title\x07" "c\x1bP1$r\x1b\\d", "abcd", 4 },
		{ "gr\xc3\xbc\xc3\x9f\x7f", "gr\xc3\xbc", 4 },
		{ "a\xff\x80" "b\xc3" "c", "abc", 3 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		setup(state);
		type(cases[i].keys);
		assert_string_equal(edit_text(&editor), cases[i].text);
		assert_int_equal(editor.cursor, cases[i].cursor);
		assert_int_equal(column, 5 + cases[i].cursor - (strstr(cases[i].text, "\xc3") ? 1 : 0));
	}
}

static void drawing(void **state)
{
	(void)state;
	type("create-vm");
	expect_row("vos> create-vm", 14);
	type("\x01\x1b[3~\x1b[3~");
	expect_row("vos> eate-vm", 5);
	edit_hide(&editor);
	expect_row("", 0);
	edit_show(&editor);
	expect_row("vos> eate-vm", 5);
	type("gr\xe2\x86\x92\xc3\xbcx");
	expect_row("vos> gr?~xeate-vm", 10);
}

static void long_lines(void **state)
{
	char shown[81];

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		char digit[2] = { (char)('0' + i % 10), 0 };

		type(digit);
	}
	assert_int_equal(strlen(edit_text(&editor)), 200);
	assert_int_equal(row[5], '<');
	type("\x01");
	memcpy(shown, row, 80);
	shown[79] = 0;
	assert_memory_equal(shown, "vos> 0123456789", 15);
	assert_int_equal(shown[78], '>');
	assert_int_equal(column, 5);
	for (u32 i = 0; i < 200; i++)
		type("\x06");
	assert_int_equal(row[5], '<');
	for (u32 i = 0; i < 200; i++)
		type("\x02");
	assert_int_equal(column, 5);
	expect_row("vos> 0123456789012345678901234567890123456789012345678901234567890123456789012>", 5);
	for (u32 i = 0; i < LINE_BYTES; i++)
		type("y");
	assert_int_equal(strlen(edit_text(&editor)), LINE_BYTES - 1);
	assert_true(bells > 0);
	type("\r");
	assert_int_equal(last, EDIT_TOO_LONG);
	type("\x10");		/* it is not in the history */
	assert_string_equal(edit_text(&editor), "");
	type("short\r");
	assert_int_equal(last, EDIT_LINE);
}

static void history(void **state)
{
	(void)state;
	type("one\rtwo\rtwo\r  \rthree\r");
	assert_memory_equal(above, "vos> three ", 11);
	type("\x1b[A");
	assert_string_equal(edit_text(&editor), "three");
	type("\x1b[A\x10");
	assert_string_equal(edit_text(&editor), "one");
	type("\x1b[A");
	assert_int_equal(bells, 1);
	type("\x1b[B\x0e\x0e");
	assert_string_equal(edit_text(&editor), "");
	type("draft\x1b[A\x1b[B");
	assert_string_equal(edit_text(&editor), "draft");
	for (u32 i = 0; i < EDIT_HISTORY + 9; i++) {
		char line[16];

		snprintf(line, sizeof(line), "\x15line%u\r", i);
		type(line);
	}
	for (u32 i = 0; i < EDIT_HISTORY; i++)
		type("\x10");
	assert_string_equal(edit_text(&editor), "line9");
	type("\x10");
	assert_string_equal(edit_text(&editor), "line9");
}

static void searching(void **state)
{
	(void)state;
	type("create-vm web\rlist-vm\rcreate-vm db\rhelp\r");
	type("\x12" "create");
	expect_row("(search \"create\") create-vm db", 18);
	type("\x12");
	assert_string_equal(edit_text(&editor), "create-vm web");
	type("\x07");
	expect_row("vos> ", 5);
	type("\x12lis\x05 ");
	assert_string_equal(edit_text(&editor), "list-vm ");
	type("\x15\x12web\r");
	assert_int_equal(last, EDIT_LINE);
	assert_memory_equal(above, "vos> create-vm web ", 19);
	type("\x12nothing-like-it");
	assert_string_equal(edit_text(&editor), "");
	type("\x03");
	assert_int_equal(last, EDIT_CANCEL);
}

static void results(void **state)
{
	(void)state;
	type("ab\x03");
	assert_int_equal(last, EDIT_CANCEL);
	assert_memory_equal(above, "vos> ab^C ", 10);
	type("x\n");
	assert_int_equal(last, EDIT_LINE);
	type("x\r");
	assert_int_equal(last, EDIT_LINE);
	type("\n");
	assert_int_equal(last, EDIT_NONE);
	type("\t");
	assert_int_equal(last, EDIT_TAB);
	type("?");
	assert_int_equal(last, EDIT_QUESTION);
	assert_string_equal(edit_text(&editor), "");
	type("\x0c");
	assert_int_equal(last, EDIT_CLEAR);
	edit_show(&editor);
	edit_begin(&editor, "Sure? [y/N] ", false);
	for (const char *c = "no\x1b[A\r"; *c; c++) {
		struct key key = keys_feed(&decoder, (u8)*c);

		last = edit_key(&editor, &key);
	}
	assert_int_equal(last, EDIT_LINE);
	assert_string_equal(edit_text(&editor), "no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(editing, setup), cmocka_unit_test_setup(drawing, setup),
		cmocka_unit_test_setup(long_lines, setup), cmocka_unit_test_setup(history, setup),
		cmocka_unit_test_setup(searching, setup), cmocka_unit_test_setup(results, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
