/* SPDX-License-Identifier: MIT */
/*
 * mac_table.c - see mac_table.h. Sets of four entries: looking up is a multiplication and four comparisons.
 */
#include "mac_table.h"

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
	return !e->is_fixed && now_s - e->seen_s > MAC_AGE_S;
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
	if (e->key != 0 && !e->is_fixed)
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
		if (set[i].key != 0 && !set[i].is_fixed && set[i].port == port &&
		    (own == NULL || now_s - set[i].seen_s > now_s - own->seen_s))
			own = &set[i];
	}
	return own;
}

/* The station is at `port` now. It may have moved: then the entry counts for its new port. */
static void move(struct mac_table *t, struct mac_entry *e, u32 port, u32 most, u32 now_s)
{
	if (e->port != port) {
		if (t->learned[port] >= most)
			return;
		t->learned[e->port]--;
		t->learned[port]++;
		e->port = (u8)port;
	}
	e->seen_s = now_s;
}

bool mac_learn(struct mac_table *t, u16 vlan, u64 mac, u32 port, u32 most, u32 now_s)
{
	u64 key = key_of(vlan, mac);
	struct mac_entry *e = find(t, key);

	if (e != NULL && e->is_fixed)
		return e->port == port;
	if (e != NULL) {
		move(t, e, port, most, now_s);
		return true;
	}
	e = place(t->entry[set_of(t, key)], port, t->learned[port] < most, now_s);
	if (e == NULL)
		return true;
	empty(t, e);
	*e = (struct mac_entry){ .key = key, .seen_s = now_s, .port = (u8)port };
	t->learned[port]++;
	return true;
}

bool mac_fix(struct mac_table *t, u16 vlan, u64 mac, u32 port)
{
	struct mac_entry *set = t->entry[set_of(t, key_of(vlan, mac))], *e = find(t, key_of(vlan, mac));

	for (u32 i = 0; i < MAC_WAYS && e == NULL; i++)
		if (set[i].key == 0)
			e = &set[i];
	for (u32 i = 0; i < MAC_WAYS && e == NULL; i++)
		if (!set[i].is_fixed)
			e = &set[i];
	if (e == NULL || (e->is_fixed && e->port != port))
		return false;
	empty(t, e);
	*e = (struct mac_entry){ .key = key_of(vlan, mac), .port = (u8)port, .is_fixed = true };
	return true;
}

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
}
