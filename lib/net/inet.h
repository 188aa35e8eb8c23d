/* SPDX-License-Identifier: MIT */
/*
 * inet.h - numbers and offsets of the headers that VOS reads and writes: Ethernet (IEEE 802.3, 802.1Q), ARP (RFC 826),
 * IPv4 (RFC 791), IPv6 (RFC 8200), ICMP (RFC 792, 4443, 4861), UDP (RFC 768), TCP (RFC 9293). Fields are big endian.
 */
#ifndef VOS_INET_H
#define VOS_INET_H

#include "types.h"

#define MAC_BYTES 6u
#define ETH_BYTES 14u
#define ETH_TO 0u
#define ETH_FROM 6u
#define ETH_TYPE 12u
#define ETHERTYPE_FIRST 0x0600u		/* below, it is a length (IEEE 802.3) */
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_SERVICE_VLAN 0x88a8u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_LS 0x88b6u		/* IEEE 802, local experimental: the routers of VOS (ls_message.h) */
#define VLAN_ID_MASK 0x0fffu
#define VLAN_NONE 0u		/* the tag carries a priority alone */
#define VLAN_LAST 4094u

#define ARP_BYTES 28u		/* for Ethernet and IPv4; offsets in it: */
#define ARP_KIND 0u		/* hardware, protocol, their lengths: 8 bytes with the operation */
#define ARP_OPERATION 6u
#define ARP_SENDER_MAC 8u
#define ARP_SENDER_IP 14u
#define ARP_TARGET_MAC 18u
#define ARP_TARGET_IP 24u
#define ARP_REQUEST 1u
#define ARP_REPLY 2u

#define IPV4_BYTES 20u		/* without options */
#define IPV4_LENGTH 2u
#define IPV4_ID 4u
#define IPV4_FRAGMENT 6u
#define IPV4_TTL 8u
#define IPV4_PROTOCOL 9u
#define IPV4_CHECKSUM 10u
#define IPV4_FROM 12u
#define IPV4_TO 16u
#define IPV4_DONT_FRAGMENT 0x4000u
#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_OFFSET_MASK 0x1fffu

#define IPV6_BYTES 40u
#define IPV6_LENGTH 4u
#define IPV6_NEXT 6u
#define IPV6_HOPS 7u
#define IPV6_FROM 8u
#define IPV6_TO 24u

#define PROTOCOL_HOP_BY_HOP 0u
#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_ROUTING 43u
#define PROTOCOL_FRAGMENT 44u
#define PROTOCOL_AUTH 51u
#define PROTOCOL_ICMPV6 58u
#define PROTOCOL_NO_NEXT 59u
#define PROTOCOL_OPTIONS 60u

#define UDP_BYTES 8u
#define UDP_LENGTH 4u
#define UDP_CHECKSUM 6u
#define TCP_BYTES 20u		/* without options */
#define TCP_SEQUENCE 4u
#define TCP_OFFSET 12u
#define TCP_FLAGS 13u
#define TCP_CHECKSUM 16u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u
#define PORT_DHCP_SERVER 67u
#define PORT_RIP 520u
#define RIP_GROUP 0xe0000009u	/* 224.0.0.9 */
#define PORT_DHCP_CLIENT 68u
#define PORT_DHCPV6_CLIENT 546u
#define PORT_DHCPV6_SERVER 547u

#define ICMPV6_BYTES 8u
#define ICMPV6_CHECKSUM 2u
#define ICMPV6_ECHO 128u
#define ICMPV6_ECHO_REPLY 129u
#define ICMPV6_ROUTER_SOLICITATION 133u
#define ICMPV6_ROUTER_ADVERTISEMENT 134u
#define ICMPV6_NEIGHBOUR_SOLICITATION 135u
#define ICMPV6_NEIGHBOUR_ADVERTISEMENT 136u
#define ICMPV6_REDIRECT 137u

static inline u16 be16_load(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 be32_load(const u8 *p)
{
	return (u32)be16_load(p) << 16 | be16_load(p + 2);
}

static inline u64 be64_load(const u8 *p)
{
	return (u64)be32_load(p) << 32 | be32_load(p + 4);
}

static inline void be16_store(u8 *p, u16 value)
{
	p[0] = (u8)(value >> 8);
	p[1] = (u8)value;
}

static inline void be32_store(u8 *p, u32 value)
{
	be16_store(p, (u16)(value >> 16));
	be16_store(p + 2, (u16)value);
}

static inline void be64_store(u8 *p, u64 value)
{
	be32_store(p, (u32)(value >> 32));
	be32_store(p + 4, (u32)value);
}

/* The six bytes as a number, the first in its highest bits. */
static inline u64 mac_load(const u8 *p)
{
	return (u64)be16_load(p) << 32 | be32_load(p + 2);
}

static inline bool mac_is_group(u64 mac)
{
	return (mac >> 40 & 1) != 0;
}

#define MAC_BROADCAST 0xffffffffffffull

static inline void mac_store(u8 *p, u64 mac)
{
	be16_store(p, (u16)(mac >> 32));
	be32_store(p + 2, (u32)mac);
}

#endif
