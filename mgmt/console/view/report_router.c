/* SPDX-License-Identifier: MIT */
/*
 * report_router.c - list-router and show-router for people; see report.h.
 */
#include <stdio.h>
#include <string.h>

#include "ipv6_text.h"
#include "nic_arg.h"
#include "report.h"
#include "report_tables.h"
#include "router_arg.h"
#include "router_words.h"
#include "units.h"

#define SESSIONS_SHOWN 32u	/* to people: JSON has them all */

static void cell(struct table_line *line, s32 width, const char *text)
{
	line_cell(line, width, text, strlen(text));
}

static void count_cell(struct table_line *line, s32 width, u64 count)
{
	char text[UNIT_TEXT_BYTES];

	cell(line, width, count_text(text, count));
}

static const char *ip(char *text, u32 address)
{
	return address ? ipv4_text(text, address) : "-";
}

/* ---- list-router ---- */

static void router_line(const struct out *out, const struct router_row *row)
{
	struct table_line line = line_begin(out);
	char text[UNIT_TEXT_BYTES];

	cell(&line, 12, row->name);
	cell(&line, 10, router_state_text(row));
	cell(&line, 6, row->spec.outer.network[0] ? row->spec.outer.network : "-");
	cell(&line, 15, ip(text, row->port[ROUTER_PORT_OUTER].address));
	count_cell(&line, -8, row->sessions);
	count_cell(&line, -8, row->forwarded);
	count_cell(&line, -7, router_drop_sum(row));
	line_end(&line);
}

void report_routers(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	if (m->router_count == 0) {
		out_text(out, "There are no routers. create-router makes one.\n");
		return;
	}
	out_format(out, "%-12s  %-10s  %-6s  %-15s  %8s  %8s  %7s\n", "NAME", "STATE", "OUTER", "ADDRESS", "SESSIONS",
		"PACKETS", "DROPPED");
	for (u32 i = 0; i < m->router_count; i++)
		router_line(out, &m->routers[i]);
}

/* ---- show-router ---- */

static void outer_lines(const struct out *out, const struct router_row *row)
{
	char text[UNIT_TEXT_BYTES], network[ROUTER_TEXT_BYTES], left[UNIT_TEXT_BYTES];
	const struct router_report_port *port = &row->port[ROUTER_PORT_OUTER];

	label(out, "outside");
	if (row->spec.outer.network[0] == 0) {
		out_text(out, "none: the inner networks alone\n");
		return;
	}
	out_format(out, "switch %s, %s", row->spec.outer.network,
		port->address ? router_network_text(network, port->address, port->prefix_bits) : "no address yet");
	if (row->spec.outer.address == 0)
		out_format(out, ", DHCP %s", router_dhcp_text(row->dhcp_state));
	if (row->dhcp_left_s)
		out_format(out, ", lease %s", duration_text(left, row->dhcp_left_s * NS_PER_SECOND));
	out_text(out, "\n");
	label(out, "gateway");
	out_format(out, "%s", row->gateway ? ipv4_text(text, row->gateway) : "none");
	for (u32 i = 0; i < ROUTER_SERVERS; i++)
		if (row->servers[i])
			out_format(out, ", name server %s", ipv4_text(text, row->servers[i]));
	out_text(out, "\n");
}

static void port_line(const struct out *out, const struct router_row *row, u32 port)
{
	struct table_line line = line_begin(out);
	const struct router_port_spec *spec = router_port_of(row, port);
	char text[ROUTER_TEXT_BYTES];

	snprintf(text, sizeof(text), "%u", port);
	cell(&line, -4, text);
	cell(&line, 10, spec->network);
	cell(&line, 7, router_port_text(row->port_status[port]));
	cell(&line, 18, row->port[port].address ?
		router_network_text(text, row->port[port].address, row->port[port].prefix_bits) : "-");
	cell(&line, 4, port == ROUTER_PORT_OUTER ? "nat" : (spec->flags & ROUTER_NO_DHCP) != 0 ? "-" : "dhcp");
	count_cell(&line, -10, row->port[port].in_frames);
	count_cell(&line, -10, row->port[port].out_frames);
	line_end(&line);
}

