/* SPDX-License-Identifier: MIT */
/*
 * capture.h - a copy of a frame, or of its begin, in the link of a port that captures (PORT_CAPTURE, switch.h). Pure.
 */
#ifndef VOS_CAPTURE_H
#define VOS_CAPTURE_H

#include "net_link.h"
#include "switch.h"

/* A frame as it came or left: `start`, then `head`, then what is in the ring. */
struct captured {
	u32 bytes;		/* of all three */
	const u8 *start;
	u32 start_bytes;
	const u8 *head;
	u32 head_bytes;
	const struct ring *rest;	/* of its next frame, from there on */
	u32 rest_at;
};

/* Its first `snap_bytes` behind a struct capture_record. How many bytes that is, or 0: there was no room. */
u32 capture_write(struct ring *to, const struct captured *c, u32 snap_bytes, u64 time_ns);

#endif
