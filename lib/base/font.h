/* SPDX-License-Identifier: MIT */
/*
 * font.h - the letters of the screen: ASCII, 8 by 16 pixels.
 */
#ifndef VOS_FONT_H
#define VOS_FONT_H

#include "types.h"

#define FONT_WIDTH 8u
#define FONT_HEIGHT 16u

/* Row y of c; the highest bit is the leftmost pixel. */
u8 font_row(u8 c, u32 y);

#endif
