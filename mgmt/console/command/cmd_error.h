/* SPDX-License-Identifier: MIT */
/*
 * cmd_error.h - why a command was refused or failed: exit code, class and message, the same for the prompt, for JSON
 * and for vos.conf.
 */
#ifndef VOS_CMD_ERROR_H
#define VOS_CMD_ERROR_H

#include "request.h"

#define ERROR_TEXT_BYTES 320u

struct cmd_error {
	enum result code;
	const char *class;		/* "E_USAGE"; static */
	char text[ERROR_TEXT_BYTES];	/* one line; may quote foreign text, so printed escaped */
	u16 at;				/* usage: offset of the word in the line, else 0 */
};

/* Fill in; the class follows from the code. Always returns false, for `return error_set(...)`. */
bool error_set(struct cmd_error *error, enum result code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* RESULT_TIMEOUT of class E_BUSY: nothing is wrong, try again. Always false. */
bool error_busy(struct cmd_error *error, const char *text);
const char *error_class(enum result code);

#endif
