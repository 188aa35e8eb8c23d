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
#include "net_switch.h"

struct port_rings {
	struct ring from, to;	/* from its client, to its client */
};

struct switch_io {
	struct net_switch *s;
	struct port_rings rings[SWITCH_PORTS];
	u64 active;		/* ports that may have frames; the clients of others signal what they send */
	u32 next;		/* the port that is looked at first */
	u64 written, taken;	/* ports whose clients got frames / have room since switch_io_to_signal() */
};

/* The rings of a port that is up; `link` is its memory. */
void switch_io_attach(struct switch_io *io, u32 port, void *link);

/* The clients of these ports have signalled. */
void switch_io_woken(struct switch_io *io, u64 ports);
/*
 * Up to `budget` frames from each port. True: there may be more. False: the owner may sleep, clients signal what they
 * send.
 */
bool switch_io_step(struct switch_io *io, u64 now_ns, u32 budget);
/* Ports whose clients asked for a signal, and are to get it now: a bit each. */
u64 switch_io_to_signal(struct switch_io *io);

#endif
