/* SPDX-License-Identifier: MIT */
/*
 * switch_io.h - frames from the rings of a switch's ports into those of others.
 *
 * A full ring loses frames, as on a wire, and its port counts them: no client can hold up another one. A client that
 * breaks the rules of its ring (net.h) loses what is in it.
 */
#ifndef VOS_SWITCH_IO_H
#define VOS_SWITCH_IO_H

#include "net_link.h"
#include "switch.h"

struct port_rings {
	struct ring from, to;	/* from its client, to its client */
	u64 broken;		/* how often the client broke a rule */
};

struct switch_io {
	struct net_switch *s;
	struct port_rings rings[SWITCH_PORTS];
	u32 next;		/* the port that is looked at first */
	u64 written, taken;	/* ports whose clients got frames / have room since switch_io_to_signal() */
};

/* The rings of a port that is up; `link` is its memory. */
void switch_io_attach(struct switch_io *io, u32 port, void *link);

/* Up to `budget` frames from each port. True: there may be more. */
bool switch_io_step(struct switch_io *io, u64 now_ns, u32 budget);
/* Ports whose clients asked for a signal, and are to get it now: a bit each. */
u64 switch_io_to_signal(struct switch_io *io);
/* Before and after the owner sleeps: clients are to signal what they send. */
void switch_io_wait(struct switch_io *io, bool is_waiting);

#endif
