/* SPDX-License-Identifier: MIT */
/*
 * frame.h - frames of the wire: messages on named channels over a stream of bytes, in two encodings. docs/PROTOCOL.md
 * describes both. This room has no dependence except types.h and the C library's string.h, so that programs of another
 * system can compile it too.
 *
 * Text, for a line that a person uses as well: an ANSI APC string, which terminals do not show.
 *
 *	ESC _ vos;1;CHANNEL;BASE64;CRC ESC \
 *
 * Plain, for a line of its own: a header of 16 bytes (struct frame_header), the channel, the message.
 *
 * A channel is 1 to 15 characters of a-z, 0-9 and +. A CRC is CRC-32C.
 */
#ifndef VOS_FRAME_H
#define VOS_FRAME_H

#include "crc32c.h"
#include "types.h"

#define FRAME_BYTES 24576u		/* longest body of a text frame, from "1;" to the checksum: 18 KiB of message */
#define FRAME_MESSAGE_BYTES 65536u	/* longest message of a plain frame */
#define FRAME_CHANNEL_BYTES 16u		/* with the zero byte behind it */
#define FRAME_HEADER_BYTES 16u
#define FRAME_PLAIN_BYTES (FRAME_HEADER_BYTES + FRAME_CHANNEL_BYTES - 1u + FRAME_MESSAGE_BYTES)
#define FRAME_IDLE_NS 100000000ull	/* text: an ESC that nothing follows for so long is a person's key */
#define FRAME_BODY_IDLE_NS 5000000000ull	/* a frame that began and that nothing follows for so long is broken */

enum frame_kind { FRAME_TEXT, FRAME_PLAIN };

/* Little endian. Any header whose `check` is wrong is none, so that a damaged length does not swallow what follows. */
struct frame_header {
	char magic[4];		/* "VOS1" */
	u16 channel_bytes;	/* 1 .. 15 */
	u16 check;		/* low half of the CRC-32C of magic, channel_bytes and message_bytes */
	u32 message_bytes;	/* at most FRAME_MESSAGE_BYTES */
	u32 crc;		/* CRC-32C of the 12 bytes before it, the channel and the message */
};

_Static_assert(sizeof(struct frame_header) == FRAME_HEADER_BYTES, "as on the wire");

struct frame_scanner {
	enum frame_kind kind;
	char *body;
	size_t size;		/* of body */
	size_t count;		/* bytes held in body */
	char channel[FRAME_CHANNEL_BYTES];
	/* text */
	u32 matched;		/* bytes of the start seen, all of them once inside a frame */
	bool is_let_go;		/* the start's ESC was passed on after a pause */
	bool is_escaped;	/* inside: the last byte was ESC */
	const char *spoiled;	/* inside: why the frame will be dropped at its end */
	/* plain */
	size_t at;		/* body[at..count) is not judged yet */
	bool is_lost;		/* bytes were skipped since the last good frame */
	size_t waste;		/* bytes whose checksum was wrong, less those that were judged since */
};

/* The result of a scan: bytes to pass on, and perhaps the end of a frame. */
struct frame_result {
	u32 plain_count;
	u8 plain[8];		/* text: bytes that are not a frame's */
	bool takes_back;	/* text: the ESC that was passed on last was a frame's */
	bool is_frame;		/* channel and message are a frame's, until the next call */
	const char *broken;	/* why a frame was dropped, or NULL; then channel and message are what could be read of
				 * it: not to be believed, but good enough for a guess at its sender */
	size_t bytes;		/* a frame that was dropped: bytes of it that came */
	const char *channel;	/* "" if it could not be read */
	char *message;		/* may be written to */
	size_t length;
};

/* Bytes of a scanner's buffer on VOS' side. A program that takes answers in one text frame of any length has more. */
size_t frame_buffer_bytes(enum frame_kind kind);
/* The start state. body: `size` bytes, which are the scanner's until its end; at least FRAME_PLAIN_BYTES if plain. A
 * text frame with a longer body is broken. */
void frame_scanner_init(struct frame_scanner *scanner, enum frame_kind kind, char *body, size_t size);
/*
 * Take bytes up to the next thing to tell; returns how many were taken. They are all taken and there is nothing more to
 * tell when it returns 0 for count = 0 and the result is empty (frame_is_empty). One call calculates at most one
 * frame's checksum.
 */
size_t frame_scan(struct frame_scanner *scanner, const char *bytes, size_t count, struct frame_result *result);
/* Nothing came for as long as frame_idle_after said: let go of what was held back. Call frame_scan with count = 0 after
 * it. */
void frame_idle(struct frame_scanner *scanner, struct frame_result *result);
/* How long the scanner waits before frame_idle; 0 = it holds nothing. */
u64 frame_idle_after(const struct frame_scanner *scanner);

static inline bool frame_is_empty(const struct frame_result *result)
{
	return !result->plain_count && !result->is_frame && !result->broken;
}

/* Where the bytes of a frame go. */
struct frame_sink {
	void (*write)(void *context, const char *bytes, size_t count);
	void *context;
};

struct frame_piece { const void *bytes; size_t count; };

/* A message in pieces, which lie one behind the other on the wire. The channel is a good one, and the message not
 * longer than FRAME_MESSAGE_BYTES if the frame is plain. */
void frame_encode_pieces(enum frame_kind kind, const struct frame_sink *sink, const char *channel,
	const struct frame_piece *pieces, u32 piece_count);
void frame_encode(enum frame_kind kind, const struct frame_sink *sink, const char *channel, const char *message,
	size_t length);

/*
 * For bytes that are not ours and go to the same line: true if, with those before it, this one would begin a text
 * frame. Put something in front of it. *matched is 0 at first.
 */
bool frame_would_begin(u32 *matched, char byte);

bool frame_is_channel(const char *text, size_t length);
/* Channels s1 .. s999999999, and a1 .., are of the stream with that number; 0: it is another channel. */
#define FRAME_STREAM_MAX 999999999u
u32 frame_stream_of(const char *channel);

#endif
