/* SPDX-License-Identifier: MIT */
/*
 * frame.c - see frame.h.
 */
#include <stdio.h>
#include <string.h>

#include "frame.h"

static const char start[] = "\x1b_vos;";
#define START_BYTES (sizeof(start) - 1)
#define CTRL_C 0x03

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

u32 crc32c(u32 crc, const char *bytes, size_t count)
{
	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc ^= (u8)bytes[i];
		for (u32 bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* Let go of the part of a start that was held back; then the byte that did not fit may begin another one. */
static void release(struct frame_scanner *s, struct frame_result *result)
{
	u32 first = s->is_let_go ? 1 : 0;

	if (s->matched > first) {
		memcpy(result->plain, start + first, s->matched - first);
		result->plain_count = s->matched - first;
	}
	s->matched = 0;
	s->is_let_go = false;
}

static struct frame_result outside(struct frame_scanner *s, u8 byte)
{
	struct frame_result result = { 0 };

	if (byte != (u8)start[s->matched])
		release(s, &result);
	if (byte == (u8)start[s->matched])
		s->matched++;
	else
		result.plain[result.plain_count++] = byte;
	if (s->matched == START_BYTES) {
		result.takes_back = s->is_let_go;
		s->count = 0;
		s->is_escaped = s->is_let_go = false;
		s->spoiled = 0;
	}
	return result;
}

static bool is_body(u8 byte)
{
	return byte > 0x20 && byte < 0x7f;
}

/* A frame's end, or what comes instead of it. */
static const char cut_off[] = "the frame was cut off";

/* Somebody's key, or another frame: looked at as if no frame had been. */
static struct frame_result drop(struct frame_scanner *s, u8 byte)
{
	bool was_escaped = s->is_escaped;
	struct frame_result result;

	s->matched = was_escaped && byte != 0x1b ? 1 : 0;
	s->is_escaped = false;
	result = outside(s, byte);
	result.broken = s->spoiled ? s->spoiled : cut_off;
	return result;
}

static struct frame_result inside(struct frame_scanner *s, u8 byte)
{
	struct frame_result result = { 0 };

	if (byte == CTRL_C || (s->is_escaped && byte != '\\'))
		return drop(s, byte);
	if (s->is_escaped) {
		s->matched = 0;
		result.is_complete = !s->spoiled;
		result.broken = s->spoiled;
	} else if (byte == 0x1b) {
		s->is_escaped = true;
	} else if (!is_body(byte)) {
		s->spoiled = "there is a byte in the frame that can't be in one";
	} else if (s->count == sizeof(s->body)) {
		s->spoiled = "the frame is too long";
	} else {
		s->body[s->count++] = (char)byte;
	}
	return result;
}

struct frame_result frame_feed(struct frame_scanner *s, u8 byte)
{
	return s->matched == START_BYTES ? inside(s, byte) : outside(s, byte);
}

struct frame_result frame_idle(struct frame_scanner *s)
{
	struct frame_result result = { 0 };

	if (s->matched == START_BYTES) {
		s->matched = 0;
		result.broken = s->spoiled ? s->spoiled : cut_off;
		return result;
	}
	if (s->matched > 2) {
		s->count = 0;
		result.broken = cut_off;
	}
	if (s->matched == 1) {
		result.plain[result.plain_count++] = (u8)start[0];
		s->is_let_go = true;
	} else {
		release(s, &result);
	}
	return result;
}

u64 frame_idle_after(const struct frame_scanner *s)
{
	if (s->matched > 1)
		return FRAME_BODY_IDLE_NS;
	return s->matched && !s->is_let_go ? FRAME_IDLE_NS : 0;
}

static bool base64_value(char c, u32 *value)
{
	const char *at = c ? strchr(alphabet, c) : 0;

	if (at)
		*value = (u32)(at - alphabet);
	return at != 0;
}

/* Decode in place (the result is shorter), as far as it is well-formed; true if that is all of it. Strict: whole
 * groups, padding only at the end, unused bits zero. */
static bool base64_decode(char *text, size_t count, size_t *length)
{
	*length = 0;
	for (size_t i = 0; i + 4 <= count; i += 4) {
		bool is_last = i + 4 == count;
		u32 pads = is_last && text[i + 3] == '=' ? 1 + (text[i + 2] == '=') : 0;
		u32 group = 0, value;

		for (u32 j = 0; j < 4 - pads; j++) {
			if (!base64_value(text[i + j], &value))
				return false;
			group |= value << (18 - 6 * j);
		}
		if (group & ((1u << (8 * pads)) - 1))
			return false;
		for (u32 j = 0; j < 3 - pads; j++)
			text[(*length)++] = (char)(group >> (16 - 8 * j));
	}
	return count % 4 == 0;
}

static bool hex_parse(const char *text, u32 *value)
{
	static const char digits[] = "0123456789abcdef";

	*value = 0;
	for (u32 i = 0; i < 8; i++) {
		const char *at = text[i] ? strchr(digits, text[i]) : 0;

		if (!at)
			return false;
		*value = *value << 4 | (u32)(at - digits);
	}
	return true;
}

bool frame_would_begin(u32 *matched, char byte)
{
	if (byte != start[*matched])
		*matched = 0;
	if (byte == start[*matched])
		++*matched;
	if (*matched < sizeof(start) - 1)
		return false;
	*matched = 0;
	return true;
}

static const char *judge(const char *body, size_t count, char channel[FRAME_CHANNEL_BYTES])
{
	const char *semicolon;
	u32 crc;

	if (count < 2 || memcmp(body, "1;", 2) != 0)
		return "the frame's version is not 1";
	if (count < 11 || body[count - 9] != ';' || !hex_parse(body + count - 8, &crc))
		return "the frame has no checksum of eight hexadecimal digits";
	if (crc32c(crc32c(0, "vos;", 4), body, count - 9) != crc)
		return "the frame's checksum is wrong";
	semicolon = memchr(body + 2, ';', count - 11);
	if (!semicolon || semicolon == body + 2 || semicolon - body - 2 >= FRAME_CHANNEL_BYTES)
		return "the frame has no channel";
	memcpy(channel, body + 2, (size_t)(semicolon - body) - 2);
	channel[semicolon - body - 2] = 0;
	return 0;
}

/* Behind the second semicolon, up to the third, or to the end. */
static size_t find_message(char *body, size_t count, char **message)
{
	char *end = body + count, *at = body, *behind;

	for (u32 i = 0; i < 2; i++) {
		char *semicolon = memchr(at, ';', (size_t)(end - at));

		at = semicolon ? semicolon + 1 : end;
	}
	*message = at;
	behind = memchr(at, ';', (size_t)(end - at));
	return (size_t)((behind ? behind : end) - at);
}

const char *frame_decode(char *body, size_t count, char channel[FRAME_CHANNEL_BYTES], char **message, size_t *length)
{
	const char *why;
	size_t text_bytes;

	channel[0] = 0;
	why = judge(body, count, channel);
	text_bytes = find_message(body, count, message);
	if (!base64_decode(*message, text_bytes, length) && !why)
		why = "the frame's message is not base64";
	return why;
}

/* Text that goes out and into the checksum. */
static void emit(const struct out *out, u32 *crc, const char *text, size_t count)
{
	*crc = crc32c(*crc, text, count);
	out_bytes(out, text, count);
}

void frame_encode(const struct out *out, const char *channel, const char *message, size_t length)
{
	u32 crc = 0;
	char tail[16];

	out_text(out, "\x1b_");
	emit(out, &crc, "vos;1;", 6);
	emit(out, &crc, channel, strlen(channel));
	emit(out, &crc, ";", 1);
	for (size_t i = 0; i < length; i += 3) {
		u32 group = 0, have = length - i < 3 ? (u32)(length - i) : 3;
		char text[4];

		for (u32 j = 0; j < have; j++)
			group |= (u32)(u8)message[i + j] << (16 - 8 * j);
		for (u32 j = 0; j < 4; j++)
			text[j] = j <= have ? alphabet[group >> (18 - 6 * j) & 63] : '=';
		emit(out, &crc, text, sizeof(text));
	}
	snprintf(tail, sizeof(tail), ";%08x\x1b\\", crc);
	out_text(out, tail);
}