static void drop_line(const struct out *out, const struct router_row *row)
{
	struct table_line line = line_begin(out);
	char text[UNIT_TEXT_BYTES + 20];

	if (router_drop_sum(row) == 0)
		return;
	cell(&line, 10, "dropped:");
	for (u32 i = 0; i < ROUTER_DROP_COUNT; i++) {
		if (row->drops[i] == 0 || !router_drop_text(i))
			continue;
		snprintf(text, sizeof(text), "%s %llu", router_drop_text(i), (unsigned long long)row->drops[i]);
		cell(&line, 0, text);
	}
	line_end(&line);
}

static void forward_lines(const struct out *out, const struct router_row *row)
{
	char text[ROUTER_TEXT_BYTES], address[UNIT_TEXT_BYTES];

	for (u32 i = 0; i < row->spec.forward_count; i++) {
		const struct router_forward_spec *f = &row->spec.forward[i];

		label(out, i == 0 ? "forwards" : "");
		out_format(out, "%s", router_forward_text(text, f));
		if (row->forward_address[i] == 0)
			out_format(out, "  (waits: no VM %s with an address behind an inner port)\n", f->vm);
		else
			out_format(out, f->vm[0] ? "  (%s)\n" : "\n", ipv4_text(address, row->forward_address[i]));
	}
}

static void route_lines(const struct out *out, const struct inventory *m)
{
	char network[ROUTER_TEXT_BYTES], gateway[UNIT_TEXT_BYTES];

	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_ROUTES]; i++) {
		const struct router_route *r = &m->routes[i];

		label(out, i == 0 ? "routes" : "");
		out_format(out, "%s via %s, port %u, preference %u, %s\n",
			r->bits ? router_network_text(network, r->prefix, r->bits) : "default",
			ip(gateway, r->gateway), r->port, r->preference, router_origin_text(r->origin));
	}
}

static void address6_lines(const struct out *out, const struct router_row *row)
{
	char network[ROUTER_TEXT_BYTES];
	bool is_first = true;

	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		if (!router_port_of(row, i) || row->port[i].address6[0] == 0)
			continue;
		label(out, is_first ? "ipv6" : "");
		out_format(out, "port %u %s\n", i, router_network6_text(network, row->port[i].address6, 64));
		is_first = false;
	}
}

static void route6_lines(const struct out *out, const struct inventory *m)
{
	char network[ROUTER_TEXT_BYTES], gateway[IPV6_TEXT_BYTES];

	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_ROUTES6]; i++) {
		const struct router_report_route6 *r = &m->routes6[i];

		label(out, i == 0 ? "routes6" : "");
		out_format(out, "%s via %s, port %u, preference %u, %s\n",
			router_network6_text(network, r->prefix, r->bits),
			(r->gateway[0] | r->gateway[1]) != 0 ? ipv6_text(gateway, r->gateway) : "-", r->port,
			r->preference, router_origin_text(r->origin));
	}
}

static void lease_lines(const struct out *out, const struct inventory *m)
{
	char text[UNIT_TEXT_BYTES], mac[MAC_TEXT_BYTES];

	if (m->line_count[ROUTER_TABLE_LEASES])
		out_format(out, "%-15s  %-17s  %-16s  %s\n", "LEASE", "MAC", "VM", "LEFT");
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_LEASES]; i++) {
		const struct router_report_lease *l = &m->leases[i];
		struct table_line line = line_begin(out);
		const char *vm = router_vm_with_mac(m, l->mac);

		cell(&line, 15, ipv4_text(text, l->address));
		cell(&line, 17, router_mac_text(mac, l->mac));
		cell(&line, 16, *vm ? vm : "-");
		cell(&line, 0, l->is_offered ? "offered" : duration_text(text, l->left_s * NS_PER_SECOND));
		line_end(&line);
	}
}

