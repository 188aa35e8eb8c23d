/* SPDX-License-Identifier: MIT */
/*
 * probe_wait.c - see probe_wait.h.
 */
#include "probe_wait.h"

#include <string.h>

#include "client.h"
#include "ipv4.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "router_config.h"
#include "router_names.h"
#include "routers.h"
#include "rt_time.h"
#include "spec.h"
#include "syscalls.h"

#define TIME_MOST_MS 10000u
#define WAITS 8u

static struct probe_wait {
	bool is_used;
	u32 client, request_id;
	u32 router;
	u32 number;		/* router_probe.number; 0: not sent yet, for another one is under way there */
	struct router_probe probe;
	u64 time_ns;		/* to wait for the answer */
	u64 limit_tsc;
} waits[WAITS];

static u32 last_number;

/* ---- which router ---- */

static u32 address_of(u32 router, const struct request *want)
{
	return want->to[0] != '\0' ? router_name_address(router_config_at(router), want->to) : want->probe.address;
}

/* How well that router knows the way: 3: it is the address's neighbour; 2: it has a way out; 1: it is there. */
static u32 nearness(u32 router, const struct request *want)
{
	const struct router_spec *spec = router_spec_of(router);
	u32 address = address_of(router, want);

	if (want->to[0] != '\0' && address == 0)
		return 0;
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct router_port_spec *port = router_port_spec_of(spec, i);

		if (port != NULL && port->address != 0 && in_prefix(address, port->address, port->prefix_bits))
			return 3;
	}
	return spec->outer.network[0] != '\0' ? 2 : 1;
}

static struct error_info choose(const struct request *want, u32 *router)
{
	u32 best = 0;

	*router = ROUTERS;
	if (want->name[0] != '\0') {
		*router = spec_name_ok(want->name) ? router_find(want->name) : ROUTERS;
		if (*router == ROUTERS)
			return spec_name_ok(want->name) ? error_info_about(ERR_NO_ROUTER, want->name)
							: error_info_of(ERR_BAD_NAME, 0, 0);
		return nearness(*router, want) != 0 ? ERROR_INFO_NONE : error_info_about(ERR_PROBE_NAME, want->to);
	}
	for (u32 i = 0; i < ROUTERS; i++)
		if (router_is_there(i) && nearness(i, want) > best) {
			best = nearness(i, want);
			*router = i;
		}
	if (best != 0)
		return ERROR_INFO_NONE;
	return want->to[0] != '\0' ? error_info_about(ERR_PROBE_NAME, want->to)
				   : error_info_of(ERR_PROBE_NO_ROUTER, 0, 0);
}

/* ---- beginning ---- */

static bool request_ok(const struct request *want)
{
	const struct probe_request *p = &want->probe;

	if (memchr(want->name, 0, sizeof(want->name)) == NULL || memchr(want->to, 0, sizeof(want->to)) == NULL ||
	    (want->to[0] != '\0' && !spec_name_ok(want->to)))
		return false;
	return (want->to[0] != '\0' || is_host(p->address)) && p->ttl >= 1 && p->ttl <= 255 &&
	       p->bytes >= ROUTER_PROBE_LEAST && p->bytes <= ROUTER_PROBE_BYTES && p->sequence <= 0xffff &&
	       p->id <= 0xffff && want->timeout_ms >= 1 && want->timeout_ms <= TIME_MOST_MS;
}

static struct error_info begin(u32 client, const struct request *want)
{
	struct error_info no = request_ok(want) ? ERROR_INFO_NONE : error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	u32 router, i = 0;

	if (no.error == ERR_NONE)
		no = choose(want, &router);
	if (no.error != ERR_NONE)
		return no;
	while (i < WAITS && waits[i].is_used)
		i++;
	if (i == WAITS)
		return error_info_of(ERR_PROBE_BUSY, 0, 0);
	waits[i] = (struct probe_wait){
		.is_used = true, .client = client, .request_id = want->id, .router = router,
		.time_ns = want->timeout_ms * NS_PER_MS,
		.probe = {
			.address = address_of(router, want), .id = (u16)want->probe.id,
			.sequence = (u16)want->probe.sequence, .ttl = (u8)want->probe.ttl,
			.bytes = (u16)want->probe.bytes,
		},
	};
	return ERROR_INFO_NONE;
}

void probe_wait_request(u32 client, const struct request *want)
{
	struct error_info no = begin(client, want);

	if (no.error != ERR_NONE)
		(void)reply_send(client, want->id, &no, NULL);	/* client_receive made sure of the room */
}

void probe_wait_drop(u32 client)
{
	for (u32 i = 0; i < WAITS; i++)
		if (waits[i].client == client)
			waits[i].is_used = false;
}

/* ---- one after the other ---- */

static bool is_router_free(u32 router)
{
	for (u32 i = 0; i < WAITS; i++)
		if (waits[i].is_used && waits[i].router == router && waits[i].number != 0)
			return false;
	return true;
}

static void send(struct probe_wait *w)
{
	last_number = last_number + 1 != 0 ? last_number + 1 : 1;
	w->number = w->probe.number = last_number;
	w->limit_tsc = rt_time_after(&root.time, w->time_ns);
	router_config_probe(w->router, &w->probe);
}

static void answer(struct probe_wait *w, const struct router_probe_report *r)
{
	static struct reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = w->request_id;
	reply.probe = (struct probe_report){
		.state = r->state, .from = r->from, .icmp_type = r->icmp_type, .icmp_code = r->icmp_code, .ttl = r->ttl,
		.time_ns = r->time_ns, .address = w->probe.address,
	};
	strcpy(reply.probe.router, router_name(w->router));
	(void)client_send(w->client, &reply);
	w->is_used = false;
}

/* What the router says is foreign. A router that was started again has not sent it. */
static u64 step_one(struct probe_wait *w)
{
	struct router_probe_report r = { 0 };

	if (!router_is_there(w->router)) {
		answer(w, &(struct router_probe_report){ .state = ROUTER_PROBE_WAITING });
		return DEADLINE_NONE;
	}
	if (w->number == 0) {
		if (!is_router_free(w->router))
			return DEADLINE_NONE;		/* the end of the other one brings the turn */
		send(w);
	}
	if (!router_read_probe(w->router, &r) || r.number != w->number || r.state <= ROUTER_PROBE_WAITING ||
	    r.state >= ROUTER_PROBE_STATES) {
		if (rt_time_tsc() < w->limit_tsc)
			return w->limit_tsc;
		r = (struct router_probe_report){ .state = ROUTER_PROBE_WAITING };
		router_config_probe(w->router, &(struct router_probe){ 0 });
	}
	answer(w, &r);
	return 0;
}

u64 probe_wait_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < WAITS; i++)
		if (waits[i].is_used && client_room(waits[i].client) != 0)
			next = min_u64(next, step_one(&waits[i]));
	return next;
}
