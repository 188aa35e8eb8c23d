/* SPDX-License-Identifier: MIT */
/*
 * frame.h - messages of programs on the line that a person uses: ANSI APC strings
 *
 *	ESC _ vos;1;CHANNEL;BASE64;CRC32C ESC \
 *
 * CHANNEL is lower-case letters, BASE64 the message (with padding, no blanks), CRC32C eight hexadecimal digits over
 * all from "vos;" up to, not including, the last semicolon. The scanner takes frames out of the stream of bytes and
 * passes on the rest.
 */
#ifndef VOS_FRAME_H
#define VOS_FRAME_H

#include "out.h"

#define FRAME_BYTES 24576u		/* longest body, from "1;" to the checksum: 18 KiB of JSON */
#define FRAME_CHANNEL_BYTES 16u
#define FRAME_IDLE_NS 100000000ull	/* an ESC that nothing follows for so long is a person's key */
#define FRAME_BODY_IDLE_NS 5000000000ull	/* from ESC _ on: a frame that nothing follows for so long is broken */

struct frame_scanner {
	u32 matched;		/* bytes of the start seen, all of them once inside a frame */
	bool is_let_go;		/* the start's ESC was passed on after a pause */
	bool is_escaped;	/* inside: the last byte was ESC */
	const char *spoiled;	/* inside: why the frame will be dropped at its end */
	size_t count;
	char body[FRAME_BYTES];
};

/* What one byte, or a pause, brought: plain bytes to pass on, and perhaps the end of a frame. */
struct frame_result {
	u32 plain_count;
	u8 plain[8];
	bool takes_back;	/* the ESC that was passed on last was a frame's */
	bool is_complete;	/* scanner->body[0..count) is a frame's body, until the next call */
	const char *broken;	/* or why a frame was dropped; scanner->body[0..count) is what came of it */
};

/* All zero is the start state. */
struct frame_result frame_feed(struct frame_scanner *scanner, u8 byte);
/* Nothing came for as long as frame_idle_after said: let go of what was held back. */
struct frame_result frame_idle(struct frame_scanner *scanner);
/* How long the scanner wants to wait before frame_idle; 0 = it holds nothing. */
u64 frame_idle_after(const struct frame_scanner *scanner);

/*
 * For bytes that are not ours but go to the same line: true if, with those before it, this one would begin a frame. Put
 * something in front of it. *matched is 0 at first.
 */
bool frame_would_begin(u32 *matched, char byte);

/*
 * Judge a body and decode its message in place. Returns 0 and channel, *message, *length; or why it was refused, and
 * then *message and *length are what could be decoded: not to be believed, but good for telling who sent it.
 */
const char *frame_decode(char *body, size_t count, char channel[FRAME_CHANNEL_BYTES], char **message, size_t *length);
void frame_encode(const struct out *out, const char *channel, const char *message, size_t length);

/* CRC-32C (Castagnoli), going on from `crc`; start with 0. */
u32 crc32c(u32 crc, const char *bytes, size_t count);

#endif
