/* SPDX-License-Identifier: MIT */
/*
 * router_ports.c - see router_ports.h.
 */
#include "router_ports.h"

#include <string.h>

#include "inet.h"
#include "info_page.h"
#include "nic_mac.h"
#include "object_set.h"
#include "pd.h"
#include "routers.h"
#include "shared_mem.h"
#include "switch_ports.h"
#include "switches.h"
#include "sys.h"
#include "uplinks.h"

#define RW (RIGHT_R | RIGHT_W)
#define ETHERNET_HEADER_BYTES 14u
#define PORT_MTU 1500u
#define MAC_PLACE 0x100u	/* + port: a VM named as the router's program has its cards' addresses below */

static struct {
	u64 h_link;		/* 0: it has none */
	bool has_port;		/* of that switch: */
	u32 switch_number, switch_port;
	u32 salt;		/* of its MAC address; 0: none (yet) */
} ports[ROUTERS][ROUTER_PORTS];

u64 router_port_mac(u32 number, u32 port)
{
	return nic_mac_of(router_service_name(number), MAC_PLACE + port, ports[number][port].salt);
}

/* Anybody's server of DHCP, but with its own address alone. */
static void set_up(u32 number, u32 port)
{
	const struct router_port_spec *spec = router_port_spec_of(router_spec_of(number), port);
	static struct port_setup setup;		/* too large for the stack */

	setup = (struct port_setup){
		.mac = router_port_mac(number, port), .guard = GUARD_MAC,
		.max_bytes = ETHERNET_HEADER_BYTES + PORT_MTU,
		.vlan = (u16)vlan_or_default(spec->vlan),
	};
	switch_port_set(ports[number][port].switch_number, ports[number][port].switch_port, &setup);
}

static enum status add(u32 number, u32 port, const struct router_port_spec *spec)
{
	u32 switch_number = switch_find(spec->network), switch_port;
	u64 h_link;
	enum status st = sys_mem_create(HANDLE_ROOT, NET_LINK_BYTES, 0, &h_link);

	if (st != ST_OK)
		return st;
	ports[number][port].h_link = h_link;
	st = switch_port_add(switch_number, h_link, &switch_port);
	if (st != ST_OK)
		return st;
	ports[number][port].has_port = true;
	ports[number][port].switch_number = switch_number;
	ports[number][port].switch_port = switch_port;
	switch_port_rules(switch_number, switch_port, spec->address, NULL, 0, false);
	set_up(number, port);
	return ST_OK;
}

enum status router_ports_add(u32 number)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < ROUTER_PORTS && st == ST_OK; i++) {
		const struct router_port_spec *spec = router_port_spec_of(router_spec_of(number), i);

		if (spec != NULL)
			st = add(number, i, spec);
	}
	return st;
}

/* The end of the MAC address of the network card that joins that switch to a wire; 0: none, or not known yet. */
static u32 card_of(u32 switch_number)
{
	struct nic_page page;

	return uplink_look(switch_number, &page) ? be32_load(page.mac + 2) : 0;
}

bool router_ports_find_cards(u32 number, bool *is_waiting)
{
	bool is_changed = false;

	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		if (!ports[number][i].has_port || ports[number][i].salt != 0 ||
		    !uplink_has(ports[number][i].switch_number))
			continue;
		ports[number][i].salt = card_of(ports[number][i].switch_number);
		if (ports[number][i].salt == 0) {
			*is_waiting = true;
			continue;
		}
		set_up(number, i);
		is_changed = true;
	}
	return is_changed;
}

static enum status connect(u32 number, u32 port, u64 h_pd, u64 h_thread)
{
	struct port_client client = {
		.h_pd = h_pd, .h_thread = h_thread, .slot = ROUTER_H_SWITCH + port, .badge = ROUTER_BIT_LINK,
	};

	return switch_port_client(ports[number][port].switch_number, ports[number][port].switch_port, &client);
}

enum status router_ports_connect(u32 number, u64 h_pd, u64 h_thread)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < ROUTER_PORTS && st == ST_OK; i++) {
		if (!ports[number][i].has_port)
			continue;
		st = pd_fill(h_pd, ports[number][i].h_link, ROUTER_LINKS + i * ROUTER_LINK_STRIDE, 0, NET_LINK_BYTES,
			     RW);
		if (st == ST_OK)
			st = connect(number, i, h_pd, h_thread);
	}
	return st;
}

void router_ports_disconnect(u32 number)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (ports[number][i].has_port)
			(void)connect(number, i, 0, 0);		/* no client any more: nothing that can fail */
}

bool router_ports_remove(u32 number, u32 *waits_for, u64 *limit_tsc)
{
	struct port_counts last;
	bool is_all = true;

	*limit_tsc = DEADLINE_NONE;
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		u32 switch_number = ports[number][i].switch_number, switch_port = ports[number][i].switch_port;

		if (ports[number][i].has_port && switch_port_remove(switch_number, switch_port, &last))
			ports[number][i].has_port = false;
		if (!ports[number][i].has_port) {
			shared_mem_destroy(&ports[number][i].h_link);
			ports[number][i].salt = 0;
			continue;
		}
		is_all = false;
		if (switch_port_limit(switch_number, switch_port) < *limit_tsc) {
			*waits_for = switch_number;
			*limit_tsc = switch_port_limit(switch_number, switch_port);
		}
	}
	return is_all;
}

enum status router_port_status(u32 number, u32 port)
{
	struct port_state state;

	if (!ports[number][port].has_port)
		return ST_STATE;
	switch_port_state(ports[number][port].switch_number, ports[number][port].switch_port, &state);
	return (enum status)state.status;
}

bool router_port_place(u32 number, u32 port, u32 *switch_number, u32 *switch_port)
{
	if (number >= ROUTERS || port >= ROUTER_PORTS || !ports[number][port].has_port)
		return false;
	*switch_number = ports[number][port].switch_number;
	*switch_port = ports[number][port].switch_port;
	return true;
}

u32 router_with_port(u32 switch_number, u32 switch_port, u32 *router_port)
{
	for (u32 n = 0; n < ROUTERS; n++)
		for (u32 i = 0; i < ROUTER_PORTS; i++) {
			*router_port = i;
			if (ports[n][i].has_port && ports[n][i].switch_number == switch_number &&
			    ports[n][i].switch_port == switch_port)
				return n;
		}
	return ROUTERS;
}

u32 router_on_switch(u32 switch_number)
{
	for (u32 n = 0; n < ROUTERS; n++)
		for (u32 i = 0; i < ROUTER_PORTS; i++)
			if (router_is_there(n) && ports[n][i].has_port && ports[n][i].switch_number == switch_number)
				return n;
	return ROUTERS;
}

u64 router_ports_bytes(void)
{
	u64 sum = 0;

	for (u32 n = 0; n < ROUTERS; n++)
		for (u32 i = 0; i < ROUTER_PORTS; i++)
			sum += object_bytes(ports[n][i].h_link);
	return sum;
}
