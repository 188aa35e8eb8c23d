/* SPDX-License-Identifier: MIT */
/*
 * wire.h - frames (lib/wire) over buffers that grow, and bytes of a line whose encoding may not be known yet.
 */
#ifndef VOS_HOST_WIRE_H
#define VOS_HOST_WIRE_H

#include "frame.h"

/* Longest body of a text frame: VOS before 1.1 answers in one frame, of at most 768 KiB of JSON. */
#define WIRE_TEXT_BYTES (1024u * 1024 + 65536)

/* Bytes that grow at the end and are taken from the front. All zero is empty. */
struct wire_buffer {
	u8 *bytes;
	size_t used, size;
};

/* False: no memory; the buffer is as before. */
bool wire_append(struct wire_buffer *buffer, const void *bytes, size_t count);
void wire_drop(struct wire_buffer *buffer, size_t count);
void wire_free(struct wire_buffer *buffer);

u64 wire_get64(const void *bytes);
void wire_put64(void *bytes, u64 value);

/* Append one frame. False: no memory, or the channel or the message can't be a frame's. */
bool wire_encode(struct wire_buffer *to, enum frame_kind kind, const char *channel, const void *message,
	size_t length);

/* All zero is a scanner that takes nothing. */
struct wire_scanner {
	struct wire_buffer in;
	struct {
		bool is_on;
		size_t at;	/* of `in`: before it, bytes are done with */
		struct frame_scanner scanner;
	} kinds[2];		/* by enum frame_kind */
};

struct wire_frame {
	enum frame_kind kind;
	char channel[FRAME_CHANNEL_BYTES];
	const u8 *message;	/* in the scanner, until the next call */
	size_t length;
};

/* Begin anew with the encodings that are possible. False: no memory. */
bool wire_start(struct wire_scanner *scanner, bool text, bool plain);
/* From now on only that one. */
void wire_settle(struct wire_scanner *scanner, enum frame_kind kind);
void wire_end(struct wire_scanner *scanner);
/* What came from the line. False: no memory; then nothing was taken. */
bool wire_feed(struct wire_scanner *scanner, const void *bytes, size_t count);
/* The next good frame in it; false: feed more. Broken frames and bytes outside of frames are skipped. */
bool wire_next(struct wire_scanner *scanner, struct wire_frame *frame);

#endif
