/* SPDX-License-Identifier: MIT */
/*
 * wire.c - see wire.h.
 */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* ---- buffers ---- */

bool wire_append(struct wire_buffer *b, const void *bytes, size_t count)
{
	size_t size = b->size ? b->size : 1024;
	u8 *grown;

	if (count == 0)
		return true;
	while (size - b->used < count)
		size *= 2;
	if (size != b->size) {
		grown = realloc(b->bytes, size);
		if (!grown)
			return false;
		b->bytes = grown;
		b->size = size;
	}
	memcpy(b->bytes + b->used, bytes, count);
	b->used += count;
	return true;
}

void wire_drop(struct wire_buffer *b, size_t count)
{
	if (count == 0)
		return;
	memmove(b->bytes, b->bytes + count, b->used - count);
	b->used -= count;
}

void wire_free(struct wire_buffer *b)
{
	free(b->bytes);
	*b = (struct wire_buffer){ 0 };
}

u64 wire_get64(const void *bytes)
{
	const u8 *at = bytes;
	u64 value = 0;

	for (u32 i = 0; i < 8; i++)
		value |= (u64)at[i] << (8 * i);
	return value;
}

void wire_put64(void *bytes, u64 value)
{
	u8 *at = bytes;

	for (u32 i = 0; i < 8; i++)
		at[i] = (u8)(value >> (8 * i));
}

/* ---- to the line ---- */

struct encoding {
	struct wire_buffer *to;
	bool has_failed;
};

static void append(void *context, const char *bytes, size_t count)
{
	struct encoding *encoding = context;

	encoding->has_failed = encoding->has_failed || !wire_append(encoding->to, bytes, count);
}

bool wire_encode(struct wire_buffer *to, enum frame_kind kind, const char *channel, const void *message, size_t length)
{
	struct encoding encoding = { .to = to };
	struct frame_sink sink = { append, &encoding };
	size_t before = to->used;

	if (!frame_is_channel(channel, strlen(channel)) || (kind == FRAME_PLAIN && length > FRAME_MESSAGE_BYTES))
		return false;
	frame_encode(kind, &sink, channel, message, length);
	if (encoding.has_failed)
		to->used = before;
	return !encoding.has_failed;
}

/* ---- from the line ---- */

static void stop(struct wire_scanner *s, enum frame_kind kind)
{
	free(s->kinds[kind].scanner.body);
	s->kinds[kind].scanner.body = NULL;
	s->kinds[kind].is_on = false;
}

void wire_end(struct wire_scanner *s)
{
	stop(s, FRAME_TEXT);
	stop(s, FRAME_PLAIN);
	wire_free(&s->in);
}

static bool start(struct wire_scanner *s, enum frame_kind kind, size_t size)
{
	char *body = malloc(size);

	if (!body)
		return false;
	frame_scanner_init(&s->kinds[kind].scanner, kind, body, size);
	s->kinds[kind].is_on = true;
	s->kinds[kind].at = 0;
	return true;
}

bool wire_start(struct wire_scanner *s, bool text, bool plain)
{
	wire_end(s);
	if ((!text || start(s, FRAME_TEXT, WIRE_TEXT_BYTES)) && (!plain || start(s, FRAME_PLAIN, FRAME_PLAIN_BYTES)))
		return true;
	wire_end(s);
	return false;
}

void wire_settle(struct wire_scanner *s, enum frame_kind kind)
{
	stop(s, kind == FRAME_TEXT ? FRAME_PLAIN : FRAME_TEXT);
}

/* What all scanners have seen is not needed any more. */
static void forget(struct wire_scanner *s)
{
	size_t done = s->in.used;

	for (u32 i = 0; i < 2; i++)
		if (s->kinds[i].is_on && s->kinds[i].at < done)
			done = s->kinds[i].at;
	wire_drop(&s->in, done);
	for (u32 i = 0; i < 2; i++)
		s->kinds[i].at -= s->kinds[i].is_on ? done : 0;
}

bool wire_feed(struct wire_scanner *s, const void *bytes, size_t count)
{
	forget(s);
	return wire_append(&s->in, bytes, count);
}

static bool next_of(struct wire_scanner *s, enum frame_kind kind, struct wire_frame *frame)
{
	struct frame_scanner *scanner = &s->kinds[kind].scanner;
	size_t *at = &s->kinds[kind].at;
	struct frame_result result;
	size_t taken;

	if (!s->kinds[kind].is_on)
		return false;
	do {
		taken = frame_scan(scanner, (const char *)s->in.bytes + *at, s->in.used - *at, &result);
		*at += taken;
		if (result.is_frame) {
			frame->kind = kind;
			memcpy(frame->channel, result.channel, strlen(result.channel) + 1);
			frame->message = (const u8 *)result.message;
			frame->length = result.length;
			return true;
		}
	} while (taken || !frame_is_empty(&result));
	return false;
}

bool wire_next(struct wire_scanner *s, struct wire_frame *frame)
{
	return next_of(s, FRAME_TEXT, frame) || next_of(s, FRAME_PLAIN, frame);
}
