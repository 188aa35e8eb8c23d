/* SPDX-License-Identifier: MIT */
/*
 * dhcp_client.c - see dhcp_client.h.
 */
#include "dhcp_client.h"

#define FOREVER 0xffffffffu
#define LEASE_MOST (1u << 30)	/* so that times can be compared; 34 years */

static bool is_due(u32 at_s, u32 now_s)
{
	return (s32)(now_s - at_s) >= 0;
}

static void look(struct dhcp_client *c, u32 now_s)
{
	c->state = ROUTER_DHCP_SELECTING;
	c->tries = 0;
	c->id = (u32)c->dice.roll(c->dice.context);
	c->due_s = c->since_s = now_s;
	c->lease = (struct dhcp_message){ 0 };
}

void dhcp_client_start(struct dhcp_client *c, u64 mac, struct dice dice, u32 now_s)
{
	*c = (struct dhcp_client){ .mac = mac, .dice = dice };
	look(c, now_s);
}

/* ---- Sending ---- */

/* Twice as long each time, a second more or less, so that not all ask at once. */
static u32 wait_s(struct dhcp_client *c)
{
	u32 wait = DHCP_WAIT_FIRST_S << (c->tries < 4 ? c->tries : 4);

	if (wait > DHCP_WAIT_MOST_S)
		wait = DHCP_WAIT_MOST_S;
	return wait + (u32)(c->dice.roll(c->dice.context) % 3) - 1;
}

static void write(const struct dhcp_client *c, u8 *out, struct dhcp_question *q)
{
	static const u8 wanted[] = { DHCP_MASK, DHCP_ROUTER, DHCP_DNS, DHCP_MTU, DHCP_LEASE, DHCP_RENEW, DHCP_REBIND };
	bool has_address = dhcp_client_has_lease(c);
	struct dhcp_message m = {
		.type = c->state == ROUTER_DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST, .id = c->id, .mac = c->mac,
		.client = has_address ? c->lease.yours : 0,
	};
	struct dhcp_writer w;

	dhcp_begin(&w, out, &m);
	if (c->state == ROUTER_DHCP_REQUESTING) {
		dhcp_add32(&w, DHCP_REQUESTED, c->lease.yours);
		dhcp_add32(&w, DHCP_SERVER, c->lease.server);
	}
	dhcp_add(&w, DHCP_PARAMETERS, wanted, sizeof(wanted));
	q->from = m.client;
	q->to = c->state == ROUTER_DHCP_RENEWING ? c->lease.server : IPV4_BROADCAST;
	q->bytes = dhcp_end(&w);
}

/* Times of a lease that go by while nothing is heard. */
static void advance(struct dhcp_client *c, u32 now_s, enum dhcp_news *news)
{
	if (!dhcp_client_has_lease(c) || c->lease.lease_s == FOREVER)
		return;
	if (is_due(c->end_s, now_s)) {
		*news = DHCP_LOST;
		look(c, now_s);
	} else if (c->state != ROUTER_DHCP_REBINDING && is_due(c->rebind_s, now_s)) {
		c->state = ROUTER_DHCP_REBINDING;
		c->due_s = now_s;
	} else if (c->state == ROUTER_DHCP_BOUND && is_due(c->renew_s, now_s)) {
		c->state = ROUTER_DHCP_RENEWING;
		c->id = (u32)c->dice.roll(c->dice.context);
		c->due_s = now_s;
	}
}

bool dhcp_client_tick(struct dhcp_client *c, u32 now_s, u8 *out, struct dhcp_question *q, enum dhcp_news *news)
{
	*news = DHCP_NOTHING;
	if (c->state == ROUTER_DHCP_OFF)
		return false;
	advance(c, now_s, news);
	if (c->state == ROUTER_DHCP_BOUND || !is_due(c->due_s, now_s))
		return false;
	if (c->state == ROUTER_DHCP_REQUESTING && c->tries == DHCP_REQUESTS)
		look(c, now_s);
	write(c, out, q);
	c->since_s = now_s;
	c->due_s = now_s + (dhcp_client_has_lease(c) ? DHCP_RENEW_WAIT_S : wait_s(c));
	if (c->tries < 255)
		c->tries++;
	return true;
}

/* ---- Hearing ---- */

/* An address that can be used, in a network that the mask says, with the gateway in it if there is one. */
static bool lease_ok(const struct dhcp_message *m)
{
	u32 mask = m->mask;

	if (!is_host(m->yours) || m->server == 0 || mask == 0 || (~mask & (~mask + 1)) != 0 || ~mask < 3)
		return false;
	if ((m->yours & ~mask) == 0 || (m->yours | mask) == IPV4_BROADCAST)
		return false;
	return m->gateway == 0 || (((m->gateway ^ m->yours) & mask) == 0 && m->gateway != m->yours);
}

/* Times that make no sense are replaced by the usual ones (RFC 2131, 4.4.5). */
static void bind(struct dhcp_client *c, const struct dhcp_message *m)
{
	u32 span = m->lease_s < LEASE_MOST ? m->lease_s : LEASE_MOST;
	u32 renew = m->renew_s != 0 && m->renew_s < span ? m->renew_s : span / 2;
	u32 rebind = m->rebind_s != 0 && m->rebind_s < span ? m->rebind_s : span / 8 * 7;

	if (renew >= rebind) {
		renew = span / 2;
		rebind = span / 8 * 7;
	}
	c->lease = *m;
	c->state = ROUTER_DHCP_BOUND;
	c->tries = 0;
	c->renew_s = c->since_s + renew;
	c->rebind_s = c->since_s + rebind;
	c->end_s = c->since_s + span;
}

static enum dhcp_news answered(struct dhcp_client *c, const struct dhcp_message *m, u32 now_s)
{
	bool had = dhcp_client_has_lease(c);

	if (m->type == DHCP_NAK && (!had || c->state == ROUTER_DHCP_REBINDING || m->server == c->lease.server)) {
		look(c, now_s);
		return had ? DHCP_LOST : DHCP_NOTHING;
	}
	if (m->type != DHCP_ACK || !lease_ok(m) || m->lease_s == 0)
		return DHCP_NOTHING;
	if (c->state != ROUTER_DHCP_REBINDING && m->server != c->lease.server)
		return DHCP_NOTHING;
	bind(c, m);
	return DHCP_GOT;
}

enum dhcp_news dhcp_client_heard(struct dhcp_client *c, const u8 *bytes, u32 count, u32 now_s)
{
	struct dhcp_message m;

	if (c->state == ROUTER_DHCP_OFF || !dhcp_read(&m, bytes, count) || !m.is_reply || m.id != c->id ||
	    m.mac != c->mac)
		return DHCP_NOTHING;
	if (c->state == ROUTER_DHCP_SELECTING) {
		if (m.type != DHCP_OFFER || !lease_ok(&m))
			return DHCP_NOTHING;
		c->lease = m;
		c->state = ROUTER_DHCP_REQUESTING;
		c->tries = 0;
		c->due_s = now_s;
		return DHCP_NOTHING;
	}
	return c->state == ROUTER_DHCP_BOUND ? DHCP_NOTHING : answered(c, &m, now_s);
}
