/* SPDX-License-Identifier: MIT */
/*
 * out.h - where text goes: a sink that takes bytes, and the few ways of writing to one.
 *
 * The same report can so be written to the terminal, into a JSON string or into a test's buffer.
 */
#ifndef VOS_OUT_H
#define VOS_OUT_H

#include "types.h"

struct out {
	void (*write)(void *context, const char *bytes, size_t count);
	void *context;
};

void out_bytes(const struct out *out, const char *bytes, size_t count);
void out_text(const struct out *out, const char *text);
/* At most 511 bytes a call; what is longer is cut. */
void out_format(const struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Foreign text, made harmless for a terminal: newline, tab and printable bytes pass, carriage returns vanish, the rest
 * is \xNN.
 */
void out_escaped(const struct out *out, const char *bytes, size_t count);
/* The same for one line: newline and tab become \xNN too; ends at a zero byte or after count bytes. */
void out_escaped_line(const struct out *out, const char *text, size_t count);
/* True if all of it passes there, so that it is shown as it is. */
bool text_is_plain(const char *text);
/*
 * Text wrapped at `columns`: starts at column `at`, further lines are indented by `indent`; ends with a newline. An
 * OUT_GLUE in it is a blank at which no line ends.
 */
#define OUT_GLUE "\x1f"
void out_wrapped(const struct out *out, const char *text, u32 at, u32 indent, u32 columns);
/* For out_wrapped: `before` as it is, then at most 127 bytes with all blanks as OUT_GLUE. */
void out_glued(const struct out *out, const char *before, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A sink into memory; always ends with a zero byte. Once full it drops what follows and says so in is_full. */
struct out_buffer {
	char *bytes;
	size_t size;	/* at least 1 */
	size_t used;
	bool is_full;
};

void out_buffer_init(struct out_buffer *buffer, char *bytes, size_t size);
struct out out_to_buffer(struct out_buffer *buffer);

/* Copy text into an array of `size` bytes, zero-padded to its end; false if it was too long (then the array is "" ). */
bool text_copy(char *to, size_t size, const char *from);

#endif
