/* SPDX-License-Identifier: MIT */
/*
 * out.c - see out.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "out.h"
#include "range.h"

void out_bytes(const struct out *out, const char *bytes, size_t count)
{
	if (count)
		out->write(out->context, bytes, count);
}

void out_text(const struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_format(const struct out *out, const char *format, ...)
{
	char text[512];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (length > 0)
		out_bytes(out, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

static void escape(const struct out *out, u8 byte)
{
	static const char digit[] = "0123456789abcdef";
	char text[4] = { '\\', 'x', digit[byte >> 4], digit[byte & 15] };

	out_bytes(out, text, sizeof(text));
}

/* Bytes from 0x80 up pass: parts of UTF-8. But C1 controls as UTF-8 (c2 80 .. c2 9f) are what some terminals obey. */
static bool is_plain(const char *bytes, size_t at, size_t count)
{
	u8 byte = (u8)bytes[at];

	if (byte == 0xc2)
		return at + 1 < count && (u8)bytes[at + 1] >= 0xa0;
	if (byte >= 0x80 && byte < 0xa0)
		return at > 0 && (u8)bytes[at - 1] >= 0x80 && (u8)bytes[at - 1] != 0xc2;
	return byte >= 0x20 && byte != 0x7f;
}

static void foreign(const struct out *out, const char *bytes, size_t count, bool is_line)
{
	size_t start = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_plain(bytes, i, count) || (!is_line && (bytes[i] == '\n' || bytes[i] == '\t')))
			continue;
		out_bytes(out, bytes + start, i - start);
		start = i + 1;
		if (is_line || bytes[i] != '\r')
			escape(out, (u8)bytes[i]);
	}
	out_bytes(out, bytes + start, count - start);
}

void out_escaped(const struct out *out, const char *bytes, size_t count)
{
	foreign(out, bytes, count, false);
}

void out_escaped_line(const struct out *out, const char *text, size_t count)
{
	foreign(out, text, strnlen(text, count), true);
}

bool text_is_plain(const char *text)
{
	size_t count = strlen(text);

	for (size_t i = 0; i < count; i++)
		if (!is_plain(text, i, count))
			return false;
	return true;
}

/* One word of wrapped text. */
static void word(const struct out *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out_bytes(out, text[i] == OUT_GLUE[0] ? " " : text + i, 1);
}

/* Of a word that no line holds: up to the last comma that fits, on this line or on one of its own. */
static size_t piece(const char *text, size_t length, u32 at, u32 indent, u32 columns)
{
	size_t end = columns > at + 1 ? min_u64(length, columns - at - 1) : 0;

	if (length <= columns - indent)
		return length;
	while (end != 0 && text[end - 1] != ',')
		end--;
	if (end == 0 && at > indent)
		return piece(text, length, indent, indent, columns);
	return end != 0 ? end : length;
}

void out_wrapped(const struct out *out, const char *text, u32 at, u32 indent, u32 columns)
{
	bool is_first = true;

	for (;;) {
		size_t length;

		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length == 0)
			break;
		length = piece(text, length, at, indent, columns);
		if (!is_first && at + 1 + length > columns) {
			out_format(out, "\n%*s", (int)indent, "");
			at = indent;
			is_first = true;
		}
		if (!is_first) {
			out_text(out, " ");
			at++;
		}
		word(out, text, length);
		at += (u32)length;
		text += length;
		is_first = false;
	}
	out_text(out, "\n");
}

void out_glued(const struct out *out, const char *before, const char *format, ...)
{
	char text[128];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = OUT_GLUE[0];
	out_text(out, before);
	out_text(out, text);
}

static void buffer_write(void *context, const char *bytes, size_t count)
{
	struct out_buffer *buffer = context;
	size_t room = buffer->size - 1 - buffer->used;

	if (count > room) {
		buffer->is_full = true;
		count = room;
	}
	memcpy(buffer->bytes + buffer->used, bytes, count);
	buffer->used += count;
	buffer->bytes[buffer->used] = 0;
}

void out_buffer_init(struct out_buffer *buffer, char *bytes, size_t size)
{
	*buffer = (struct out_buffer){ .bytes = bytes, .size = size };
	bytes[0] = 0;
}

struct out out_to_buffer(struct out_buffer *buffer)
{
	return (struct out){ .write = buffer_write, .context = buffer };
}

bool text_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	memset(to, 0, size);
	if (length >= size)
		return false;
	memcpy(to, from, length);
	return true;
}
