/* SPDX-License-Identifier: MIT */
/*
 * dns.c - see dns.h.
 */
#include "dns.h"

#include <string.h>

static u32 seconds(u64 now_ns)
{
	return (u32)(now_ns / NS_PER_S);
}

void dns_init(struct dns *d, const struct dhcp_server *dhcp, const struct names6 *names6, struct nat_table *nat,
	      struct dice dice)
{
	*d = (struct dns){ .dhcp = dhcp, .names6 = names6, .nat = nat, .dice = dice };
	reply_limits_init(&d->own, nat->secret, DNS_RATE);
}

static void close_question(struct dns *d, struct dns_question *q)
{
	nat_port_release(d->nat, NAT_UDP, q->port);
	*q = (struct dns_question){ 0 };
}

void dns_forget(struct dns *d)
{
	for (u32 i = 0; i < DNS_OPEN; i++)
		close_question(d, &d->open[i]);
}

void dns_tick(struct dns *d, u32 now_s)
{
	bool is_silent = false;

	for (u32 i = 0; i < DNS_OPEN; i++)
		if (d->open[i].server != 0 && (s32)(now_s - d->open[i].end_s) >= 0) {
			is_silent = true;
			close_question(d, &d->open[i]);
		}
	if (is_silent)
		d->first++;
}

/* ---- Names of root's ---- */

static const struct router_name *name_of(const struct dhcp_server *s, const char *text)
{
	for (u32 i = 0; i < s->name_count; i++) {
		const char *name = s->names[i].name;
		u32 at = 0;

		while (name[at] != '\0' && (name[at] >= 'A' && name[at] <= 'Z' ? name[at] + 32 : name[at]) == text[at])
			at++;
		if (name[at] == '\0' && text[at] == '\0')
			return &s->names[i];
	}
	return NULL;
}

static struct dns_address address_of(const struct dns *d, const struct router_name *name, u16 type, u32 now_s)
{
	u32 address = name->address != 0 ? name->address : dhcp_address_of(d->dhcp, mac_load(name->mac), now_s);
	struct ip6 address6 = names6_of(d->names6, mac_load(name->mac));
	struct dns_address found = { 0 };

	if ((type == DNS_TYPE_A || type == DNS_TYPE_ANY) && address != 0) {
		found.type = DNS_TYPE_A;
		be32_store(found.bytes, address);
	} else if ((type == DNS_TYPE_AAAA || type == DNS_TYPE_ANY) && !ip6_is_none(address6)) {
		found.type = DNS_TYPE_AAAA;
		ip6_store(found.bytes, address6);
	}
	return found;
}

static const struct dns_address no_address;

static u32 answer_vos(const struct dns *d, const struct dns_message *m, const u8 *query, const char *text, u32 now_s,
		      u8 *out)
{
	const struct router_name *name = name_of(d->dhcp, text);
	struct dns_address address = no_address;

	if (name == NULL)
		return dns_answer(out, m, query, DNS_NAME_ERROR, &no_address, 0);
	if (m->class == DNS_CLASS_IN)
		address = address_of(d, name, m->type, now_s);
	return dns_answer(out, m, query, DNS_NO_ERROR, &address, DNS_TTL_S);
}

/* ---- Outwards ---- */

u32 dns_server_of(const struct dns *d)
{
	for (u32 i = 0; i < ROUTER_SERVERS; i++) {
		u32 server = d->dhcp->servers[(d->first + i) % ROUTER_SERVERS];
		bool is_own = false;

		for (u32 p = 0; p < ROUTER_PORTS; p++)
			is_own = is_own || (d->dhcp->ports[p].is_up && d->dhcp->ports[p].address == server);
		if (server != 0 && !is_own)
			return server;
	}
	return 0;
}

/* NULL: as many as there may be, or no port is free. Who sends in another's name has his own limit. */
static struct dns_question *open_question(struct dns *d, struct ip6 station, u64 mac)
{
	struct dns_question *q = NULL;
	u32 count = 0, of_mac = 0;

	for (u32 i = 0; i < DNS_OPEN; i++) {
		if (d->open[i].server == 0) {
			q = &d->open[i];
			continue;
		}
		if (d->open[i].mac != mac)
			continue;
		of_mac++;
		count += ip6_equal(d->open[i].station, station);
	}
	if (q == NULL || count >= DNS_OPEN_STATION || of_mac >= DNS_OPEN_MAC)
		return NULL;
	q->port = nat_port_take(d->nat, NAT_UDP, &d->dice);
	return q->port != 0 ? q : NULL;
}

