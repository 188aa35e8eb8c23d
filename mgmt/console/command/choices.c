/* SPDX-License-Identifier: MIT */
/*
 * choices.c - a flag whose value is one of some words: see args.h.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "units.h"

bool choice_word(char *text, const struct arg_spec *spec, u32 index)
{
	const char *words = spec->value;

	for (; index && *words; index--)
		words += strcspn(words, "|") + (words[strcspn(words, "|")] != 0);
	snprintf(text, SET_TEXT_BYTES, "%.*s", (int)strcspn(words, "|"), words);
	return *text != 0;
}

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
