/* SPDX-License-Identifier: MIT */
/*
 * mac_table.h - behind which port of a switch a MAC address is (IEEE 802.1Q, 8.8). Pure.
 *
 * A port may have an address of its own, in all VLANs, which nobody else can have. Others are learned, per VLAN, and
 * age after MAC_AGE_S. A port has a limit of learned entries, and takes no place from another's that has not aged: who
 * makes up addresses floods nothing but what he sends himself. The hash has a secret.
 */
#ifndef VOS_MAC_TABLE_H
#define VOS_MAC_TABLE_H

#include "switch.h"

#define MAC_SETS 256u
#define MAC_WAYS 4u
#define MAC_AGE_S 300u
#define MAC_PORT_MAX 64u
#define MAC_UPLINK_MAX 512u
#define PORT_NONE SWITCH_PORTS
_Static_assert(MAC_SETS * MAC_WAYS + SWITCH_PORTS == SWITCH_STATIONS, "room for all");

struct mac_entry {
	u64 key;		/* VLAN << 48 | address; 0: empty (the address 0 is no station's) */
	u32 seen_s;
	u8 port;
	u8 zero[3];
};

#define MAC_OWN_PLACES (2u * SWITCH_PORTS)

struct mac_table {
	u64 secret;		/* odd */
	struct mac_entry entry[MAC_SETS][MAC_WAYS];
	u64 own[SWITCH_PORTS];		/* addresses of ports; 0: it has none */
	u8 own_place[MAC_OWN_PLACES];	/* port + 1, by hash of its address; 0: empty */
	u16 learned[SWITCH_PORTS];	/* entries of that port, also aged ones until mac_table_sweep() */
};

void mac_table_init(struct mac_table *t, u64 secret);
/* Now and then, a minute apart at most: aged entries go. */
void mac_table_sweep(struct mac_table *t, u32 now_s);

/* The port whose own address it is, or PORT_NONE. */
u32 mac_owner(const struct mac_table *t, u64 mac);
/* The port behind which it was learned, or PORT_NONE: not known, or not heard of for MAC_AGE_S. */
u32 mac_find(const struct mac_table *t, u16 vlan, u64 mac, u32 now_s);

/*
 * A frame from that address, which is no port's own, came in at that port, which may have up to `most` entries. It
 * learns nothing if there is no place; what it knew of that address is forgotten then.
 */
void mac_learn(struct mac_table *t, u16 vlan, u64 mac, u32 port, u32 most, u32 now_s);

/* False: it is another port's. Entries of it that were learned do not count any more. */
bool mac_own(struct mac_table *t, u64 mac, u32 port);
/* The port is gone: so are all its entries. */
void mac_forget_port(struct mac_table *t, u32 port);

/* All that it knows, into list[SWITCH_STATIONS]; returns how many. */
u32 mac_table_list(const struct mac_table *t, u32 now_s, struct switch_station *list);

#endif
