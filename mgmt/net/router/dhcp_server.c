/* SPDX-License-Identifier: MIT */
/*
 * dhcp_server.c - see dhcp_server.h.
 */
#include "dhcp_server.h"

#include <string.h>

static bool has_ended(const struct dhcp_lease *l, u32 now_s)
{
	return !l->is_used || (s32)(now_s - l->end_s) >= 0;
}

static struct dhcp_lease *lease_of(struct dhcp_server *s, u32 port, u64 mac)
{
	for (u32 i = 0; i < DHCP_LEASES; i++)
		if (s->lease[i].is_used && s->lease[i].mac == mac && s->lease[i].port == port)
			return &s->lease[i];
	return NULL;
}

static const struct router_name *given_to(const struct dhcp_server *s, u32 port, u64 mac)
{
	for (u32 i = 0; i < s->name_count; i++)
		if (s->names[i].address != 0 && mac_load(s->names[i].mac) == mac &&
		    net_if_reaches(&s->ports[port], s->names[i].address))
			return &s->names[i];
	return NULL;
}

static bool is_given(const struct dhcp_server *s, u32 address)
{
	for (u32 i = 0; i < s->name_count; i++)
		if (s->names[i].address == address)
			return true;
	return false;
}

/* Does somebody else have it, or may have? */
static bool is_taken(const struct dhcp_server *s, u64 mac, u32 address, u32 now_s)
{
	for (u32 i = 0; i < DHCP_LEASES; i++)
		if (s->lease[i].address == address && s->lease[i].mac != mac && !has_ended(&s->lease[i], now_s))
			return true;
	return false;
}

static bool in_pool(const struct dhcp_server *s, u32 port, u32 address)
{
	const struct dhcp_scope *p = &s->scope[port];

	return p->first != 0 && address >= p->first && address <= p->last && address != s->ports[port].address;
}

static bool may_have(const struct dhcp_server *s, u32 port, u64 mac, u32 address, u32 now_s)
{
	const struct router_name *given = given_to(s, port, mac);

	if (given != NULL)
		return given->address == address;
	return in_pool(s, port, address) && !is_given(s, address) && !is_taken(s, mac, address, now_s);
}

/* The one that it has, or wishes, or the first free one from where its MAC's hash says. 0: none is free. */
static u32 choose(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s)
{
	const struct router_name *given = given_to(s, port, m->mac);
	const struct dhcp_lease *l = lease_of(s, port, m->mac);
	const struct dhcp_scope *p = &s->scope[port];
	u32 span = p->last - p->first + 1, from;

	if (given != NULL)
		return given->address;
	if (l != NULL && may_have(s, port, m->mac, l->address, now_s))
		return l->address;
	if (m->requested != 0 && may_have(s, port, m->mac, m->requested, now_s))
		return m->requested;
	if (p->first == 0)
		return 0;
	from = (u32)((m->mac * 0x9e3779b97f4a7c15ull) >> 32) % span;
	/* Among one more than there are leases one is free, if any is. */
	for (u32 i = 0; i < span && i <= DHCP_LEASES + ROUTER_NAMES; i++) {
		u32 address = p->first + (from + i) % span;

		if (may_have(s, port, m->mac, address, now_s))
			return address;
	}
	return 0;
}

/* NULL: as many as there may be. */
static struct dhcp_lease *place(struct dhcp_server *s, u32 port, u64 mac, u32 now_s)
{
	struct dhcp_lease *l = lease_of(s, port, mac);

	for (u32 i = 0; i < DHCP_LEASES && l == NULL; i++)
		if (has_ended(&s->lease[i], now_s))
			l = &s->lease[i];
	return l;
}

