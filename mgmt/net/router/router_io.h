/* SPDX-License-Identifier: MIT */
/*
 * router_io.h - frames between the links of a router's ports. A full link loses frames, and they are counted; a switch
 * that breaks the rules of its ring (net.h) loses what is in it.
 */
#ifndef VOS_ROUTER_IO_H
#define VOS_ROUTER_IO_H

#include "gateway.h"
#include "net_link.h"

struct router_rings {
	bool is_up;
	struct ring from, to;			/* from its switch, to its switch */
	u64 in_frames, in_bytes, out_frames, out_bytes;
};

struct router_io {
	struct gateway *g;
	struct router_rings rings[ROUTER_PORTS];
	u32 written, taken;	/* ports whose switches got frames / have room since router_io_to_signal() */
};

/* Goes on at the published indices: what is in the link is served. */
void router_io_attach(struct router_io *io, u32 port, void *link);
void router_io_detach(struct router_io *io, u32 port);

/* The gateway's way out: struct outlet's `send`, with the router_io as context. */
void router_io_send(void *context, u32 port, const u8 *bytes, u32 count);

/* Up to `budget` frames from each port. True: there may be more. */
bool router_io_step(struct router_io *io, u64 now_ns, u32 budget);
/* Before and after the owner sleeps: switches are to signal what they send. */
void router_io_wait(struct router_io *io, bool is_waiting);
/* Ports whose switches asked for a signal, and are to get it now: a bit each. */
u32 router_io_to_signal(struct router_io *io);

#endif
