/* SPDX-License-Identifier: MIT */
/*
 * net_switch.c - see net_switch.h.
 */
#include "net_switch.h"

#include <string.h>

#include "dhcp_watch.h"
#include "inet.h"
#include "nd_guard.h"
#include "range.h"
#include "rt_time.h"
#include "segment.h"

#define RESERVED_FIRST 0x0180c2000000ull	/* IEEE 802.1Q, table 8-1: bridges do not forward these */
#define RESERVED_LAST 0x0180c200000full
#define TAG_PRIORITY 0xf000u	/* and whether it may be dropped first */
#define LEASE_MOST_S (10u * 365 * 86400)	/* also of a lease without end */

void switch_init(struct net_switch *s, u64 secret, struct switch_port_figures *figures)
{
	memset(s, 0, sizeof(*s));
	mac_table_init(&s->table, secret);
	ip_owners_init(&s->owners);
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		s->port[i].figures = &figures[i];
}

/* A port that its switch alone writes to. */
#define PORT_LISTENS (PORT_MIRROR | PORT_CAPTURE)

static bool capture_ok(const struct port_setup *p)
{
	if ((p->flags & PORT_CAPTURE) == 0)
		return p->captured == 0 && p->snap_bytes == 0;
	return p->captured <= SWITCH_PORTS && p->snap_bytes >= ETH_BYTES && (p->flags & PORT_MIRROR) == 0;
}

static bool setup_ok(const struct port_setup *p)
{
	return (p->flags & ~PORT_FLAGS) == 0 && capture_ok(p) && (p->flags & PORT_UP) != 0 && p->vlan != VLAN_NONE &&
	       p->vlan <= VLAN_LAST && (p->guard & ~GUARD_ALL) == 0 && p->mac >> 48 == 0 && !mac_is_group(p->mac) &&
	       p->max_bytes >= ETH_BYTES && p->max_bytes <= NET_FRAME_MAX &&
	       ((p->guard & GUARD_MAC) == 0 || p->mac != 0);
}

static bool carries(const struct port_setup *p, u16 vlan)
{
	return vlan == p->vlan || ((p->flags & PORT_TRUNK) != 0 && (p->vlans[vlan / 8] >> vlan % 8 & 1) != 0);
}

static void find_captured(struct net_switch *s)
{
	s->captured = 0;
	for (u64 left = s->captures; left != 0; left &= left - 1) {
		u32 captured = s->port[__builtin_ctzll(left)].setup.captured;

		s->captured |= captured != 0 ? BIT64(captured - 1) : 0;
	}
}

enum status switch_add_port(struct net_switch *s, u32 port, const struct port_setup *setup)
{
	struct switch_port *p;

	if (port >= SWITCH_PORTS || !setup_ok(setup))
		return ST_INVAL;
	p = &s->port[port];
	if (p->is_up || (setup->mac != 0 && !mac_own(&s->table, setup->mac, port)))
		return ST_EXISTS;
	*p = (struct switch_port){ .is_up = true, .setup = *setup, .figures = p->figures };
	p->filter.hits = p->figures->hits;
	p->guard = (struct port_guard){ .set = setup->guard, .mac = setup->mac };
	bucket_set(&p->from, setup->from_rate);
	bucket_set(&p->to, setup->to_rate);
	bucket_set(&p->flood, setup->flood_rate);
	s->up |= BIT64(port);
	if ((setup->flags & PORT_MIRROR) != 0)
		s->mirrors |= BIT64(port);
	if ((setup->flags & PORT_CAPTURE) != 0)
		s->captures |= BIT64(port);
	find_captured(s);
	return ST_OK;
}

void switch_remove_port(struct net_switch *s, u32 port)
{
	s->up &= ~BIT64(port);
	s->mirrors &= ~BIT64(port);
	s->captures &= ~BIT64(port);
	find_captured(s);
	s->port[port].is_up = false;
	mac_forget_port(&s->table, port);
	ip_owners_forget(&s->owners, port);
}

enum status switch_set_filter(struct net_switch *s, u32 port, const struct filter_rule *rules, u32 count,
			      bool drops_rest)
{
	struct port_filter *f = &s->port[port].filter;

	if (count > FILTER_RULES)
		return ST_INVAL;
	for (u32 i = 0; i < count; i++)
		if (!filter_rule_ok(&rules[i]))
			return ST_INVAL;
	memcpy(f->rule, rules, count * sizeof(*rules));
	f->count = count;
	f->drops_rest = drops_rest;
	return ST_OK;
}

