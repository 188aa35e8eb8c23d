/* SPDX-License-Identifier: MIT */
/*
 * Bytes from a line into both frame scanners, in pieces of any size, and into the JSON reader: bytes that are not a
 * text frame's pass unchanged, frames stay within their buffers, and whatever came before, good frames are found.
 */
/* links: console */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WIRE_BYTES 32768u

static char bodies[2][FRAME_PLAIN_BYTES], wire[WIRE_BYTES];
static size_t wire_used;
static u32 frames;
static size_t last_length;
static char last[8192];

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void parse(const char *text, size_t length)
{
	static struct json json;
	char value[64];

	if (!json_parse(&json, text, length))
		return;
	check(json.count > 0 && json.tokens[0].end == json.count);
	for (u32 i = 0; i < json.count; i++) {
		const struct json_token *t = &json.tokens[i];

		check(t->start <= length && t->length <= length - t->start && t->end > i && t->end <= json.count);
		if (json_value(&json, i, value, sizeof(value)))
			check(strlen(value) < sizeof(value));
		check(json_member(&json, i, "id") < json.count);
	}
}

static void take(const struct frame_scanner *s, const struct frame_result *r)
{
	check(r->plain_count <= sizeof(r->plain) && !(r->is_frame && r->broken));
	check(strlen(r->channel) < FRAME_CHANNEL_BYTES);
	check(r->message >= s->body && r->message <= s->body + s->size);
	check(r->length <= (size_t)(s->body + s->size - r->message));
	if (!r->is_frame)
		return;
	check(frame_is_channel(r->channel, strlen(r->channel)));
	frames++;
	last_length = r->length;
	memcpy(last, r->message, r->length < sizeof(last) ? r->length : sizeof(last));
	parse(r->message, r->length);
}

/* In pieces whose sizes come from the bytes themselves; each call must get on. */
static void feed(struct frame_scanner *s, const char *bytes, size_t size)
{
	struct frame_result result;
	size_t calls = 0, limit = 4 * (size + s->count + 16);

	while (size) {
		size_t piece = ((u8)*bytes & 63) + 1;

		piece = piece < size ? piece : size;
		do {
			size_t taken = frame_scan(s, bytes, piece, &result);

			check(taken <= piece && s->count <= s->size && calls++ < limit);
			take(s, &result);
			bytes += taken;
			piece -= taken;
			size -= taken;
		} while (piece || !frame_is_empty(&result));
	}
}

static void idle(struct frame_scanner *s)
{
	struct frame_result result;

	for (u32 i = 0; frame_idle_after(s) && i <= FRAME_PLAIN_BYTES; i++) {
		frame_idle(s, &result);
		take(s, &result);
		do {
			(void)frame_scan(s, NULL, 0, &result);
			take(s, &result);
		} while (!frame_is_empty(&result));
	}
	check(frame_idle_after(s) == 0);
}

static void put(void *context, const char *bytes, size_t count)
{
	(void)context;
	check(wire_used + count <= sizeof(wire));
	memcpy(wire + wire_used, bytes, count);
	wire_used += count;
}

/* The bytes as a message must come back as they are, in two pieces cut anywhere. */
static void encode(enum frame_kind kind, const char *data, size_t size, size_t cut)
{
	const struct frame_sink sink = { put, NULL };
	struct frame_piece pieces[] = { { data, cut }, { data + cut, size - cut } };

	wire_used = 0;
	frame_encode_pieces(kind, &sink, "control+", pieces, 2);
}

static void one_kind(enum frame_kind kind, const char *data, size_t size)
{
	struct frame_scanner s;

	frame_scanner_init(&s, kind, bodies[kind], frame_buffer_bytes(kind));
	feed(&s, data, size);
	idle(&s);
	encode(kind, data, size, size ? (u8)data[0] % (size + 1) : 0);
	frames = 0;
	feed(&s, wire, wire_used);
	check(frames >= 1 && last_length == size && memcmp(last, data, size) == 0);
	/* One of two frames is damaged: the other is found. */
	wire[size ? (u8)data[size / 2] % wire_used : 0] ^= 1;
	feed(&s, wire, wire_used);
	encode(kind, data, size, 0);
	frames = 0;
	feed(&s, wire, wire_used);
	idle(&s);
	check(frames >= 1 && last_length == size && memcmp(last, data, size) == 0);
}

/* Up to the first frame, all bytes pass, in their order. */
static void pass(const char *data, size_t size)
{
	struct frame_scanner s;
	struct frame_result result;
	size_t passed = 0;

	frame_scanner_init(&s, FRAME_TEXT, bodies[FRAME_TEXT], FRAME_BYTES);
	for (size_t i = 0; i < size; i++) {
		check(frame_scan(&s, data + i, 1, &result) == 1);
		if (s.matched == 6 || result.broken)
			return;
		check(result.plain_count <= i + 1 - passed);
		check(memcmp(data + passed, result.plain, result.plain_count) == 0);
		passed += result.plain_count;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > sizeof(last))
		size = sizeof(last);
	one_kind(FRAME_TEXT, (const char *)data, size);
	one_kind(FRAME_PLAIN, (const char *)data, size);
	pass((const char *)data, size);
	parse((const char *)data, size);
	return 0;
}
