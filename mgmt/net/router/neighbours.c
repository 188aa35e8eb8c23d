/* SPDX-License-Identifier: MIT */
/*
 * neighbours.c - see neighbours.h.
 */
#include "neighbours.h"

#include <string.h>

static u32 seconds(u64 now_ns)
{
	return (u32)(now_ns / NS_PER_S);
}

static bool is_due(const struct neighbour *e, u32 now_s)
{
	return (s32)(now_s - e->due_s) >= 0;
}

void neighbours_init(struct neighbours *n, u64 secret, const struct net_if *ports)
{
	memset(n, 0, sizeof(*n));
	n->secret = secret | 1;
	n->ports = ports;
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&n->requests[i], NEIGHBOUR_RATE);
}

static struct neighbour *set_of(struct neighbours *n, u32 port, struct ip6 address)
{
	u64 folded = address.low ^ (address.high + port) * n->secret;

	return n->entry[(folded * n->secret) >> 58];
}
_Static_assert(NEIGHBOUR_SETS == 64, "set_of takes six bits");

static struct neighbour *find(struct neighbours *n, u32 port, struct ip6 address)
{
	struct neighbour *set = set_of(n, port, address);

	for (u32 i = 0; i < NEIGHBOUR_WAYS; i++)
		if (ip6_equal(set[i].address, address) && set[i].port == port && set[i].state != NEIGHBOUR_NONE)
			return &set[i];
	return NULL;
}

static void drop_held(struct neighbours *n, struct neighbour *e)
{
	if (e->held != 0)
		n->held[e->held - 1].count = 0;
	e->held = 0;
}

/* What is known stays longest; of equals, the one whose time ends first goes. */
static struct neighbour *make(struct neighbours *n, u32 port, struct ip6 address)
{
	static const u8 worth[] = {
		[NEIGHBOUR_NONE] = 0, [NEIGHBOUR_FAILED] = 1, [NEIGHBOUR_ASKED] = 2, [NEIGHBOUR_PROBED] = 3,
		[NEIGHBOUR_KNOWN] = 3,
	};
	struct neighbour *set = set_of(n, port, address), *e = &set[0];

	for (u32 i = 1; i < NEIGHBOUR_WAYS; i++)
		if (worth[set[i].state] < worth[e->state] ||
		    (worth[set[i].state] == worth[e->state] && (s32)(set[i].due_s - e->due_s) < 0))
			e = &set[i];
	drop_held(n, e);
	*e = (struct neighbour){ .address = address, .port = (u8)port };
	return e;
}

/* A try that the rate does not allow counts too: a neighbour is not asked for ever. The rate is for what goes to all;
 * who is known is asked alone, once a second at most: else a scan of his network would have him forgotten. */
static void ask(struct neighbours *n, struct neighbour *e, u64 now_ns)
{
	struct bucket *b = &n->requests[e->port];

	e->tries++;
	e->due_s = seconds(now_ns) + 1;
	if (e->state != NEIGHBOUR_PROBED) {
		if (bucket_wait_ns(b, now_ns) != 0)
			return;
		bucket_take(b, now_ns, 1);
	}
	n->ask(n, e);
}

bool neighbour_find(struct neighbours *n, u32 port, struct ip6 address, u64 now_ns, u64 *mac)
{
	struct neighbour *e = find(n, port, address);

	if (e == NULL || (e->state != NEIGHBOUR_KNOWN && e->state != NEIGHBOUR_PROBED))
		return false;
	*mac = e->mac;
	if (unlikely(e->state == NEIGHBOUR_KNOWN && is_due(e, seconds(now_ns)))) {
		e->state = NEIGHBOUR_PROBED;
		e->tries = 0;
		ask(n, e, now_ns);
	}
	return true;
}

const struct neighbour *neighbour_known(const struct neighbours *n, u32 port, struct ip6 address)
{
	const struct neighbour *e = find((struct neighbours *)n, port, address);

	return e != NULL && e->state == NEIGHBOUR_KNOWN ? e : NULL;
}

static struct neighbour_frame *free_frame(struct neighbours *n, struct neighbour *e)
{
	if (e->held != 0)
		return &n->held[e->held - 1];
	for (u32 i = 0; i < NEIGHBOUR_HELD; i++)
		if (n->held[i].count == 0) {
			e->held = (u8)(i + 1);
			return &n->held[i];
		}
	return NULL;
}

