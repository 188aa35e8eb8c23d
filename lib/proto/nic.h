/* SPDX-License-Identifier: MIT */
/*
 * nic.h - what the PD of a network card's driver finds beside what driver.h says: a link with one switch (net.h), whose
 * client it is, and a page that it shares with root.
 *
 * The link is not in reach of the device: the driver copies frames between it and DRIVER_DMA. It stays, with what is in
 * it, when driver or switch are started again: both go on at the published indices. Without a switch (is_plugged = 0)
 * the driver runs, takes what the wire brings and drops it, so that nothing old is in the link when a switch comes.
 *
 * A card receives everything (it is promiscuous): whoever is behind the switch has a MAC address of his own, and none
 * has the card's. Tags (IEEE 802.1Q) stay in the frames.
 */
#ifndef VOS_NIC_H
#define VOS_NIC_H

#include "driver.h"
#include "net.h"

#define NIC_LINK DRIVER_LINK		/* NET_LINK_BYTES; the driver is the client */
#define NIC_PAGE 0x20040000ull		/* struct nic_page */
#define NIC_H_SWITCH DRIVER_H_STORE	/* THREAD|SIGNAL: its switch, as DRIVER_H_STORE */
/* The driver gets DRIVER_BIT_LINK: from its switch: frames, or room for some; from root: is_plugged has changed. */

#define NIC_NAME "nic"		/* of the drivers: nic0, nic1 ... */
#define NIC_MTU_MIN 68u			/* RFC 791 */
#define NIC_MTU_MAX 1500u		/* bytes behind the Ethernet header and a tag; no jumbo frames */

enum nic_state {
	NIC_STARTING,	/* nothing below is true yet */
	NIC_NO_CARRIER,	/* the cable is out, or the other end is off */
	NIC_UP,
	NIC_STATE_COUNT
};

/* Why frames were dropped. */
enum nic_drop {
	NIC_DROP_NO_CARRIER,	/* to the wire, which is not there */
	NIC_DROP_TOO_LONG,	/* to the wire: longer than its MTU, and can't be cut */
	NIC_DROP_BROKEN,	/* to the wire: the switch broke a rule of the link; all that was in it, counted once */
	NIC_DROP_NO_SWITCH,	/* from the wire */
	NIC_DROP_FULL,		/* from the wire: the switch does not keep up */
	NIC_DROP_BAD,		/* from the wire: damaged, or of a length that can't be */
	NIC_DROP_COUNT
};

/* Each word has one writer. What the driver writes is foreign for root. Counters begin anew with each driver. */
struct nic_page {
	/* root -> driver */
	u32 is_plugged;		/* a switch has the other end of the link */
	u32 zero0[15];
	/* driver -> root */
	u32 state;		/* enum nic_state; the last word that is written */
	u32 mtu;		/* NIC_MTU_MIN .. NIC_MTU_MAX */
	u32 mbits;		/* speed in Mbit/s; 0 = not known */
	u8 is_half_duplex;
	u8 zero1;
	u8 mac[6];		/* the card's own: for show, and for a switch's own address */
	u64 frames_to_wire, bytes_to_wire;	/* taken by the device; segments count as what they are cut into */
	u64 frames_from_wire, bytes_from_wire;	/* given to the switch */
	u64 drops[NIC_DROP_COUNT];
};
_Static_assert(sizeof(struct nic_page) <= 4096, "one page");

#endif
