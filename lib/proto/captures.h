/* SPDX-License-Identifier: MIT */
/*
 * captures.h - what the console and root say about the frames of a network card, which are read as a stream: a file of
 * libpcap, whose records have nanoseconds.
 *
 *	REQ_CAPTURE_OPEN	name, index: of a VM and its card, of a router (also as router-NAME) and its port, or
 *				of a card of the machine with CAPTURE_UPLINK; .image.count: of a frame at most so many
 *				bytes
 *	REQ_CAPTURE_READ	.image: upload (the capture's number), count: answered with the next bytes when there
 *				are some, or when the capture is over
 *	REQ_CAPTURE_CLOSE	.image: upload: likewise
 */
#ifndef VOS_CAPTURES_H
#define VOS_CAPTURES_H

#include "types.h"

#define CAPTURES 4u		/* at a time */
#define CAPTURE_UPLINK (~0u)
#define CAPTURE_SNAP_MIN 14u	/* an Ethernet header */
#define CAPTURE_SNAP_MAX 65535u
#define CAPTURE_DATA_BYTES 6144u	/* in one answer at most */

struct capture_report {
	u64 number;		/* of the capture; no other one has it, before or after */
	u32 slot;		/* below CAPTURES */
	u32 zero;
};

struct capture_data {
	u64 offset;		/* of the first byte, in the stream */
	u64 dropped;		/* frames that are not in it: they came faster than they were read */
	u32 count;
	u32 is_over;		/* the stream ends behind them: the card or its switch is there no more */
	u8 bytes[CAPTURE_DATA_BYTES];
};

#endif
