/* SPDX-License-Identifier: MIT */
/*
 * nat_table.c - see nat_table.h. Chains of 16-bit indices; a mapping's sessions are a list of their own.
 */
#include "nat_table.h"

#include <string.h>

#define BUCKET_BITS 14
_Static_assert(NAT_BUCKETS == 1u << BUCKET_BITS && NAT_SESSIONS < NAT_NONE && NAT_MAPS < NAT_OWN, "indices");

static u32 bucket_of(const struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port, u32 remote,
		     u16 remote_port)
{
	u64 a = ((u64)inner << 32 | (u64)port << 16 | remote_port) * t->secret;

	a ^= a >> 32;
	a = (a + ((u64)remote << 8 | protocol)) * t->secret;
	return (u32)(a >> (64 - BUCKET_BITS));
}

static u32 map_bucket_of(const struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port)
{
	return bucket_of(t, protocol, inner, port, 0, 0);
}

void nat_table_init(struct nat_table *t, u64 secret)
{
	memset(t, 0, sizeof(*t));
	t->secret = secret | 1;
	memset(t->session_bucket, 0xff, sizeof(t->session_bucket));
	memset(t->map_bucket, 0xff, sizeof(t->map_bucket));
	memset(t->by_port, 0xff, sizeof(t->by_port));
	for (u32 i = 0; i < NAT_SESSIONS; i++)
		t->session[i].next = (u16)(i + 1 < NAT_SESSIONS ? i + 1 : NAT_NONE);
	for (u32 i = 0; i < NAT_MAPS; i++)
		t->map[i].next = (u16)(i + 1 < NAT_MAPS ? i + 1 : NAT_NONE);
}

/* ---- Mappings ---- */

struct nat_map *nat_map_find(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port)
{
	for (u32 i = t->map_bucket[map_bucket_of(t, protocol, inner, port)]; i != NAT_NONE; i = t->map[i].next) {
		struct nat_map *m = &t->map[i];

		if (m->inner == inner && m->inner_port == port && m->protocol == protocol)
			return m;
	}
	return NULL;
}

struct nat_map *nat_map_of_port(struct nat_table *t, enum nat_protocol protocol, u16 port)
{
	u32 i = t->by_port[protocol][port];

	return i < NAT_MAPS ? &t->map[i] : NULL;
}

/* The station's entry, or a free one, or NAT_NONE: found by a hash, then in order. */
static u16 host_of(struct nat_table *t, u64 station)
{
	u32 first = (u32)((station * t->secret) >> 55), empty = NAT_NONE;

	for (u32 i = 0; i < NAT_HOSTS; i++) {
		u32 at = (first + i) % NAT_HOSTS;

		if (t->host[at].station == station)
			return (u16)at;
		if (empty == NAT_NONE && t->host[at].sessions == 0)
			empty = at;
		if (t->host[at].station == 0)		/* never used: so is what would be behind it */
			break;
	}
	return (u16)empty;
}
_Static_assert(NAT_HOSTS == 512, "host_of takes nine bits");

static struct nat_map *map_make(struct nat_table *t, enum nat_protocol protocol, u16 outer_port, u32 inner, u16 port)
{
	u16 at = t->free_map;
	struct nat_map *m;
	u32 bucket;

	if (at == NAT_NONE)
		return NULL;
	bucket = map_bucket_of(t, protocol, inner, port);
	m = &t->map[at];
	t->free_map = m->next;
	*m = (struct nat_map){
		.inner = inner, .inner_port = port, .outer_port = outer_port, .next = t->map_bucket[bucket],
		.first = NAT_NONE, .protocol = (u8)protocol, .is_used = true,
	};
	t->map_bucket[bucket] = at;
	t->by_port[protocol][outer_port] = at;
	return m;
}

/* Predictable ports make it easy to guess what comes back (RFC 6056). The step 2 keeps the parity (RFC 4787, REQ-4). */
static u16 free_port(const struct nat_table *t, enum nat_protocol protocol, u16 wanted, const struct dice *dice)
{
	const u16 *used = t->by_port[protocol];

	if (wanted >= NAT_PORT_FIRST && used[wanted] == NAT_NONE)
		return wanted;
	for (u32 i = 0; i < NAT_TRIES; i++) {
		u64 roll = dice->roll(dice->context) % ((65536 - NAT_PORT_FIRST) / 2);
		u32 port = NAT_PORT_FIRST + (u32)roll * 2 + (wanted & 1u);

		if (used[port] == NAT_NONE)
			return (u16)port;
	}
	return 0;
}

u16 nat_port_take(struct nat_table *t, enum nat_protocol protocol, const struct dice *dice)
{
	u16 port = free_port(t, protocol, (u16)(dice->roll(dice->context) & 1), dice);

	if (port != 0)
		t->by_port[protocol][port] = NAT_OWN;
	return port;
}

void nat_port_release(struct nat_table *t, enum nat_protocol protocol, u16 port)
{
	if (t->by_port[protocol][port] == NAT_OWN)
		t->by_port[protocol][port] = NAT_NONE;
}

struct nat_map *nat_map_add(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port, u16 wanted,
			    const struct dice *dice)
{
	u16 outer = free_port(t, protocol, wanted, dice);

	return outer == 0 ? NULL : map_make(t, protocol, outer, inner, port);
}

bool nat_map_forward(struct nat_table *t, enum nat_protocol protocol, u16 outer_port, u32 inner, u16 port)
{
	struct nat_map *m;

	if (t->by_port[protocol][outer_port] != NAT_NONE)
		return false;
	m = map_make(t, protocol, outer_port, inner, port);
	if (m != NULL)
		m->is_forward = true;
	return m != NULL;
}

