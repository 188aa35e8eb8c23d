/* SPDX-License-Identifier: MIT */
/*
 * networks.c - see networks.h.
 */
#include "networks.h"

#include <string.h>

#include "nic_rules.h"
#include "range.h"
#include "router_ports.h"
#include "routers.h"
#include "rt_log.h"
#include "service.h"
#include "services.h"
#include "spec.h"
#include "supervisor.h"
#include "switch_ports.h"
#include "switches.h"
#include "uplinks.h"
#include "vm_nics.h"

static struct error_info judge(const char *name, const struct switch_spec *spec)
{
	struct error_info no = switch_judge_new(name);

	if (no.error == ERR_NONE && supervisor_has(name))
		no = error_info_about(ERR_SERVICE_NAME, name);
	return no.error == ERR_NONE ? uplink_judge(spec) : no;
}

/* There is no PD of it yet: its supervisor starts one. */
static struct error_info create(const char *name, const struct switch_spec *spec)
{
	u32 number;
	struct error_info no = switch_create(name, &number);
	enum status st;

	if (no.error != ERR_NONE)
		return no;
	st = uplink_add(number, spec);
	if (st == ST_OK) {
		supervisor_add(SERVICE_SWITCH(number));
		return ERROR_INFO_NONE;
	}
	switch_delete(number);
	supervisor_remove(SERVICE_SWITCH(number));
	return error_info_status(st);
}

struct error_info networks_create_switch(const char *name, const struct switch_spec *spec, bool is_dry_run)
{
	struct error_info no = judge(name, spec);

	return no.error != ERR_NONE || is_dry_run ? no : create(name, spec);
}

struct error_info networks_delete_switch(const char *name, bool is_dry_run)
{
	u32 number = switch_find(name), router;
	const struct vm *user = vm_with_switch(name);

	if (number == SWITCHES)
		return error_info_about(ERR_NO_SWITCH, name);
	if (user != NULL)
		return error_info_about(ERR_SWITCH_USED, user->name);
	router = router_on_switch(number);
	if (router < ROUTERS)
		return error_info_about(ERR_SWITCH_ROUTED, router_name(router));
	if (switch_has_capture(number))
		return error_info_about(ERR_SWITCH_CAPTURED, name);
	if (switch_ports_used(number) != uplink_has(number))	/* a VM or router is just being taken down */
		return error_info_of(ERR_BUSY, 0, 0);
	if (is_dry_run)
		return ERROR_INFO_NONE;
	switch_delete(number);
	supervisor_remove(SERVICE_SWITCH(number));
	return ERROR_INFO_NONE;
}

/* ---- reports ---- */

static void add_port(u32 number, u32 port, struct switch_row *out)
{
	struct port_state state;

	switch_port_state(number, port, &state);
	out->ports++;
	out->frames += state.counts.from_frames;
	out->bytes += state.counts.from_bytes;
	for (u32 i = 0; i < DROP_COUNT; i++)
		out->drops += state.counts.drops[i];
}

static void fill_service(u32 number, struct switch_row *out)
{
	static struct service_report service;
	u32 id = SERVICE_SWITCH(number);

	memset(&service, 0, sizeof(service));
	(void)supervisor_report(&id, &service);
	out->state = service.state;
	out->restarts = service.restarts;
	out->memory_bytes = service.bytes;
}

static void fill_uplink(u32 number, struct switch_row *out)
{
	struct nic_page page;

	strcpy(out->uplink, uplink_name(number));
	out->nic_state = NIC_STARTING;
	if (!uplink_look(number, &page))
		return;
	out->nic_state = page.state;
	out->nic_mbits = page.mbits;
}

bool networks_switch_row(u32 *index, struct switch_row *out)
{
	while (*index < SWITCHES && !switch_is_there(*index))
		++*index;
	if (*index >= SWITCHES)
		return false;
	out->index = *index;
	strcpy(out->name, switch_name(*index));
	fill_service(*index, out);
	fill_uplink(*index, out);
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (switch_port_is_used(*index, i))
			add_port(*index, i, out);
	++*index;
	return true;
}

static struct error_info find(const char *name, u32 *number)
{
	*number = spec_name_ok(name) ? switch_find(name) : SWITCHES;
	if (*number < SWITCHES)
		return ERROR_INFO_NONE;
	return spec_name_ok(name) ? error_info_about(ERR_NO_SWITCH, name) : error_info_of(ERR_BAD_NAME, 0, 0);
}

static void fill_card(const struct vm *vm, const struct port_state *state, struct port_row *out)
{
	const struct nic_spec *nic = &vm->spec.nics[out->card];

	strcpy(out->client, vm->name);
	out->flags = nic->flags;
	out->rule_count = nic->rule_count;
	memcpy(out->rules, nic->rules, sizeof(out->rules));
	nic_rules_hits(nic, state->hits, out->hits);
}

static void fill_port(u32 number, u32 port, struct port_row *out)
{
	struct port_setup setup;
	static struct port_state state;		/* too large for the stack */
	const struct vm *vm = vm_with_port(number, port, &out->card);
	u32 router_port, router = router_with_port(number, port, &router_port);

	switch_port_setup_of(number, port, &setup);
	switch_port_state(number, port, &state);
	out->index = port;
	out->kind = uplink_is(number, port) ? PORT_OF_NIC : PORT_OF_VM;
	out->status = state.status;
	out->mac = setup.mac;
	out->rate = setup.from_rate;
	out->guard = setup.guard;
	out->vlan = setup.vlan;
	memcpy(out->address, state.address, sizeof(out->address));
	if ((setup.flags & PORT_CAPTURE) != 0) {
		out->kind = PORT_OF_CAPTURE;
		strcpy(out->client, "capture");
	} else if (out->kind == PORT_OF_NIC) {
		strcpy(out->client, uplink_name(number));
	} else if (router < ROUTERS) {
		out->kind = PORT_OF_ROUTER;
		out->card = router_port;
		strcpy(out->client, router_name(router));
	} else if (vm != NULL && out->card < VM_DEVICES) {
		fill_card(vm, &state, out);
	} else if (vm != NULL) {		/* a card that its guest has let go */
		strcpy(out->client, vm->name);
	}
	out->counts = state.counts;
}

struct error_info networks_port_row(const char *name, u32 *index, struct port_row *out)
{
	u32 number;
	struct error_info no = find(name, &number);

	if (no.error != ERR_NONE)
		return no;
	while (*index < SWITCH_PORTS && !switch_port_is_used(number, *index))
		++*index;
	if (*index >= SWITCH_PORTS)
		return error_info_of(ERR_NO_DEVICE, 0, 0);
	fill_port(number, (*index)++, out);
	return ERROR_INFO_NONE;
}

/* A list that is just being written may be mixed: each entry is judged by whoever shows it. */
struct error_info networks_station_rows(const char *name, u32 *index, struct station_rows *out)
{
	u32 number, count;
	struct error_info no = find(name, &number);

	if (no.error != ERR_NONE)
		return no;
	count = (u32)min_u64(switch_figures_at(number)->station_count, SWITCH_STATIONS);
	if (*index >= count)
		return error_info_of(ERR_NO_DEVICE, 0, 0);
	out->index = *index;
	while (*index < count && out->count < STATION_ROWS)
		out->station[out->count++] = switch_figures_at(number)->station[(*index)++];
	return ERROR_INFO_NONE;
}
