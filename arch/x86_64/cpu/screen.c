/* SPDX-License-Identifier: MIT */
/*
 * screen.c - see screen.h. The plainest way: each letter is painted where it belongs, and a full screen is moved up.
 */
#include "screen.h"

#include <string.h>

#include "font.h"

#define GREY 0x0700u		/* in text mode */
#define INK 0xaaaaaau
#define WIDTH_MAX 16384u
#define PITCH_MAX 65536u

static struct {
	u8 *memory;		/* NULL = no screen (yet) */
	const struct info_screen *is;
	u32 columns, rows, row, column;
	u64 row_bytes;
} screen;

static void put(char c)
{
	u8 *line = screen.memory + screen.row * screen.row_bytes;

	if (screen.is->type == SCREEN_TEXT) {
		((volatile u16 *)line)[screen.column] = (u16)(GREY | (u8)c);
		return;
	}
	for (u32 y = 0; y < FONT_HEIGHT; y++, line += screen.is->pitch)
		for (u32 x = 0; x < FONT_WIDTH; x++)
			((volatile u32 *)line)[screen.column * FONT_WIDTH + x] =
				font_row((u8)c, y) & 0x80u >> x ? INK : 0;
}

static void newline(void)
{
	screen.column = 0;
	if (++screen.row < screen.rows)
		return;
	screen.row--;
	memmove(screen.memory, screen.memory + screen.row_bytes, screen.row * screen.row_bytes);
	memset(screen.memory + screen.row * screen.row_bytes, 0, screen.row_bytes);
}

void screen_write(const char *text, size_t bytes)
{
	for (size_t i = 0; screen.memory && i < bytes; i++) {
		if (text[i] == '\n') {
			newline();
		} else if (screen.column < screen.columns) {
			put(text[i]);
			screen.column++;
		}
	}
}

void screen_clear(void)
{
	screen.row = screen.column = 0;
	if (screen.memory)
		memset(screen.memory, 0, screen.rows * screen.row_bytes);
}

void screen_init(const struct info_screen *at, void *(*map)(hpa_t hpa, u64 bytes))
{
	bool is_text = at->type == SCREEN_TEXT, is_new = screen.is != at;

	if (!is_text && (at->type != SCREEN_RGB || at->bits_per_pixel != 32 || at->width > WIDTH_MAX ||
			 at->height > WIDTH_MAX || at->pitch > PITCH_MAX || at->pitch < at->width * 4))
		return;
	screen.is = at;
	screen.columns = at->width / (is_text ? 1 : FONT_WIDTH);
	screen.rows = at->height / (is_text ? 1 : FONT_HEIGHT);
	screen.row_bytes = (u64)at->pitch * (is_text ? 1 : FONT_HEIGHT);
	screen.memory = screen.rows ? map(HPA(at->address), (u64)at->pitch * at->height) : NULL;
	if (is_new)
		screen_clear();
}
