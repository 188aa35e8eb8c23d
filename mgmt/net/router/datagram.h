/* SPDX-License-Identifier: MIT */
/*
 * datagram.h - an IPv4 packet in a frame: what its headers say, judged (RFC 1812, 5.2.2), and changes of them with
 * their checksums (RFC 1624). Pure; the first bytes of the frame are a private copy that may be written to.
 */
#ifndef VOS_DATAGRAM_H
#define VOS_DATAGRAM_H

#include "net.h"
#include "net_if.h"
#include "packet.h"

#define ICMP_ECHO_REPLY 0u
#define ICMP_UNREACHABLE 3u
#define ICMP_SOURCE_QUENCH 4u
#define ICMP_REDIRECT 5u
#define ICMP_ECHO 8u
#define ICMP_TIME_EXCEEDED 11u
#define ICMP_PARAMETER 12u
#define ICMP_BYTES 8u
#define ICMP_CHECKSUM 2u
#define ICMP_ID 4u
#define ICMP_SEQUENCE 6u

struct datagram {
	u8 *ip;			/* header */
	u8 *transport;		/* NULL: a later fragment, or a protocol whose header is not known */
	u32 bytes;		/* of the packet, as its header says */
	u32 there;		/* of them, in the copy */
	u32 header;		/* bytes of the IP header */
	u32 from, to;
	u16 from_port, to_port;	/* of TCP and UDP; of ICMP echo both are its identifier */
	u16 id;
	u8 protocol, ttl;
	u8 icmp_type;
	bool is_fragment, is_later_fragment, may_not_fragment;
	bool is_asked;		/* between a station and the name server for which the router stands */
	bool is_partial;	/* the field of the checksum holds the sum of the pseudo header */
};

/* `head` holds min(frame->bytes, PACKET_HEAD_BYTES) bytes at least, of a frame without tag. False: malformed. */
bool datagram_read(struct datagram *d, u8 *head, const struct net_frame *frame);
/* The same for a packet quoted in an ICMP error: cut short, its own checksum may be wrong. `there` bytes of it. */
bool datagram_read_quoted(struct datagram *d, u8 *ip, u32 there);

/* With ports if it has some. Checksums of IP, TCP and UDP follow, and that of ICMP for its identifier. */
void datagram_set_from(struct datagram *d, u32 address, u16 port);
void datagram_set_to(struct datagram *d, u32 address, u16 port);
/* The checksum of a TCP or UDP header follows changes that are worth so much in sums: of the pseudo header, and of the
 * packet. */
void transport_adjust(u8 *transport, u8 protocol, bool is_partial, u64 pseudo, u64 own);
/* A hop less. */
void datagram_age(struct datagram *d);

static inline bool icmp_is_error(u8 type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

static inline bool icmp_is_echo(u8 type)
{
	return type == ICMP_ECHO || type == ICMP_ECHO_REPLY;
}

#endif
