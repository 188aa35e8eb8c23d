/* SPDX-License-Identifier: MIT */
/*
 * report_router_json.c - list-router and show-router for programs; see report.h.
 */
#include <string.h>

#include "ipv6_text.h"
#include "nic_arg.h"
#include "report.h"
#include "router_arg.h"
#include "router_words.h"
#include "units.h"

/* "" = there is none. */
static void json_ip(struct json_writer *w, const char *key, u32 address)
{
	char text[UNIT_TEXT_BYTES];

	json_text(w, key, address ? ipv4_text(text, address) : "");
}

static void json_ip6(struct json_writer *w, const char *key, const u64 address[2])
{
	char text[IPV6_TEXT_BYTES];

	json_text(w, key, (address[0] | address[1]) != 0 ? ipv6_text(text, address) : "");
}

static void json_network(struct json_writer *w, const char *key, u32 address, u32 bits)
{
	char text[ROUTER_TEXT_BYTES];

	json_text(w, key, address || bits == 0 ? router_network_text(text, address, bits) : "");
}

static void json_port(struct json_writer *w, const struct router_row *row, u32 port)
{
	const struct router_port_spec *spec = router_port_of(row, port);
	const struct router_report_port *report = &row->port[port];

	json_open(w, 0, '{');
	json_number(w, "port", port);
	json_text(w, "kind", port == ROUTER_PORT_OUTER ? "outer" : "inner");
	json_text(w, "switch", spec->network);
	json_text(w, "state", router_port_text(row->port_status[port]));
	json_number(w, "vlan", vlan_or_default(spec->vlan));
	json_ip(w, "address", report->address);
	json_number(w, "prefix", report->prefix_bits);
	json_ip6(w, "address6", report->address6);
	json_bool(w, "serves-dhcp", port != ROUTER_PORT_OUTER && (spec->flags & ROUTER_NO_DHCP) == 0);
	json_bool(w, "speaks-rip", (spec->flags & ROUTER_SPEAKS_RIP) != 0);
	json_bool(w, "speaks-link-state", (spec->flags & ROUTER_SPEAKS_LS) != 0);
	json_number(w, "got-frames", report->in_frames);
	json_number(w, "got-bytes", report->in_bytes);
	json_number(w, "sent-frames", report->out_frames);
	json_number(w, "sent-bytes", report->out_bytes);
	json_close(w, '}');
}

static void json_forward(struct json_writer *w, const struct router_row *row, u32 i)
{
	const struct router_forward_spec *f = &row->spec.forward[i];

	json_open(w, 0, '{');
	json_text(w, "protocol", router_protocol_text(f->protocol));
	json_number(w, "outer-port", f->outer_port);
	json_text(w, "vm", f->vm);
	json_number(w, "port", f->port);
	json_ip(w, "address", row->forward_address[i]);
	json_close(w, '}');
}

/* As members of an object that is open. */
static void router_members(struct json_writer *w, const struct router_row *row)
{
	json_text(w, "name", row->name);
	json_text(w, "state", router_state_text(row));
	json_number(w, "restarts", row->restarts);
	json_number(w, "memory", row->memory_bytes);
	json_number(w, "error", row->error);
	json_text(w, "outer-switch", row->spec.outer.network);
	json_ip(w, "outer-address", row->port[ROUTER_PORT_OUTER].address);
	json_text(w, "dhcp", row->spec.outer.network[0] && !row->spec.outer.address ?
		router_dhcp_text(row->dhcp_state) : "off");
	json_ip(w, "dhcp-server", row->dhcp_server);
	json_number(w, "dhcp-left-s", row->dhcp_left_s);
	json_ip(w, "gateway", row->gateway);
	json_open(w, "name-servers", '[');
	for (u32 i = 0; i < ROUTER_SERVERS; i++)
		if (row->servers[i])
			json_ip(w, 0, row->servers[i]);
	json_close(w, ']');
	json_number(w, "sessions", row->sessions);
	json_number(w, "leases", row->leases);
	json_number(w, "neighbours", row->neighbours);
	json_number(w, "forwarded", row->forwarded);
	json_number(w, "answered", row->answered);
	json_number(w, "dropped", router_drop_sum(row));
}

