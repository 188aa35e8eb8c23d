/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON in UTF-8 without a heap: a strict reader (RFC 8259) that leaves tokens pointing into the text, and a
 * writer to an out.
 *
 * Own code rather than a library because this PD parses what anybody sends: a fixed token array bounds its memory and
 * depth.
 */
#ifndef VOS_JSON_H
#define VOS_JSON_H

#include "out.h"

#define JSON_TOKENS 256u
#define JSON_DEPTH 8u

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_token {
	enum json_type type;
	u32 start, length;	/* strings: between the quotes */
	u32 end;		/* index of the token behind this one and all it contains */
};

/* Token 0 is the whole. An object's tokens are name, value, name, value ... */
struct json {
	const char *text;
	u32 length, at, depth, count;
	struct json_token tokens[JSON_TOKENS];
};

/* Length of the well-formed UTF-8 sequence at bytes that takes several (no overlong forms, no surrogates, nothing above
 * 10ffff), or 0. */
size_t json_utf8_length(const char *bytes, size_t left);
/* False if it is not one well-formed value, or is too deep or too large. The text must stay. */
bool json_parse(struct json *json, const char *text, size_t length);
/* The value of a member, or 0 (which is never a member). */
u32 json_member(const struct json *json, u32 object, const char *name);
/* True if the token is that string. */
bool json_is(const struct json *json, u32 token, const char *text);
/* A string's value, or the text of a number, true, false; false if it is another type, too long, or has a zero byte. */
bool json_value(const struct json *json, u32 token, char *to, size_t size);

struct json_writer {
	const struct out *out;
	bool needs_comma;
};

/* key = 0 inside arrays and for the outermost value. */
void json_open(struct json_writer *writer, const char *key, char bracket);
void json_close(struct json_writer *writer, char bracket);
void json_text(struct json_writer *writer, const char *key, const char *text);
void json_bytes(struct json_writer *writer, const char *key, const char *bytes, size_t count);
/* A text that comes in pieces, none of which ends within a character; json_text_end afterwards. */
struct out json_text_begin(struct json_writer *writer, const char *key);
void json_text_end(struct json_writer *writer);
void json_number(struct json_writer *writer, const char *key, u64 number);
void json_bool(struct json_writer *writer, const char *key, bool value);
void json_raw(struct json_writer *writer, const char *key, const char *text);

#endif
