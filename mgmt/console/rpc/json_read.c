/* SPDX-License-Identifier: MIT */
/*
 * json_read.c - the reader of json.h. Iterative over a small stack, so that depth can't be used against it.
 */
#include <string.h>

#include "json.h"

static void skip_blanks(struct json *j)
{
	while (j->at < j->length &&
		(j->text[j->at] == ' ' || j->text[j->at] == '\t' || j->text[j->at] == '\n' || j->text[j->at] == '\r'))
		j->at++;
}

static char peek(const struct json *j)
{
	return j->at < j->length ? j->text[j->at] : 0;
}

static bool take(struct json *j, char c)
{
	if (j->at >= j->length || j->text[j->at] != c)
		return false;
	j->at++;
	return true;
}

static bool new_token(struct json *j, enum json_type type, u32 start, u32 length)
{
	if (j->count == JSON_TOKENS)
		return false;
	j->tokens[j->count] = (struct json_token){ type, start, length, j->count + 1 };
	j->count++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool digits(struct json *j)
{
	u32 from = j->at;

	while (is_digit(peek(j)))
		j->at++;
	return j->at > from;
}

static bool number(struct json *j)
{
	u32 start = j->at;

	(void)take(j, '-');
	if (!take(j, '0') && !digits(j))
		return false;
	if (take(j, '.') && !digits(j))
		return false;
	if (take(j, 'e') || take(j, 'E')) {
		if (!take(j, '+'))
			(void)take(j, '-');
		if (!digits(j))
			return false;
	}
	return new_token(j, JSON_NUMBER, start, j->at - start);
}

static bool literal(struct json *j, const char *word, enum json_type type)
{
	u32 length = (u32)strlen(word);

	if (length > j->length - j->at || memcmp(j->text + j->at, word, length) != 0)
		return false;
	j->at += length;
	return new_token(j, type, j->at - length, length);
}

static bool hex4(const struct json *j, u32 at, u32 *value)
{
	*value = 0;
	if (at > j->length || j->length - at < 4)
		return false;
	for (u32 i = 0; i < 4; i++) {
		char c = j->text[at + i];
		u32 digit;

		if (is_digit(c))
			digit = (u32)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (u32)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (u32)(c - 'A') + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

static size_t sequence_length(u8 byte)
{
	if (byte >= 0xc2 && byte < 0xe0)
		return 2;
	if (byte >= 0xe0 && byte < 0xf0)
		return 3;
	return byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
}

size_t json_utf8_length(const char *bytes, size_t left)
{
	u8 first = (u8)bytes[0];
	size_t length = sequence_length(first);

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (((u8)bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && (u8)bytes[1] < 0xa0) || (first == 0xed && (u8)bytes[1] >= 0xa0) ||
		(first == 0xf0 && (u8)bytes[1] < 0x90) || (first == 0xf4 && (u8)bytes[1] >= 0x90))
		return 0;
	return length;
}

static bool character(struct json *j)
{
	size_t length = (u8)peek(j) < 0x80 ? 1 : json_utf8_length(j->text + j->at, j->length - j->at);

	if ((u8)peek(j) < 0x20 || length == 0)
		return false;
	j->at += (u32)length;
	return true;
}

static bool string(struct json *j)
{
	u32 start, unused;

	if (!take(j, '"'))
		return false;
	start = j->at;
	while (j->at < j->length && j->text[j->at] != '"') {
		if (!take(j, '\\')) {
			if (!character(j))
				return false;
			continue;
		}
		if (take(j, 'u')) {
			if (!hex4(j, j->at, &unused))
				return false;
			j->at += 4;
		} else if (peek(j) == 0 || !strchr("\"\\/bfnrt", peek(j))) {
			return false;
		} else {
			j->at++;
		}
	}
	return take(j, '"') && new_token(j, JSON_STRING, start, j->at - 1 - start);
}

static bool scalar(struct json *j)
{
	switch (peek(j)) {
	case '"':
		return string(j);
	case 't':
		return literal(j, "true", JSON_TRUE);
	case 'f':
		return literal(j, "false", JSON_FALSE);
	case 'n':
		return literal(j, "null", JSON_NULL);
	default:
		return number(j);
	}
}

/* The name and colon before a member's value. */
static bool member_name(struct json *j)
{
	skip_blanks(j);
	if (!string(j))
		return false;
	skip_blanks(j);
	return take(j, ':');
}

/* Close every container that ends here; afterwards a comma was taken, or nothing is open. */
static bool close_or_comma(struct json *j, u32 *stack)
{
	while (j->depth > 0) {
		struct json_token *open = &j->tokens[stack[j->depth - 1]];

		skip_blanks(j);
		if (take(j, ','))
			return open->type == JSON_ARRAY || member_name(j);
		if (!take(j, open->type == JSON_ARRAY ? ']' : '}'))
			return false;
		open->end = j->count;
		open->length = j->at - open->start;
		j->depth--;
	}
	return true;
}

/* An opening bracket: 1 = opened and a value follows, 0 = opened and closed again, -1 = malformed. */
static int open_container(struct json *j, u32 *stack)
{
	enum json_type type = peek(j) == '[' ? JSON_ARRAY : JSON_OBJECT;

	if (j->depth == JSON_DEPTH || !new_token(j, type, j->at, 1))
		return -1;
	j->at++;
	stack[j->depth++] = j->count - 1;
	skip_blanks(j);
	if (peek(j) == (type == JSON_ARRAY ? ']' : '}'))
		return 0;
	if (type == JSON_OBJECT && !member_name(j))
		return -1;
	return 1;
}

bool json_parse(struct json *j, const char *text, size_t length)
{
	u32 stack[JSON_DEPTH];

	if (length > 0xffffffu)
		return false;
	j->text = text;
	j->length = (u32)length;
	j->at = j->depth = j->count = 0;
	do {
		skip_blanks(j);
		if (peek(j) == '[' || peek(j) == '{') {
			int opened = open_container(j, stack);

			if (opened < 0)
				return false;
			if (opened)
				continue;
		} else if (!scalar(j)) {
			return false;
		}
		if (!close_or_comma(j, stack))
			return false;
	} while (j->depth > 0);
	skip_blanks(j);
	return j->at == j->length;
}

bool json_is(const struct json *j, u32 token, const char *text)
{
	const struct json_token *t = &j->tokens[token];

	return t->type == JSON_STRING && t->length == strlen(text) && memcmp(j->text + t->start, text, t->length) == 0;
}

u32 json_member(const struct json *j, u32 object, const char *name)
{
	if (j->tokens[object].type != JSON_OBJECT)
		return 0;
	for (u32 i = object + 1; i < j->tokens[object].end; i = j->tokens[i + 1].end)
		if (json_is(j, i, name))
			return i + 1;
	return 0;
}

struct decoder {
	char *to;
	size_t size, used;
};

static bool add(struct decoder *d, u32 byte)
{
	if (byte == 0 || d->used + 1 >= d->size)
		return false;
	d->to[d->used++] = (char)byte;
	return true;
}

static bool add_point(struct decoder *d, u32 point)
{
	if (point < 0x80)
		return add(d, point);
	if (point < 0x800)
		return add(d, 0xc0 | point >> 6) && add(d, 0x80 | (point & 63));
	if (point < 0x10000)
		return add(d, 0xe0 | point >> 12) && add(d, 0x80 | (point >> 6 & 63)) && add(d, 0x80 | (point & 63));
	return add(d, 0xf0 | point >> 18) && add(d, 0x80 | (point >> 12 & 63)) && add(d, 0x80 | (point >> 6 & 63)) &&
		add(d, 0x80 | (point & 63));
}

/* \uXXXX, perhaps two of them (a surrogate pair); *i is behind the u and goes behind the digits. */
static bool unicode(const struct json *j, struct decoder *d, u32 *i)
{
	u32 point, low;

	if (!hex4(j, *i, &point))
		return false;
	*i += 4;
	if (point >= 0xdc00 && point < 0xe000)
		return false;
	if (point >= 0xd800 && point < 0xdc00) {
		if (j->length - *i < 6 || j->text[*i] != '\\' || j->text[*i + 1] != 'u' || !hex4(j, *i + 2, &low) ||
			low < 0xdc00 || low >= 0xe000)
			return false;
		*i += 6;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	return add_point(d, point);
}

static bool decode(const struct json *j, const struct json_token *t, struct decoder *d)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	u32 i = t->start, end = t->start + t->length;

	while (i < end) {
		char c = j->text[i++];

		if (c == '\\' && j->text[i] == 'u') {
			i++;
			if (!unicode(j, d, &i))
				return false;
			continue;
		}
		if (c == '\\')
			c = bytes[strchr(names, j->text[i++]) - names];
		if (!add(d, (u8)c))
			return false;
	}
	return true;
}

bool json_value(const struct json *j, u32 token, char *to, size_t size)
{
	const struct json_token *t = &j->tokens[token];
	struct decoder d = { to, size, 0 };
	bool is_good;

	if (t->type == JSON_NULL || t->type == JSON_ARRAY || t->type == JSON_OBJECT)
		return false;
	is_good = decode(j, t, &d);
	to[d.used] = 0;
	return is_good;
}
