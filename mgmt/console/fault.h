/* SPDX-License-Identifier: MIT */
/*
 * fault.h - why a command was refused or failed: exit code, class and words, the same for the prompt, for JSON and for
 * vos.conf.
 */
#ifndef VOS_FAULT_H
#define VOS_FAULT_H

#include "request.h"

#define FAULT_TEXT_BYTES 320u

struct fault {
	enum result code;
	const char *class;		/* "E_USAGE"; static */
	char text[FAULT_TEXT_BYTES];	/* one line; may quote foreign text, so printed escaped */
	u16 at;				/* usage: offset of the word in the line, else 0 */
};

/* Fill in; the class follows from the code. Always returns false, for `return fault_set(...)`. */
bool fault_set(struct fault *fault, enum result code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* RESULT_TIMEOUT of class E_BUSY: nothing is wrong, try again. Always false. */
bool fault_busy(struct fault *fault, const char *text);
const char *fault_class(enum result code);

#endif
