/* SPDX-License-Identifier: MIT */
/*
 * frame_kinds.h - the two encodings, for frame.c alone.
 */
#ifndef VOS_FRAME_KINDS_H
#define VOS_FRAME_KINDS_H

#include "frame.h"

/* As the functions of frame.h; *result is empty before. */
size_t text_scan(struct frame_scanner *s, const char *bytes, size_t count, struct frame_result *result);
void text_idle(struct frame_scanner *s, struct frame_result *result);
u64 text_idle_after(const struct frame_scanner *s);
void text_encode(const struct frame_sink *sink, const char *channel, const struct frame_piece *pieces, u32 piece_count);

size_t plain_scan(struct frame_scanner *s, const char *bytes, size_t count, struct frame_result *result);
void plain_idle(struct frame_scanner *s, struct frame_result *result);
u64 plain_idle_after(const struct frame_scanner *s);
void plain_encode(const struct frame_sink *sink, const char *channel, const struct frame_piece *pieces,
	u32 piece_count);

#endif
