/* SPDX-License-Identifier: MIT */
/*
 * dns.h - a router's forwarder of DNS for the stations behind its inner ports (RFC 5625). Names NAME.vos are those that
 * root gave, and are never asked for outside; all else is handed on to a server outside, and its answer back. There is
 * no cache: a station has one. What a station asks by TCP is no message here: plane.c hands the connection on. Pure.
 *
 * Who is outside can guess neither the number of a question nor the port that its answer is to come to, both of which
 * are random (RFC 5452); and the answer has the same question. A station has a limit of open questions. A server may
 * also be behind an inner port: it is asked with the outer address as well.
 */
#ifndef VOS_DNS_H
#define VOS_DNS_H

#include "dhcp_server.h"
#include "dns_message.h"
#include "names6.h"
#include "nat_table.h"
#include "own.h"

#define PORT_DNS 53u
#define DNS_OPEN 256u			/* questions that wait for an answer */
#define DNS_OPEN_STATION 32u		/* of one address of a sender's */
#define DNS_OPEN_MAC 64u		/* of one sender, whatever addresses it takes; or of all behind its router */
#define DNS_WAIT_S 10u
#define DNS_TTL_S 60u			/* of a NAME.vos */
#define DNS_RATE 1000u			/* answers a second of the router's own, to one station */

struct dns_question {
	u64 mac;			/* of the frame that it came in */
	u64 question;
	struct ip6 station, asked;	/* who asked which address of the router; IPv4 ones are mapped */
	u32 server, end_s;		/* server 0: free */
	u16 station_port, station_id;
	u16 port, id;			/* outside */
	u8 from;			/* the router's port that it came through */
};

struct dns {
	const struct dhcp_server *dhcp;	/* names, leases, and the servers outside */
	const struct names6 *names6;	/* addresses of those names */
	struct nat_table *nat;		/* whose ports these are */
	struct dice dice;
	struct reply_limits own;	/* answers of the router itself */
	u32 first;			/* the server that is asked: the next one after silence */
	struct dns_question open[DNS_OPEN];
};

void dns_init(struct dns *d, const struct dhcp_server *dhcp, const struct names6 *names6, struct nat_table *nat,
	      struct dice dice);
/* Who waits does so in vain: the outer address is another one. */
void dns_forget(struct dns *d);
/* Once a second. */
void dns_tick(struct dns *d, u32 now_s);

/* The server that is asked now; 0: there is none. */
u32 dns_server_of(const struct dns *d);

enum dns_action {
	DNS_DROP,
	DNS_REPLY,		/* to the station: `to`, through `port` */
	DNS_FORWARD		/* to the server outside, from `from_port` */
};

struct dns_out {
	u32 bytes;		/* in `out`, which has DNS_MOST */
	u32 port;
	struct own_peer to;	/* FORWARD: its address and port */
	u16 from_port;
	struct ip6 from6;	/* REPLY: the address that was asked */
};

/* A question of a station, in a packet for the router. `has_outside`: the router has an outer address. */
enum dns_action dns_asked(struct dns *d, const struct own_udp *u, bool has_outside, u8 *out, struct dns_out *to);
/* What came to a port of the outer address that may be one of these. */
enum dns_action dns_heard(struct dns *d, const struct own_udp *u, u8 *out, struct dns_out *to);

#endif
