/* SPDX-License-Identifier: MIT */
/*
 * font.c - the font that Debian's grub-common installs for programs to include: 128 letters of 16 bytes.
 */
#include "font.h"

#include </usr/share/grub/ascii.h>

_Static_assert(sizeof(ascii_bitmaps) == 128 * FONT_HEIGHT, "the font is ASCII, 8 by 16");

u8 font_row(u8 c, u32 y)
{
	return c >= ' ' && c < 0x7f && y < FONT_HEIGHT ? ascii_bitmaps[c * FONT_HEIGHT + y] : 0;
}
