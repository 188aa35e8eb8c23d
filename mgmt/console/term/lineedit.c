/* SPDX-License-Identifier: MIT */
/*
 * lineedit.c - see lineedit.h: keys and history. Drawing is in linedraw.c.
 */
#include <stdlib.h>
#include <string.h>

#include "linedraw.h"

static void bell(struct editor *e)
{
	out_text(&e->out, "\a");
}

static bool is_continuation(char c)
{
	return ((u8)c & 0xc0) == 0x80;
}

static size_t before(const struct editor *e, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && is_continuation(e->line[at]))
		at--;
	return at;
}

static size_t behind(const struct editor *e, size_t at)
{
	if (at < e->length)
		at++;
	while (at < e->length && is_continuation(e->line[at]))
		at++;
	return at;
}

static size_t word_before(const struct editor *e, size_t at)
{
	while (at > 0 && e->line[at - 1] == ' ')
		at--;
	while (at > 0 && e->line[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_behind(const struct editor *e, size_t at)
{
	while (at < e->length && e->line[at] == ' ')
		at++;
	while (at < e->length && e->line[at] != ' ')
		at++;
	return at;
}

static void erase(struct editor *e, size_t from, size_t to)
{
	memmove(e->line + from, e->line + to, e->length - to);
	e->length -= to - from;
	e->line[e->length] = 0;
	e->cursor = from;
	if (e->length == 0)
		e->is_cut = false;
}

static void kill(struct editor *e, size_t from, size_t to)
{
	if (from == to)
		return;
	memcpy(e->killed, e->line + from, to - from);
	e->killed[to - from] = 0;
	erase(e, from, to);
}

static bool insert(struct editor *e, const char *bytes, size_t count)
{
	if (count > sizeof(e->line) - 1 - e->length) {
		bell(e);
		return false;
	}
	memmove(e->line + e->cursor + count, e->line + e->cursor, e->length - e->cursor);
	memcpy(e->line + e->cursor, bytes, count);
	e->length += count;
	e->cursor += count;
	e->line[e->length] = 0;
	return true;
}

/* What a person types, pastes or yanks: if it does not fit, the line is no longer what was meant. */
static void insert_typed(struct editor *e, const char *bytes, size_t count)
{
	if (!insert(e, bytes, count))
		e->is_cut = true;
}

void edit_insert(struct editor *e, const char *bytes, size_t count)
{
	(void)insert(e, bytes, count);
	linedraw(e);
}

static void set_line(struct editor *e, const char *text)
{
	e->length = strlen(text);
	memmove(e->line, text, e->length + 1);
	e->cursor = e->length;
	e->is_cut = false;
}

/* Ctrl-T: swap the two characters around the cursor. */
static void transpose(struct editor *e)
{
	char swapped[8];
	size_t middle, start, end;

	if (e->cursor == e->length)
		e->cursor = before(e, e->cursor);
	middle = e->cursor;
	start = before(e, middle);
	end = behind(e, middle);
	if (start == middle || end == middle || end - start > sizeof(swapped))
		return;
	memcpy(swapped, e->line + middle, end - middle);
	memcpy(swapped + (end - middle), e->line + start, middle - start);
	memcpy(e->line + start, swapped, end - start);
	e->cursor = end;
}

/* ---- history ---- */

static u32 oldest(const struct editor *e)
{
	return e->history_count > EDIT_HISTORY ? e->history_count - EDIT_HISTORY : 0;
}

static const char *recall(const struct editor *e, u32 n)
{
	return e->history[n % EDIT_HISTORY];
}

/* Without memory the line is not remembered. */
static void remember(struct editor *e)
{
	char **place = &e->history[e->history_count % EDIT_HISTORY], *copy;

	if (!e->has_history || e->line[strspn(e->line, " ")] == 0)
		return;
	if (e->history_count > 0 && strcmp(recall(e, e->history_count - 1), e->line) == 0)
		return;
	copy = strdup(e->line);
	if (!copy)
		return;
	free(*place);
	*place = copy;
	e->history_count++;
}

void edit_forget(struct editor *e)
{
	for (u32 i = 0; i < EDIT_HISTORY; i++) {
		free(e->history[i]);
		e->history[i] = NULL;
	}
	e->history_count = e->history_at = 0;
}

static void history_go(struct editor *e, u32 to)
{
	if (!e->has_history || to < oldest(e) || to > e->history_count) {
		bell(e);
		return;
	}
	if (e->history_at == e->history_count)
		memcpy(e->draft, e->line, e->length + 1);
	e->history_at = to;
	set_line(e, to == e->history_count ? e->draft : recall(e, to));
}

/* The newest line at or before `from` that contains the pattern becomes the line. */
static void search(struct editor *e, u32 from)
{
	u32 first = oldest(e);

	for (u32 n = from + 1; n > first; n--) {
		const char *hit = n - 1 < e->history_count ? strstr(recall(e, n - 1), e->pattern) : 0;

		if (!hit)
			continue;
		set_line(e, recall(e, n - 1));
		e->cursor = (size_t)(hit - recall(e, n - 1));
		e->history_at = n - 1;
		return;
	}
	bell(e);
}

static void search_begin(struct editor *e)
{
	if (!e->has_history) {
		bell(e);
		return;
	}
	memcpy(e->draft, e->line, e->length + 1);
	e->is_searching = true;
	e->pattern[0] = 0;
	e->history_at = e->history_count;
}

/* True: the key is dealt with. False: the search is over, and the key means what it always means. */
static bool search_key(struct editor *e, const struct key *key)
{
	size_t length = strlen(e->pattern);

	if (key->code == KEY_TEXT) {
		if (length + key->count >= sizeof(e->pattern)) {
			bell(e);
			return true;
		}
		memcpy(e->pattern + length, key->bytes, key->count);
		e->pattern[length + key->count] = 0;
		search(e, e->history_at);
		return true;
	}
	if (key->code == KEY_CONTROL && key->bytes[0] == 'R') {
		if (e->pattern[0] && e->history_at > 0)
			search(e, e->history_at - 1);
		return true;
	}
	if (key->code == KEY_BACKSPACE) {
		while (length > 0 && is_continuation(e->pattern[length - 1]))
			length--;
		e->pattern[length ? length - 1 : 0] = 0;
		if (e->pattern[0])
			search(e, e->history_count);
		return true;
	}
	e->is_searching = false;
	if (key->code != KEY_CONTROL || key->bytes[0] != 'G')
		return false;
	e->history_at = e->history_count;
	set_line(e, e->draft);
	return true;
}

/* ---- keys ---- */

static enum edit_result finish(struct editor *e, enum edit_result result)
{
	e->cursor = e->length;
	linedraw(e);
	out_text(&e->out, result == EDIT_CANCEL ? "^C\n" : "\n");
	linedraw_forget(e);
	if (result == EDIT_LINE)
		remember(e);
	return result;
}

static enum edit_result control(struct editor *e, char letter)
{
	switch (letter) {
	case 'A':
		e->cursor = 0;
		break;
	case 'B':
		e->cursor = before(e, e->cursor);
		break;
	case 'C':
		return finish(e, EDIT_CANCEL);
	case 'D':
		erase(e, e->cursor, behind(e, e->cursor));
		break;
	case 'E':
		e->cursor = e->length;
		break;
	case 'F':
		e->cursor = behind(e, e->cursor);
		break;
	case 'K':
		kill(e, e->cursor, e->length);
		break;
	case 'L':
		edit_hide(e);
		return EDIT_CLEAR;
	case 'N':
		history_go(e, e->history_at + 1);
		break;
	case 'P':
		history_go(e, e->history_at - 1);
		break;
	case 'R':
		search_begin(e);
		break;
	case 'T':
		transpose(e);
		break;
	case 'U':
		kill(e, 0, e->cursor);
		break;
	case 'W':
		kill(e, word_before(e, e->cursor), e->cursor);
		break;
	case 'Y':
		insert_typed(e, e->killed, strlen(e->killed));
		break;
	default:
		bell(e);
	}
	return EDIT_NONE;
}

static enum edit_result text(struct editor *e, const struct key *key)
{
	if (!e->is_pasting && key->count == 1 && key->bytes[0] == '?')
		return EDIT_QUESTION;
	insert_typed(e, key->bytes, key->count);
	return EDIT_NONE;
}

static enum edit_result apply(struct editor *e, const struct key *key)
{
	switch (key->code) {
	case KEY_TEXT:
		return text(e, key);
	case KEY_ENTER:
		return finish(e, e->is_cut ? EDIT_TOO_LONG : EDIT_LINE);
	case KEY_TAB:
		if (!e->is_pasting)
			return EDIT_TAB;
		insert_typed(e, " ", 1);
		break;
	case KEY_CONTROL:
		return control(e, key->bytes[0]);
	case KEY_BACKSPACE:
		erase(e, before(e, e->cursor), e->cursor);
		break;
	case KEY_DELETE:
		erase(e, e->cursor, behind(e, e->cursor));
		break;
	case KEY_LEFT:
		e->cursor = before(e, e->cursor);
		break;
	case KEY_RIGHT:
		e->cursor = behind(e, e->cursor);
		break;
	case KEY_UP:
		history_go(e, e->history_at - 1);
		break;
	case KEY_DOWN:
		history_go(e, e->history_at + 1);
		break;
	case KEY_HOME:
		e->cursor = 0;
		break;
	case KEY_END:
		e->cursor = e->length;
		break;
	case KEY_WORD_LEFT:
		e->cursor = word_before(e, e->cursor);
		break;
	case KEY_WORD_RIGHT:
		e->cursor = word_behind(e, e->cursor);
		break;
	case KEY_WORD_KILL:
		kill(e, e->cursor, word_behind(e, e->cursor));
		break;
	case KEY_WORD_RUBOUT:
		kill(e, word_before(e, e->cursor), e->cursor);
		break;
	case KEY_PASTE_BEGIN:
		e->is_pasting = true;
		break;
	case KEY_PASTE_END:
		e->is_pasting = false;
		break;
	case KEY_NONE: case KEY_UNKNOWN:
		break;
	}
	return EDIT_NONE;
}

enum edit_result edit_key(struct editor *e, const struct key *key)
{
	enum edit_result result = EDIT_NONE;

	if (key->code == KEY_NONE)
		return EDIT_NONE;
	if (!e->is_searching || !search_key(e, key))
		result = apply(e, key);
	if (result == EDIT_NONE || result == EDIT_TAB || result == EDIT_QUESTION)
		linedraw(e);
	return result;
}

const char *edit_text(const struct editor *e)
{
	return e->line;
}

void edit_init(struct editor *e, struct out out)
{
	memset(e, 0, sizeof(*e));
	e->out = out;
}

void edit_wipe(struct editor *e)
{
	explicit_bzero(e->line, sizeof(e->line));
	explicit_bzero(e->killed, sizeof(e->killed));
	explicit_bzero(e->draft, sizeof(e->draft));
	e->length = e->cursor = 0;
}

void edit_begin_secret(struct editor *e, const char *prompt)
{
	edit_begin(e, prompt, false);
	e->is_secret = true;
}

void edit_begin(struct editor *e, const char *prompt, bool has_history)
{
	if (e->is_secret)
		edit_wipe(e);
	e->is_secret = false;
	(void)text_copy(e->prompt, sizeof(e->prompt), prompt);
	e->has_history = has_history;
	e->is_searching = false;
	e->history_at = e->history_count;
	e->scroll = 0;
	set_line(e, "");
	edit_show(e);
}
