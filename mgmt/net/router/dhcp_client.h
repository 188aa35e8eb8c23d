/* SPDX-License-Identifier: MIT */
/*
 * dhcp_client.h - an address for the outer port (RFC 2131, 4.4). Pure: its owner sends what it writes and takes the
 * lease over.
 */
#ifndef VOS_DHCP_CLIENT_H
#define VOS_DHCP_CLIENT_H

#include "dhcp_message.h"
#include "net_if.h"

#define DHCP_WAIT_FIRST_S 4u	/* doubled up to DHCP_WAIT_MOST_S (RFC 2131, 4.1) */
#define DHCP_WAIT_MOST_S 64u
#define DHCP_RENEW_WAIT_S 60u
#define DHCP_REQUESTS 4u	/* without an answer: begin anew */

struct dhcp_client {
	u8 state;		/* enum router_dhcp_state */
	u8 tries;
	u64 mac;
	u32 id;			/* of the transaction */
	u32 due_s;		/* of the next message */
	u32 since_s;		/* the request that is answered counts from its sending (RFC 2131, 4.4.1) */
	u32 renew_s, rebind_s, end_s;
	struct dhcp_message lease;	/* as offered, then as acknowledged; valid while there is a lease */
	struct dice dice;
};

/* What is to be sent, from port 68 to port 67. */
struct dhcp_question {
	u32 from, to;		/* 0 and IPV4_BROADCAST while there is no lease */
	u32 bytes;
};

enum dhcp_news { DHCP_NOTHING, DHCP_GOT, DHCP_LOST };

/* Begins to look for a server. */
void dhcp_client_start(struct dhcp_client *c, u64 mac, struct dice dice, u32 now_s);
/* Once a second. True: `out`, which has DHCP_MOST, is to be sent. *news: DHCP_LOST when the lease has ended. */
bool dhcp_client_tick(struct dhcp_client *c, u32 now_s, u8 *out, struct dhcp_question *q, enum dhcp_news *news);
/* A message came to UDP port 68. The answer is sent by the next tick, which is due at once. */
enum dhcp_news dhcp_client_heard(struct dhcp_client *c, const u8 *bytes, u32 count, u32 now_s);

static inline bool dhcp_client_has_lease(const struct dhcp_client *c)
{
	return c->state == ROUTER_DHCP_BOUND || c->state == ROUTER_DHCP_RENEWING || c->state == ROUTER_DHCP_REBINDING;
}

#endif
