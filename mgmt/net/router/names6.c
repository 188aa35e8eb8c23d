/* SPDX-License-Identifier: MIT */
/*
 * names6.c - see names6.h.
 */
#include "names6.h"

/* Each name with a MAC address has a place, and keeps what is known of it. */
void names6_set(struct names6 *n, const struct router_name *names, u32 count)
{
	static struct names6 next;	/* too large for the stack */

	next.count = 0;
	for (u32 i = 0; i < count; i++) {
		u64 mac = mac_load(names[i].mac);

		if (mac == 0)
			continue;
		next.seen[next.count].mac = mac;
		next.seen[next.count].address = names6_of(n, mac);
		next.count++;
	}
	*n = next;
}

void names6_seen(struct names6 *n, u64 mac, struct ip6 address)
{
	for (u32 i = 0; i < n->count; i++) {
		struct ip6 *known = &n->seen[i].address;

		if (n->seen[i].mac == mac && (known->low != ip6_interface(mac) || known->high != address.high))
			*known = address;
	}
}

struct ip6 names6_of(const struct names6 *n, u64 mac)
{
	for (u32 i = 0; i < n->count; i++)
		if (n->seen[i].mac == mac)
			return n->seen[i].address;
	return (struct ip6){ 0, 0 };
}
