/* SPDX-License-Identifier: MIT */
/*
 * keys.c - see keys.h. Sequences of VT100, xterm, Linux, rxvt and screen; anything else is swallowed as KEY_UNKNOWN.
 */
#include <string.h>

#include "keys.h"

enum { GROUND, ESCAPE, CSI, SS3, STRING, STRING_ESCAPE };

#define SEQUENCE_LIMIT 40u

static struct key simple(enum key_code code)
{
	return (struct key){ .code = code };
}

static struct key control(u8 byte)
{
	switch (byte) {
	case '\r': case '\n':
		return simple(KEY_ENTER);
	case '\t':
		return simple(KEY_TAB);
	case 0x08: case 0x7f:
		return simple(KEY_BACKSPACE);
	default:
		return (struct key){ .code = KEY_CONTROL, .count = 1, .bytes = { (char)(byte + 0x40) } };
	}
}

static struct key text(struct key_decoder *decoder)
{
	struct key key = { .code = KEY_TEXT, .count = decoder->count };

	memcpy(key.bytes, decoder->bytes, sizeof(key.bytes));
	decoder->expected = decoder->count = 0;
	return key;
}

/* Malformed UTF-8 is dropped, byte by byte. */
static struct key utf8(struct key_decoder *decoder, u8 byte)
{
	if (decoder->expected) {
		decoder->bytes[decoder->count++] = (char)byte;
		return --decoder->expected ? simple(KEY_NONE) : text(decoder);
	}
	if (byte < 0xc2 || byte > 0xf4)
		return simple(KEY_UNKNOWN);
	decoder->bytes[0] = (char)byte;
	decoder->count = 1;
	decoder->expected = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
	return simple(KEY_NONE);
}

static struct key ground(struct key_decoder *decoder, u8 byte)
{
	bool was_return = decoder->was_return;

	decoder->was_return = byte == '\r';
	if (decoder->expected && (byte & 0xc0) != 0x80)
		decoder->expected = decoder->count = 0;
	if (byte == '\n' && was_return)
		return simple(KEY_NONE);
	if (byte == 0x1b) {
		decoder->state = ESCAPE;
		return simple(KEY_NONE);
	}
	if (byte < 0x20 || byte == 0x7f)
		return control(byte);
	if (byte >= 0x80)
		return utf8(decoder, byte);
	decoder->bytes[0] = (char)byte;
	decoder->count = 1;
	return text(decoder);
}

static struct key escape(struct key_decoder *decoder, u8 byte)
{
	decoder->state = GROUND;
	decoder->parameter = decoder->parameter2 = decoder->length = 0;
	switch (byte) {
	case '[':
		decoder->state = CSI;
		return simple(KEY_NONE);
	case 'O':
		decoder->state = SS3;
		return simple(KEY_NONE);
	case 'P': case ']': case '_': case '^': case 'X':
		decoder->state = STRING;
		return simple(KEY_NONE);
	case 0x1b:
		decoder->state = ESCAPE;
		return simple(KEY_NONE);
	case 'b': case 'B':
		return simple(KEY_WORD_LEFT);
	case 'f': case 'F':
		return simple(KEY_WORD_RIGHT);
	case 'd': case 'D':
		return simple(KEY_WORD_KILL);
	case 0x08: case 0x7f:
		return simple(KEY_WORD_RUBOUT);
	default:
		return byte < 0x20 ? ground(decoder, byte) : simple(KEY_UNKNOWN);
	}
}

static struct key csi_tilde(u16 parameter)
{
	switch (parameter) {
	case 1: case 7:
		return simple(KEY_HOME);
	case 3:
		return simple(KEY_DELETE);
	case 4: case 8:
		return simple(KEY_END);
	case 200:
		return simple(KEY_PASTE_BEGIN);
	case 201:
		return simple(KEY_PASTE_END);
	default:
		return simple(KEY_UNKNOWN);
	}
}

/* ESC [ ... A and ESC O A alike; a modifier (1;5D) turns arrows into word steps. */
static struct key arrow(u8 byte, bool is_modified)
{
	switch (byte) {
	case 'A':
		return simple(KEY_UP);
	case 'B':
		return simple(KEY_DOWN);
	case 'C':
		return simple(is_modified ? KEY_WORD_RIGHT : KEY_RIGHT);
	case 'D':
		return simple(is_modified ? KEY_WORD_LEFT : KEY_LEFT);
	case 'H':
		return simple(KEY_HOME);
	case 'F':
		return simple(KEY_END);
	case 'M':
		return simple(KEY_ENTER);
	default:
		return simple(KEY_UNKNOWN);
	}
}

static struct key csi(struct key_decoder *decoder, u8 byte)
{
	if (byte == 0x1b || byte == 0x18 || byte == 0x1a || ++decoder->length > SEQUENCE_LIMIT) {
		decoder->state = byte == 0x1b ? ESCAPE : GROUND;
		return simple(KEY_NONE);
	}
	if (byte < 0x20)
		return control(byte);
	if (byte >= '0' && byte <= '9') {
		if (decoder->parameter2 < 1000)
			decoder->parameter2 = (u16)(decoder->parameter2 * 10 + byte - '0');
		return simple(KEY_NONE);
	}
	if (byte == ';') {
		decoder->parameter = decoder->parameter2;
		decoder->parameter2 = 0;
		return simple(KEY_NONE);
	}
	if (byte < 0x40)
		return simple(KEY_NONE);
	decoder->state = GROUND;
	if (byte == '~')
		return csi_tilde(decoder->parameter ? decoder->parameter : decoder->parameter2);
	return arrow(byte, decoder->parameter2 > 1);
}

/* DCS, OSC, APC and so on: swallowed up to ST or BEL. A Ctrl-C or Enter ends it too, lest a stray start eats what is
 * typed. */
static struct key string(struct key_decoder *decoder, u8 byte)
{
	if (byte == 0x1b) {
		decoder->state = STRING_ESCAPE;
		return simple(KEY_NONE);
	}
	if (byte == 0x07 || byte == 0x03 || byte == '\r' || byte == '\n') {
		decoder->state = GROUND;
		return byte == 0x07 ? simple(KEY_UNKNOWN) : ground(decoder, byte);
	}
	return simple(KEY_NONE);
}

struct key keys_feed(struct key_decoder *decoder, u8 byte)
{
	switch (decoder->state) {
	case ESCAPE:
		return escape(decoder, byte);
	case CSI:
		return csi(decoder, byte);
	case SS3:
		decoder->state = GROUND;
		return byte < 0x20 ? ground(decoder, byte) : arrow(byte, false);
	case STRING:
		return string(decoder, byte);
	case STRING_ESCAPE:
		decoder->state = GROUND;
		return byte == '\\' ? simple(KEY_UNKNOWN) : escape(decoder, byte);
	default:
		return ground(decoder, byte);
	}
}
