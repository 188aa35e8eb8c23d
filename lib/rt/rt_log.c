/* SPDX-License-Identifier: MIT */
/*
 * rt_log.c - see rt_log.h. The system call takes at most 32 bytes, so a line goes out in pieces.
 */
#include "rt_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "sys.h"

#define LINE_BYTES 200
#define PIECE_BYTES 32u

void rt_log(const char *format, ...)
{
	char line[LINE_BYTES + 1];
	va_list args;
	u32 count, done = 0;
	int made;

	va_start(args, format);
	made = vsnprintf(line, LINE_BYTES, format, args);
	va_end(args);
	if (made < 0)
		return;
	count = made < LINE_BYTES ? (u32)made : LINE_BYTES - 1u;
	line[count++] = '\n';
	while (done < count) {
		u32 piece = count - done < PIECE_BYTES ? count - done : PIECE_BYTES;

		if (sys_log_write(line + done, piece) != ST_OK)
			return;
		done += piece;
	}
}
