/* SPDX-License-Identifier: MIT */
/*
 * mac_table.h - behind which port of a switch a MAC address is, per VLAN (IEEE 802.1Q, 8.8). Pure.
 *
 * Fixed entries are those of the ports' own addresses: they do not age, and nobody else can have them. Learned ones age
 * after MAC_AGE_S. A port can have MAC_PORT_MAX learned entries, and takes no place from another's that has not aged:
 * whoever makes up addresses floods nothing but what he sends himself. The hash has a secret.
 */
#ifndef VOS_MAC_TABLE_H
#define VOS_MAC_TABLE_H

#include "types.h"

#define MAC_SETS 256u
#define MAC_WAYS 4u
#define MAC_AGE_S 300u
#define MAC_PORT_MAX 64u
#define MAC_UPLINK_MAX 512u
#define SWITCH_PORTS 64u
#define PORT_NONE SWITCH_PORTS

struct mac_entry {
	u64 key;		/* VLAN << 48 | address; 0: empty (the address 0 is no station's) */
	u32 seen_s;
	u8 port;
	bool is_fixed;
	u8 zero[2];
};

struct mac_table {
	u64 secret;		/* odd */
	struct mac_entry entry[MAC_SETS][MAC_WAYS];
	u16 learned[SWITCH_PORTS];	/* entries of that port, also aged ones until mac_table_sweep() */
};

void mac_table_init(struct mac_table *t, u64 secret);
/* Now and then, a minute apart at most: aged entries go. */
void mac_table_sweep(struct mac_table *t, u32 now_s);

/* The port, or PORT_NONE: not known, or not heard of for MAC_AGE_S. */
u32 mac_find(const struct mac_table *t, u16 vlan, u64 mac, u32 now_s);

/*
 * A frame from that address came in at that port, which may have up to `most` entries. False: it is another port's
 * fixed address. Learns nothing if there is no place.
 */
bool mac_learn(struct mac_table *t, u16 vlan, u64 mac, u32 port, u32 most, u32 now_s);

/* False: the set is full of fixed entries. Takes the place of a learned one. */
bool mac_fix(struct mac_table *t, u16 vlan, u64 mac, u32 port);
/* The port is gone: so are all its entries. */
void mac_forget_port(struct mac_table *t, u32 port);

#endif