static bool keep(struct dhcp_server *s, u32 port, u64 mac, u32 address, bool is_offered, u32 now_s)
{
	struct dhcp_lease *l = place(s, port, mac, now_s);
	u32 span = is_offered ? DHCP_OFFER_S : s->scope[port].lease_s;

	if (l == NULL)
		return false;
	/* An offer does not end what was taken before. */
	if (is_offered && l->is_used && l->mac == mac && l->address == address && !l->is_offered &&
	    !has_ended(l, now_s))
		return true;
	*l = (struct dhcp_lease){ .mac = mac, .address = address, .end_s = now_s + span, .port = (u8)port,
				  .is_offered = is_offered, .is_used = true };
	return true;
}

/* ---- Answers ---- */

static void add_network(struct dhcp_writer *w, const struct net_if *i)
{
	u8 mtu[2];

	dhcp_add32(w, DHCP_MASK, prefix_mask(i->bits));
	dhcp_add32(w, DHCP_ROUTER, i->address);
	dhcp_add(w, DHCP_DOMAIN, "vos", 3);
	be16_store(mtu, (u16)i->mtu);
	dhcp_add(w, DHCP_MTU, mtu, 2);
	dhcp_add32(w, DHCP_BROADCAST_ADDRESS, i->address | ~prefix_mask(i->bits));
}

/* RFC 2131, 4.1: to the address that the client has; else to the new one at its MAC, if it can take that. */
static void address_to(struct dhcp_answer *to, const struct dhcp_message *m, const struct dhcp_message *a)
{
	to->mac = m->mac;
	to->address = m->client;
	if (a->type == DHCP_NAK || (m->client == 0 && (m->flags & DHCP_BROADCAST) != 0)) {
		to->mac = MAC_BROADCAST;
		to->address = IPV4_BROADCAST;
	} else if (m->client == 0) {
		to->address = a->yours;
	}
}

static bool answer(const struct dhcp_server *s, u32 port, const struct dhcp_message *m, enum dhcp_type type, u32 yours,
		   u8 *out, struct dhcp_answer *to)
{
	struct dhcp_message a = { .is_reply = true, .type = (u8)type, .flags = m->flags, .id = m->id, .yours = yours,
				  .mac = m->mac, .client = type == DHCP_ACK ? m->client : 0 };
	u32 lease_s = s->scope[port].lease_s;
	struct dhcp_writer w;

	dhcp_begin(&w, out, &a);
	dhcp_add32(&w, DHCP_SERVER, s->ports[port].address);
	if (type != DHCP_NAK) {
		add_network(&w, &s->ports[port]);
		dhcp_add32(&w, DHCP_DNS, s->ports[port].address);
	}
	if (yours != 0) {
		dhcp_add32(&w, DHCP_LEASE, lease_s);
		dhcp_add32(&w, DHCP_RENEW, lease_s / 2);
		dhcp_add32(&w, DHCP_REBIND, lease_s / 8 * 7);
	}
	if (m->client_id_bytes != 0)		/* RFC 6842 */
		dhcp_add(&w, DHCP_CLIENT_ID, m->client_id, m->client_id_bytes);
	address_to(to, m, &a);
	to->bytes = dhcp_end(&w);
	return true;
}

static bool discover(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s, u8 *out,
		     struct dhcp_answer *to)
{
	u32 address = choose(s, port, m, now_s);

	return address != 0 && keep(s, port, m->mac, address, true, now_s) &&
	       answer(s, port, m, DHCP_OFFER, address, out, to);
}

static bool request(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s, u8 *out,
		    struct dhcp_answer *to)
{
	u32 address = m->client != 0 ? m->client : m->requested;

	if (m->server != 0 && m->server != s->ports[port].address) {	/* it has chosen another server */
		struct dhcp_lease *l = lease_of(s, port, m->mac);

		if (l != NULL && l->is_offered)
			*l = (struct dhcp_lease){ 0 };
		return false;
	}
	if (address == 0)
		return false;
	if (!may_have(s, port, m->mac, address, now_s) || !keep(s, port, m->mac, address, false, now_s))
		return answer(s, port, m, DHCP_NAK, 0, out, to);
	return answer(s, port, m, DHCP_ACK, address, out, to);
}

