/* SPDX-License-Identifier: MIT */
/*
 * router_words.c - see router_words.h. What root and the router say is taken as a number that may be any.
 */
#include "router_words.h"

#include <string.h>

#include "nic_arg.h"
#include "range.h"
#include "status.h"

const char *router_state_text(const struct router_row *row)
{
	static const char *const states[SERVICE_STATE_COUNT] = { "running", "restarting", "given-up", "missing" };

	return row->state < SERVICE_STATE_COUNT ? states[row->state] : "?";
}

const char *router_dhcp_text(u32 state)
{
	static const char *const states[] = {
		[ROUTER_DHCP_OFF] = "off", [ROUTER_DHCP_SELECTING] = "asking", [ROUTER_DHCP_REQUESTING] = "asking",
		[ROUTER_DHCP_BOUND] = "bound", [ROUTER_DHCP_RENEWING] = "renewing",
		[ROUTER_DHCP_REBINDING] = "rebinding",
	};

	return state < ARRAY_COUNT(states) ? states[state] : "?";
}

const char *router_drop_text(u32 drop)
{
	static const char *const names[ROUTER_DROP_COUNT] = {
		[ROUTER_DROP_LINK] = "link", [ROUTER_DROP_MALFORMED] = "malformed", [ROUTER_DROP_SOURCE] = "source",
		[ROUTER_DROP_TTL] = "ttl", [ROUTER_DROP_ROUTE] = "no-route", [ROUTER_DROP_TOO_LONG] = "too-long",
		[ROUTER_DROP_NEIGHBOUR] = "no-neighbour", [ROUTER_DROP_NAT_NONE] = "unasked",
		[ROUTER_DROP_NAT_LIMIT] = "nat-limit", [ROUTER_DROP_NAT_KIND] = "nat-kind",
		[ROUTER_DROP_FRAGMENT] = "fragment", [ROUTER_DROP_LOCAL] = "local", [ROUTER_DROP_RATE] = "rate",
		[ROUTER_DROP_FULL] = "full",
	};

	return drop < ROUTER_DROP_COUNT ? names[drop] : NULL;
}

const char *router_origin_text(u32 origin)
{
	static const char *const names[ROUTE_ORIGINS] = {
		[ROUTE_OWN] = "own", [ROUTE_GIVEN] = "given", [ROUTE_DHCP] = "dhcp", [ROUTE_RIP] = "rip",
		[ROUTE_LS] = "link-state",
	};

	return origin < ROUTE_ORIGINS ? names[origin] : "?";
}

const char *router_port_text(u32 status)
{
	return status == ST_OK ? "up" : status == ST_AGAIN ? "waiting" : status == ST_EXISTS ? "taken" : "refused";
}

static u64 mac_of(const u8 mac[6])
{
	u64 sum = 0;

	for (u32 i = 0; i < 6; i++)
		sum = sum << 8 | mac[i];
	return sum;
}

const char *router_mac_text(char *text, const u8 mac[6])
{
	return mac_text(text, mac_of(mac));
}

const char *router_vm_with_mac(const struct inventory *m, const u8 mac[6])
{
	for (u32 i = 0; i < VM_COUNT; i++)
		for (u32 n = 0; m->vms[i].is_used && n < m->vms[i].report.spec.nic_count; n++)
			if (m->vms[i].report.nics[n].mac == mac_of(mac))
				return m->vms[i].report.name;
	return "";
}

const struct router_row *router_row_of(const struct inventory *m, const char *name)
{
	u32 i = 0;

	while (i + 1 < m->router_count && strcmp(m->routers[i].name, name) != 0)
		i++;
	return &m->routers[i];
}

const struct router_port_spec *router_port_of(const struct router_row *row, u32 port)
{
	if (port == ROUTER_PORT_OUTER)
		return row->spec.outer.network[0] ? &row->spec.outer : NULL;
	return port <= row->spec.inner_count ? &row->spec.inner[port - 1] : NULL;
}

u64 router_drop_sum(const struct router_row *row)
{
	u64 sum = 0;

	for (u32 i = 0; i < ROUTER_DROP_COUNT; i++)
		sum += row->drops[i];
	return sum;
}
