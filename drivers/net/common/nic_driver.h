/* SPDX-License-Identifier: MIT */
/*
 * nic_driver.h - what all drivers of network cards share: they take frames from the link with the switch, fit them for
 * the wire (checksums, segments), hand them to the card, and put what it received into the link. Pure: system calls are
 * made by nic_main.c alone.
 *
 * A driver is a table of functions and a static state of its own. One thread; no locks. All frames are copied between
 * the link and DRIVER_DMA, so that the card reaches nothing else.
 */
#ifndef VOS_NIC_DRIVER_H
#define VOS_NIC_DRIVER_H

#include "bar.h"
#include "driver.h"
#include "net_link.h"
#include "nic.h"
#include "regs.h"
#include "segment.h"
#include "types.h"

#define NIC_BUFFER_BYTES 2032u	/* of a buffer to the wire; a frame that is not cut fits into one */
#define NIC_TURNS 64u		/* frames each way in a step */

struct nic_carrier {
	bool is_up, is_half_duplex;
	u32 mbits;		/* 0 = not known */
};

struct nic_driver;

struct nic_driver_ops {
	/* Bring up the card, which has been reset: it receives everything. Fills card.mac (zeros: it has none),
	 * card.mtu and the can_ words. NULL, or a reason, for the log, why it is not up. */
	const char *(*start)(struct nic_driver *d);
	/* What the card says of its cable. Called after start, and when `quiet` says so. */
	void (*look)(struct nic_driver *d, struct nic_carrier *out);
	/* Take back the buffers that were sent (nic_driver_sent), and up to NIC_TURNS received frames
	 * (nic_driver_received). True: there may be more. Harmless when called without need. */
	bool (*service)(struct nic_driver *d);
	/* How many buffers can be filled now, and buffer i < that: NIC_BUFFER_BYTES. */
	u32 (*room)(struct nic_driver *d);
	u8 *(*buffer)(struct nic_driver *d, u32 i);
	/* Buffers 0 .. of frame->bytes hold a frame: send it. plan: how the card is to cut it, or NULL. */
	void (*send)(struct nic_driver *d, const struct net_frame *frame, const struct segment_plan *plan);
	/* Now the card is to look at what was sent. */
	void (*kick)(struct nic_driver *d);
	/* Interrupt `irq` came: let the device take it back. True: the cable may have changed. */
	bool (*quiet)(struct nic_driver *d, u32 irq);
};

/* A segment that is cut here, piece by piece, as there is room. */
struct nic_cut {
	bool is_active;
	struct segment_plan plan;
	u32 next;		/* piece */
	u8 head[PACKET_HEAD_BYTES];
};

struct nic_driver {
	const struct nic_driver_ops *ops;
	const struct driver_args *args;
	struct nic_page *page;	/* NIC_PAGE: is_plugged is read, all else is written */
	u8 *dma;		/* DRIVER_DMA */
	void (*wait_us)(u32 us);	/* while the card comes up; also spins */
	struct ring to_switch, from_switch;	/* producer, consumer */
	bool can_checksum;	/* the card fills in checksums */
	bool can_cut[NET_SEGMENTING_COUNT];	/* and cuts such segments, but none with CWR in it */
	bool is_unusable;	/* nic_driver_unusable */
	struct nic_page card;	/* what goes to the page */
	struct nic_cut cut;
	u64 sent, seen;		/* buffers that the card has sent: now, at the watchdog's last look */
	u32 busy;		/* buffers that it has */
	u32 most;		/* buffers that it can have: the room behind `start` */
	u64 stuck_at;		/* then it is stuck, if it has sent none until then; 0 = it has none */
};

/* By start, to be returned: the reason is not one that goes by. */
const char *nic_driver_unusable(struct nic_driver *d, const char *why);
/* By send and service: the card has got that many buffers, or has sent them. */
void nic_driver_gave(struct nic_driver *d, u32 buffers);
void nic_driver_sent(struct nic_driver *d, u32 buffers);
/* By service. The description is the card's, and judged here; the bytes are copied once. */
void nic_driver_received(struct nic_driver *d, const struct net_frame *frame, const u8 *bytes);
/* By service: the card has got one that is no frame. */
void nic_driver_bad(struct nic_driver *d);

/* `link` is NIC_LINK. Starts the card. The reason of `start`, or NULL. */
const char *nic_driver_start(struct nic_driver *d, void *link);
/* The cable may have changed. */
void nic_driver_look(struct nic_driver *d);
/* Move what can be moved. True if there may be more right now. */
bool nic_driver_step(struct nic_driver *d);
/* Tell root: between steps. */
void nic_driver_publish(struct nic_driver *d);
/*
 * The watchdog, to be called between steps: the card has had buffers for `limit` while its cable was in, and has sent
 * none. *next: when to look again if no step is made before; ~0 = there is no need.
 */
bool nic_driver_is_stuck(struct nic_driver *d, u64 now, u64 limit, u64 *next);

/* nic_main.c: a driver's main. Does not return. */
_Noreturn void nic_main(const struct nic_driver_ops *ops);

#endif
