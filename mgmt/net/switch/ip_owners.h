/* SPDX-License-Identifier: MIT */
/*
 * ip_owners.h - which port of a switch has an IPv4 address, per VLAN: one that root gave it, or one that a DHCP server
 * has leased to it. Nobody else may use that address while its owner has it. Pure.
 *
 * An address that nobody owns is anybody's: VMs may have static addresses that nobody told the switch of.
 */
#ifndef VOS_IP_OWNERS_H
#define VOS_IP_OWNERS_H

#include "packet.h"
#include "switch.h"

struct ip_owner {
	u32 address;		/* 0: none */
	u16 vlan;
	bool is_fixed;		/* root gave it */
	u32 until_s;		/* leased: it ends */
};

struct ip_owners {
	u32 version;		/* counted up with each new owner */
	struct ip_owner own[SWITCH_PORTS];
	/* An address that the port may use, as of that version: most frames have that of the frame before. */
	struct { u32 address, version; u16 vlan; } allowed[SWITCH_PORTS];
};

void ip_owners_init(struct ip_owners *t);
/* Root gave it to that port; 0: none. False: another port has it from root. A lease of it ends. */
bool ip_owners_fix(struct ip_owners *t, u32 port, u16 vlan, u32 address);
/* False: another port has it from root, or that port has one from root. A lease that another port had ends. */
bool ip_owners_lease(struct ip_owners *t, u32 port, u16 vlan, u32 address, u32 until_s);
void ip_owners_forget(struct ip_owners *t, u32 port);

/* May that port send this packet, whose headers were read? Not from, nor in ARP with, an address of another's. */
bool ip_owners_allow(struct ip_owners *t, u32 port, u16 vlan, const struct packet *p, const u8 *head, u32 now_s);

#endif
