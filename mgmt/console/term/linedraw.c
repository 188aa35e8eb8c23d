/* SPDX-License-Identifier: MIT */
/*
 * linedraw.c - see linedraw.h. The row is an array of cells, one column each; the last column is never used, because
 * terminals differ in what they do there.
 */
#include <string.h>

#include "linedraw.h"

#define ROW (EDIT_COLUMNS - 1)

struct row {
	u32 count;
	u32 cursor;
	struct edit_cell cells[EDIT_COLUMNS];
};

static void put(struct row *row, const char *bytes, size_t count)
{
	struct edit_cell *cell;

	if (row->count == ROW)
		return;
	cell = &row->cells[row->count++];
	*cell = (struct edit_cell){ .count = (u8)count };
	memcpy(cell->bytes, bytes, count);
}

static void put_text(struct row *row, const char *text)
{
	for (; *text; text++)
		put(row, (u8)*text < 0x80 ? text : "?", 1);
}

static size_t char_bytes(const char *text)
{
	size_t count = 1;

	while (count < 4 && ((u8)text[count] & 0xc0) == 0x80)
		count++;
	return count;
}

/* Latin, Greek and Cyrillic letters are one column wide; of all others a terminal's idea is not known, so they show
 * as '?'. */
static bool is_narrow(const char *bytes, size_t count)
{
	u32 point;

	if (count == 1)
		return (u8)bytes[0] >= 0x20 && (u8)bytes[0] < 0x7f;
	if (count != 2)
		return false;
	point = ((u32)bytes[0] & 0x1fu) << 6 | ((u32)bytes[1] & 0x3fu);
	return (point >= 0xa0 && point < 0x300 && point != 0xad) || (point >= 0x370 && point < 0x483);
}

static size_t chars_before(const char *line, size_t end)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i += char_bytes(line + i))
		count++;
	return count;
}

/* Keep the cursor in the window of `width` columns; when it leaves, move the window by a good part of its width. */
static void scroll(struct editor *e, size_t cursor, size_t width)
{
	if (cursor < e->scroll + (e->scroll ? 1 : 0))
		e->scroll = cursor > width / 3 ? cursor - width / 3 : 0;
	else if (cursor >= e->scroll + width - 1)
		e->scroll = cursor - width + 1 + width / 3;
}

static void put_prompt(const struct editor *e, struct row *row)
{
	if (!e->is_searching) {
		put_text(row, e->prompt);
		return;
	}
	put_text(row, "(search \"");
	put_text(row, e->pattern + (strlen(e->pattern) > 20 ? strlen(e->pattern) - 20 : 0));
	put_text(row, "\") ");
}

static void compose(struct editor *e, struct row *row)
{
	size_t cursor = chars_before(e->line, e->cursor), n = 0, width;

	row->count = 0;
	put_prompt(e, row);
	row->cursor = row->count;
	if (e->is_secret)
		return;
	width = ROW - row->count;
	scroll(e, cursor, width);
	row->cursor = row->count + (u32)(cursor - e->scroll);
	for (size_t i = 0; i < e->length; n++) {
		size_t count = char_bytes(e->line + i);

		if (n == e->scroll && e->scroll)
			put(row, "<", 1);
		else if (n == e->scroll + width - 1)
			put(row, ">", 1);
		else if (n >= e->scroll && n < e->scroll + width)
			put(row, is_narrow(e->line + i, count) ? e->line + i : "?",
				is_narrow(e->line + i, count) ? count : 1);
		i += count;
	}
}

static void print_cells(struct editor *e, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		out_bytes(&e->out, e->shown[i].bytes, e->shown[i].count);
	e->column = to;
}

static void repeat(struct editor *e, const char *text, u32 times)
{
	while (times--)
		out_text(&e->out, text);
}

static void move_to(struct editor *e, u32 column)
{
	if (column >= e->column) {
		print_cells(e, e->column, column);
		return;
	}
	if (e->column - column <= column + 1) {
		repeat(e, "\b", e->column - column);
		e->column = column;
		return;
	}
	out_text(&e->out, "\r");
	print_cells(e, 0, column);
}

static bool same(const struct edit_cell *a, const struct edit_cell *b)
{
	return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static void update(struct editor *e, const struct row *row)
{
	u32 first = 0, old_count = e->shown_count;

	while (first < row->count && first < old_count && same(&row->cells[first], &e->shown[first]))
		first++;
	if (first < row->count || first < old_count) {
		move_to(e, first);
		memcpy(e->shown, row->cells, sizeof(e->shown));
		e->shown_count = row->count;
		print_cells(e, first, row->count);
		if (old_count > row->count) {
			repeat(e, " ", old_count - row->count);
			e->column = old_count;
		}
	}
	move_to(e, row->cursor);
}

void linedraw(struct editor *e)
{
	struct row row;

	if (!e->is_shown)
		return;
	compose(e, &row);
	update(e, &row);
}

void linedraw_forget(struct editor *e)
{
	e->is_shown = false;
	e->shown_count = e->column = 0;
}

void edit_hide(struct editor *e)
{
	if (!e->is_shown)
		return;
	move_to(e, 0);
	repeat(e, " ", e->shown_count);
	out_text(&e->out, "\r");
	linedraw_forget(e);
}

void edit_show(struct editor *e)
{
	e->is_shown = true;
	linedraw(e);
}