bool neighbour_hold(struct neighbours *n, u32 port, struct ip6 address, const u8 *bytes, u32 count, u32 from_port,
		    bool is_untouched, u64 now_ns)
{
	struct neighbour *e = find(n, port, address);
	struct neighbour_frame *f;

	if (e == NULL || (e->state == NEIGHBOUR_FAILED && is_due(e, seconds(now_ns)))) {
		e = make(n, port, address);
		e->state = NEIGHBOUR_ASKED;
		ask(n, e, now_ns);
	}
	f = e->state == NEIGHBOUR_ASKED && count <= PACKET_MOST ? free_frame(n, e) : NULL;
	if (f == NULL)
		return false;
	memcpy(f->bytes, bytes, count);
	f->count = count;
	f->from_port = (u8)from_port;
	f->is_untouched = is_untouched;
	return true;
}

/* Entries with that MAC at that port; *oldest is the one whose time ends first. */
static u32 entries_of(struct neighbours *n, u32 port, u64 mac, struct neighbour **oldest)
{
	u32 count = 0;

	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++) {
		struct neighbour *e = &n->entry[i / NEIGHBOUR_WAYS][i % NEIGHBOUR_WAYS];

		if (e->state == NEIGHBOUR_NONE || e->mac != mac || e->port != port)
			continue;
		if (count++ == 0 || (s32)(e->due_s - (*oldest)->due_s) < 0)
			*oldest = e;
	}
	return count;
}

/* The entry gets another MAC. */
static void set_mac(struct neighbours *n, struct neighbour *e, u64 mac)
{
	struct neighbour *oldest;

	if (entries_of(n, e->port, mac, &oldest) >= NEIGHBOUR_OF_MAC) {
		drop_held(n, oldest);
		*oldest = (struct neighbour){ 0 };
	}
	e->mac = mac;
}

static void confirm(struct neighbours *n, struct neighbour *e, u64 mac, u64 now_ns)
{
	if (e->mac != mac)
		set_mac(n, e, mac);
	e->state = NEIGHBOUR_KNOWN;
	e->tries = 0;
	e->due_s = seconds(now_ns) + NEIGHBOUR_FRESH_S;
	if (e->held != 0) {
		struct neighbour_frame *f = &n->held[e->held - 1];

		mac_store(f->bytes + ETH_TO, mac);
		n->out.send(n->out.context, e->port, f->bytes, f->count);
		drop_held(n, e);
	}
}

void neighbour_heard(struct neighbours *n, u32 port, struct ip6 address, u64 mac, bool is_question, u64 now_ns)
{
	struct neighbour *e = find(n, port, address), *oldest;

	if (e == NULL && is_question && entries_of(n, port, mac, &oldest) < NEIGHBOUR_OF_MAC)
		e = make(n, port, address);
	if (e != NULL)
		confirm(n, e, mac, now_ns);
}

static void fail(struct neighbours *n, struct neighbour *e, u64 now_ns)
{
	struct neighbour_frame *f = e->held != 0 ? &n->held[e->held - 1] : NULL;

	e->state = NEIGHBOUR_FAILED;
	e->due_s = seconds(now_ns) + NEIGHBOUR_FAILED_S;
	e->held = 0;
	if (f == NULL)
		return;
	n->lost(n->lost_context, f->is_untouched ? f->from_port : NET_IF_NONE, f->bytes, f->count, now_ns);
	f->count = 0;
}

static void step(struct neighbours *n, struct neighbour *e, u64 now_ns)
{
	bool is_asked = e->state == NEIGHBOUR_ASKED || e->state == NEIGHBOUR_PROBED;

	if (!is_due(e, seconds(now_ns)))
		return;
	if (is_asked && e->tries < NEIGHBOUR_TRIES) {
		ask(n, e, now_ns);
	} else if (e->state == NEIGHBOUR_PROBED) {	/* perhaps it has moved: ask all */
		e->state = NEIGHBOUR_ASKED;
		e->tries = 0;
		ask(n, e, now_ns);
	} else if (e->state == NEIGHBOUR_ASKED) {
		fail(n, e, now_ns);
	} else if (e->state == NEIGHBOUR_FAILED || seconds(now_ns) - e->due_s > 10 * NEIGHBOUR_FRESH_S) {
		*e = (struct neighbour){ 0 };
	}
}

void neighbours_tick(struct neighbours *n, u64 now_ns)
{
	for (u32 s = 0; s < NEIGHBOUR_SETS; s++)
		for (u32 i = 0; i < NEIGHBOUR_WAYS; i++)
			if (n->entry[s][i].state != NEIGHBOUR_NONE)
				step(n, &n->entry[s][i], now_ns);
}

void neighbours_forget(struct neighbours *n, u32 port)
{
	for (u32 s = 0; s < NEIGHBOUR_SETS; s++)
		for (u32 i = 0; i < NEIGHBOUR_WAYS; i++) {
			struct neighbour *e = &n->entry[s][i];

			if (e->state == NEIGHBOUR_NONE || e->port != port)
				continue;
			drop_held(n, e);
			*e = (struct neighbour){ 0 };
		}
}
