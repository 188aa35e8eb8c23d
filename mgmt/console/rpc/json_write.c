/* SPDX-License-Identifier: MIT */
/*
 * json_write.c - the writer of json.h.
 */
#include <stdio.h>
#include <string.h>

#include "json.h"

static void escape(const struct out *out, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u8 byte = (u8)bytes[i];
		size_t length = 1;

		if (byte == '"' || byte == '\\') {
			out_format(out, "\\%c", byte);
		} else if (byte == '\n') {
			out_text(out, "\\n");
		} else if (byte < 0x20 || byte == 0x7f) {
			out_format(out, "\\u%04x", byte);
		} else if (byte < 0x80) {
			out_bytes(out, bytes + i, 1);
		} else {
			length = json_utf8_length(bytes + i, count - i);
			if (length)
				out_bytes(out, bytes + i, length);
			else
				out_text(out, "\\ufffd");
			length = length ? length : 1;
		}
		i += length - 1;
	}
}

static void quote(const struct out *out, const char *bytes, size_t count)
{
	out_text(out, "\"");
	escape(out, bytes, count);
	out_text(out, "\"");
}

static void key(struct json_writer *w, const char *name)
{
	if (w->needs_comma)
		out_text(w->out, ",");
	w->needs_comma = true;
	if (name) {
		quote(w->out, name, strlen(name));
		out_text(w->out, ":");
	}
}

void json_open(struct json_writer *w, const char *name, char bracket)
{
	key(w, name);
	out_bytes(w->out, &bracket, 1);
	w->needs_comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
	out_bytes(w->out, &bracket, 1);
	w->needs_comma = true;
}

void json_bytes(struct json_writer *w, const char *name, const char *bytes, size_t count)
{
	key(w, name);
	quote(w->out, bytes, count);
}

void json_text(struct json_writer *w, const char *name, const char *text)
{
	json_bytes(w, name, text, strlen(text));
}

static void write_escaped(void *context, const char *bytes, size_t count)
{
	const struct json_writer *w = context;

	escape(w->out, bytes, count);
}

struct out json_text_begin(struct json_writer *w, const char *name)
{
	key(w, name);
	out_text(w->out, "\"");
	return (struct out){ write_escaped, w };
}

void json_text_end(struct json_writer *w)
{
	out_text(w->out, "\"");
}

void json_number(struct json_writer *w, const char *name, u64 number)
{
	key(w, name);
	out_format(w->out, "%llu", (unsigned long long)number);
}

void json_bool(struct json_writer *w, const char *name, bool value)
{
	key(w, name);
	out_text(w->out, value ? "true" : "false");
}

void json_raw(struct json_writer *w, const char *name, const char *text)
{
	key(w, name);
	out_text(w->out, text);
}
