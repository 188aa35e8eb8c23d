/* SPDX-License-Identifier: MIT */
/*
 * ls.h - routers of VOS tell each other which networks they are at, and each finds the shortest ways: a link-state
 * protocol. Pure: frames come in as arguments and leave by an outlet. Times are seconds.
 *
 * A router says hello at its ports every LS_HELLO_S, with whom it heard there: two that hear each other are neighbours,
 * until one is silent for LS_DEAD_S. It makes a state of itself, its neighbours and its networks, anew when that
 * changes and every LS_REFRESH_S, with the next sequence number; whoever gets a state that is newer than what he has
 * hands it on at his other ports. A new neighbour is told all. There is no acknowledgement: what is lost comes again
 * with the next refresh. A state that is not refreshed is forgotten when it is LS_AGE_MOST_S old; its age travels with
 * it.
 *
 * A router's number is the MAC address of one of its ports. One that was started again hears its own old state, and
 * goes on with a sequence number behind that.
 *
 * What is found goes into the tables of routes as ROUTE_LS. Nothing that RIP has taught is told, so that the two can't
 * make a circle. Whoever may send such frames in a network whose port speaks the protocol can turn packets away from
 * their way; the switch takes them from no VM whose card is guarded (port_rules.h).
 */
#ifndef VOS_LS_H
#define VOS_LS_H

#include "bucket.h"
#include "ls_paths.h"
#include "routes.h"
#include "routes6.h"

#define LS_HELLO_S 2u
#define LS_DEAD_S 8u
#define LS_REFRESH_S 15u
#define LS_FRAMES 500u			/* a second that are listened to, of one port */
#define LS_PORT_COST 10u		/* of a link, and of the network at it */
_Static_assert(LS_REFRESH_S * 3 < LS_AGE_MOST_S, "two refreshes may be lost");

struct ls_neighbour {
	u64 id;				/* 0: none */
	u64 mac;
	u32 address, heard_s;
	u8 port;
	bool hears_us;
};

struct ls {
	const struct net_if *ports;
	struct routes *routes;
	struct routes6 *routes6;
	struct outlet out;
	u64 id;				/* 0: no port speaks it */
	u32 hello_s, refresh_s;		/* when the next ones are due */
	bool is_changed;		/* the own state, or one of others: once a tick at most */
	bool has_news;
	struct bucket frames[ROUTER_PORTS];
	struct ls_neighbour neighbour[LS_NEIGHBOURS];
	u32 count;
	struct ls_state state[LS_ROUTERS];	/* [0] is the own one; age_s counts up */
};

/* `ports` and the tables of routes stay. No port speaks it yet. */
void ls_init(struct ls *l, const struct net_if *ports, struct routes *routes, struct routes6 *routes6,
	     struct outlet out);
/* A port is another one: neighbours there are gone, and routes are found anew. */
void ls_set_port(struct ls *l, u32 port, u32 now_s);
/* A frame of ETHERTYPE_LS at a port that speaks it. False: it is malformed, or too many come. */
bool ls_heard(struct ls *l, u32 port, const u8 *frame, u32 count, u64 now_ns);
/* Once a second. */
void ls_tick(struct ls *l, u32 now_s);

#endif
