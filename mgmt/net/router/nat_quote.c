/* SPDX-License-Identifier: MIT */
/*
 * nat_quote.c - see nat_quote.h.
 */
#include "nat_quote.h"

#include "checksum.h"

u32 nat_protocol_of(const struct datagram *d)
{
	if (d->protocol == PROTOCOL_TCP)
		return NAT_TCP;
	if (d->protocol == PROTOCOL_UDP)
		return NAT_UDP;
	return d->protocol == PROTOCOL_ICMP && d->transport != NULL && icmp_is_echo(d->icmp_type) ? NAT_ICMP :
												     NAT_PROTOCOLS;
}

static bool quoted(const struct datagram *d, struct datagram *q)
{
	u32 at = d->header + ICMP_BYTES;

	return at <= d->there && datagram_read_quoted(q, d->ip + at, d->there - at) &&
	       nat_protocol_of(q) != NAT_PROTOCOLS;
}

/* The headers that a change may touch: IP, and up to the checksum of TCP. Both sums begin at an even offset. */
static u64 sum_of(const struct datagram *q)
{
	u32 bytes = q->header + 20 < q->there ? q->header + 20 : q->there & ~1u;

	return checksum_add(0, q->ip, bytes);
}

/* What the quote's change does to the sum of the whole message. */
static void mend(struct datagram *d, u64 before, u64 after)
{
	u8 *field = d->transport + ICMP_CHECKSUM;
	u16 old = (u16)~checksum_finish(before), new = (u16)~checksum_finish(after);

	be16_store(field, checksum_update(be16_load(field), old, new));
}

enum nat_result nat_error_in(struct nat *n, struct datagram *d, u32 now_s)
{
	struct datagram q;
	struct nat_map *m;
	u32 protocol, inner;
	u16 port;
	u64 before;

	if (!quoted(d, &q))
		return NAT_KIND;
	protocol = nat_protocol_of(&q);
	m = nat_map_of_port(&n->table, protocol, q.from_port);
	if (q.from != n->outer || m == NULL)
		return NAT_UNKNOWN;
	inner = m->inner;
	port = m->inner_port;
	if (nat_session_find(&n->table, protocol, inner, port, q.to, protocol == NAT_ICMP ? 0 : q.to_port, now_s) ==
	    NULL)
		return NAT_UNKNOWN;
	before = sum_of(&q);
	datagram_set_from(&q, inner, port);
	mend(d, before, sum_of(&q));
	datagram_set_to(d, inner, 0);
	return NAT_DONE;
}

enum nat_result nat_error_out(struct nat *n, struct datagram *d, u32 now_s)
{
	const struct nat_session *s;
	struct datagram q;
	u32 protocol;
	u64 before;

	if (!quoted(d, &q))
		return NAT_KIND;
	protocol = nat_protocol_of(&q);
	s = nat_session_find(&n->table, protocol, q.to, q.to_port, q.from, protocol == NAT_ICMP ? 0 : q.from_port,
			     now_s);
	if (s == NULL)
		return NAT_UNKNOWN;
	before = sum_of(&q);
	datagram_set_to(&q, n->outer, n->table.map[s->map].outer_port);
	mend(d, before, sum_of(&q));
	datagram_set_from(d, n->outer, 0);
	return NAT_DONE;
}
