/* SPDX-License-Identifier: MIT */
/*
 * flows.c - see flows.h. Each key has one place; another key's flow there is replaced.
 */
#include "flows.h"

#include <string.h>

#include "checksum.h"

#define FLOW_BITS 10
_Static_assert(FLOWS == 1u << FLOW_BITS, "place_of takes so many bits");

void flows_init(struct flows *f, const struct net_if *ports, const struct routes *routes, struct nat *nat,
		const struct neighbours *neighbours)
{
	memset(f, 0, sizeof(*f));
	f->ports = ports;
	f->routes = routes;
	f->nat = nat;
	f->neighbours = neighbours;
}

static struct flow *place_of(struct flows *f, const struct flow_key *key)
{
	u64 folded = key->addresses ^ key->ports * 0x9e3779b97f4a7c15ull;

	return &f->flow[(folded * f->nat->table.secret) >> (64 - FLOW_BITS)];
}

/* ---- Which packets have flows ---- */

static bool has_known_checksum(const struct net_frame *frame, u8 protocol)
{
	return (frame->flags & NET_NEEDS_CHECKSUM) == 0 ||
	       (frame->checksum_start == ETH_BYTES + IPV4_BYTES &&
		frame->checksum_offset == (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM));
}

/* No options, no fragment, a whole transport header, no segment that is to be cut. */
static bool is_plain(const struct net_frame *frame, const u8 *head)
{
	const u8 *ip = head + ETH_BYTES;
	u8 protocol = ip[IPV4_PROTOCOL];
	u32 least = IPV4_BYTES + (protocol == PROTOCOL_TCP ? TCP_BYTES : UDP_BYTES);
	u32 bytes = be16_load(ip + IPV4_LENGTH);

	return ip[0] == 0x45 && (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && bytes >= least &&
	       bytes + ETH_BYTES <= frame->bytes && frame->segmenting == NET_WHOLE &&
	       (be16_load(ip + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) == 0 &&
	       has_known_checksum(frame, protocol);
}

struct flow_key flow_key_of(const struct flows *f, u32 port, const struct net_frame *frame, const u8 *head)
{
	const u8 *ip = head + ETH_BYTES;
	struct flow_key key = { .port = (u8)port };

	if (frame->bytes < ETH_BYTES + IPV4_BYTES + UDP_BYTES || be16_load(head + ETH_TYPE) != ETHERTYPE_IPV4 ||
	    mac_load(head + ETH_TO) != f->ports[port].mac || !is_plain(frame, head))
		return key;
	memcpy(&key.addresses, ip + IPV4_FROM, sizeof(key.addresses));
	memcpy(&key.ports, ip + IPV4_BYTES, sizeof(key.ports));
	key.protocol = ip[IPV4_PROTOCOL];
	return key;
}

static bool is_same(const struct flow_key *a, const struct flow_key *b)
{
	return a->addresses == b->addresses && a->ports == b->ports && a->port == b->port && a->protocol == b->protocol;
}

/* ---- Whether one holds ---- */

static bool holds(const struct flows *f, const struct flow *e, u32 now_s)
{
	const struct nat_session *s = &f->nat->table.session[e->session];

	return e->routes == f->routes->generation && e->nat == f->nat->generation && e->serial == s->serial &&
	       (s->seen & NAT_ASKED) == 0 && (s32)(now_s - s->end_s) < 0 && e->next->state == NEIGHBOUR_KNOWN &&
	       (s32)(now_s - e->next->due_s) < 0 && e->next->port == e->port &&
	       ip6_equal(e->next->address, e->next_hop);
}

static u64 fold(u64 sum, u32 bits)
{
	return (sum >> bits) + (sum & (BIT64(bits) - 1));
}

/* A header without options, whose checksum is right: the order of bytes does not matter (RFC 1071, section 2 B). */
static bool is_header_good(const u8 *ip)
{
	u64 first, second;
	u32 third;

	memcpy(&first, ip, sizeof(first));
	memcpy(&second, ip + 8, sizeof(second));
	memcpy(&third, ip + 16, sizeof(third));
	return fold(fold(fold(fold(first, 32) + fold(second, 32) + third, 32), 16), 16) % 0xffff == 0;
}

/* ---- The packet ---- */

/* A hop less takes 1 from the high byte of its word, whatever that is: ~w + (w - 0x0100). */
#define HOP_CHANGE 0xfeffu

static void change(const struct flow *e, const struct net_frame *frame, u8 *head)
{
	u8 *ip = head + ETH_BYTES, *transport = ip + IPV4_BYTES;

	be32_store(ip + (e->is_out ? IPV4_FROM : IPV4_TO), e->address);
	be16_store(transport + (e->is_out ? 0 : 2), e->transport_port);
	ip[IPV4_TTL]--;
	be16_store(ip + IPV4_CHECKSUM, checksum_finish((u64)(u16)~be16_load(ip + IPV4_CHECKSUM) + e->pseudo +
						       HOP_CHANGE));
	transport_adjust(transport, e->key.protocol, (frame->flags & NET_NEEDS_CHECKSUM) != 0, e->pseudo, e->own);
}

bool flows_pass(struct flows *f, const struct flow_key *key, const struct net_frame *frame, u8 *head, u64 now_ns,
		struct plane_verdict *v)
{
	const struct flow *e = place_of(f, key);
	u8 *ip = head + ETH_BYTES;
	u32 now_s = (u32)(now_ns / NS_PER_S);

	if (!is_same(&e->key, key) || !holds(f, e, now_s) || ip[IPV4_TTL] <= 1 ||
	    be16_load(ip + IPV4_LENGTH) > f->ports[e->port].mtu || !is_header_good(ip))
		return false;
	nat_touch(&f->nat->table.session[e->session], key->protocol == PROTOCOL_TCP ? NAT_TCP : NAT_UDP,
		  key->protocol == PROTOCOL_TCP ? ip[IPV4_BYTES + TCP_FLAGS] : 0, e->is_out, now_s);
	change(e, frame, head);
	mac_store(head + ETH_FROM, f->ports[e->port].mac);
	mac_store(head + ETH_TO, e->next->mac);
	v->action = PLANE_SEND;
	v->port = e->port;
	v->next_hop = e->next_hop;
	v->is_translated = true;
	return true;
}

/* ---- A new one ---- */

static u32 changed(u16 before, u16 after)
{
	return (u32)(u16)~before + after;
}

/* Translated at one end: the other one is as it was. From inside to inside by the outer address, both are others. */
static bool is_once(const u8 before[12], const struct datagram *d, bool is_out)
{
	return is_out ? be32_load(before + 4) == d->to && be16_load(before + 10) == d->to_port
		      : be32_load(before) == d->from && be16_load(before + 8) == d->from_port;
}

/* What the new address and port are worth in sums. */
static void weigh(struct flow *e, const u8 before[12])
{
	const u8 *address = before + (e->is_out ? 0 : 4);

	e->pseudo = changed(be16_load(address), (u16)(e->address >> 16)) +
		    changed(be16_load(address + 2), (u16)e->address);
	e->own = changed(be16_load(before + (e->is_out ? 8 : 10)), e->transport_port);
}

void flows_learn(struct flows *f, const struct flow_key *key, const struct datagram *d, const struct plane_verdict *v)
{
	const struct nat_session *s = f->nat->last;
	const struct neighbour *next = neighbour_known(f->neighbours, v->port, v->next_hop);
	bool is_out = f->ports[v->port].is_outer;
	struct flow *e = place_of(f, key);
	u8 before[12];		/* addresses, ports */

	memcpy(before, &key->addresses, 8);
	memcpy(before + 8, &key->ports, 4);
	if (s == NULL || next == NULL || is_out == f->ports[key->port].is_outer || !is_once(before, d, is_out))
		return;
	*e = (struct flow){
		.key = *key, .routes = f->routes->generation, .nat = f->nat->generation, .serial = s->serial,
		.session = (u16)(s - f->nat->table.session), .is_out = is_out, .port = (u8)v->port,
		.transport_port = is_out ? d->from_port : d->to_port, .address = is_out ? d->from : d->to,
		.next_hop = v->next_hop, .next = next,
	};
	weigh(e, before);
}
