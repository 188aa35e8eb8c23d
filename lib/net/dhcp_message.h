/* SPDX-License-Identifier: MIT */
/*
 * dhcp_message.h - messages of DHCP for IPv4 (RFC 2131, options RFC 2132): read, judged, written. Pure.
 */
#ifndef VOS_DHCP_MESSAGE_H
#define VOS_DHCP_MESSAGE_H

#include "inet.h"
#include "router.h"

#define DHCP_HEADER 236u
#define DHCP_LEAST 300u		/* bytes of a message: some relays and clients drop shorter ones (RFC 1542, 2.1) */
#define DHCP_MOST 548u		/* what every client must take (RFC 2131, 2) */
#define DHCP_BROADCAST 0x8000u
#define DHCP_ID_MOST 64u	/* bytes of a client's identifier that is sent back */

enum dhcp_type {
	DHCP_NO_TYPE, DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK, DHCP_RELEASE,
	DHCP_INFORM
};

enum dhcp_option {
	DHCP_PAD = 0, DHCP_MASK = 1, DHCP_ROUTER = 3, DHCP_DNS = 6, DHCP_HOST_NAME = 12, DHCP_DOMAIN = 15,
	DHCP_MTU = 26, DHCP_BROADCAST_ADDRESS = 28, DHCP_REQUESTED = 50, DHCP_LEASE = 51, DHCP_OVERLOAD = 52,
	DHCP_TYPE = 53, DHCP_SERVER = 54, DHCP_PARAMETERS = 55, DHCP_MAX_BYTES = 57, DHCP_RENEW = 58,
	DHCP_REBIND = 59,
	DHCP_CLIENT_ID = 61, DHCP_END = 255
};

/* Options that are not there are 0. */
struct dhcp_message {
	bool is_reply;
	u8 type;			/* enum dhcp_type */
	u16 flags;
	u32 id;				/* of the transaction */
	u32 client, yours, relay;	/* addresses */
	u64 mac;
	u32 requested, server, mask, gateway, servers[ROUTER_SERVERS];
	u32 lease_s, renew_s, rebind_s;
	u16 mtu;
	u8 client_id_bytes;
	u8 client_id[DHCP_ID_MOST];
};

/* False: no message of DHCP, or a malformed one. */
bool dhcp_read(struct dhcp_message *m, const u8 *bytes, u32 count);

struct dhcp_writer { u8 *bytes; u32 at; };

/* Header and type; `bytes` has DHCP_MOST. Options are added up to dhcp_end(), which returns the message's bytes. */
void dhcp_begin(struct dhcp_writer *w, u8 *bytes, const struct dhcp_message *m);
void dhcp_add(struct dhcp_writer *w, enum dhcp_option option, const void *value, u32 count);
void dhcp_add32(struct dhcp_writer *w, enum dhcp_option option, u32 value);
u32 dhcp_end(struct dhcp_writer *w);

#endif
