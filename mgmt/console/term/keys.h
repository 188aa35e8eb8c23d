/* SPDX-License-Identifier: MIT */
/*
 * keys.h - bytes from a terminal become keys: control characters, UTF-8, and the escape sequences that terminals send.
 */
#ifndef VOS_KEYS_H
#define VOS_KEYS_H

#include "types.h"

enum key_code {
	KEY_NONE,
	KEY_TEXT,		/* bytes[0..count): one character */
	KEY_ENTER, KEY_TAB, KEY_BACKSPACE, KEY_DELETE, KEY_LEFT, KEY_RIGHT, KEY_UP, KEY_DOWN, KEY_HOME, KEY_END,
	KEY_WORD_LEFT, KEY_WORD_RIGHT, KEY_WORD_KILL, KEY_WORD_RUBOUT,
	KEY_CONTROL,		/* bytes[0] = the letter, 'A' .. '_' */
	KEY_PASTE_BEGIN, KEY_PASTE_END,
	KEY_UNKNOWN,		/* a sequence that means nothing here */
};

struct key {
	enum key_code code;
	u32 count;
	char bytes[4];
};

struct key_decoder {
	u8 state;
	bool was_return;	/* the last byte was a CR: an LF now belongs to it */
	u8 expected;		/* UTF-8: bytes still to come */
	u8 count;
	u16 parameter;		/* CSI: first and second number */
	u16 parameter2;
	u8 length;
	char bytes[4];
};

/* All zero is the start state. Feed one byte; KEY_NONE means that more is needed. */
struct key keys_feed(struct key_decoder *decoder, u8 byte);

#endif
