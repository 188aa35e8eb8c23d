/* SPDX-License-Identifier: MIT */
/*
 * nic_spec.h - a network card of a VM as the operator defines it (request.h).
 */
#ifndef VOS_NIC_SPEC_H
#define VOS_NIC_SPEC_H

#include "root_limits.h"
#include "switch.h"
#include "types.h"

#define NIC_UNGUARDED BIT32(0)		/* it may send with any address, and as a server of DHCP or a router */
#define NIC_CABLE_OUT BIT32(1)		/* the guest sees no link */
#define NIC_MIRROR BIT32(2)		/* it gets a copy of all frames of its switch, of all VLANs, and sends none */
#define NIC_FLAGS (NIC_UNGUARDED | NIC_CABLE_OUT | NIC_MIRROR)
#define MAC_BITS 48
#define MAC_GROUP BIT64(40)		/* bit 0 of the first byte (IEEE 802, 8.2) */
#define MAC_LOCAL BIT64(41)		/* bit 1: not from a manufacturer */
#define NIC_VLAN_MAX 4094u
#define NIC_RATE_MIN (64ull << 10)
#define NIC_RATE_MAX (1ull << 40)

/* Could it be a guest's own? Not 0/8, 127/8, multicast and what is above it (RFC 1812, 5.3.7). */
static inline bool nic_address_ok(u32 address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address >> 24 < 224;
}

#define NIC_RULES 8u

/* A rule of a card's filter, for IP packets. The first that matches decides; what none matches passes. */
struct nic_rule {
	u8 action;		/* enum filter_action */
	u8 direction;		/* enum filter_direction: from the guest (FROM_PORT) or to it */
	u8 protocol;		/* 6 TCP, 17 UDP, 1 ICMP and ICMPv6; 0 = any */
	u8 bits;		/* of `address`; 0 = any, also of IPv6 */
	u16 port_first, port_last;	/* that the packet is sent to; last 0 = any */
	u32 address;		/* of the other station: IPv4, in the processor's byte order */
};

/* A network card of a VM is plugged into a switch. All but the switch and the MAC can be changed while the VM runs. */
struct nic_spec {
	char network[VM_NAME_BYTES];	/* the switch */
	u64 mac;		/* the first byte in bits 40 to 47; 0: root chooses one */
	u64 rate;		/* bytes a second each way at most, NIC_RATE_MIN .. NIC_RATE_MAX; 0 = no limit */
	u32 vlan;		/* 1 .. 4094; 0 = VLAN_DEFAULT */
	u32 flags;		/* NIC_FLAGS */
	u32 address;		/* IPv4, in the processor's byte order: the guest has no other; 0: any that is free. Not
				 * of an unguarded card */
	u32 rule_count;
	struct nic_rule rules[NIC_RULES];
};

#endif