enum status switch_set_address(struct net_switch *s, u32 port, const u8 v4[4])
{
	struct switch_port *p = &s->port[port];
	const struct switch_lease *lease = &p->figures->lease;
	u32 leased = be32_load(lease->address);

	if (!ip_owners_fix(&s->owners, port, p->setup.vlan, be32_load(v4)))
		return ST_EXISTS;
	memcpy(p->guard.address, v4, 4);
	if (leased != 0 && lease->vlan == p->setup.vlan)
		(void)ip_owners_lease(&s->owners, port, lease->vlan, leased, lease->until_s);	/* unless it has one */
	return ST_OK;
}

static bool has_filter(const struct switch_port *p)
{
	return p->filter.count != 0 || p->filter.drops_rest;
}

/* A second tag would be the first one of a frame that leaves without: a way into another VLAN. */
static bool has_second_tag(const struct packet *p)
{
	return (p->is_tagged && p->ethertype == ETHERTYPE_VLAN) || p->ethertype == ETHERTYPE_SERVICE_VLAN;
}

/* The VLAN of a frame that came in, or VLAN_NONE: not one of the port's. */
static u16 vlan_of(const struct port_setup *setup, const struct packet *p)
{
	u16 vlan = p->tag & VLAN_ID_MASK;

	if (has_second_tag(p))
		return VLAN_NONE;
	if (vlan == VLAN_NONE)
		return setup->vlan;
	return (setup->flags & PORT_TRUNK) != 0 && vlan <= VLAN_LAST && carries(setup, vlan) ? vlan : VLAN_NONE;
}

static void parse(struct switch_verdict *v, const struct net_frame *frame, const u8 *head)
{
	if (!v->is_parsed)
		packet_network(&v->packet, head, frame->bytes);
	v->is_parsed = true;
}

static bool is_limited(struct bucket *b, u64 now_ns, u64 units)
{
	if (bucket_wait_ns(b, now_ns) != 0)
		return true;
	bucket_take(b, now_ns, units);
	return false;
}

/*
 * What is left to be done to a frame is done behind the last judge: it must not make another frame of it. Of a segment
 * that is to be cut, a piece is what ports have their limits for, and all pieces are what rates have to pay for. TCP
 * has one receiver (RFC 9293, 3.9.2.3), so a segment to many is only there to be copied.
 */
static bool judge_rest(const struct net_frame *frame, const u8 *head, struct switch_verdict *v)
{
	struct segment_plan plan;

	v->longest = v->wire_bytes = frame->bytes;
	v->pieces = 1;
	if ((frame->flags & NET_NEEDS_CHECKSUM) == 0)
		return true;
	parse(v, frame, head);
	if (!packet_checksum_ok(&v->packet, frame->checksum_start, frame->checksum_offset))
		return false;
	if (frame->segmenting == NET_WHOLE)
		return true;
	if (mac_is_group(v->packet.to) || !segment_plan(&plan, frame, head))
		return false;
	v->longest = segment_longest(&plan);
	v->wire_bytes = segment_wire_bytes(&plan);
	v->pieces = plan.count;
	return true;
}

/* For people. */
static void note_address(struct switch_port *port, const struct packet *p, const u8 *head)
{
	static const u8 none[4];
	const u8 *sender = head + p->network + ARP_SENDER_IP;

	if (p->kind == PACKET_ARP && memcmp(sender, none, sizeof(none)) != 0)
		memcpy(port->figures->address, sender, sizeof(none));
}

static enum net_drop judge_guards(struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head,
				  u64 now_ns, const struct switch_verdict *v)
{
	const struct port_guard *g = &s->port[port].guard;
	enum net_drop drop = port_guard_judge(g, &v->packet, head);

	if (drop != DROP_NONE)
		return drop;
	drop = nd_guard_judge(g, &s->table, &v->packet, head, frame->bytes);
	if (drop != DROP_NONE)
		return drop;
	if ((g->set & GUARD_MAC) != 0 && dhcp_is_for_another(&v->packet, head, frame->bytes, g->mac))
		return DROP_DHCP;
	return (g->set & GUARD_ADDRESS) == 0 || ip_owners_allow(&s->owners, port, v->vlan, &v->packet, head,
								(u32)(now_ns / NS_PER_S)) ? DROP_NONE : DROP_ADDRESS;
}

