/* SPDX-License-Identifier: MIT */
/*
 * mac_table.c - see mac_table.h. Sets of four entries: looking up is a multiplication and four comparisons.
 */
#include "mac_table.h"

#include <string.h>

#include "inet.h"

static u64 key_of(u16 vlan, u64 mac)
{
	return (u64)vlan << 48 | mac;
}

static u32 set_of(const struct mac_table *t, u64 key)
{
	return (u32)((key * t->secret) >> 56);
}
_Static_assert(MAC_SETS == 256, "set_of takes eight bits");

static bool has_aged(const struct mac_entry *e, u32 now_s)
{
	return now_s - e->seen_s > MAC_AGE_S;
}

void mac_table_init(struct mac_table *t, u64 secret)
{
	*t = (struct mac_table){ .secret = secret | 1 };
}

static struct mac_entry *find(struct mac_table *t, u64 key)
{
	struct mac_entry *set = t->entry[set_of(t, key)];

	for (u32 i = 0; i < MAC_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

u32 mac_find(const struct mac_table *t, u16 vlan, u64 mac, u32 now_s)
{
	const struct mac_entry *set = t->entry[set_of(t, key_of(vlan, mac))];
	u64 key = key_of(vlan, mac);

	for (u32 i = 0; i < MAC_WAYS; i++)
		if (set[i].key == key)
			return has_aged(&set[i], now_s) ? PORT_NONE : set[i].port;
	return PORT_NONE;
}

static void empty(struct mac_table *t, struct mac_entry *e)
{
	if (e->key != 0)
		t->learned[e->port]--;
	*e = (struct mac_entry){ 0 };
}

/* A place that `port` may take: an empty or aged one, if it may have one more; or its own that was seen longest ago. */
static struct mac_entry *place(struct mac_entry *set, u32 port, bool may_grow, u32 now_s)
{
	struct mac_entry *own = NULL;

	for (u32 i = 0; i < MAC_WAYS; i++) {
		if (may_grow && (set[i].key == 0 || has_aged(&set[i], now_s)))
			return &set[i];
		if (set[i].key != 0 && set[i].port == port &&
		    (own == NULL || now_s - set[i].seen_s > now_s - own->seen_s))
			own = &set[i];
	}
	return own;
}

void mac_learn(struct mac_table *t, u16 vlan, u64 mac, u32 port, u32 most, u32 now_s)
{
	u64 key = key_of(vlan, mac);
	struct mac_entry *e = find(t, key);

	if (e != NULL && e->port == port) {
		e->seen_s = now_s;
		return;
	}
	if (e != NULL)		/* it has moved */
		empty(t, e);
	e = place(t->entry[set_of(t, key)], port, t->learned[port] < most, now_s);
	if (e == NULL)
		return;
	empty(t, e);
	*e = (struct mac_entry){ .key = key, .seen_s = now_s, .port = (u8)port };
	t->learned[port]++;
}

/* ---- Addresses of ports: half of the places are empty, so a search ends soon ---- */

static u32 own_hash(const struct mac_table *t, u64 mac)
{
	return (u32)((mac * t->secret) >> 57);
}
_Static_assert(MAC_OWN_PLACES == 128, "own_hash gives seven bits");

u32 mac_owner(const struct mac_table *t, u64 mac)
{
	for (u32 i = own_hash(t, mac);; i = (i + 1) % MAC_OWN_PLACES) {
		if (t->own_place[i] == 0)
			return PORT_NONE;
		if (t->own[t->own_place[i] - 1] == mac)
			return t->own_place[i] - 1u;
	}
}

static void place_own(struct mac_table *t)
{
	memset(t->own_place, 0, sizeof(t->own_place));
	for (u32 port = 0; port < SWITCH_PORTS; port++) {
		u32 i = own_hash(t, t->own[port]);

		if (t->own[port] == 0)
			continue;
		while (t->own_place[i] != 0)
			i = (i + 1) % MAC_OWN_PLACES;
		t->own_place[i] = (u8)(port + 1);
	}
}

bool mac_own(struct mac_table *t, u64 mac, u32 port)
{
	u32 owner = mac_owner(t, mac);

	if (owner != PORT_NONE)
		return owner == port;
	t->own[port] = mac;
	place_own(t);
	return true;
}

/* ---- Forgetting ---- */

void mac_table_sweep(struct mac_table *t, u32 now_s)
{
	for (u32 s = 0; s < MAC_SETS; s++)
		for (u32 i = 0; i < MAC_WAYS; i++)
			if (t->entry[s][i].key != 0 && has_aged(&t->entry[s][i], now_s))
				empty(t, &t->entry[s][i]);
}

void mac_forget_port(struct mac_table *t, u32 port)
{
	for (u32 s = 0; s < MAC_SETS; s++)
		for (u32 i = 0; i < MAC_WAYS; i++)
			if (t->entry[s][i].key != 0 && t->entry[s][i].port == port)
				empty(t, &t->entry[s][i]);
	t->own[port] = 0;
	place_own(t);
}

u32 mac_table_list(const struct mac_table *t, u32 now_s, struct switch_station *list)
{
	const struct mac_entry *entry = t->entry[0];
	u32 count = 0;

	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (t->own[i] != 0)
			list[count++] = (struct switch_station){ .mac = t->own[i], .port = (u16)i };
	for (u32 i = 0; i < MAC_SETS * MAC_WAYS; i++)
		if (entry[i].key != 0 && !has_aged(&entry[i], now_s))
			list[count++] = (struct switch_station){
				.mac = entry[i].key & MAC_BROADCAST, .vlan = (u16)(entry[i].key >> 48),
				.port = entry[i].port, .age_s = now_s - entry[i].seen_s,
			};
	return count;
}
