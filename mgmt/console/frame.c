/*
 * frame.c - see frame.h.
 */
#include <stdio.h>
#include <string.h>

#include "frame.h"

static const char start[] = "\x1b_vos;";
#define START_BYTES (sizeof(start) - 1)

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
	memcpy(result->plain, start, s->matched);
	result->plain_count = s->matched;
	s->matched = 0;
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
		s->count = 0;
		s->is_escaped = s->is_overlong = false;
	}
	return result;
}

static bool is_body(u8 byte)
{
	return byte > 0x20 && byte < 0x7f;
}

/* A byte that can't be in a frame ends it: it is looked at as if no frame had been. */
static struct frame_result drop(struct frame_scanner *s, u8 byte)
{
	bool was_escaped = s->is_escaped;
	struct frame_result result;

	s->matched = was_escaped && byte != 0x1b ? 1 : 0;
	s->is_escaped = false;
	result = outside(s, byte);
	result.broken = "the frame was cut off";
	return result;
}

static struct frame_result inside(struct frame_scanner *s, u8 byte)
{
	struct frame_result result = { 0 };

	if (s->is_escaped) {
		if (byte != '\\')
			return drop(s, byte);
		s->matched = 0;
		result.is_complete = !s->is_overlong;
		result.broken = s->is_overlong ? "the frame is too long" : 0;
		return result;
	}
	if (byte == 0x1b) {
		s->is_escaped = true;
		return result;
	}
	if (!is_body(byte))
		return drop(s, byte);
	if (s->count == sizeof(s->body))
		s->is_overlong = true;
	else
		s->body[s->count++] = (char)byte;
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
		result.broken = "the frame was cut off";
	} else {
		release(s, &result);
	}
	return result;
}

u64 frame_idle_after(const struct frame_scanner *s)
{
	if (s->matched == START_BYTES)
		return FRAME_BODY_IDLE_NS;
	return s->matched ? FRAME_IDLE_NS : 0;
}

static bool base64_value(char c, u32 *value)
{
	const char *at = c ? strchr(alphabet, c) : 0;

	if (at)
		*value = (u32)(at - alphabet);
	return at != 0;
}

/* Decode in place (the result is shorter). Strict: whole groups, padding only at the end, unused bits zero. */
static bool base64_decode(char *text, size_t count, size_t *length)
{
	size_t used = 0;

	if (count % 4)
		return false;
	for (size_t i = 0; i < count; i += 4) {
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
			text[used++] = (char)(group >> (16 - 8 * j));
	}
	*length = used;
	return true;
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

const char *frame_decode(char *body, size_t count, char channel[FRAME_CHANNEL_BYTES], char **message, size_t *length)
{
	char *semicolon;
	size_t text_bytes;
	u32 crc;

	channel[0] = 0;
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
	*message = semicolon + 1;
	text_bytes = count - 9 - (size_t)(*message - body);
	if (!base64_decode(*message, text_bytes, length))
		return "the frame's message is not base64";
	return 0;
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