static enum net_drop judge_sender(struct net_switch *s, u32 number, const struct net_frame *frame, const u8 *head,
				  u64 now_ns, struct switch_verdict *v)
{
	struct switch_port *port = &s->port[number];
	enum net_drop drop;

	if (port->setup.guard == 0 && !has_filter(port))
		return DROP_NONE;
	parse(v, frame, head);
	if (v->packet.kind == PACKET_BAD)
		return DROP_MALFORMED;
	drop = judge_guards(s, number, frame, head, now_ns, v);
	if (drop != DROP_NONE)
		return drop;
	note_address(port, &v->packet, head);
	return port_filter_allows(&port->filter, FILTER_FROM_PORT, &v->packet) ? DROP_NONE : DROP_FILTER;
}

/* All but the addresses: those are looked up when the frame is known to be good. */
static enum net_drop judge(struct net_switch *s, u32 number, const struct net_frame *frame, const u8 *head, u64 now_ns,
			   struct switch_verdict *v)
{
	struct switch_port *port = &s->port[number];
	bool is_good;

	if ((port->setup.flags & PORT_LISTENS) != 0)
		return DROP_FILTER;
	if (!packet_link(&v->packet, head, frame->bytes))
		return DROP_MALFORMED;
	v->vlan = vlan_of(&port->setup, &v->packet);
	if (v->vlan == VLAN_NONE)
		return DROP_VLAN;
	if (mac_is_group(v->packet.from) || v->packet.from == 0)
		return DROP_MAC;
	if (v->packet.to >= RESERVED_FIRST && v->packet.to <= RESERVED_LAST)
		return DROP_RESERVED;
	if (bucket_wait_ns(&port->from, now_ns) != 0)
		return DROP_RATE;
	is_good = judge_rest(frame, head, v);
	bucket_take(&port->from, now_ns, v->wire_bytes);
	if (!is_good)
		return DROP_MALFORMED;
	return judge_sender(s, number, frame, head, now_ns, v);
}

static u64 ports_of_vlan(const struct net_switch *s, u16 vlan)
{
	u64 found = 0;

	for (u64 left = s->up & ~s->mirrors & ~s->captures; left != 0; left &= left - 1) {
		u32 port = (u32)__builtin_ctzll(left);

		if (carries(&s->port[port].setup, vlan))
			found |= BIT64(port);
	}
	return found;
}

/* A frame to an unknown address goes to ports without GUARD_MAC: behind others there is nobody who is not known. */
static u64 strangers(const struct net_switch *s)
{
	u64 found = 0;

	for (u64 left = s->up; left != 0; left &= left - 1) {
		u32 port = (u32)__builtin_ctzll(left);

		if ((s->port[port].guard.set & GUARD_MAC) == 0)
			found |= BIT64(port);
	}
	return found;
}

/* Of a frame to one station. */
static u64 ports_of_station(const struct net_switch *s, u16 vlan, u64 mac, u32 now_s)
{
	u32 to = mac_owner(&s->table, mac);

	if (to == PORT_NONE || !carries(&s->port[to].setup, vlan))
		to = mac_find(&s->table, vlan, mac, now_s);
	return to != PORT_NONE ? BIT64(to) & s->up : ports_of_vlan(s, vlan) & strangers(s);
}

static enum net_drop choose(struct net_switch *s, u32 port, u64 now_ns, struct switch_verdict *v)
{
	bool is_group = mac_is_group(v->packet.to);

	v->ports = is_group ? ports_of_vlan(s, v->vlan) :
			      ports_of_station(s, v->vlan, v->packet.to, (u32)(now_ns / NS_PER_S));
	v->ports &= ~BIT64(port);
	if (v->ports == 0)
		return DROP_UNKNOWN;
	if ((is_group || (v->ports & (v->ports - 1)) != 0) && is_limited(&s->port[port].flood, now_ns, v->pieces)) {
		v->ports = 0;
		return DROP_FLOOD;
	}
	return DROP_NONE;
}