/* Who asks again meanwhile gets no second place. */
static struct dns_question *again(struct dns *d, const struct own_udp *u, const struct dns_message *m)
{
	for (u32 i = 0; i < DNS_OPEN; i++) {
		struct dns_question *q = &d->open[i];

		if (q->server != 0 && q->mac == u->mac && q->from == u->port && ip6_equal(q->station, u->from6) &&
		    q->station_port == u->from_port && q->station_id == m->id && q->question == m->question)
			return q;
	}
	return NULL;
}

static bool forward(struct dns *d, const struct own_udp *u, const struct dns_message *m, u8 *out, struct dns_out *to)
{
	struct dns_question *q = again(d, u, m);
	u32 server = dns_server_of(d);

	if (server == 0)
		return false;
	if (q == NULL) {
		q = open_question(d, u->from6, u->mac);
		if (q == NULL)
			return false;
		q->id = (u16)d->dice.roll(d->dice.context);
	}
	q->mac = u->mac;
	q->question = m->question;
	q->station = u->from6;
	q->asked = u->to6;
	q->server = server;
	q->end_s = seconds(u->now_ns) + DNS_WAIT_S;
	q->station_port = u->from_port;
	q->station_id = m->id;
	q->from = (u8)u->port;
	memcpy(out, u->payload, u->count);
	dns_limit_answer(m, out, u->count);
	be16_store(out, q->id);
	to->bytes = u->count;
	to->to = (struct own_peer){ .address = server, .port = PORT_DNS };
	to->from_port = q->port;
	return true;
}

enum dns_action dns_asked(struct dns *d, const struct own_udp *u, bool has_outside, u8 *out, struct dns_out *to)
{
	struct dns_message m;
	enum dns_rcode error;
	char text[64];

	if (!dns_read(&m, u->payload, u->count, &error) || m.is_reply)
		return DNS_DROP;
	if (error == DNS_NO_ERROR && !dns_is_vos(u->payload, text) && has_outside && forward(d, u, &m, out, to))
		return DNS_FORWARD;
	if (!reply_allowed(&d->own, u->port, u->mac, u->now_ns))
		return DNS_DROP;
	if (error == DNS_NO_ERROR && dns_is_vos(u->payload, text))
		to->bytes = answer_vos(d, &m, u->payload, text, seconds(u->now_ns), out);
	else
		to->bytes = dns_answer(out, &m, u->payload, error != DNS_NO_ERROR ? error : DNS_SERVER_FAILURE,
				       &no_address, 0);
	to->port = u->port;
	to->to = (struct own_peer){ u->mac, u->from, u->from_port, u->from6 };
	to->from6 = u->to6;
	return DNS_REPLY;
}

/* ---- Inwards ---- */

/* Of a message to who asked: nothing is sent in fragments. */
static u32 room_for(const struct dns *d, const struct dns_question *q)
{
	u32 header = ip6_is_mapped(q->station) ? IPV4_BYTES : IPV6_BYTES;

	return d->dhcp->ports[q->from].mtu - header - UDP_BYTES;
}

enum dns_action dns_heard(struct dns *d, const struct own_udp *u, u8 *out, struct dns_out *to)
{
	struct dns_message m;
	enum dns_rcode error;

	if (u->from_port != PORT_DNS || !dns_read(&m, u->payload, u->count, &error) || !m.is_reply ||
	    error != DNS_NO_ERROR)
		return DNS_DROP;
	for (u32 i = 0; i < DNS_OPEN; i++) {
		struct dns_question *q = &d->open[i];

		if (q->server == 0 || q->server != u->from || q->port != u->to_port || q->id != m.id ||
		    q->question != m.question)
			continue;
		to->bytes = u->count;
		if (u->count > room_for(d, q))
			to->bytes = dns_truncate(out, &m, u->payload);
		else
			memcpy(out, u->payload, u->count);
		be16_store(out, q->station_id);
		to->port = q->from;
		to->to = (struct own_peer){ q->mac, ip6_is_mapped(q->station) ? (u32)q->station.low : 0,
					     q->station_port, q->station };
		to->from6 = q->asked;
		close_question(d, q);
		return DNS_REPLY;
	}
	return DNS_DROP;
}
