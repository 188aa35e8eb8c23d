/* SPDX-License-Identifier: MIT */
/*
 * tokenize.c - see tokenize.h.
 */
#include <string.h>

#include "tokenize.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Copy one word without its quotes; returns where it ends. */
static size_t unquote(struct words *words, const char *line, size_t i, size_t length, size_t *used)
{
	char quote = 0;

	for (; i < length && (quote || !is_blank(line[i])); i++) {
		char c = line[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < length)
			c = line[++i];
		words->text[(*used)++] = c;
	}
	words->text[(*used)++] = 0;
	words->is_open = quote != 0;
	return i;
}

void tokenize(struct words *words, const char *line, size_t length)
{
	size_t i = 0, used = 0;

	length = strnlen(line, length < LINE_BYTES ? length : LINE_BYTES);
	words->is_too_long = length == LINE_BYTES;
	if (words->is_too_long)
		length--;
	words->count = 0;
	words->is_open = words->is_too_many = false;
	for (;;) {
		words->is_between = words->count == 0 || (i < length && is_blank(line[i]));
		while (i < length && is_blank(line[i]))
			i++;
		if (i == length || line[i] == '#')
			return;
		if (words->count == WORD_COUNT) {
			words->is_too_many = true;
			return;
		}
		words->word[words->count] = words->text + used;
		words->start[words->count] = (u16)i;
		words->is_quoted[words->count] = line[i] == '"' || line[i] == '\'';
		words->count++;
		i = unquote(words, line, i, length, &used);
	}
}
