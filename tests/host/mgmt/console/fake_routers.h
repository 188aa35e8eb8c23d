/* SPDX-License-Identifier: MIT */
/*
 * fake_routers.h - what fake_root.c says of routers: those that were made, as they were asked for; one that is called
 * hostile tells nonsense.
 */
#ifndef VOS_TEST_FAKE_ROUTERS_H
#define VOS_TEST_FAKE_ROUTERS_H

#include <string.h>

#include "errors.h"
#include "request.h"
#include "status.h"

struct fake_routers {
	u32 count;
	struct router_row row[ROUTERS];
};

static inline void fake_router_refuse(struct reply *reply, enum result result, enum error error, const char *text)
{
	reply->result = result;
	reply->error = error;
	strcpy(reply->text, text);
}

static inline struct router_row *fake_router_named(struct fake_routers *all, const char *name)
{
	for (u32 i = 0; i < all->count; i++)
		if (strcmp(all->row[i].name, name) == 0)
			return &all->row[i];
	return NULL;
}

static inline struct router_row fake_router_row(const struct request *r)
{
	struct router_row row = {
		.state = SERVICE_UP, .dhcp_state = ROUTER_DHCP_BOUND, .dhcp_left_s = 3600, .gateway = 0x0a000202,
		.servers = { 0x0a000203 }, .sessions = 1, .leases = 1, .neighbours = 1, .forwarded = 1234,
		.answered = 5, .drops = { [ROUTER_DROP_TTL] = 2, [ROUTER_DROP_NAT_NONE] = 7 },
		.port = { { 10, 1000, 20, 2000, 0x0a00020f, 24 },
			  { 30, 3000, 40, 4000, 0x0a6f0001, 24, { 0xfd00000100020003, 0x11 } } },
		.spec = r->router,
	};

	memcpy(row.name, r->name, sizeof(row.name));
	for (u32 i = 0; i < row.spec.forward_count; i++)
		row.forward_address[i] = strcmp(row.spec.forward[i].vm, "web") == 0 ? 0x0a6f0007 : 0;
	return row;
}

static inline void fake_router_lines(const struct request *r, struct reply *reply)
{
	struct router_lines *lines = &reply->lines;

	lines->next = r->index + 1;
	lines->table = r->index;
	lines->count = 1;
	switch (r->index) {
	case ROUTER_TABLE_ROUTES:
		lines->route[0] = (struct router_route){ .gateway = 0x0a000202, .preference = 10,
							  .origin = ROUTE_GIVEN };
		break;
	case ROUTER_TABLE_LEASES:
		lines->lease[0] = (struct router_report_lease){
			0x0a6f0007, 90, { 2, 0x11, 0x22, 0x33, 0x44, 0x55 }, 1, 0,
		};
		break;
	case ROUTER_TABLE_NEIGHBOURS:
		lines->neighbour[0] = (struct router_report_neighbour){ 0x0a000202, { 2, 0, 0, 0, 0, 9 }, 0, 1 };
		break;
	case ROUTER_TABLE_SESSIONS:
		lines->session[0] = (struct router_report_session){ 0x0a6f0007, 0x01010101, 4000, 4001, 443, 6, 0, 60 };
		break;
	case ROUTER_TABLE_ROUTES6:
		lines->route6[0] = (struct router_report_route6){
			.prefix = { 0xfd00000100020003 }, .bits = 64, .port = 1,
		};
		break;
	case ROUTER_TABLE_NEIGHBOURS6:
		lines->neighbour6[0] = (struct router_report_neighbour6){
			{ 0xfd00000100020003, 0x0011223344556677 }, { 2, 0, 0, 0, 0, 8 }, 1, 1,
		};
		break;
	default:
		fake_router_refuse(reply, RESULT_NOT_FOUND, ERR_NO_DEVICE, "");
		break;
	}
	if (strcmp(r->name, "hostile") == 0)
		memset(lines, 0xff, sizeof(*lines));
}

/* *restarted: the last one that was. */
static inline void fake_restart_service(char restarted[VM_NAME_BYTES], const struct request *r, struct reply *reply)
{
	if (strcmp(r->name, "screen") == 0)
		fake_router_refuse(reply, RESULT_TIMEOUT, ERR_SERVICE_DOWN, "");
	else if ((r->flags & REQ_FLAG_DRY_RUN) == 0)
		memcpy(restarted, r->name, VM_NAME_BYTES);
}

/* 10.0.9.9 is three hops away, 10.0.8.8 silent, and 10.0.7.7 nowhere. */
static inline void fake_probe(const struct request *r, struct reply *reply)
{
	struct probe_report *p = &reply->probe;
	u32 address = r->to[0] != '\0' ? 0x0a6f0007 : r->probe.address;

	*p = (struct probe_report){ .state = ROUTER_PROBE_REPLIED, .from = address, .address = address, .ttl = 61,
				    .time_ns = 1234567 };
	strcpy(p->router, r->name[0] != '\0' ? r->name : "nat");
	if (address == 0x0a000909 && r->probe.ttl < 3) {
		p->state = r->probe.ttl == 2 ? ROUTER_PROBE_WAITING : ROUTER_PROBE_REFUSED;
		p->icmp_type = ICMP_TYPE_TIME_EXCEEDED;
		p->from = r->probe.ttl == 2 ? 0 : 0x0a000001;
	} else if (address == 0x0a000808) {
		p->state = ROUTER_PROBE_WAITING;
		p->from = 0;
	} else if (address == 0x0a000707) {
		p->state = ROUTER_PROBE_NO_ROUTE;
		p->from = 0;
	}
	if (strcmp(r->name, "hostile") == 0)
		memset(p, 0xff, offsetof(struct probe_report, router));
	if (strcmp(r->name, "none") == 0)
		fake_router_refuse(reply, RESULT_NOT_FOUND, ERR_NO_ROUTER, r->name);
}

static inline void fake_router(struct fake_routers *all, const struct request *r, struct reply *reply)
{
	struct router_row *row = fake_router_named(all, r->name);

	if (r->op == REQ_PROBE) {
		fake_probe(r, reply);
		return;
	}
	if (r->op == REQ_ROUTERS && r->index < all->count) {
		reply->router = all->row[r->index];
		if (strcmp(reply->router.name, "hostile") == 0)
			memset((u8 *)&reply->router + sizeof(u32), 0xff,
			       offsetof(struct router_row, name) - sizeof(u32));
	} else if (r->op == REQ_ROUTER_LINES) {
		fake_router_lines(r, reply);
	} else if (r->op == REQ_CREATE_ROUTER && strcmp(r->router.inner[0].network, "wan") == 0) {
		fake_router_refuse(reply, RESULT_USAGE, ERR_ROUTER_SPEC, "");
		reply->have = ROUTER_BAD_OVERLAP;
	} else if (r->op == REQ_CREATE_ROUTER && row == NULL) {
		all->row[all->count] = fake_router_row(r);
		all->row[all->count].index = all->count;
		all->count += (r->flags & REQ_FLAG_DRY_RUN) == 0;
	} else if (r->op == REQ_CREATE_ROUTER) {
		fake_router_refuse(reply, RESULT_STATE, ERR_ROUTER_EXISTS, r->name);
	} else if (row == NULL || r->op == REQ_ROUTERS) {
		fake_router_refuse(reply, RESULT_NOT_FOUND, ERR_NO_ROUTER, r->name);
	} else if (r->op == REQ_SET_ROUTER) {
		row->spec.forward_count = r->router.forward_count;
		memcpy(row->spec.forward, r->router.forward, sizeof(row->spec.forward));
	} else {
		all->count--;			/* the last one */
	}
}

#endif
