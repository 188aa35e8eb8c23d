/* SPDX-License-Identifier: MIT */
/*
 * switch.h - what root tells a switch's PD, and what the switch tells root. Nothing is sent: there is memory that root
 * writes and the switch reads, and memory for figures. A switch that is started again finds there all that it has to
 * know, and goes on counting.
 *
 * Root writes a port's configuration between two additions to its `version`: an odd version says that it is being
 * written. Then it signals the switch, SWITCH_BIT_ROOT. The switch copies the configuration, judges the copy, follows
 * it, and answers in the port's figures: `version` is the one that it follows then, `status` what came of it. It
 * signals root. A configuration that it refuses takes the port down.
 *
 * A port's client (a VMM, a router, the driver of a NIC) shares a link with the switch: lib/proto/net.h. Root maps it,
 * zeroed, and grants both handles for signals, before it says PORT_UP; it takes the link away when a version without
 * PORT_UP is followed, or the switch is dead. A client that is started again may find the link as it was. A change of
 * anything else keeps the link's frames and the counters; what was learned at the port is forgotten. What a client has
 * sent before its port came up is dropped.
 */
#ifndef VOS_SWITCH_H
#define VOS_SWITCH_H

#include "types.h"

#define SWITCH_PORTS 64u
#define VLAN_DEFAULT 1u

/* Of a specification, where 0 stands for it. */
static inline u32 vlan_or_default(u32 vlan)
{
	return vlan != 0 ? vlan : VLAN_DEFAULT;
}

#define VLAN_SET_BYTES 512u
#define FILTER_RULES 32u		/* of a port */
#define SWITCH_STATIONS (1024u + SWITCH_PORTS)

/* ---- Root to switch ---- */

#define GUARD_MAC BIT32(0)	/* frames, and the senders in ARP, have the port's own address */
#define GUARD_ADDRESS BIT32(1)	/* no address that another port has, in IP, ARP and neighbour discovery; only its own
				 * IPv4 one, if root gave it one */
#define GUARD_DHCP BIT32(2)	/* no messages of DHCP servers, or to clients */
#define GUARD_ADVERTISEMENTS BIT32(3)	/* no router advertisements, no redirections, nothing that routers of VOS tell
				 * each other (ETHERTYPE_LS) */
#define GUARD_ALL (BIT32(4) - 1)

#define PORT_UP BIT32(0)
#define PORT_TRUNK BIT32(1)	/* frames have tags, except those of `vlan` */
#define PORT_MIRROR BIT32(2)	/* it gets a copy of all frames, and sends none */
#define PORT_CAPTURE BIT32(3)	/* root reads it: it gets each frame of another port behind a struct capture_record, and
				 * sends none */
#define PORT_FLAGS (BIT32(4) - 1)

/* Refused with ST_INVAL: anything out of range, GUARD_MAC without an address. */
struct port_setup {
	u64 mac;			/* its own, in all VLANs: the first byte in bits 40 to 47, no group's; 0: it has
					 * none, as an uplink */
	u64 from_rate, to_rate;		/* bytes a second from and to the client; 0 = no limit */
	u64 flood_rate;			/* frames a second from it that go to many ports; 0 = no limit */
	u32 flags;			/* PORT_... */
	u32 guard;			/* GUARD_... */
	u32 max_bytes;			/* longest frame without tag, 14 .. NET_FRAME_MAX; longer ones only
					 * if they are to be cut into such pieces */
	u32 most_addresses;		/* learned at this port */
	u16 vlan;			/* of untagged frames, 1 .. 4094 */
	u16 captured;			/* PORT_CAPTURE: 1 + the port whose frames are captured; 0: none, for now */
	u16 snap_bytes;			/* PORT_CAPTURE: of a frame at most so many, from ETH_BYTES on */
	u16 zero;
	u8 vlans[VLAN_SET_BYTES];	/* trunk: bit v % 8 of byte v / 8 for each VLAN v that it carries besides */
};
_Static_assert(sizeof(struct port_setup) == 568, "ABI");

enum filter_direction { FILTER_FROM_PORT, FILTER_TO_PORT };
enum filter_action { FILTER_ALLOW, FILTER_DROP };

/* The first rule that matches decides. What a rule leaves open (0) matches everything. */
struct filter_rule {
	u8 direction;		/* enum filter_direction */
	u8 action;		/* enum filter_action */
	u8 protocol;		/* of IP: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, ...; 0 = any */
	u8 icmp_type;		/* + 1; 0 = any */
	u16 ethertype;		/* 0 = any; a rule with addresses, protocol or ports has that of IPv4 or IPv6 */
	u16 zero;
	u8 from[16], to[16];	/* an IPv4 address is mapped: ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) */
	u8 from_bits, to_bits;	/* of the 128; 0 = any */
	u16 from_port_first, from_port_last, to_port_first, to_port_last;	/* last 0 = any */
	u16 zero2;
};
_Static_assert(sizeof(struct filter_rule) == 52, "ABI");

