/* SPDX-License-Identifier: MIT */
/*
 * cmd_error.c - fills in a struct cmd_error: exit code, class and message.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cmd_error.h"

#define RESULT_CLASS(name, code, class) [name] = (class),

static const char *const classes[] = { RESULTS(RESULT_CLASS) };

const char *error_class(enum result code)
{
	return code < ARRAY_COUNT(classes) ? classes[code] : "E_FAILED";
}

bool error_set(struct cmd_error *error, enum result code, const char *format, ...)
{
	va_list list;

	error->code = code;
	error->class = error_class(code);
	error->at = 0;
	va_start(list, format);
	vsnprintf(error->text, sizeof(error->text), format, list);
	va_end(list);
	return false;
}

bool error_busy(struct cmd_error *error, const char *text)
{
	error_set(error, RESULT_TIMEOUT, "%s", text);
	error->class = "E_BUSY";
	return false;
}
