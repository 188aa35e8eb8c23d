/*
 * screen.h - text on VGA memory or on a linear framebuffer. Works before the screen is mapped: text is kept and painted
 * then.
 */
#ifndef VOS_SCREEN_H
#define VOS_SCREEN_H

#include "boot_info.h"
#include "types.h"

/* Map the screen with `map` (arch_mmio_map) and paint what was written so far. Without a usable one, nothing
 * happens. */
void screen_init(const struct boot_info *boot, void *(*map)(hpa_t hpa, u64 bytes));

/* Plain text with \n \r \t \b; ANSI escape sequences are skipped, anything else that is not ASCII becomes '?'. */
void screen_write(const char *text, size_t bytes);

/* Idle time: paint a few cells. False: there may be more to paint. From the first call on writing paints only a few. */
bool screen_idle(void);

/* From now on all is painted at once again, whoever was painting. */
void screen_panic(void);

#endif
