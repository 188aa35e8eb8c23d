/* SPDX-License-Identifier: MIT */
/*
 * frame.c - see frame.h: what both encodings have in common.
 */
#include "frame_kinds.h"

size_t frame_buffer_bytes(enum frame_kind kind)
{
	return kind == FRAME_PLAIN ? FRAME_PLAIN_BYTES : FRAME_BYTES;
}

void frame_scanner_init(struct frame_scanner *s, enum frame_kind kind, char *body, size_t size)
{
	*s = (struct frame_scanner){ .kind = kind, .body = body, .size = size };
}

/* Nothing to tell; a channel and a message that can be looked at. */
static void clear(struct frame_scanner *s, struct frame_result *result)
{
	s->channel[0] = 0;
	*result = (struct frame_result){ .channel = s->channel, .message = s->body };
}

size_t frame_scan(struct frame_scanner *s, const char *bytes, size_t count, struct frame_result *result)
{
	clear(s, result);
	return s->kind == FRAME_PLAIN ? plain_scan(s, bytes, count, result) : text_scan(s, bytes, count, result);
}

void frame_idle(struct frame_scanner *s, struct frame_result *result)
{
	clear(s, result);
	if (s->kind == FRAME_PLAIN)
		plain_idle(s, result);
	else
		text_idle(s, result);
}

u64 frame_idle_after(const struct frame_scanner *s)
{
	return s->kind == FRAME_PLAIN ? plain_idle_after(s) : text_idle_after(s);
}

void frame_encode_pieces(enum frame_kind kind, const struct frame_sink *sink, const char *channel,
	const struct frame_piece *pieces, u32 piece_count)
{
	if (kind == FRAME_PLAIN)
		plain_encode(sink, channel, pieces, piece_count);
	else
		text_encode(sink, channel, pieces, piece_count);
}

void frame_encode(enum frame_kind kind, const struct frame_sink *sink, const char *channel, const char *message,
	size_t length)
{
	struct frame_piece piece = { message, length };

	frame_encode_pieces(kind, sink, channel, &piece, 1);
}
