/* SPDX-License-Identifier: MIT */
/*
 * frame_text.c - frames on a line that a person uses as well: ANSI APC strings. The scanner takes them out of the
 * stream of bytes and passes on the rest.
 */
#include <string.h>

#include "frame_kinds.h"

static const char start[] = "\x1b_vos;";
#define START_BYTES (sizeof(start) - 1)
#define CTRL_C 0x03

static const char digits[] = "0123456789abcdef";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

static void outside(struct frame_scanner *s, u8 byte, struct frame_result *result)
{
	if (byte != (u8)start[s->matched])
		release(s, result);
	if (byte == (u8)start[s->matched])
		s->matched++;
	else
		result->plain[result->plain_count++] = byte;
	if (s->matched == START_BYTES) {
		result->takes_back = s->is_let_go;
		s->count = 0;
		s->is_escaped = s->is_let_go = false;
		s->spoiled = NULL;
	}
}

static bool is_body(u8 byte)
{
	return byte > 0x20 && byte < 0x7f;
}

static bool base64_value(char c, u32 *value)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	if (at)
		*value = (u32)(at - alphabet);
	return at != NULL;
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
	*value = 0;
	for (u32 i = 0; i < 8; i++) {
		const char *at = text[i] ? strchr(digits, text[i]) : NULL;

		if (!at)
			return false;
		*value = *value << 4 | (u32)(at - digits);
	}
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
	if (!semicolon || !frame_is_channel(body + 2, (size_t)(semicolon - body) - 2))
		return "the frame has no channel";
	memcpy(channel, body + 2, (size_t)(semicolon - body) - 2);
	channel[semicolon - body - 2] = 0;
	return NULL;
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

/* Judge the body and decode its message in place, as far as that goes. */
static const char *decode(struct frame_scanner *s, struct frame_result *result)
{
	const char *why = judge(s->body, s->count, s->channel);
	size_t bytes = find_message(s->body, s->count, &result->message);

	if (!base64_decode(result->message, bytes, &result->length) && !why)
		why = "the frame's message is not base64";
	return why;
}

static const char cut_off[] = "the frame was cut off";

/* A frame is over: its end came, or `why` says what came instead. */
static void end(struct frame_scanner *s, struct frame_result *result, const char *why)
{
	const char *wrong = decode(s, result);

	if (!why)
		why = wrong;
	result->broken = s->spoiled ? s->spoiled : why;
	result->is_frame = !result->broken;
	result->bytes = s->count;
}

/* Somebody's key, or another frame: looked at as if no frame had been. */
static void drop(struct frame_scanner *s, u8 byte, struct frame_result *result)
{
	end(s, result, cut_off);
	s->matched = s->is_escaped && byte != 0x1b ? 1 : 0;
	s->is_escaped = false;
	outside(s, byte, result);
}

static void inside(struct frame_scanner *s, u8 byte, struct frame_result *result)
{
	if (byte == CTRL_C || (s->is_escaped && byte != '\\')) {
		drop(s, byte, result);
	} else if (s->is_escaped) {
		s->matched = 0;
		end(s, result, NULL);
	} else if (byte == 0x1b) {
		s->is_escaped = true;
	} else if (!is_body(byte)) {
		s->spoiled = "there is a byte in the frame that can't be in one";
	} else if (s->count == s->size) {
		s->spoiled = "the frame is too long";
	} else {
		s->body[s->count++] = (char)byte;
	}
}

size_t text_scan(struct frame_scanner *s, const char *bytes, size_t count, struct frame_result *result)
{
	size_t i = 0;

	while (i < count && frame_is_empty(result) && !result->takes_back)
		if (s->matched == START_BYTES)
			inside(s, (u8)bytes[i++], result);
		else
			outside(s, (u8)bytes[i++], result);
	return i;
}

void text_idle(struct frame_scanner *s, struct frame_result *result)
{
	if (s->matched == START_BYTES) {
		s->matched = 0;
		end(s, result, cut_off);
		return;
	}
	if (s->matched > 2)
		result->broken = cut_off;
	if (s->matched == 1) {
		result->plain[result->plain_count++] = (u8)start[0];
		s->is_let_go = true;
	} else {
		release(s, result);
	}
}

u64 text_idle_after(const struct frame_scanner *s)
{
	if (s->matched > 1)
		return FRAME_BODY_IDLE_NS;
	return s->matched && !s->is_let_go ? FRAME_IDLE_NS : 0;
}

bool frame_would_begin(u32 *matched, char byte)
{
	if (byte != start[*matched])
		*matched = 0;
	if (byte == start[*matched])
		++*matched;
	if (*matched < START_BYTES)
		return false;
	*matched = 0;
	return true;
}

/* A frame on its way out: base64 in groups of three bytes, wherever the pieces end, and the checksum of it all. */
struct encoder {
	const struct frame_sink *sink;
	u32 crc;
	u32 group, have;	/* bytes of a group that is not full */
	u32 used;
	char text[256];
};

static void flush(struct encoder *e)
{
	e->crc = crc32c(e->crc, e->text, e->used);
	e->sink->write(e->sink->context, e->text, e->used);
	e->used = 0;
}

static void emit(struct encoder *e, const char *text)
{
	for (; *text; text++) {
		if (e->used == sizeof(e->text))
			flush(e);
		e->text[e->used++] = *text;
	}
}

static void emit_group(struct encoder *e)
{
	char text[5] = "";

	for (u32 i = 0; i < 4; i++)
		text[i] = i <= e->have ? alphabet[e->group >> (18 - 6 * i) & 63] : '=';
	emit(e, text);
	e->group = e->have = 0;
}

static void emit_bytes(struct encoder *e, const u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		e->group |= (u32)bytes[i] << (16 - 8 * e->have++);
		if (e->have == 3)
			emit_group(e);
	}
}

void text_encode(const struct frame_sink *sink, const char *channel, const struct frame_piece *pieces, u32 piece_count)
{
	struct encoder e = { .sink = sink };
	char tail[] = ";00000000\x1b\\";

	sink->write(sink->context, "\x1b_", 2);
	emit(&e, "vos;1;");
	emit(&e, channel);
	emit(&e, ";");
	for (u32 i = 0; i < piece_count; i++)
		emit_bytes(&e, pieces[i].bytes, pieces[i].count);
	if (e.have)
		emit_group(&e);
	flush(&e);
	for (u32 i = 0; i < 8; i++)
		tail[i + 1] = digits[e.crc >> (28 - 4 * i) & 15];
	sink->write(sink->context, tail, sizeof(tail) - 1);
}
