/* SPDX-License-Identifier: MIT */
/*
 * reply_limits.c - see reply_limits.h.
 */
#include "reply_limits.h"

#include <string.h>

#define SET_SHIFT 58u		/* the upper bits of a product have the most of the key */
_Static_assert(REPLY_SETS == 1u << (64 - SET_SHIFT), "the hash reaches all sets");

void reply_limits_init(struct reply_limits *l, u64 secret, u32 rate)
{
	memset(l, 0, sizeof(*l));
	l->secret = secret | 1;
	l->rate = rate;
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&l->port[i], (u64)rate * REPLY_PORT_SHARES);
}

static struct bucket *station_of(struct reply_limits *l, u32 port, u64 mac)
{
	u64 key = (u64)(port + 1) << 48 | mac;
	struct reply_station *set = l->station[(key * l->secret) >> SET_SHIFT], *quiet = set;

	for (u32 i = 0; i < REPLY_WAYS; i++) {
		if (set[i].key == key)
			return &set[i].owed;
		if (set[i].owed.paid_ns < quiet->owed.paid_ns)
			quiet = &set[i];
	}
	quiet->key = key;
	bucket_set(&quiet->owed, l->rate);
	return &quiet->owed;
}

bool reply_allowed(struct reply_limits *l, u32 port, u64 mac, u64 now_ns)
{
	struct bucket *of_port = &l->port[port], *of_station = station_of(l, port, mac);

	if (bucket_wait_ns(of_station, now_ns) != 0 || bucket_wait_ns(of_port, now_ns) != 0)
		return false;
	bucket_take(of_station, now_ns, 1);
	bucket_take(of_port, now_ns, 1);
	return true;
}
