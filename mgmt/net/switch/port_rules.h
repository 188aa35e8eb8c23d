/* SPDX-License-Identifier: MIT */
/*
 * port_rules.h - what a port of a switch lets pass: guards against frames that lie about their sender, and the
 * operator's filter. Pure; a frame's headers (struct packet) were judged by packet_network().
 */
#ifndef VOS_PORT_RULES_H
#define VOS_PORT_RULES_H

#include "packet.h"

/* Why a frame was not delivered. Each is counted. */
enum net_drop {
	DROP_NONE,
	DROP_MALFORMED,		/* its headers are broken, or what is left to be done to it makes no sense */
	DROP_TOO_LONG,		/* for the port that it would go to */
	DROP_VLAN,		/* not one of the port's */
	DROP_RESERVED,		/* to an address that no bridge forwards (IEEE 802.1Q, table 8-1) */
	DROP_MAC,		/* from an address that is not the port's, or is another port's */
	DROP_ADDRESS,		/* from an IP address that is not the port's; ARP that claims one */
	DROP_DHCP,		/* a server's message, or one to a client, from a port that is not trusted */
	DROP_ADVERTISEMENT,	/* a router's advertisement, or redirection, from a port that is not trusted */
	DROP_FILTER,		/* a rule of the operator's */
	DROP_RATE,		/* the port's limit */
	DROP_FLOOD,		/* the limit of frames that go to many ports */
	DROP_FULL,		/* the receiver does not take its frames */
	DROP_UNKNOWN,		/* nobody is there, except perhaps behind the port that it came from */
	DROP_COUNT
};

#define GUARD_MAC BIT32(0)	/* frames, and the senders in ARP, have the port's own address */
#define GUARD_ADDRESS BIT32(1)	/* and from its IPv4 address, once it has one */
#define GUARD_DHCP BIT32(2)
#define GUARD_ADVERTISEMENTS BIT32(3)
#define GUARD_ALL (BIT32(4) - 1)

struct port_guard {
	u32 set;		/* GUARD_... */
	u64 mac;
	u8 address[4];		/* 0.0.0.0: none yet */
};

/* May a port's client send that? `head` is what `p` was read from. */
enum net_drop port_guard_judge(const struct port_guard *g, const struct packet *p, const u8 *head);

enum filter_direction { FILTER_FROM_PORT, FILTER_TO_PORT };
enum filter_action { FILTER_ALLOW, FILTER_DROP };

#define FILTER_RULES 32u

/* The first rule that matches decides. What a rule leaves open (0) matches everything. */
struct filter_rule {
	u8 direction;		/* enum filter_direction */
	u8 action;		/* enum filter_action */
	u8 protocol;		/* PROTOCOL_...; 0 = any */
	u8 icmp_type;		/* + 1; 0 = any */
	u16 ethertype;		/* 0 = any; a rule with addresses or ports has ETHERTYPE_IPV4 or _IPV6 */
	u16 zero;
	u8 from[16], to[16];	/* IPv4 mapped, as in struct packet */
	u8 from_bits, to_bits;	/* of the 128; 0 = any */
	u16 from_port_first, from_port_last, to_port_first, to_port_last;	/* last 0 = any */
	u16 zero2;
};

struct port_filter {
	u32 count;
	bool drops_rest;	/* what no rule matches */
	struct filter_rule rule[FILTER_RULES];
	u64 hits[FILTER_RULES];
};

/* Are the rule's fields in range? */
bool filter_rule_ok(const struct filter_rule *r);
/* Counts the rule that decides. */
bool port_filter_allows(struct port_filter *f, enum filter_direction direction, const struct packet *p);

#endif
