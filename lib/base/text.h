/* SPDX-License-Identifier: MIT */
/*
 * text.h - the few string helpers that all rooms need. Strings end with a zero byte.
 */
#ifndef VOS_TEXT_H
#define VOS_TEXT_H

#include "types.h"

/* If `text` begins with `prefix`, what comes after it; else NULL. */
static inline const char *text_after(const char *text, const char *prefix)
{
	for (; *prefix != 0; prefix++, text++)
		if (*text != *prefix)
			return NULL;
	return text;
}

/* Copy as much as fits and end it with a zero byte. */
static inline void text_copy(char *out, size_t size, const char *from)
{
	size_t i = 0;

	for (; i + 1 < size && from[i] != 0; i++)
		out[i] = from[i];
	out[i] = 0;
}

#endif
