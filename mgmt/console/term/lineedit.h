/* SPDX-License-Identifier: MIT */
/*
 * lineedit.h - the line at the prompt: editing, history, search, and drawing it.
 *
 * Draws with printable characters, backspace, carriage return and space only, so that any terminal does; one row,
 * scrolled sideways when it is too long. Keys go in, drawing goes to an out, results come back; it knows nothing of
 * commands.
 */
#ifndef VOS_LINEEDIT_H
#define VOS_LINEEDIT_H

#include "keys.h"
#include "out.h"
#include "tokenize.h"

#define EDIT_COLUMNS 80u
#define EDIT_HISTORY 64u
#define EDIT_PROMPT_BYTES 64u
#define EDIT_PATTERN_BYTES 64u

enum edit_result {
	EDIT_NONE,
	EDIT_LINE,	/* Enter: the text is in edit_text() until the next edit_begin */
	EDIT_TOO_LONG,	/* Enter, but a part of what was typed did not fit: the line is not what was meant */
	EDIT_CANCEL,	/* Ctrl-C */
	EDIT_TAB,	/* somebody who knows the grammar may complete */
	EDIT_QUESTION,	/* a ? was typed and not inserted */
	EDIT_CLEAR,	/* Ctrl-L: the line is hidden; clear the screen, then edit_show */
};

struct edit_cell {
	u8 count;
	char bytes[4];
};

struct editor {
	struct out out;
	char prompt[EDIT_PROMPT_BYTES];
	char line[LINE_BYTES];
	size_t length;
	size_t cursor;			/* byte offset, at a character's first byte */
	size_t scroll;			/* characters left of the window */
	char killed[LINE_BYTES];
	bool is_secret;			/* what is typed is not shown, and is wiped */
	bool has_history;		/* this line may recall earlier ones and becomes one */
	bool is_pasting;
	bool is_cut;			/* something typed did not fit; until the line is empty or another one */
	bool is_searching;
	char pattern[EDIT_PATTERN_BYTES];
	char *history[EDIT_HISTORY];	/* on the heap */
	u32 history_count;		/* lines ever added; line n is at n % EDIT_HISTORY */
	u32 history_at;			/* the one being shown; history_count = the draft */
	char draft[LINE_BYTES];
	bool is_shown;
	u32 column;			/* where the terminal's cursor is */
	u32 shown_count;
	struct edit_cell shown[EDIT_COLUMNS];
};

void edit_init(struct editor *editor, struct out out);
/* Start an empty line and show it. Without history it is a question's answer. */
void edit_begin(struct editor *editor, const char *prompt, bool has_history);
/* The same without history, and nothing of what is typed is shown. */
void edit_begin_secret(struct editor *editor, const char *prompt);
/* Nothing of the line, or of what was cut out of it, stays in memory. */
void edit_wipe(struct editor *editor);
/* No line that was typed before can be recalled. */
void edit_forget(struct editor *editor);
enum edit_result edit_key(struct editor *editor, const struct key *key);
const char *edit_text(const struct editor *editor);
/* Insert at the cursor; what does not fit is refused as a whole, with a bell. */
void edit_insert(struct editor *editor, const char *bytes, size_t count);
/* Take the line off the screen, so that something else can be printed, and put it back. */
void edit_hide(struct editor *editor);
void edit_show(struct editor *editor);

#endif
