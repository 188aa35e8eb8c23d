/* SPDX-License-Identifier: MIT */
/*
 * net_switch.h - a learning switch with VLANs (IEEE 802.1Q): where a frame goes, and what is counted. Pure: no rings,
 * no clock. Its owner carries the frames (switch_io.h).
 *
 * A frame is judged twice: by switch_in() with the rules of the port that it came from, and by switch_out() with those
 * of each port that it goes to. Both see its first PACKET_HEAD_BYTES, a private copy.
 */
#ifndef VOS_NET_SWITCH_H
#define VOS_NET_SWITCH_H

#include "bucket.h"
#include "ip_owners.h"
#include "mac_table.h"
#include "net.h"
#include "port_rules.h"
#include "status.h"
#include "switch.h"

struct switch_port {
	bool is_up;
	struct port_setup setup;
	struct port_guard guard;
	struct port_filter filter;
	struct bucket from, to, flood;
	struct switch_port_figures *figures;
};

struct net_switch {
	struct mac_table table;
	struct ip_owners owners;
	u64 up, mirrors, captures;	/* ports */
	u64 captured;			/* ports whose frames one of `captures` gets */
	struct switch_port port[SWITCH_PORTS];
};

/* What becomes of a frame. */
struct switch_verdict {
	u64 ports;			/* that it goes to; 0: none */
	u16 vlan;
	struct packet packet;
	bool is_parsed;			/* packet_network() was called */
	u32 longest;			/* bytes of the frame, or of the longest piece that it is to be cut into */
	u32 pieces;			/* that it is to be cut into; 1: none */
	u32 wire_bytes;			/* of all pieces, each with its headers */
};

/* figures[SWITCH_PORTS]: goes on counting there. */
void switch_init(struct net_switch *s, u64 secret, struct switch_port_figures *figures);

/* ST_INVAL: a field is out of range. ST_EXISTS: the port is up, or another one has its address. */
enum status switch_add_port(struct net_switch *s, u32 port, const struct port_setup *setup) MUST_CHECK;
void switch_remove_port(struct net_switch *s, u32 port);
/* Its counts stay; ST_INVAL: a rule is malformed, nothing has changed. */
enum status switch_set_filter(struct net_switch *s, u32 port, const struct filter_rule *rules, u32 count,
			      bool drops_rest) MUST_CHECK;
/* Root gives it that IPv4 address; 0.0.0.0: it has the one that its figures say was leased to it. ST_EXISTS: another
 * port has it. */
enum status switch_set_address(struct net_switch *s, u32 port, const u8 v4[4]) MUST_CHECK;

/* A frame has come from the client of `port`, which is up. The verdict's ports do not include `port`. */
void switch_in(struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head, u64 now_ns,
	       struct switch_verdict *v);

/* May a frame that was let pass be a DHCP server's, which gives an address to a client? / It is looked at: `bytes` is
 * its first DHCP_SEEN_BYTES. */
bool switch_may_grant(const struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head,
		      const struct switch_verdict *v);
void switch_grant(struct net_switch *s, const struct net_frame *frame, const u8 *bytes, u64 now_ns,
		  const struct switch_verdict *v);

/* How a frame leaves: with `tag` instead of the one that it came with, if has_tag, or without. */
struct switch_exit { bool has_tag; u16 tag; };

/* May it go to `port`, one of the verdict's? DROP_NONE: it goes, once there is room. */
enum net_drop switch_out(struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head, u64 now_ns,
			 struct switch_verdict *v, struct switch_exit *exit);

/* The client of `port` got a frame of so many bytes. / `port` is the one to be counted. */
void switch_delivered(struct net_switch *s, u32 port, u32 bytes);
void switch_dropped(struct net_switch *s, u32 port, enum net_drop why);

#endif
