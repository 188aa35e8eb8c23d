/* SPDX-License-Identifier: MIT */
/*
 * fault.c - fills in a struct fault: exit code, class and message.
 */
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

#define RESULT_CLASS(name, code, class) [name] = (class),

static const char *const classes[] = { RESULTS(RESULT_CLASS) };

const char *fault_class(enum result code)
{
	return code < ARRAY_COUNT(classes) ? classes[code] : "E_FAILED";
}

bool fault_set(struct fault *fault, enum result code, const char *format, ...)
{
	va_list list;

	fault->code = code;
	fault->class = fault_class(code);
	fault->at = 0;
	va_start(list, format);
	vsnprintf(fault->text, sizeof(fault->text), format, list);
	va_end(list);
	return false;
}

bool fault_busy(struct fault *fault, const char *text)
{
	fault_set(fault, RESULT_TIMEOUT, "%s", text);
	fault->class = "E_BUSY";
	return false;
}
