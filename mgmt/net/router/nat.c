/* SPDX-License-Identifier: MIT */
/*
 * nat.c - see nat.h.
 */
#include "nat.h"

#include <string.h>

#include "nat_quote.h"

#define TCP_SYN 0x02u
#define TCP_RST 0x04u

void nat_init(struct nat *n, u64 secret, struct dice dice)
{
	n->outer = 0;
	n->generation = 0;
	n->last = NULL;
	n->dice = dice;
	memset(n->fragment, 0, sizeof(n->fragment));
	nat_table_init(&n->table, secret);
}

void nat_set_outer(struct nat *n, u32 outer)
{
	n->outer = outer;
	n->generation++;
	n->last = NULL;
	memset(n->fragment, 0, sizeof(n->fragment));
	nat_table_init(&n->table, n->table.secret);
}

/* ---- Fragments ---- */

/* By the address of who sends: nobody takes the places of others' packets, unless by chance. */
static struct nat_fragment *fragment_set(struct nat *n, const struct datagram *d)
{
	return n->fragment[(d->from * n->table.secret) >> 59];
}
_Static_assert(NAT_FRAGMENT_SETS == 32, "fragment_set takes five bits");

static void remember(struct nat *n, const struct datagram *before, u32 other, bool is_out, u32 now_s)
{
	struct nat_fragment *set = fragment_set(n, before), *f = &set[0];

	for (u32 i = 1; i < NAT_FRAGMENT_WAYS; i++)
		if ((s32)(set[i].end_s - f->end_s) < 0)
			f = &set[i];
	*f = (struct nat_fragment){
		.from = before->from, .to = before->to, .other = other, .end_s = now_s + NAT_FRAGMENT_S,
		.id = before->id, .protocol = before->protocol, .is_out = is_out,
	};
}

static enum nat_result later_fragment(struct nat *n, struct datagram *d, bool is_out, u32 now_s)
{
	const struct nat_fragment *set = fragment_set(n, d);

	for (u32 i = 0; i < NAT_FRAGMENT_WAYS; i++) {
		const struct nat_fragment *f = &set[i];

		if (f->from != d->from || f->to != d->to || f->id != d->id || f->protocol != d->protocol ||
		    f->is_out != is_out || (s32)(now_s - f->end_s) >= 0)
			continue;
		if (is_out)
			datagram_set_from(d, f->other, 0);
		else
			datagram_set_to(d, f->other, 0);
		return NAT_DONE;
	}
	return NAT_FRAGMENT;
}

/* ---- Time of a session ---- */

static u32 tcp_time(struct nat_session *s, u8 flags, bool is_out)
{
	if (is_out && (flags & TCP_SYN) != 0 && (s->seen & (NAT_RESET | NAT_FIN_IN | NAT_FIN_OUT)) != 0)
		s->seen &= NAT_ASKED;		/* the ports are used again */
	if ((flags & TCP_RST) != 0)
		s->seen |= NAT_RESET;
	else
		s->seen &= (u8)~NAT_RESET;	/* it was a forged one, or one out of order (RFC 7857, 2.2) */
	s->seen |= is_out ? NAT_SEEN_OUT : NAT_SEEN_IN;
	if ((flags & TCP_FIN) != 0)
		s->seen |= is_out ? NAT_FIN_OUT : NAT_FIN_IN;
	if ((s->seen & NAT_RESET) != 0 || (s->seen & (NAT_FIN_IN | NAT_FIN_OUT)) == (NAT_FIN_IN | NAT_FIN_OUT) ||
	    (s->seen & (NAT_SEEN_IN | NAT_SEEN_OUT)) != (NAT_SEEN_IN | NAT_SEEN_OUT))
		return NAT_TCP_SHORT_S;
	return NAT_TCP_S;
}

/* What comes from outside keeps no UDP session alive (RFC 4787, REQ-6). */
void nat_touch(struct nat_session *s, enum nat_protocol protocol, u8 tcp_flags, bool is_out, u32 now_s)
{
	u32 span = NAT_ICMP_S;

	if (protocol == NAT_TCP)
		span = tcp_time(s, tcp_flags, is_out);
	else if (protocol == NAT_UDP)
		span = s->remote_port == NAT_PORT_DNS ? NAT_DNS_S : NAT_UDP_S;
	if (is_out || protocol == NAT_TCP)
		s->end_s = now_s + span;
}

static u8 flags_of(const struct datagram *d)
{
	return d->protocol == PROTOCOL_TCP ? d->transport[TCP_FLAGS] : 0;
}

/* ---- Outwards ---- */

