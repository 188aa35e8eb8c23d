/* SPDX-License-Identifier: MIT */
/*
 * router_names.c - see router_names.h.
 */
#include "router_names.h"

#include <string.h>

#include "inet.h"
#include "ipv4.h"
#include "vm.h"

_Static_assert(VM_COUNT <= ROUTER_NAMES, "each VM has a name");

/* Hosts that the network has room for. */
static u32 hosts_of(const struct router_port_spec *port)
{
	return ~prefix_mask(port->prefix_bits) - 1;
}

static u32 pool_of(const struct router_port_spec *port)
{
	return hosts_of(port) / 4;
}

static u32 network_of(const struct router_port_spec *port)
{
	return port->address & prefix_mask(port->prefix_bits);
}

void router_pool_of(const struct router_port_spec *port, u32 *first, u32 *last)
{
	*first = *last = 0;
	if (pool_of(port) == 0 || (port->flags & ROUTER_NO_DHCP) != 0)
		return;
	*last = network_of(port) + hosts_of(port);
	*first = *last - pool_of(port) + 1;
}

/* ---- which card ---- */

/* Of a station of that network, and not the router's own. */
static bool is_station(const struct router_port_spec *port, u32 address)
{
	u32 host = address - network_of(port);

	return host >= 1 && host <= hosts_of(port) && address != port->address;
}

/* The card has the address that the operator gave it, or what DHCP gives there. */
static bool has_address_at(const struct router_port_spec *port, const struct nic_spec *nic)
{
	return nic->address != 0 ? is_station(port, nic->address) : (port->flags & ROUTER_NO_DHCP) == 0;
}

/* The inner port that card n of the VM is behind; NULL: none where its address is known. */
static const struct router_port_spec *port_of(const struct router_spec *spec, const struct vm *vm, u32 n)
{
	const struct nic_spec *nic = &vm->spec.nics[n];

	for (u32 i = 0; i < spec->inner_count; i++)
		if (strcmp(spec->inner[i].network, nic->network) == 0 &&
		    vlan_or_default(spec->inner[i].vlan) == vlan_or_default(nic->vlan) &&
		    has_address_at(&spec->inner[i], nic))
			return &spec->inner[i];
	return NULL;
}

/* ---- which address ---- */

static bool is_given(const struct router_config *c, u32 address)
{
	for (u32 i = 0; i < c->name_count; i++)
		if (c->name[i].address == address)
			return true;
	return false;
}

/* In the part of VMs, of a station, and nobody's. */
static bool is_free(const struct router_config *c, const struct router_port_spec *port, u32 address)
{
	return is_station(port, address) && address - network_of(port) <= hosts_of(port) - pool_of(port) &&
	       !is_given(c, address);
}

/* By the MAC address's hash, so that it is the same after a restart; 0: there is none left. */
static u32 choose(const struct router_config *c, const struct router_port_spec *port, u64 mac)
{
	u32 span = hosts_of(port) - pool_of(port), from = (u32)((mac * 0x9e3779b97f4a7c15ull) >> 32) % span;

	/* Among one more than there are names and the router itself, one is free if any is. */
	for (u32 i = 0; i < span && i <= ROUTER_NAMES + 1; i++) {
		u32 address = network_of(port) + 1 + (from + i) % span;

		if (is_free(c, port, address))
			return address;
	}
	return 0;
}

static u32 address_before(const struct router_config *before, u64 mac)
{
	for (u32 i = 0; i < before->name_count && i < ROUTER_NAMES; i++)
		if (mac_load(before->name[i].mac) == mac)
			return before->name[i].address;
	return 0;
}

static void add(struct router_config *to, const struct vm *vm, u64 mac, u32 address)
{
	struct router_name *name = &to->name[to->name_count++];

	memset(name, 0, sizeof(*name));
	memcpy(name->name, vm->name, sizeof(name->name));
	mac_store(name->mac, mac);
	name->address = address;
}

/* Addresses that the operator gave come first, then those that a card had already, then new ones. */
enum turn { TURN_GIVEN, TURN_KEPT, TURN_NEW, TURNS };

static void fill_one(const struct router_port_spec *port, const struct router_config *before, struct router_config *to,
		     const struct vm *vm, u32 n, enum turn turn)
{
	u64 mac = vm->nics[n].mac;
	u32 given = vm->spec.nics[n].address, old = address_before(before, mac);

	if (given != 0) {
		if (turn == TURN_GIVEN && !is_given(to, given))
			add(to, vm, mac, given);
	} else if (turn == TURN_KEPT && old != 0 && is_free(to, port, old)) {
		add(to, vm, mac, old);
	} else if (turn == TURN_NEW && address_before(to, mac) == 0) {
		add(to, vm, mac, choose(to, port, mac));
	}
}

static void fill(const struct router_spec *spec, const struct router_config *before, struct router_config *to,
		 enum turn turn)
{
	for (u32 i = 0; i < vms_end(); i++) {
		const struct vm *vm = vm_at(i);
		const struct router_port_spec *port = NULL;
		u32 n = 0;

		while (vm != NULL && n < vm->spec.nic_count && (port = port_of(spec, vm, n)) == NULL)
			n++;
		if (port != NULL)
			fill_one(port, before, to, vm, n, turn);
	}
}

void router_names_fill(const struct router_spec *spec, const struct router_config *before, struct router_config *to)
{
	to->name_count = 0;
	for (u32 turn = 0; turn < TURNS; turn++)
		fill(spec, before, to, (enum turn)turn);
}

u32 router_name_address(const struct router_config *config, const char *vm)
{
	for (u32 i = 0; i < config->name_count; i++)
		if (strcmp(config->name[i].name, vm) == 0)
			return config->name[i].address;
	return 0;
}
