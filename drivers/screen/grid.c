/* SPDX-License-Identifier: MIT */
/*
 * grid.c - see grid.h. `wanted` holds what should be seen, `shown` what is: painting touches only cells that differ.
 * The grid scrolls by several lines at a time, because writes to a screen are slow.
 */
#include "grid.h"

#include <string.h>

#define TAB 8u
#define SCROLL_ROWS 8u
#define UNKNOWN 0xffu		/* no letter is like that */

void grid_init(struct grid *grid, u32 columns, u32 rows)
{
	memset(grid->wanted, 0, sizeof(grid->wanted));
	memset(grid->shown, UNKNOWN, sizeof(grid->shown));
	grid->columns = columns < GRID_COLUMNS_MAX ? columns : GRID_COLUMNS_MAX;
	grid->rows = rows < GRID_ROWS_MAX ? rows : GRID_ROWS_MAX;
	grid->row = grid->column = 0;
	grid->state = GRID_TEXT;
}

static void newline(struct grid *grid)
{
	u32 kept = grid->rows - SCROLL_ROWS;

	grid->column = 0;
	if (++grid->row < grid->rows)
		return;
	memmove(grid->wanted[0], grid->wanted[SCROLL_ROWS], kept * sizeof(grid->wanted[0]));
	memset(grid->wanted[kept], 0, SCROLL_ROWS * sizeof(grid->wanted[0]));
	grid->row = kept;
}

static void put_printable(struct grid *grid, u8 c)
{
	if (grid->column == grid->columns)
		newline(grid);
	grid->wanted[grid->row][grid->column++] = c == ' ' ? 0 : c;
}

static void put_text(struct grid *grid, u8 c)
{
	switch (c) {
	case '\n':
		newline(grid);
		break;
	case '\r':
		grid->column = 0;
		break;
	case '\t':
		do
			put_printable(grid, ' ');
		while (grid->column % TAB != 0 && grid->column < grid->columns);
		break;
	case '\b':
		if (grid->column != 0)
			grid->column--;
		break;
	case 0x1b:
		grid->state = GRID_ESCAPE;
		break;
	default:
		if (c >= ' ')
			put_printable(grid, c < 0x7f ? c : '?');
		break;
	}
}

static void put(struct grid *grid, u8 c)
{
	switch (grid->state) {
	case GRID_TEXT:
		put_text(grid, c);
		break;
	case GRID_ESCAPE:
		grid->state = c == '[' ? GRID_SEQUENCE : GRID_TEXT;
		break;
	case GRID_SEQUENCE:
		if (c >= '@' && c <= '~')
			grid->state = GRID_TEXT;
		break;
	}
}

void grid_write(struct grid *grid, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		put(grid, (u8)text[i]);
}

void grid_show(struct grid *grid)
{
	for (u32 row = 0; row < grid->rows; row++) {
		for (u32 column = 0; column < grid->columns; column++) {
			u8 c = grid->wanted[row][column];

			if (grid->shown[row][column] == c)
				continue;
			grid->paint(grid->context, row, column, c);
			grid->shown[row][column] = c;
		}
	}
}
