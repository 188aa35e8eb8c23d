/* SPDX-License-Identifier: MIT */
/*
 * Bytes into the line editor: the line stays well formed, the row on the terminal is exactly the drawing of the line.
 */
/* links: console */
#include <stdlib.h>
#include <string.h>

#include "lineedit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct editor editor;
static u32 column;

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void terminal(void *context, const char *bytes, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n')
			column = 0;
		else if (bytes[i] == '\b')
			check(column-- > 0);
		else if (bytes[i] != '\a' && ((u8)bytes[i] & 0xc0) != 0x80)
			check((u8)bytes[i] >= 0x20 && ++column < EDIT_COLUMNS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_decoder decoder = { 0 };

	column = 0;
	edit_init(&editor, (struct out){ terminal, 0 });
	edit_begin(&editor, "vos> ", true);
	if (size > 400 && data[0] % 32)
		size = 400;	/* long ones are slow, so only few of them */
	for (size_t i = 0; i < size; i++) {
		struct key key = keys_feed(&decoder, data[i]);

		switch (edit_key(&editor, &key)) {
		case EDIT_LINE: case EDIT_TOO_LONG: case EDIT_CANCEL:
			edit_begin(&editor, i % 5 ? "vos> " : "Sure? [y/N] ", i % 5);
			break;
		case EDIT_QUESTION:
			edit_insert(&editor, "?", 1);
			break;
		case EDIT_CLEAR: case EDIT_TAB:
			edit_hide(&editor);
			check(column == 0);
			edit_show(&editor);
			break;
		case EDIT_NONE:
			break;
		}
		check(editor.length < LINE_BYTES && editor.cursor <= editor.length);
		check(strlen(editor.line) == editor.length);
		check(((u8)editor.line[editor.cursor] & 0xc0) != 0x80);
		check(editor.column == column && column < EDIT_COLUMNS);
	}
	return 0;
}
