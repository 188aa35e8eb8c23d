/* SPDX-License-Identifier: MIT */
/*
 * grid.h - the letters that a screen shows: text goes in, cells that changed come out. Pure.
 */
#ifndef VOS_GRID_H
#define VOS_GRID_H

#include "types.h"

#define GRID_COLUMNS_MAX 128u
#define GRID_ROWS_MAX 64u

struct grid {
	u32 columns, rows;
	u32 row, column;
	enum { GRID_TEXT, GRID_ESCAPE, GRID_SEQUENCE } state;
	u8 wanted[GRID_ROWS_MAX][GRID_COLUMNS_MAX];	/* 0: nothing */
	u8 shown[GRID_ROWS_MAX][GRID_COLUMNS_MAX];
	/* Make that cell look like c; 0: empty. */
	void (*paint)(void *context, u32 row, u32 column, u8 c);
	void *context;
};

/* Whatever is on the screen, all of it is painted with the first grid_show. Sizes are cut to the limits above; at least
 * one column and more rows than scroll at a time (8). */
void grid_init(struct grid *grid, u32 columns, u32 rows);

/* Plain text with \n \r \t \b; ANSI escape sequences are skipped, anything else that is not ASCII becomes '?'. */
void grid_write(struct grid *grid, const char *text, size_t bytes);

/* Paint what differs. */
void grid_show(struct grid *grid);

#endif
