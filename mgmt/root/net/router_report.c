/* SPDX-License-Identifier: MIT */
/*
 * router_report.c - see router_report.h.
 */
#include "router_report.h"

#include <string.h>

#include "range.h"
#include "router_config.h"
#include "router_ports.h"
#include "routers.h"
#include "services.h"
#include "spec.h"
#include "supervisor.h"

#define ATTEMPTS 8u		/* to find the report at rest: its router writes it in a few microseconds */

static struct router_report copy;	/* of that router: */
static u32 copied = ROUTERS;

/* Counts are in range; each row may be anything. */
static void judge_copy(void)
{
	copy.route_count = (u32)min_u64(copy.route_count, ROUTER_REPORT_ROUTES);
	copy.lease_count = (u32)min_u64(copy.lease_count, ROUTER_REPORT_LEASES);
	copy.neighbour_count = (u32)min_u64(copy.neighbour_count, ROUTER_REPORT_NEIGHBOURS);
	copy.session_count = (u32)min_u64(copy.session_count, ROUTER_REPORT_SESSIONS);
	copy.route6_count = (u32)min_u64(copy.route6_count, ROUTER_REPORT_ROUTES6);
	copy.neighbour6_count = (u32)min_u64(copy.neighbour6_count, ROUTER_REPORT_NEIGHBOURS);
}

/* A report that is never at rest is taken as it is, mixed. */
static void take(u32 number)
{
	const struct router_report *from = router_report_at(number);

	for (u32 i = 0; i < ATTEMPTS; i++) {
		u32 before = __atomic_load_n(&from->generation, __ATOMIC_ACQUIRE);

		memcpy(&copy, from, sizeof(copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((before & 1) == 0 && __atomic_load_n(&from->generation, __ATOMIC_RELAXED) == before)
			break;
	}
	judge_copy();
	copied = number;
}

/* ---- the table of routers ---- */

static void fill_service(u32 number, struct router_row *out)
{
	static struct service_report service;
	u32 id = SERVICE_ROUTER(number);

	memset(&service, 0, sizeof(service));
	(void)supervisor_report(&id, &service);
	out->state = service.state;
	out->restarts = service.restarts;
	out->memory_bytes = service.bytes;
}

static void fill_report(struct router_row *out)
{
	out->error = copy.error;
	out->dhcp_state = copy.dhcp_state;
	out->dhcp_left_s = copy.dhcp_left_s;
	out->dhcp_server = copy.dhcp_server;
	out->gateway = copy.gateway;
	memcpy(out->servers, copy.servers, sizeof(out->servers));
	out->sessions = copy.session_total;
	out->leases = copy.lease_count;
	out->neighbours = copy.neighbour_count + copy.neighbour6_count;
	out->forwarded = copy.forwarded;
	out->answered = copy.answered;
	memcpy(out->drops, copy.drops, sizeof(out->drops));
	memcpy(out->port, copy.port, sizeof(out->port));
}

bool router_report_row(u32 *index, struct router_row *out)
{
	u32 number;

	while (*index < ROUTERS && !router_is_there(*index))
		++*index;
	if (*index >= ROUTERS)
		return false;
	number = (*index)++;
	out->index = number;
	strcpy(out->name, router_name(number));
	out->spec = *router_spec_of(number);
	fill_service(number, out);
	take(number);
	fill_report(out);
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		out->port_status[i] = router_port_status(number, i);
	for (u32 i = 0; i < out->spec.forward_count; i++)
		out->forward_address[i] = router_config_forward(number, &out->spec.forward[i]);
	return true;
}

/* ---- tables of one router ---- */

#define TABLE_SHIFT 16u		/* request.index: the table, and the place in it */

static const struct {
	const void *rows;
	const u32 *count;
	u32 bytes;
} tables[ROUTER_TABLE_COUNT] = {
	[ROUTER_TABLE_ROUTES] = { copy.route, &copy.route_count, sizeof(copy.route[0]) },
	[ROUTER_TABLE_LEASES] = { copy.lease, &copy.lease_count, sizeof(copy.lease[0]) },
	[ROUTER_TABLE_NEIGHBOURS] = { copy.neighbour, &copy.neighbour_count, sizeof(copy.neighbour[0]) },
	[ROUTER_TABLE_SESSIONS] = { copy.session, &copy.session_count, sizeof(copy.session[0]) },
	[ROUTER_TABLE_ROUTES6] = { copy.route6, &copy.route6_count, sizeof(copy.route6[0]) },
	[ROUTER_TABLE_NEIGHBOURS6] = { copy.neighbour6, &copy.neighbour6_count, sizeof(copy.neighbour6[0]) },
};

/* One copy of the report serves all its rows. */
struct error_info router_report_lines(const char *name, u32 *index, struct router_lines *out)
{
	u32 number = spec_name_ok(name) ? router_find(name) : ROUTERS, table = *index >> TABLE_SHIFT;
	u32 at = *index & (BIT32(TABLE_SHIFT) - 1);

	if (number == ROUTERS)
		return spec_name_ok(name) ? error_info_about(ERR_NO_ROUTER, name) : error_info_of(ERR_BAD_NAME, 0, 0);
	if (*index == 0 || copied != number)
		take(number);
	for (; table < ROUTER_TABLE_COUNT && at >= *tables[table].count; table++)
		at = 0;
	if (table >= ROUTER_TABLE_COUNT)
		return error_info_of(ERR_NO_DEVICE, 0, 0);
	out->table = table;
	out->count = (u32)min_u64(*tables[table].count - at, ROUTER_LINES);
	memcpy(out->route, (const u8 *)tables[table].rows + at * tables[table].bytes,
	       (u64)out->count * tables[table].bytes);
	*index = out->next = table << TABLE_SHIFT | (at + out->count);
	return ERROR_INFO_NONE;
}
