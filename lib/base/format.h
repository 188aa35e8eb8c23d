/* SPDX-License-Identifier: MIT */
/*
 * format.h - as much of printf as the kernel's log needs: %s %d %u %x, with l or ll, a width, and 0 (numbers without a
 * sign) or - before it. The text ends at any other conversion.
 */
#ifndef VOS_FORMAT_H
#define VOS_FORMAT_H

#include "types.h"

#include <stdarg.h>

/* Always ends the text with a zero byte (size > 0). Returns the length it would have had; at most size - 1 bytes are
 * there. */
size_t format_text(char *out, size_t size, const char *format, va_list args);
__attribute__((format(printf, 3, 4))) size_t format_string(char *out, size_t size, const char *format, ...);

#endif