static void neighbour_lines(const struct out *out, const struct inventory *m)
{
	char text[UNIT_TEXT_BYTES], mac[MAC_TEXT_BYTES];

	if (m->line_count[ROUTER_TABLE_NEIGHBOURS])
		out_format(out, "%-15s  %-17s  %4s\n", "NEIGHBOUR", "MAC", "PORT");
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_NEIGHBOURS]; i++) {
		const struct router_report_neighbour *n = &m->neighbours[i];
		struct table_line line = line_begin(out);

		cell(&line, 15, ipv4_text(text, n->address));
		cell(&line, 17, n->is_known ? router_mac_text(mac, n->mac) : "asked for");
		snprintf(text, sizeof(text), "%u", n->port);
		cell(&line, -4, text);
		line_end(&line);
	}
}

static void neighbour6_lines(const struct out *out, const struct inventory *m)
{
	char text[IPV6_TEXT_BYTES], mac[MAC_TEXT_BYTES];

	if (m->line_count[ROUTER_TABLE_NEIGHBOURS6])
		out_format(out, "%-39s  %-17s  %4s\n", "NEIGHBOUR", "MAC", "PORT");
	for (u32 i = 0; i < m->line_count[ROUTER_TABLE_NEIGHBOURS6]; i++) {
		const struct router_report_neighbour6 *n = &m->neighbours6[i];
		struct table_line line = line_begin(out);

		cell(&line, 39, ipv6_text(text, n->address));
		cell(&line, 17, n->is_known ? router_mac_text(mac, n->mac) : "asked for");
		snprintf(text, sizeof(text), "%u", n->port);
		cell(&line, -4, text);
		line_end(&line);
	}
}

static void session_line(const struct out *out, const struct router_report_session *n)
{
	struct table_line line = line_begin(out);
	char text[UNIT_TEXT_BYTES + 8], dotted[UNIT_TEXT_BYTES];

	cell(&line, 5, router_protocol_text(n->protocol));
	snprintf(text, sizeof(text), "%s:%u", ipv4_text(dotted, n->inner), n->inner_port);
	cell(&line, 21, text);
	snprintf(text, sizeof(text), "%u", n->outer_port);
	cell(&line, -5, text);
	snprintf(text, sizeof(text), "%s:%u", ipv4_text(dotted, n->remote), n->remote_port);
	cell(&line, 21, text);
	snprintf(text, sizeof(text), "%u s", n->left_s);
	cell(&line, -7, text);
	line_end(&line);
}

static void session_lines(const struct out *out, const struct inventory *m, const struct router_row *row)
{
	u32 count = m->line_count[ROUTER_TABLE_SESSIONS];

	if (count)
		out_format(out, "%-5s  %-21s  %5s  %-21s  %7s\n", "NAT", "INSIDE", "PORT", "PEER", "LEFT");
	for (u32 i = 0; i < count && i < SESSIONS_SHOWN; i++)
		session_line(out, &m->sessions[i]);
	if (row->sessions > SESSIONS_SHOWN)
		out_format(out, "(%u more sessions)\n", row->sessions - SESSIONS_SHOWN);
}

void report_router(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;
	const struct router_row *row = router_row_of(m, look->name);

	out_format(out, "router %s, %s, %llu packets handed on, %llu answered\n", row->name, router_state_text(row),
		(unsigned long long)row->forwarded, (unsigned long long)row->answered);
	if (row->error)
		out_format(out, "its program refuses its configuration (reason %u)\n", row->error);
	outer_lines(out, row);
	forward_lines(out, row);
	route_lines(out, m);
	address6_lines(out, row);
	route6_lines(out, m);
	out_format(out, "%4s  %-10s  %-7s  %-18s  %-4s  %10s  %10s\n", "PORT", "SWITCH", "STATE", "ADDRESS", "KIND",
		"GOT", "SENT");
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (router_port_of(row, i))
			port_line(out, row, i);
	drop_line(out, row);
	lease_lines(out, m);
	neighbour_lines(out, m);
	neighbour6_lines(out, m);
	session_lines(out, m, row);
}

void report_neighbours(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;

	if (m->line_count[ROUTER_TABLE_NEIGHBOURS] + m->line_count[ROUTER_TABLE_NEIGHBOURS6] == 0)
		out_format(out, "router %s knows no neighbours.\n", look->name);
	neighbour_lines(out, m);
	neighbour6_lines(out, m);
}
