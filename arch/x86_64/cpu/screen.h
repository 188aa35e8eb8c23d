/* SPDX-License-Identifier: MIT */
/*
 * screen.h - the kernel's first and last words on VGA text memory or on a framebuffer. The screen driver (ring 3) is
 * another program.
 */
#ifndef VOS_SCREEN_H
#define VOS_SCREEN_H

#include "info_page.h"

/* Map the screen with `map`; again when that has changed. Without one that is known nothing happens. */
void screen_init(const struct info_screen *at, void *(*map)(hpa_t hpa, u64 bytes));

/* Lines of ASCII; what is beyond the right edge is cut off. */
void screen_write(const char *text, size_t bytes);

/* Start again at the top. */
void screen_clear(void);

#endif
