/* SPDX-License-Identifier: MIT */
/*
 * painter.h - letters on VGA text memory or on a linear framebuffer. Pure: the memory is handed in, and only written.
 */
#ifndef VOS_PAINTER_H
#define VOS_PAINTER_H

#include "info_page.h"
#include "status.h"
#include "types.h"

struct painter {
	struct info_screen screen;
	volatile u8 *memory;	/* pitch * height bytes */
	u32 bytes_per_pixel, ink, scale;
	u32 columns, rows;	/* of letters */
};

/* False: not a screen that can be painted on, or one with less than 80 by 25 letters. */
bool painter_init(struct painter *painter, const struct info_screen *screen, volatile u8 *memory) MUST_CHECK;

/* A grid's `paint`; context: the painter. */
void painter_paint(void *context, u32 row, u32 column, u8 c);

#endif
