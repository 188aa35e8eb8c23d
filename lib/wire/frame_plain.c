/* SPDX-License-Identifier: MIT */
/*
 * frame_plain.c - frames on a line of their own: header, channel, message. After a header or a checksum that is wrong,
 * the search for the next header goes on at the byte behind the magic's first one: what a damaged length would have
 * swallowed is looked at again.
 */
#include <string.h>

#include "frame_kinds.h"

#define WASTE_BYTES (4 * FRAME_MESSAGE_BYTES)	/* checksums of frames that were none, ahead of what was skipped */

static const char magic[4] = { 'V', 'O', 'S', '1' };

static u16 header_check(const struct frame_header *h)
{
	u32 crc = crc32c(0, h, offsetof(struct frame_header, check));

	return (u16)crc32c(crc, &h->message_bytes, sizeof(h->message_bytes));
}

static bool is_header(const struct frame_header *h)
{
	return h->channel_bytes > 0 && h->channel_bytes < FRAME_CHANNEL_BYTES &&
	       h->message_bytes <= FRAME_MESSAGE_BYTES && h->check == header_check(h);
}

/* Up to bytes that are a magic, or may become one; true if some were skipped. */
static bool skip(struct frame_scanner *s)
{
	size_t from = s->at;

	for (; s->at < s->count; s->at++) {
		const char *first = memchr(s->body + s->at, magic[0], s->count - s->at);
		size_t left;

		s->at = first ? (size_t)(first - s->body) : s->count;
		left = s->count - s->at;
		if (memcmp(s->body + s->at, magic, left < sizeof(magic) ? left : sizeof(magic)) == 0)
			break;
	}
	return s->at > from;
}

static void broken(struct frame_scanner *s, struct frame_result *result, const char *why, size_t bytes)
{
	s->at++;
	s->is_lost = true;
	result->broken = why;
	result->bytes = bytes;
}

/* Headers that are good cost 16 bytes, and the checksum behind each of them up to 64 KiB: who sends nothing else has
 * whole frames skipped after a while. */
static void broken_sum(struct frame_scanner *s, struct frame_result *result, size_t bytes)
{
	bool is_skipped = s->waste > WASTE_BYTES;

	broken(s, result, "the frame's checksum is wrong", bytes);
	s->at += is_skipped ? bytes - 1 : 0;
	s->waste = is_skipped ? s->waste - bytes : s->waste + bytes;
}

/* The header and all behind it are there. */
static void judge(struct frame_scanner *s, struct frame_result *result, const struct frame_header *h)
{
	char *channel = s->body + s->at + sizeof(*h);
	size_t bytes = (size_t)h->channel_bytes + h->message_bytes, all = sizeof(*h) + bytes;
	u32 crc = crc32c(0, h, offsetof(struct frame_header, crc));

	if (crc32c(crc, channel, bytes) != h->crc) {
		broken_sum(s, result, all);
		return;
	}
	if (!frame_is_channel(channel, h->channel_bytes)) {
		broken(s, result, "the frame has no channel", all);
		s->at += all - 1;
		return;
	}
	memcpy(s->channel, channel, h->channel_bytes);
	s->channel[h->channel_bytes] = 0;
	s->at += all;
	s->waste -= s->waste < all ? s->waste : all;
	s->is_lost = false;
	result->is_frame = true;
	result->message = channel + h->channel_bytes;
	result->length = h->message_bytes;
}

/* The next thing in body[at..count), if it is all there. */
static void step(struct frame_scanner *s, struct frame_result *result)
{
	struct frame_header header;
	size_t from = s->at;

	if (skip(s) && !s->is_lost) {
		s->is_lost = true;
		result->broken = "there are bytes outside of frames";
		result->bytes = s->at - from;
		return;
	}
	if (s->count - s->at < sizeof(header))
		return;
	memcpy(&header, s->body + s->at, sizeof(header));
	if (!is_header(&header))
		broken(s, result, "the frame's header is wrong", sizeof(header));
	else if (s->count - s->at - sizeof(header) >= (size_t)header.channel_bytes + header.message_bytes)
		judge(s, result, &header);
}

/* Room for more: a frame fits if it begins at the start. */
static size_t take(struct frame_scanner *s, const char *bytes, size_t count)
{
	size_t room;

	if (s->at == s->count || s->count == s->size) {
		memmove(s->body, s->body + s->at, s->count - s->at);
		s->count -= s->at;
		s->at = 0;
	}
	room = s->size - s->count;
	if (count > room)
		count = room;
	if (count)
		memcpy(s->body + s->count, bytes, count);
	s->count += count;
	return count;
}

size_t plain_scan(struct frame_scanner *s, const char *bytes, size_t count, struct frame_result *result)
{
	size_t taken;

	step(s, result);
	if (!frame_is_empty(result) || count == 0)
		return 0;
	taken = take(s, bytes, count);
	step(s, result);
	return taken;
}

/* The rest of a frame does not come: there may be others in what came of it. */
void plain_idle(struct frame_scanner *s, struct frame_result *result)
{
	if (s->at < s->count)
		broken(s, result, "the frame was cut off", s->count - s->at);
}

u64 plain_idle_after(const struct frame_scanner *s)
{
	return s->at < s->count ? FRAME_BODY_IDLE_NS : 0;
}

void plain_encode(const struct frame_sink *sink, const char *channel, const struct frame_piece *pieces,
	u32 piece_count)
{
	struct frame_header h = { .channel_bytes = (u16)strlen(channel) };

	memcpy(h.magic, magic, sizeof(magic));
	for (u32 i = 0; i < piece_count; i++)
		h.message_bytes += (u32)pieces[i].count;
	h.check = header_check(&h);
	h.crc = crc32c(crc32c(0, &h, offsetof(struct frame_header, crc)), channel, h.channel_bytes);
	for (u32 i = 0; i < piece_count; i++)
		h.crc = crc32c(h.crc, pieces[i].bytes, pieces[i].count);
	sink->write(sink->context, (const char *)&h, sizeof(h));
	sink->write(sink->context, channel, h.channel_bytes);
	for (u32 i = 0; i < piece_count; i++)
		sink->write(sink->context, pieces[i].bytes, pieces[i].count);
}
