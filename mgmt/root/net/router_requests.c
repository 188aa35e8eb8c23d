/* SPDX-License-Identifier: MIT */
/*
 * router_requests.c - see router_requests.h.
 */
#include "router_requests.h"

#include <string.h>

#include "image.h"
#include "root.h"
#include "router_config.h"
#include "router_ports.h"
#include "routers.h"
#include "rt_time.h"
#include "services.h"
#include "supervisor.h"
#include "switch_ports.h"
#include "switch_watch.h"
#include "switches.h"
#include "vm_nics.h"

/* ---- judging ---- */

static struct error_info judge_name(const char *name)
{
	char service[sizeof(ROUTER_SERVICE_PREFIX) + VM_NAME_BYTES] = ROUTER_SERVICE_PREFIX;

	if (strlen(name) > ROUTER_NAME_MOST)
		return error_info_of(ERR_ROUTER_SPEC, 0, ROUTER_BAD_NAME);
	if (router_find(name) < ROUTERS)
		return error_info_about(ERR_ROUTER_EXISTS, name);
	strcat(service, name);
	return supervisor_has(service) ? error_info_about(ERR_SERVICE_NAME, service) : ERROR_INFO_NONE;
}

static struct error_info judge_ports(const struct router_spec *spec)
{
	u32 wanted[SWITCHES] = { 0 };

	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct router_port_spec *port = router_port_spec_of(spec, i);
		u32 number = port != NULL ? switch_find(port->network) : SWITCHES;

		if (number < SWITCHES && ++wanted[number] + switch_ports_used(number) > SWITCH_PORTS)
			return error_info_limit(SWITCH_PORTS, "ports of a switch");
	}
	return ERROR_INFO_NONE;
}

/* An address is one station's in its switch and VLAN. */
static struct error_info judge_addresses(const struct router_spec *spec)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct router_port_spec *port = router_port_spec_of(spec, i);
		const struct vm *vm;
		u32 router;

		if (port == NULL || port->address == 0)
			continue;
		vm = vm_with_address(port->network, port->vlan, port->address, "");
		if (vm != NULL)
			return error_info_about(ERR_ADDRESS_TAKEN, vm->name);
		router = router_with_address(port->network, port->vlan, port->address);
		if (router < ROUTERS)
			return error_info_about(ERR_ADDRESS_TAKEN, router_service_name(router));
	}
	return ERROR_INFO_NONE;
}

static struct error_info judge_new(const char *name, const struct router_spec *spec)
{
	struct error_info no = judge_name(name);

	if (no.error == ERR_NONE && image_find(&root.images, ROUTER_PROGRAM, true) == NULL)
		no = error_info_about(ERR_NO_PROGRAM, ROUTER_PROGRAM);
	if (no.error == ERR_NONE)
		no = router_config_judge(spec);
	if (no.error == ERR_NONE)
		no = judge_ports(spec);
	if (no.error == ERR_NONE)
		no = judge_addresses(spec);
	if (no.error == ERR_NONE && router_free_place() == ROUTERS)
		no = error_info_limit(ROUTERS, "routers");
	return no;
}

/* ---- made, changed, deleted ---- */

static void remove_router(u32 number)
{
	router_delete(number);
	supervisor_remove(SERVICE_ROUTER(number));
}

/* There is no PD of it yet: its supervisor starts one. */
static struct error_info create(const char *name, const struct router_spec *spec)
{
	u32 number = router_free_place();
	enum status st = router_create(number, name, spec);

	if (st == ST_OK) {
		st = router_ports_add(number);
		if (st == ST_OK)
			supervisor_add(SERVICE_ROUTER(number));
		else
			remove_router(number);
	}
	if (st == ST_NOMEM)
		return error_info_of(ERR_NO_MEMORY, ROUTER_CONFIG_BYTES + ROUTER_REPORT_BYTES +
				     (1 + spec->inner_count) * (u64)NET_LINK_BYTES, 0);
	return error_info_status(st);
}

struct error_info router_request_create(const char *name, const struct router_spec *spec, bool is_dry_run)
{
	struct error_info no = judge_new(name, spec);

	return no.error != ERR_NONE || is_dry_run ? no : create(name, spec);
}

struct error_info router_request_set(const char *name, const struct router_spec *spec, bool is_dry_run)
{
	static struct router_spec changed;	/* too large for the stack */
	u32 number = router_find(name);
	struct error_info no;

	if (number == ROUTERS)
		return error_info_about(ERR_NO_ROUTER, name);
	changed = *router_spec_of(number);
	changed.forward_count = spec->forward_count;
	memcpy(changed.forward, spec->forward, sizeof(changed.forward));
	no = router_config_judge(&changed);
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	router_set_forwards(number, &changed);
	router_config_write(number);
	return ERROR_INFO_NONE;
}

struct error_info router_request_delete(const char *name, bool is_dry_run)
{
	u32 number = router_find(name);

	if (number == ROUTERS)
		return error_info_about(ERR_NO_ROUTER, name);
	if (!is_dry_run)
		remove_router(number);
	return ERROR_INFO_NONE;
}

/* ---- turns ---- */

static bool are_vms_others(void)
{
	static u32 seen;
	bool is_other = seen != vm_nics_version();

	seen = vm_nics_version();
	return is_other;
}

/* Its PD is gone first: it is the client of the links. */
static u64 go_on_down(u32 number, u64 now)
{
	u32 waits_for = 0;
	u64 limit_tsc;

	if (!router_is_released(number))
		return DEADLINE_NONE;		/* supervisor_step sees to it */
	if (!router_ports_remove(number, &waits_for, &limit_tsc))
		return switch_watch(waits_for, limit_tsc, now);
	router_forget(number);
	return DEADLINE_NONE;
}

static u64 go_on_up(u32 number, bool is_news)
{
	bool is_waiting = false;

	if (router_ports_find_cards(number, &is_waiting) || is_news)
		router_config_write(number);
	return is_waiting ? rt_time_after(&root.time, NS_PER_S) : DEADLINE_NONE;
}

u64 router_step(void)
{
	u64 now = rt_time_tsc(), next = DEADLINE_NONE;
	bool is_news = are_vms_others();

	for (u32 i = 0; i < ROUTERS; i++) {
		u64 then = DEADLINE_NONE;

		if (router_is_there(i))
			then = go_on_up(i, is_news);
		else if (router_is_going(i))
			then = go_on_down(i, now);
		next = then < next ? then : next;
	}
	return next;
}
