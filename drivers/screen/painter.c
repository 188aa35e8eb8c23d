/* SPDX-License-Identifier: MIT */
/*
 * painter.c - see painter.h.
 */
#include "painter.h"

#include "font.h"
#include "range.h"

#define GREY 0x07u		/* on black, in text mode */
#define INK 0x00aaaaaau		/* light grey, red green blue; each format takes its top bits */

/* The usual layouts: blue in the low bits; 15 and 16 bits are told apart by bits_per_pixel. */
static u32 ink_of(u32 bits_per_pixel)
{
	u32 r = INK >> 16 & 0xff, g = INK >> 8 & 0xff, b = INK & 0xff;

	if (bits_per_pixel == 15)
		return r >> 3 << 10 | g >> 3 << 5 | b >> 3;
	if (bits_per_pixel == 16)
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
	return INK;
}

static void paint_pixel(const struct painter *p, volatile u8 *at, u32 colour)
{
	switch (p->bytes_per_pixel) {
	case 4:
		*(volatile u32 *)at = colour;
		break;
	case 3:
		at[0] = (u8)colour;
		at[1] = (u8)(colour >> 8);
		at[2] = (u8)(colour >> 16);
		break;
	default:
		*(volatile u16 *)at = (u16)colour;
		break;
	}
}

static void paint_letter(const struct painter *p, u32 row, u32 column, u8 c)
{
	u32 height = FONT_HEIGHT * p->scale, width = FONT_WIDTH * p->scale;
	volatile u8 *line = p->memory + (u64)row * height * p->screen.pitch;

	line += (u64)column * width * p->bytes_per_pixel;
	for (u32 y = 0; y < height; y++, line += p->screen.pitch) {
		u8 bits = font_row(c, y / p->scale);

		for (u32 x = 0; x < width; x++)
			paint_pixel(p, line + (u64)x * p->bytes_per_pixel, bits & 0x80u >> x / p->scale ? p->ink : 0);
	}
}

void painter_paint(void *context, u32 row, u32 column, u8 c)
{
	const struct painter *p = context;

	if (p->screen.type == SCREEN_TEXT)
		*(volatile u16 *)(p->memory + (u64)row * p->screen.pitch + 2ull * column) =
			(u16)(GREY << 8 | (c != 0 ? c : ' '));
	else
		paint_letter(p, row, column, c);
}

static bool text_ok(const struct info_screen *s)
{
	return s->width >= 80 && s->height >= 25 && s->width <= s->pitch / 2;
}

static bool framebuffer_ok(const struct info_screen *s, u32 bytes_per_pixel)
{
	if (s->type != SCREEN_RGB || bytes_per_pixel < 2 || bytes_per_pixel > 4 || s->pitch > 65536)
		return false;
	if (s->width < 640 || s->height < 400 || s->width > 16384 || s->height > 16384)
		return false;
	if (bytes_per_pixel != 3 && s->pitch % bytes_per_pixel != 0)
		return false;
	return s->width <= s->pitch / bytes_per_pixel;
}

bool painter_init(struct painter *p, const struct info_screen *screen, volatile u8 *memory)
{
	*p = (struct painter){ .screen = *screen, .memory = memory };
	p->bytes_per_pixel = (screen->bits_per_pixel + 7u) / 8u;
	p->columns = screen->width;
	p->rows = screen->height;
	if (screen->type == SCREEN_TEXT)
		return text_ok(screen);
	if (!framebuffer_ok(screen, p->bytes_per_pixel))
		return false;
	p->ink = ink_of(screen->bits_per_pixel);
	p->scale = (u32)max_u64(min_u64(screen->width / 1024u, screen->height / 768u), 1);
	p->columns = screen->width / (FONT_WIDTH * p->scale);
	p->rows = screen->height / (FONT_HEIGHT * p->scale);
	return true;
}