/* A reset makes no session. Other TCP segments do: a router that was started again does not break connections. */
static struct nat_session *begin_out(struct nat *n, const struct datagram *d, u64 station, u32 protocol,
				     u16 remote_port, u32 now_s)
{
	struct nat_session *s;
	struct nat_map *m;

	if (protocol == NAT_TCP && (d->transport[TCP_FLAGS] & TCP_RST) != 0)
		return NULL;
	m = nat_map_find(&n->table, protocol, d->from, d->from_port);
	if (m == NULL)
		m = nat_map_add(&n->table, protocol, d->from, d->from_port, d->from_port, &n->dice);
	if (m == NULL)
		return NULL;
	s = nat_session_add(&n->table, m, station, d->to, remote_port, now_s + NAT_ICMP_S);
	if (s == NULL)
		nat_map_drop_unused(&n->table, m);
	return s;
}

enum nat_result nat_out(struct nat *n, struct datagram *d, u64 mac, u32 now_s)
{
	u32 protocol = nat_protocol_of(d);
	struct nat_session *s;
	u16 remote_port;

	n->last = NULL;
	if (d->is_later_fragment)
		return later_fragment(n, d, true, now_s);
	if (nat_is_error(d))
		return nat_error_out(n, d, now_s);
	if (protocol == NAT_PROTOCOLS || (protocol == NAT_ICMP && d->icmp_type != ICMP_ECHO))
		return NAT_KIND;
	remote_port = protocol == NAT_ICMP ? 0 : d->to_port;
	s = nat_session_find(&n->table, protocol, d->from, d->from_port, d->to, remote_port, now_s);
	if (unlikely(s == NULL))
		s = begin_out(n, d, NAT_STATION(mac), protocol, remote_port, now_s);
	if (unlikely(s == NULL))
		return NAT_LIMITED;
	nat_touch(s, protocol, flags_of(d), true, now_s);
	n->last = s;
	if (d->is_asked)
		s->seen |= NAT_ASKED;
	if (unlikely(d->is_fragment))
		remember(n, d, n->outer, true, now_s);
	datagram_set_from(d, n->outer, n->table.map[s->map].outer_port);
	return NAT_DONE;
}

/* ---- Inwards ---- */

bool nat_has(const struct nat *n, const struct datagram *d)
{
	u32 protocol = nat_protocol_of(d);

	return d->is_later_fragment ||
	       ((protocol == NAT_TCP || protocol == NAT_UDP) && n->table.by_port[protocol][d->to_port] < NAT_MAPS);
}

/* To a forward from anybody; to another mapping from an address to which it has sent. */
static struct nat_session *begin_in(struct nat *n, struct nat_map *m, const struct datagram *d, u16 remote_port,
				    u32 now_s)
{
	if (!m->is_forward && !(m->protocol == NAT_UDP && nat_map_talks_to(&n->table, m, d->from, now_s)))
		return NULL;
	if ((m->protocol == NAT_TCP && (d->transport[TCP_FLAGS] & TCP_RST) != 0) || !nat_map_has_room(&n->table, m))
		return NULL;
	return nat_session_add(&n->table, m, nat_map_station(&n->table, m), d->from, remote_port,
			       now_s + (m->protocol == NAT_TCP ? NAT_TCP_SHORT_S : NAT_UDP_S));
}

enum nat_result nat_in(struct nat *n, struct datagram *d, u32 now_s)
{
	u32 protocol = nat_protocol_of(d);
	struct nat_session *s;
	struct nat_map *m;
	u16 remote_port;

	n->last = NULL;
	if (d->is_later_fragment)
		return later_fragment(n, d, false, now_s);
	if (nat_is_error(d))
		return nat_error_in(n, d, now_s);
	if (protocol == NAT_PROTOCOLS || (protocol == NAT_ICMP && d->icmp_type != ICMP_ECHO_REPLY))
		return NAT_LOCAL;
	m = nat_map_of_port(&n->table, protocol, d->to_port);
	if (m == NULL)
		return NAT_LOCAL;
	remote_port = protocol == NAT_ICMP ? 0 : d->from_port;
	s = nat_session_find(&n->table, protocol, m->inner, m->inner_port, d->from, remote_port, now_s);
	/* That one may have been the last of its mapping. */
	if (unlikely(s == NULL)) {
		m = nat_map_of_port(&n->table, protocol, d->to_port);
		s = m != NULL ? begin_in(n, m, d, remote_port, now_s) : NULL;
		if (s == NULL)
			return m != NULL && m->is_forward ? NAT_LIMITED : NAT_UNKNOWN;
	}
	if (unlikely(&n->table.map[s->map] != m))	/* two forwards to one endpoint, and one peer's port to both */
		return NAT_UNKNOWN;
	nat_touch(s, protocol, flags_of(d), false, now_s);
	n->last = s;
	d->is_asked = (s->seen & NAT_ASKED) != 0;
	if (unlikely(d->is_fragment))
		remember(n, d, m->inner, false, now_s);
	datagram_set_to(d, m->inner, m->inner_port);
	return NAT_DONE;
}