/* False: it is another port's own address. */
static bool learn(struct net_switch *s, u32 port, u16 vlan, u64 mac, u64 now_ns)
{
	u32 owner = mac_owner(&s->table, mac);

	if (owner == PORT_NONE)
		mac_learn(&s->table, vlan, mac, port, s->port[port].setup.most_addresses, (u32)(now_ns / NS_PER_S));
	return owner == PORT_NONE || owner == port;
}

void switch_in(struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head, u64 now_ns,
	       struct switch_verdict *v)
{
	struct switch_port *p = &s->port[port];
	enum net_drop drop;

	v->ports = 0;
	v->is_parsed = false;
	p->figures->counts.from_frames++;
	p->figures->counts.from_bytes += frame->bytes;
	drop = judge(s, port, frame, head, now_ns, v);
	if (drop == DROP_NONE && !learn(s, port, v->vlan, v->packet.from, now_ns))
		drop = DROP_MAC;
	if (drop == DROP_NONE) {
		drop = choose(s, port, now_ns, v);
		v->ports |= s->mirrors;
	}
	if (drop != DROP_NONE)
		switch_dropped(s, port, drop);
}

bool switch_may_grant(const struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head,
		      const struct switch_verdict *v)
{
	return (s->port[port].guard.set & GUARD_DHCP) == 0 && dhcp_may_grant(&v->packet, head, frame->bytes);
}

void switch_grant(struct net_switch *s, const struct net_frame *frame, const u8 *bytes, u64 now_ns,
		  const struct switch_verdict *v)
{
	struct switch_lease *lease;
	struct dhcp_grant grant;
	u32 port, until_s;

	if (!dhcp_read_grant(&grant, bytes, frame->bytes))
		return;
	port = mac_owner(&s->table, grant.mac);
	until_s = (u32)(now_ns / NS_PER_S) + (u32)min_u64(grant.lease_s, LEASE_MOST_S);
	if (port == PORT_NONE || s->port[port].setup.vlan != v->vlan ||
	    !ip_owners_lease(&s->owners, port, v->vlan, grant.address, until_s))
		return;
	lease = &s->port[port].figures->lease;
	be32_store(lease->address, grant.address);
	lease->until_s = until_s;
	lease->vlan = v->vlan;
}

static struct switch_exit exit_of(const struct port_setup *p, const struct switch_verdict *v)
{
	struct switch_exit exit = { .has_tag = false, .tag = 0 };

	if ((p->flags & PORT_MIRROR) != 0)
		return (struct switch_exit){ .has_tag = v->packet.is_tagged, .tag = v->packet.tag };
	if ((p->flags & PORT_TRUNK) != 0 && v->vlan != p->vlan) {
		exit.has_tag = true;
		exit.tag = (u16)((v->packet.tag & TAG_PRIORITY) | v->vlan);
	}
	return exit;
}

enum net_drop switch_out(struct net_switch *s, u32 port, const struct net_frame *frame, const u8 *head, u64 now_ns,
			 struct switch_verdict *v, struct switch_exit *exit)
{
	struct switch_port *p = &s->port[port];

	*exit = exit_of(&p->setup, v);
	if ((p->setup.flags & PORT_MIRROR) == 0 && !carries(&p->setup, v->vlan))
		return DROP_VLAN;
	if (v->longest - (v->packet.is_tagged ? NET_TAG_BYTES : 0) > p->setup.max_bytes)
		return DROP_TOO_LONG;
	if (has_filter(p)) {
		parse(v, frame, head);
		if (v->packet.kind == PACKET_BAD)
			return DROP_MALFORMED;
		if (!port_filter_allows(&p->filter, FILTER_TO_PORT, &v->packet))
			return DROP_FILTER;
	}
	return is_limited(&p->to, now_ns, v->wire_bytes) ? DROP_RATE : DROP_NONE;
}

void switch_delivered(struct net_switch *s, u32 port, u32 bytes)
{
	s->port[port].figures->counts.to_frames++;
	s->port[port].figures->counts.to_bytes += bytes;
}

void switch_dropped(struct net_switch *s, u32 port, enum net_drop why)
{
	s->port[port].figures->counts.drops[why]++;
}
