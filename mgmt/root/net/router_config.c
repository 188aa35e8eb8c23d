/* SPDX-License-Identifier: MIT */
/*
 * router_config.c - see router_config.h. What the router's program refuses is refused here, by the same function.
 */
#include "router_config.h"

#include <string.h>
#include <sys/random.h>

#include "config_judge.h"
#include "inet.h"
#include "ipv4.h"
#include "router_names.h"
#include "router_ports.h"
#include "routers.h"
#include "rt_time.h"
#include "spec.h"
#include "switches.h"

#define PORT_MTU 1500u
#define LEASE_S 3600u

static struct router_config next;	/* too large for the stack */

/* ---- from the spec ---- */

static void fill_port(const struct router_spec *spec, u32 port, u64 mac)
{
	const struct router_port_spec *from = router_port_spec_of(spec, port);
	struct router_port *to = &next.port[port];

	if (from == NULL)
		return;
	to->is_up = 1;
	to->is_outer = port == ROUTER_PORT_OUTER;
	mac_store(to->mac, mac);
	to->address = from->address;
	to->prefix_bits = (u8)from->prefix_bits;
	to->mtu = PORT_MTU;
	to->prefix6 = from->prefix6;
	to->speaks_rip = (from->flags & ROUTER_SPEAKS_RIP) != 0;
	to->speaks_ls = (from->flags & ROUTER_SPEAKS_LS) != 0;
	to->serves_dhcp = !to->is_outer && (from->flags & ROUTER_NO_DHCP) == 0;
	if (!to->serves_dhcp)
		return;
	to->lease_s = LEASE_S;
	router_pool_of(from, &to->pool_first, &to->pool_last);
}

static void fill_rest(const struct router_spec *spec)
{
	memcpy(next.servers, spec->servers, sizeof(next.servers));
	if (spec->gateway == 0)
		return;
	next.route_count = 1;
	next.route[0] = (struct router_route){ .gateway = spec->gateway, .port = ROUTER_PORT_OUTER };
}

static void add_forward(const struct router_forward_spec *from, u32 address)
{
	next.forward[next.forward_count++] = (struct router_forward){
		.protocol = from->protocol, .outer_port = from->outer_port, .address = address, .port = from->port,
	};
}

/* ---- judging ---- */

static struct error_info bad(enum router_error why)
{
	return error_info_of(ERR_ROUTER_SPEC, 0, why);
}

static struct error_info judge_port(const struct router_port_spec *port, bool is_outer)
{
	if (!spec_name_ok(port->network))
		return error_info_of(ERR_BAD_NAME, 0, 0);
	if (port->vlan > NIC_VLAN_MAX || port->prefix_bits > 30 || (port->flags & ~ROUTER_PORT_FLAGS) != 0 ||
	    (is_outer && port->flags != 0))
		return bad(ROUTER_BAD_PORT);
	if (!is_outer && port->address == 0)
		return bad(ROUTER_BAD_OUTER);
	return switch_find(port->network) < SWITCHES ? ERROR_INFO_NONE : error_info_about(ERR_NO_SWITCH, port->network);
}

static struct error_info judge_switches(const struct router_spec *spec)
{
	struct error_info no = ERROR_INFO_NONE;

	if (spec->inner_count > ROUTER_INNER_PORTS || spec->forward_count > ROUTER_FORWARDS)
		return bad(ROUTER_BAD_COUNT);
	if (spec->outer.network[0] != '\0')
		no = judge_port(&spec->outer, true);
	for (u32 i = 0; i < spec->inner_count && no.error == ERR_NONE; i++)
		no = judge_port(&spec->inner[i], false);
	return no;
}

/* Some station behind the first inner port, for a VM that is not there yet. */
static u32 some_station(const struct router_spec *spec)
{
	const struct router_port_spec *port = &spec->inner[0];
	u32 network = port->address & prefix_mask(port->prefix_bits);

	return spec->inner_count == 0 ? 0 : network + (port->address == network + 1 ? 2 : 1);
}

static bool forwards_ok(const struct router_spec *spec)
{
	if (spec->forward_count != 0 && spec->outer.network[0] == '\0')
		return false;
	for (u32 i = 0; i < spec->forward_count; i++) {
		const struct router_forward_spec *f = &spec->forward[i];
		bool has_vm = f->vm[0] != '\0';

		if (has_vm != (f->address == 0) || (has_vm && !spec_name_ok(f->vm)))
			return false;
		add_forward(f, has_vm ? some_station(spec) : f->address);
	}
	return true;
}

struct error_info router_config_judge(const struct router_spec *spec)
{
	struct error_info no = judge_switches(spec);
	enum router_error why;

	if (no.error != ERR_NONE)
		return no;
	memset(&next, 0, sizeof(next));
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		fill_port(spec, i, MAC_LOCAL + 1 + i);
	fill_rest(spec);
	if (!forwards_ok(spec))
		return bad(ROUTER_BAD_FORWARD);
	if (spec->inner_count == 0)
		return bad(ROUTER_BAD_COUNT);
	why = config_judge(&next);
	return why == ROUTER_OK ? ERROR_INFO_NONE : bad(why);
}

/* ---- writing ---- */

u32 router_config_forward(u32 number, const struct router_forward_spec *forward)
{
	return forward->vm[0] == '\0' ? forward->address : router_name_address(router_config_at(number), forward->vm);
}

static void make(u32 number)
{
	const struct router_spec *spec = router_spec_of(number);
	const struct router_config *now = router_config_at(number);

	memset(&next, 0, sizeof(next));
	next.generation = now->generation;
	next.probe = now->probe;
	memcpy(next.seed, now->seed, sizeof(next.seed));
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		fill_port(spec, i, router_port_mac(number, i));
	fill_rest(spec);
	router_names_fill(spec, now, &next);
	for (u32 i = 0; i < spec->forward_count; i++) {
		const struct router_forward_spec *f = &spec->forward[i];
		u32 address = f->vm[0] == '\0' ? f->address : router_name_address(&next, f->vm);

		if (address != 0)
			add_forward(f, address);
	}
}

/* Under an odd generation (router.h). */
static void publish(u32 number)
{
	struct router_config *to = router_config_at(number);
	u32 generation = next.generation;

	__atomic_store_n(&to->generation, generation + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy((u8 *)to + sizeof(to->generation), (const u8 *)&next + sizeof(next.generation),
	       sizeof(next) - sizeof(next.generation));
	__atomic_store_n(&to->generation, generation + 2 != 0 ? generation + 2 : 2, __ATOMIC_RELEASE);
	router_signal(number);
}

void router_config_write(u32 number)
{
	make(number);
	if (memcmp(&next, router_config_at(number), sizeof(next)) != 0)
		publish(number);
}

void router_config_begin(u32 number)
{
	make(number);
	next.probe = (struct router_probe){ 0 };
	/* Without random numbers, the time tells one start from another. */
	if (getrandom(next.seed, sizeof(next.seed), 0) != sizeof(next.seed))
		next.seed[0] = rt_time_tsc();
	publish(number);
}

void router_config_probe(u32 number, const struct router_probe *probe)
{
	make(number);
	next.probe = *probe;
	publish(number);
}