struct switch_port_config {
	u32 version;		/* 0: there was none yet; odd: it is being written */
	u8 address[4];		/* IPv4, that no other port has in `vlan`; 0.0.0.0: it has what DHCP gives it */
	u32 rule_count;
	u32 drops_rest;		/* 1: frames that no rule matches are dropped; else 0 */
	struct port_setup setup;
	struct filter_rule rules[FILTER_RULES];
};

struct switch_config {
	u64 secret;		/* random, written before the switch's first instruction: for its hash of addresses */
	u32 stations;		/* counted up, with a signal: the list of stations is wanted */
	u32 zero;
	struct switch_port_config port[SWITCH_PORTS];
};

/* ---- Switch to root ---- */

/* Why a frame was not delivered. Each is counted. */
enum net_drop {
	DROP_NONE,
	DROP_MALFORMED,		/* its headers are broken, or what is left to be done to it makes no sense */
	DROP_TOO_LONG,		/* for the port that it would go to */
	DROP_VLAN,		/* not one of the port's */
	DROP_RESERVED,		/* to an address that no bridge forwards (IEEE 802.1Q, table 8-1) */
	DROP_MAC,		/* from an address that is not the port's, or is another port's */
	DROP_ADDRESS,		/* from an address that is not the port's, or another's; ARP or neighbour discovery
				 * that claims one */
	DROP_DHCP,		/* from a port that is not trusted: a server's message, one to a client, or one of
				 * another client */
	DROP_ADVERTISEMENT,	/* a router's advertisement, or redirection, from a port that is not trusted */
	DROP_FILTER,		/* a rule of the operator's */
	DROP_RATE,		/* the port's limit */
	DROP_FLOOD,		/* the limit of frames that go to many ports */
	DROP_FULL,		/* the receiver does not take its frames */
	DROP_UNKNOWN,		/* nobody is there, except perhaps behind the port that it came from */
	DROP_COUNT
};

/* In front of a frame that was captured: both together are one frame (net.h) in the link of a PORT_CAPTURE. Frames that
 * the port's client sent are there whatever became of them, frames to it if it got them. Those that there is no room
 * for are counted as DROP_FULL of the PORT_CAPTURE. */
struct capture_record {
	u64 time_ns;		/* of the machine's clock: when the switch took the frame, and the others of its turn */
	u32 bytes;		/* of the whole frame; those behind this, up to snap_bytes, are its first ones */
	u32 zero;
};
_Static_assert(sizeof(struct capture_record) == 16, "ABI");

struct port_counts {
	u64 from_frames, from_bytes;	/* that the client sent, dropped ones too */
	u64 to_frames, to_bytes;	/* that the client got */
	u64 drops[DROP_COUNT];		/* enum net_drop: of frames from it, and of frames to it */
	u64 broken;			/* how often the client broke a rule of its ring, and lost what was in it */
};

/* An IPv4 address that a DHCP server gave a port's client: a message of it passed, from a port without GUARD_DHCP. Here
 * for the switch itself, which is started again. */
struct switch_lease {
	u8 address[4];		/* 0.0.0.0: none */
	u32 until_s;		/* of the machine's clock */
	u16 vlan;
	u16 zero;
	u32 zero1;
};

/* Of a port. Root clears all behind `status` before another client has the port, while that is down. */
struct switch_port_figures {
	u32 version;		/* of the configuration that is followed */
	u32 status;		/* enum status: ST_OK; or the port is down: ST_INVAL; ST_EXISTS: another one has its
				 * MAC or IPv4 address */
	struct port_counts counts;
	u64 hits[FILTER_RULES];	/* of each rule; root clears them when it changes the rules */
	u64 ticks;		/* of the TSC, in which the switch worked for the client */
	u8 address[4];		/* IPv4, that the client's ARP said last and no guard minded; 0.0.0.0: none */
	u32 zero;
	struct switch_lease lease;
};

/* An address that the switch knows. */
struct switch_station {
	u64 mac;
	u16 vlan;		/* 0: the port's own address, in all VLANs */
	u16 port;
	u32 age_s;		/* since a frame came from it; 0 for a port's own */
};

struct switch_figures {
	u32 stations;		/* of the configuration: the list is as it was asked for then */
	u32 station_count;
	struct switch_station station[SWITCH_STATIONS];
	struct switch_port_figures port[SWITCH_PORTS];
};

#endif
