/* SPDX-License-Identifier: MIT */
/*
 * arp.h - who has which IPv4 address: ARP (RFC 826). Pure: frames come in as arguments and leave by the table's outlet.
 *
 * An address that root has given to a MAC is nobody else's, also while its VM is stopped: what is forwarded to it comes
 * to no other.
 */
#ifndef VOS_ARP_H
#define VOS_ARP_H

#include "neighbours.h"

struct arp {
	struct neighbours table;
	/* Does that address belong to another MAC? NULL: nobody knows. */
	bool (*is_anothers)(const void *owners, u32 address, u64 mac);
	const void *owners;
	u64 conflicts;		/* somebody else says to have an address of the router */
};

/* As neighbours_init(). The table's `out` and `lost`, and is_anothers, are set by the caller afterwards. */
void arp_init(struct arp *a, u64 secret, const struct net_if *ports);
/* A frame of ethertype ARP without a tag, at a port that is up. Returns false if it was malformed. */
bool arp_heard(struct arp *a, u32 port, const u8 *bytes, u32 count, u64 now_ns);

#endif
