/* SPDX-License-Identifier: MIT */
/*
 * ip_owners.c - see ip_owners.h.
 */
#include "ip_owners.h"

#include "inet.h"

void ip_owners_init(struct ip_owners *t)
{
	*t = (struct ip_owners){ .version = 1 };
}

static bool is_same(const struct ip_owner *o, u16 vlan, u32 address)
{
	return o->address == address && o->vlan == vlan;
}

/* Does another port have it from root? */
static bool is_fixed_elsewhere(const struct ip_owners *t, u32 port, u16 vlan, u32 address)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (i != port && t->own[i].is_fixed && is_same(&t->own[i], vlan, address))
			return true;
	return false;
}

/* Nobody else has it from here on. */
static void take(struct ip_owners *t, u32 port, struct ip_owner owner)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (is_same(&t->own[i], owner.vlan, owner.address))
			t->own[i] = (struct ip_owner){ 0 };
	t->own[port] = owner;
	t->version++;
}

bool ip_owners_fix(struct ip_owners *t, u32 port, u16 vlan, u32 address)
{
	if (address == 0) {
		ip_owners_forget(t, port);
		return true;
	}
	if (is_fixed_elsewhere(t, port, vlan, address))
		return false;
	take(t, port, (struct ip_owner){ .address = address, .vlan = vlan, .is_fixed = true });
	return true;
}

bool ip_owners_lease(struct ip_owners *t, u32 port, u16 vlan, u32 address, u32 until_s)
{
	if (t->own[port].is_fixed || is_fixed_elsewhere(t, port, vlan, address))
		return false;
	take(t, port, (struct ip_owner){ .address = address, .vlan = vlan, .until_s = until_s });
	return true;
}

void ip_owners_forget(struct ip_owners *t, u32 port)
{
	t->own[port] = (struct ip_owner){ 0 };
	t->allowed[port].version = 0;
}

static bool has_lapsed(const struct ip_owner *o, u32 now_s)
{
	return !o->is_fixed && o->until_s <= now_s;
}

static bool is_of_another(const struct ip_owners *t, u32 port, u16 vlan, u32 address, u32 now_s)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (i != port && is_same(&t->own[i], vlan, address) && !has_lapsed(&t->own[i], now_s))
			return true;
	return false;
}

bool ip_owners_allow(struct ip_owners *t, u32 port, u16 vlan, const struct packet *p, const u8 *head, u32 now_s)
{
	u32 address = 0;

	if (p->kind == PACKET_IPV4)
		address = be32_load(p->from_address + 12);
	else if (p->kind == PACKET_ARP)
		address = be32_load(head + p->network + ARP_SENDER_IP);
	if (address == 0 || (t->allowed[port].address == address && t->allowed[port].vlan == vlan &&
			     t->allowed[port].version == t->version))
		return true;
	if (is_of_another(t, port, vlan, address, now_s))
		return false;
	t->allowed[port].address = address;
	t->allowed[port].vlan = vlan;
	t->allowed[port].version = t->version;
	return true;
}