void json_routers(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->router_count; i++) {
		json_open(w, 0, '{');
		router_members(w, &m->routers[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* ---- the tables of one ---- */

static void json_routes(struct json_writer *w, const struct inventory *m)
{
	json_open(w, "routes", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_ROUTES]; i++) {
		json_open(w, 0, '{');
		json_network(w, "network", m->routes[i].prefix, m->routes[i].bits);
		json_ip(w, "gateway", m->routes[i].gateway);
		json_number(w, "port", m->routes[i].port);
		json_number(w, "preference", m->routes[i].preference);
		json_text(w, "origin", router_origin_text(m->routes[i].origin));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_routes6(struct json_writer *w, const struct inventory *m)
{
	char network[ROUTER_TEXT_BYTES];

	json_open(w, "routes6", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_ROUTES6]; i++) {
		const struct router_report_route6 *r = &m->routes6[i];

		json_open(w, 0, '{');
		json_text(w, "network", router_network6_text(network, r->prefix, r->bits));
		json_ip6(w, "gateway", r->gateway);
		json_number(w, "port", r->port);
		json_number(w, "preference", r->preference);
		json_text(w, "origin", router_origin_text(r->origin));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_leases(struct json_writer *w, const struct inventory *m)
{
	char mac[MAC_TEXT_BYTES];

	json_open(w, "lease-table", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_LEASES]; i++) {
		const struct router_report_lease *l = &m->leases[i];

		json_open(w, 0, '{');
		json_ip(w, "address", l->address);
		json_text(w, "mac", router_mac_text(mac, l->mac));
		json_text(w, "vm", router_vm_with_mac(m, l->mac));
		json_number(w, "port", l->port);
		json_bool(w, "offered", l->is_offered != 0);
		json_number(w, "left-s", l->left_s);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_neighbours(struct json_writer *w, const struct inventory *m)
{
	char mac[MAC_TEXT_BYTES];

	json_open(w, "neighbour-table", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_NEIGHBOURS]; i++) {
		const struct router_report_neighbour *n = &m->neighbours[i];

		json_open(w, 0, '{');
		json_ip(w, "address", n->address);
		json_text(w, "mac", n->is_known ? router_mac_text(mac, n->mac) : "");
		json_number(w, "port", n->port);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_neighbours6(struct json_writer *w, const struct inventory *m)
{
	char mac[MAC_TEXT_BYTES];

	json_open(w, "neighbour6-table", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_NEIGHBOURS6]; i++) {
		const struct router_report_neighbour6 *n = &m->neighbours6[i];

		json_open(w, 0, '{');
		json_ip6(w, "address", n->address);
		json_text(w, "mac", n->is_known ? router_mac_text(mac, n->mac) : "");
		json_number(w, "port", n->port);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_sessions(struct json_writer *w, const struct inventory *m)
{
	json_open(w, "session-table", '[');
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_SESSIONS]; i++) {
		const struct router_report_session *n = &m->sessions[i];

		json_open(w, 0, '{');
		json_text(w, "protocol", router_protocol_text(n->protocol));
		json_ip(w, "inside", n->inner);
		json_number(w, "inside-port", n->inner_port);
		json_number(w, "outer-port", n->outer_port);
		json_ip(w, "peer", n->remote);
		json_number(w, "peer-port", n->remote_port);
		json_number(w, "left-s", n->left_s);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_all_drops(struct json_writer *w, const struct router_row *row)
{
	json_open(w, "drops", '{');
	for (u32 i = 0; i < ROUTER_DROP_COUNT; i++)
		if (router_drop_text(i))
			json_number(w, router_drop_text(i), row->drops[i]);
	json_close(w, '}');
}

void json_router(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;
	const struct router_row *row = router_row_of(m, look->name);

	json_open(w, key, '{');
	router_members(w, row);
	json_open(w, "ports", '[');
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (router_port_of(row, i))
			json_port(w, row, i);
	json_close(w, ']');
	json_open(w, "forwards", '[');
	for (u32 i = 0; i < row->spec.forward_count; i++)
		json_forward(w, row, i);
	json_close(w, ']');
	json_all_drops(w, row);
	json_routes(w, m);
	json_routes6(w, m);
	json_leases(w, m);
	json_neighbours(w, m);
	json_neighbours6(w, m);
	json_sessions(w, m);
	json_close(w, '}');
}

void json_neighbour_tables(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;

	json_open(w, key, '{');
	json_text(w, "name", look->name);
	json_neighbours(w, look->inventory);
	json_neighbours6(w, look->inventory);
	json_close(w, '}');
}
