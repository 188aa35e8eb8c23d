/* SPDX-License-Identifier: MIT */
/*
 * reply_limits.h - how much of one kind a router answers of its own: ICMP errors (RFC 1812, 4.3.2.8; RFC 4443, 2.4 f),
 * echoes, names. So many a second to one station, which is a MAC address at a port, and ten times as many to all
 * stations of a port. Pure.
 *
 * A station that asks for more than its share costs others nothing, as long as it has one MAC address: the switch's
 * guard keeps a VM to one for each card. All that is behind another router is one station. Who has many addresses
 * (behind an uplink) has the port's limit. Places in the table are taken by hash with a secret; a new station takes
 * the place of one that was answered longest ago.
 */
#ifndef VOS_REPLY_LIMITS_H
#define VOS_REPLY_LIMITS_H

#include <stdbool.h>

#include "bucket.h"
#include "router.h"

#define REPLY_SETS 64u
#define REPLY_WAYS 4u
#define REPLY_PORT_SHARES 10u		/* a port has that many stations' rates */

struct reply_station {
	u64 key;		/* 0: free */
	struct bucket owed;
};

struct reply_limits {
	u64 secret;		/* odd */
	u32 rate;
	struct bucket port[ROUTER_PORTS];
	struct reply_station station[REPLY_SETS][REPLY_WAYS];
};

/* `rate`: replies a second to one station. */
void reply_limits_init(struct reply_limits *l, u64 secret, u32 rate);
/* May `mac` at `port` have one more? Then it counts. */
bool reply_allowed(struct reply_limits *l, u32 port, u64 mac, u64 now_ns);

#endif
