/* SPDX-License-Identifier: MIT */
/*
 * The screen driver's letters: where text goes, how it scrolls, and that painting stays within the screen's memory for
 * whatever geometry.
 */
/* links: screen kernel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "font.h"
#include "grid.h"
#include "painter.h"

static struct grid grid;
static char seen[GRID_ROWS_MAX][GRID_COLUMNS_MAX + 1];
static u32 painted;

static void paint(void *context, u32 row, u32 column, u8 c)
{
	assert_ptr_equal(context, seen);
	assert_true(row < grid.rows && column < grid.columns);
	seen[row][column] = c == 0 ? ' ' : (char)c;
	painted++;
}

static void start(u32 columns, u32 rows)
{
	memset(seen, 0, sizeof(seen));
	grid.paint = paint;
	grid.context = seen;
	grid_init(&grid, columns, rows);
}

static void write_text(const char *text)
{
	painted = 0;
	grid_write(&grid, text, strlen(text));
	grid_show(&grid);
}

static void text_goes_where_it_belongs(void **state)
{
	(void)state;
	start(20, 10);
	write_text("one\ntwo\rT\tx\b!\n");
	assert_int_equal(painted, 200);		/* what was there before is unknown */
	assert_string_equal(seen[0], "one                 ");
	assert_string_equal(seen[1], "T       !           ");
	write_text("\x1b[1;31mred\x1b[0m \x1b""7\x80\x01.");
	assert_string_equal(seen[2], "red ?.              ");
	assert_int_equal(painted, 5);
	write_text("");
	assert_int_equal(painted, 0);
}

static void lines_wrap_and_scroll(void **state)
{
	(void)state;
	start(10, 9);
	write_text("0123456789abc\n");
	assert_string_equal(seen[0], "0123456789");
	assert_string_equal(seen[1], "abc       ");
	for (u32 i = 2; i < 10; i++)
		write_text("line\n");
	assert_string_equal(seen[0], "line      ");	/* moved up by eight */
	assert_string_equal(seen[1], "line      ");
	assert_string_equal(seen[2], "          ");
	write_text("\b\b\bx\t\t\t");
	assert_string_equal(seen[2], "x         ");
}

static void sizes_are_cut(void **state)
{
	(void)state;
	start(1000, 1000);
	assert_int_equal(grid.columns, GRID_COLUMNS_MAX);
	assert_int_equal(grid.rows, GRID_ROWS_MAX);
	for (u32 i = 0; i < 3000; i++)
		write_text("a rather long line that is repeated until the grid has moved up many times\t\n");
}

/* Everything in the grid painted into memory that has not one byte more. */
static void painting_stays_inside(void **state)
{
	static const u8 depths[] = { 8, 15, 16, 24, 32, 40 };
	struct info_screen screen;
	struct painter painter;
	u32 good = 0;

	(void)state;
	srand(1);
	for (u32 i = 0; i < 400; i++) {
		u8 *memory;

		screen = (struct info_screen){ .width = 600 + (u32)rand() % 2000, .height = 380 + (u32)rand() % 1600,
					       .bits_per_pixel = depths[rand() % 6], .type = SCREEN_RGB };
		screen.pitch = screen.width * ((screen.bits_per_pixel + 7u) / 8u) + (u32)rand() % 16 * 4 - 8;
		screen.pitch += rand() % 8 == 0;
		memory = malloc((size_t)screen.pitch * screen.height);
		assert_non_null(memory);
		if (painter_init(&painter, &screen, memory)) {
			good++;
			assert_true(painter.columns >= 80 && painter.rows >= 25);
			painter_paint(&painter, painter.rows - 1, painter.columns - 1, 'W');
			painter_paint(&painter, painter.rows - 1, 0, 0);
			painter_paint(&painter, 0, painter.columns - 1, 0xff);
		}
		free(memory);
	}
	assert_true(good > 100);
}

static void letters_look_like_the_font(void **state)
{
	static u32 pixels[480][640];
	static u16 cells[25][80];
	struct info_screen screen = {
		.width = 640, .height = 480, .pitch = 2560, .bits_per_pixel = 32, .type = SCREEN_RGB,
	};
	struct painter painter;

	(void)state;
	assert_true(painter_init(&painter, &screen, (volatile u8 *)pixels));
	painter_paint(&painter, 2, 3, 'R');
	for (u32 y = 0; y < FONT_HEIGHT; y++)
		for (u32 x = 0; x < FONT_WIDTH; x++)
			assert_int_equal(pixels[32 + y][24 + x] != 0, (font_row('R', y) & 0x80u >> x) != 0);
	screen = (struct info_screen){
		.width = 80, .height = 25, .pitch = 160, .bits_per_pixel = 16, .type = SCREEN_TEXT,
	};
	assert_true(painter_init(&painter, &screen, (volatile u8 *)cells));
	painter_paint(&painter, 24, 79, 'x');
	assert_int_equal(cells[24][79], 0x0778);
	screen.width = 79;
	assert_false(painter_init(&painter, &screen, (volatile u8 *)cells));
	screen.type = SCREEN_NONE;
	assert_false(painter_init(&painter, &screen, (volatile u8 *)cells));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_where_it_belongs),
		cmocka_unit_test(lines_wrap_and_scroll),
		cmocka_unit_test(sizes_are_cut),
		cmocka_unit_test(painting_stays_inside),
		cmocka_unit_test(letters_look_like_the_font),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