/* The oldest address that the station has declined, if it has declined as many as it may. */
static struct dhcp_lease *too_many_declined(struct dhcp_server *s, u32 port, u64 mac, u32 now_s)
{
	struct dhcp_lease *oldest = NULL;
	u32 count = 0;

	for (u32 i = 0; i < DHCP_LEASES; i++) {
		struct dhcp_lease *l = &s->lease[i];

		if (l->declined_by != mac || l->port != port || has_ended(l, now_s))
			continue;
		count++;
		if (oldest == NULL || (s32)(l->end_s - oldest->end_s) < 0)
			oldest = l;
	}
	return count < DHCP_DECLINES ? NULL : oldest;
}

/*
 * Somebody has that address already: nobody gets it for a while. An address that root gave is given again. Only who has
 * the address declines it (RFC 2131, 3.1, 5), and not many: else one station would use up the pool.
 */
static bool decline(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s, u8 *out,
		    struct dhcp_answer *to)
{
	struct dhcp_lease *l = lease_of(s, port, m->mac), *oldest;

	(void)out;
	(void)to;
	if (l == NULL || l->is_offered || has_ended(l, now_s) || l->address != m->requested ||
	    m->server != s->ports[port].address)
		return false;
	oldest = too_many_declined(s, port, m->mac, now_s);
	if (oldest != NULL)
		*oldest = (struct dhcp_lease){ 0 };
	l->mac = 0;
	l->declined_by = m->mac;
	l->end_s = now_s + DHCP_DECLINED_S;
	return false;
}

static bool release(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s, u8 *out,
		    struct dhcp_answer *to)
{
	struct dhcp_lease *l = lease_of(s, port, m->mac);

	(void)now_s;
	(void)out;
	(void)to;
	if (l != NULL && l->address == m->client)
		*l = (struct dhcp_lease){ 0 };
	return false;
}

static bool inform(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s, u8 *out,
		   struct dhcp_answer *to)
{
	(void)now_s;
	return net_if_reaches(&s->ports[port], m->client) && answer(s, port, m, DHCP_ACK, 0, out, to);
}

u32 dhcp_address_of(const struct dhcp_server *s, u64 mac, u32 now_s)
{
	for (u32 i = 0; i < DHCP_LEASES; i++)
		if (mac != 0 && s->lease[i].mac == mac && !s->lease[i].is_offered && !has_ended(&s->lease[i], now_s))
			return s->lease[i].address;
	return 0;
}

bool dhcp_is_anothers(const struct dhcp_server *s, u32 address, u64 mac)
{
	for (u32 i = 0; i < s->name_count; i++) {
		u64 owner = mac_load(s->names[i].mac);

		if (s->names[i].address == address && owner != 0)
			return owner != mac;
	}
	return false;
}

bool dhcp_serve(struct dhcp_server *s, u32 port, u64 mac, const u8 *bytes, u32 count, u32 now_s, u8 *out,
		struct dhcp_answer *to)
{
	static bool (*const handlers[])(struct dhcp_server *s, u32 port, const struct dhcp_message *m, u32 now_s,
					u8 *out, struct dhcp_answer *to) = {
		[DHCP_DISCOVER] = discover, [DHCP_REQUEST] = request, [DHCP_DECLINE] = decline,
		[DHCP_RELEASE] = release, [DHCP_INFORM] = inform,
	};
	struct dhcp_message m;

	if (!s->scope[port].is_on || !dhcp_read(&m, bytes, count) || m.is_reply || m.relay != 0 || m.mac != mac ||
	    mac_is_group(mac) || mac == 0 || handlers[m.type] == NULL)
		return false;
	if (m.client != 0 && !net_if_reaches(&s->ports[port], m.client))
		return false;
	return handlers[m.type](s, port, &m, now_s, out, to);
}
