/* SPDX-License-Identifier: MIT */
/*
 * choices.c - a flag whose value is one of some words: see args.h.
 */
#include <string.h>

#include "args.h"

bool choice_ok(const struct arg_spec *spec, const char *value, struct cmd_error *error)
{
	size_t length;

	for (const char *word = spec->value; *word; word += length + (word[length] != 0)) {
		length = strcspn(word, "|");
		if (strlen(value) == length && strncmp(word, value, length) == 0)
			return true;
	}
	return error_set(error, RESULT_USAGE, "--%s is %s, not \"%.40s\"", spec->name, spec->value, value);
}