void nat_map_drop_unused(struct nat_table *t, struct nat_map *map)
{
	u16 at = (u16)(map - t->map);
	u16 *link = &t->map_bucket[map_bucket_of(t, map->protocol, map->inner, map->inner_port)];

	if (map->first != NAT_NONE || map->is_forward)
		return;
	while (*link != at)
		link = &t->map[*link].next;
	*link = map->next;
	t->by_port[map->protocol][map->outer_port] = NAT_NONE;
	*map = (struct nat_map){ .next = t->free_map };
	t->free_map = at;
}

/* ---- Sessions ---- */

static u16 *link_of(struct nat_table *t, const struct nat_session *s)
{
	const struct nat_map *m = &t->map[s->map];
	u16 *link = &t->session_bucket[bucket_of(t, m->protocol, m->inner, m->inner_port, s->remote, s->remote_port)];

	while (*link != (u16)(s - t->session))
		link = &t->session[*link].next;
	return link;
}

static bool is_forwarded(u64 station)
{
	return (station & NAT_FORWARDED(0)) != 0;
}

static void session_drop(struct nat_table *t, struct nat_session *s)
{
	struct nat_map *m = &t->map[s->map];
	u16 at = (u16)(s - t->session);

	*link_of(t, s) = s->next;
	if (s->before_of_map != NAT_NONE)
		t->session[s->before_of_map].next_of_map = s->next_of_map;
	else
		m->first = s->next_of_map;
	if (s->next_of_map != NAT_NONE)
		t->session[s->next_of_map].before_of_map = s->before_of_map;
	t->forwarded_count -= is_forwarded(t->host[s->host].station);
	t->host[s->host].sessions--;
	t->session_count--;
	*s = (struct nat_session){ .next = t->free_session, .serial = s->serial + 1 };
	t->free_session = at;
	nat_map_drop_unused(t, m);
}

static bool has_ended(const struct nat_session *s, u32 now_s)
{
	return (s32)(now_s - s->end_s) >= 0;
}

struct nat_session *nat_session_find(struct nat_table *t, enum nat_protocol protocol, u32 inner, u16 port, u32 remote,
				     u16 remote_port, u32 now_s)
{
	u32 i = t->session_bucket[bucket_of(t, protocol, inner, port, remote, remote_port)];

	for (; i != NAT_NONE; i = t->session[i].next) {
		struct nat_session *s = &t->session[i];
		const struct nat_map *m = &t->map[s->map];

		if (s->remote != remote || s->remote_port != remote_port || m->inner != inner ||
		    m->inner_port != port || m->protocol != protocol)
			continue;
		if (likely(!has_ended(s, now_s)))
			return s;
		session_drop(t, s);
		return NULL;
	}
	return NULL;
}

u64 nat_map_station(const struct nat_table *t, const struct nat_map *map)
{
	return map->is_forward ? NAT_FORWARDED(map->inner) : t->host[t->session[map->first].host].station;
}

bool nat_map_has_room(const struct nat_table *t, const struct nat_map *map)
{
	return map->is_forward || t->host[t->session[map->first].host].sessions < NAT_INVITED_SESSIONS;
}

/* NAT_NONE: it has as many as it may. */
static u16 host_with_room(struct nat_table *t, u64 station)
{
	u16 host = host_of(t, station);

	if (host == NAT_NONE || (t->host[host].station == station && t->host[host].sessions >= NAT_HOST_SESSIONS) ||
	    (is_forwarded(station) && t->forwarded_count >= NAT_FORWARDED_SESSIONS))
		return NAT_NONE;
	return host;
}

struct nat_session *nat_session_add(struct nat_table *t, struct nat_map *map, u64 station, u32 remote, u16 remote_port,
				    u32 end_s)
{
	u16 at = t->free_session, host = host_with_room(t, station);
	struct nat_session *s;
	u32 bucket;

	if (at == NAT_NONE || host == NAT_NONE)
		return NULL;
	t->host[host].station = station;
	t->host[host].sessions++;
	t->session_count++;
	t->forwarded_count += is_forwarded(station);
	s = &t->session[at];
	t->free_session = s->next;
	bucket = bucket_of(t, map->protocol, map->inner, map->inner_port, remote, remote_port);
	*s = (struct nat_session){
		.remote = remote, .remote_port = remote_port, .end_s = end_s, .map = (u16)(map - t->map),
		.next = t->session_bucket[bucket], .next_of_map = map->first, .before_of_map = NAT_NONE,
		.host = host, .is_used = true, .serial = s->serial,
	};
	t->session_bucket[bucket] = at;
	if (map->first != NAT_NONE)
		t->session[map->first].before_of_map = at;
	map->first = at;
	return s;
}

bool nat_map_talks_to(const struct nat_table *t, const struct nat_map *map, u32 remote, u32 now_s)
{
	for (u32 i = map->first; i != NAT_NONE; i = t->session[i].next_of_map)
		if (t->session[i].remote == remote && !has_ended(&t->session[i], now_s))
			return true;
	return false;
}

void nat_table_sweep(struct nat_table *t, u32 now_s)
{
	if (t->session_count == 0)
		return;
	for (u32 i = 0; i < NAT_SESSIONS; i++)
		if (t->session[i].is_used && has_ended(&t->session[i], now_s))
			session_drop(t, &t->session[i]);
}
