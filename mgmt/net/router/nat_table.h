/* SPDX-License-Identifier: MIT */
/*
 * nat_table.h - who behind the router talks to whom, under which port of the outer address (RFC 4787, 5382, 5508).
 *
 * A mapping binds an inner endpoint (protocol, address, port) to an outer port: one and the same for all its peers. A
 * session is a mapping and one peer; it has a time. A mapping goes with its last session, unless it is a forward.
 *
 * Each inner station has a limit of sessions, so that no VM takes the table from the others. A station is a MAC
 * address, which a switch's guard keeps to one for each card; of IPv4 addresses it may take as many as it likes. All
 * that is behind another router is one station. Sessions that somebody outside began, through a forward, are not the
 * station's: they have a limit for each address that they are forwarded to, and one together. Those that a peer of a
 * station's begins, from other ports, are the station's up to half of what it may have. Sessions are never evicted.
 *
 * One table finds a session by its inner endpoint and its peer; an array by the outer port finds the mapping, hence the
 * inner endpoint, hence the session.
 */
#ifndef VOS_NAT_TABLE_H
#define VOS_NAT_TABLE_H

#include "net_if.h"

#define NAT_SESSIONS 16384u
#define NAT_MAPS NAT_SESSIONS		/* each session may have its own: fewer would be used up by few hosts */
#define NAT_HOSTS 512u			/* stations with sessions */
#define NAT_HOST_SESSIONS 2048u		/* of one station */
#define NAT_INVITED_SESSIONS (NAT_HOST_SESSIONS / 2)	/* with more than that, a station's peers begin none */
#define NAT_FORWARDED_SESSIONS (NAT_SESSIONS / 2)	/* of all that were begun outside */
#define NAT_BUCKETS 16384u
#define NAT_PORT_FIRST 1024u		/* of those that are chosen (RFC 4787, REQ-3) */
#define NAT_NONE 0xffffu
#define NAT_OWN 0xfffeu			/* in by_port: the router's own */
#define NAT_TRIES 64u			/* for a free port */

enum nat_protocol { NAT_TCP, NAT_UDP, NAT_ICMP, NAT_PROTOCOLS };

struct nat_map {
	u32 inner;
	u16 inner_port, outer_port;
	u16 next;		/* of the same bucket, or of the free ones */
	u16 first;		/* session */
	u8 protocol;		/* enum nat_protocol */
	bool is_used, is_forward;
};

/* What TCP has shown so far. */
#define NAT_SEEN_IN BIT32(0)
#define NAT_SEEN_OUT BIT32(1)
#define NAT_FIN_IN BIT32(2)
#define NAT_FIN_OUT BIT32(3)
#define NAT_RESET BIT32(4)
/* The station began it with the router's address: as its name server. */
#define NAT_ASKED BIT32(5)

struct nat_session {
	u32 remote;
	u32 end_s;
	u16 remote_port;
	u16 map;
	u16 next;		/* of the same bucket, or of the free ones */
	u16 next_of_map, before_of_map;
	u16 host;
	u8 seen;		/* NAT_SEEN_... */
	bool is_used;
	u32 serial;		/* another one when the entry is another session's */
};

/* Who has a session: the MAC address of an inner station, or whom outer ones are forwarded to. Never 0. */
#define NAT_STATION(mac) (BIT64(48) | (mac))
#define NAT_FORWARDED(address) (BIT64(49) | (address))

struct nat_host {
	u64 station;
	u32 sessions;		/* 0: free */
};

struct nat_table {
	u64 secret;
	u32 session_count, forwarded_count;
	u16 free_session, free_map;
	u16 session_bucket[NAT_BUCKETS], map_bucket[NAT_BUCKETS];
	u16 by_port[NAT_PROTOCOLS][65536];	/* mapping, NAT_OWN or NAT_NONE */
	struct nat_map map[NAT_MAPS];
	struct nat_session session[NAT_SESSIONS];
	struct nat_host host[NAT_HOSTS];
};

void nat_table_init(struct nat_table *t, u64 secret);

struct nat_map *nat_map_find(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port);
/* The mapping of an outer port; NULL: none. */
struct nat_map *nat_map_of_port(struct nat_table *t, enum nat_protocol protocol, u16 port);
/* A new one, with the port `wanted` if it is free, else with a random one of the same parity. NULL: none is free. */
struct nat_map *nat_map_add(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port, u16 wanted,
			    const struct dice *dice);
/* One for ever, with that outer port. False: it is taken, or no room. */
bool nat_map_forward(struct nat_table *t, enum nat_protocol protocol, u16 outer_port, u32 inner, u16 port);
/* A mapping that may have got no session goes again. */
void nat_map_drop_unused(struct nat_table *t, struct nat_map *map);

/* A random port for the router itself, which no mapping gets until it is released; 0: none is free. */
u16 nat_port_take(struct nat_table *t, enum nat_protocol protocol, const struct dice *dice);
/* Nothing to do if the table was made anew. */
void nat_port_release(struct nat_table *t, enum nat_protocol protocol, u16 port);

/* The session of that mapping's endpoint with that peer; one whose time has ended is none. */
struct nat_session *nat_session_find(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port, u32 remote,
				     u16 remote_port, u32 now_s);
/* NULL: no room, or the station has as many as it may. There is none such. */
struct nat_session *nat_session_add(struct nat_table *t, struct nat_map *map, u64 station, u32 remote, u16 remote_port,
				    u32 end_s);
/* Whose a session is that somebody outside begins: of a mapping that is a forward, or has a session. */
u64 nat_map_station(const struct nat_table *t, const struct nat_map *map);
/* May somebody outside begin one? A station is to have some left. */
bool nat_map_has_room(const struct nat_table *t, const struct nat_map *map);
/* Has the mapping a session with that address? */
bool nat_map_talks_to(const struct nat_table *t, const struct nat_map *map, u32 remote, u32 now_s);

/* Now and then, once a second at most: what has ended goes. */
void nat_table_sweep(struct nat_table *t, u32 now_s);

#endif
