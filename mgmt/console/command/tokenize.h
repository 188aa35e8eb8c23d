/* SPDX-License-Identifier: MIT */
/*
 * tokenize.h - a line cut into words: blanks separate, "..." and '...' quote, \ quotes one character (not in '...').
 */
#ifndef VOS_TOKENIZE_H
#define VOS_TOKENIZE_H

#include "types.h"

#define LINE_BYTES 4097u	/* longest line, with its zero */
#define WORD_COUNT 64u

struct words {
	u32 count;
	bool is_open;			/* the line ended inside quotes */
	bool is_between;		/* the line ended in blanks (or is empty): the next word has not begun */
	bool is_too_many;
	bool is_too_long;		/* the line has LINE_BYTES bytes or more; the rest is not looked at */
	const char *word[WORD_COUNT];	/* unquoted, in text[] */
	u16 start[WORD_COUNT];		/* where it begins in the line */
	bool is_quoted[WORD_COUNT];	/* begins with a quote: never a flag */
	char text[LINE_BYTES + WORD_COUNT];
};

/*
 * Split at most LINE_BYTES - 1 bytes. Never fails; the flags say what was odd. A # where a word begins ends the line.
 */
void tokenize(struct words *words, const char *line, size_t length);

#endif
