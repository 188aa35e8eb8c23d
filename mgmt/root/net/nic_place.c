/* SPDX-License-Identifier: MIT */
/*
 * nic_place.c - see nic_place.h.
 */
#include "nic_place.h"

#include <string.h>

#include "captures.h"
#include "router_ports.h"
#include "routers.h"
#include "switches.h"
#include "uplinks.h"
#include "vm.h"

static bool find_vm(const char *name, u32 number, struct nic_place *out)
{
	const struct vm *vm = vm_find(name);

	if (vm == NULL || number >= vm->spec.nic_count)
		return false;
	*out = (struct nic_place){
		.kind = NIC_OF_VM, .switch_number = switch_find(vm->spec.nics[number].network), .owner = vm->index,
		.vm_id = vm->id, .mac = vm->nics[number].mac,
	};
	return out->switch_number < SWITCHES;
}

static bool find_router(const char *name, u32 number, struct nic_place *out)
{
	static const char prefix[] = ROUTER_SERVICE_PREFIX;
	u32 router = router_find(name), port;

	if (router == ROUTERS && strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		router = router_find(name + sizeof(prefix) - 1);
	*out = (struct nic_place){ .kind = NIC_OF_ROUTER, .owner = router, .port = number };
	return router_port_place(router, number, &out->switch_number, &port);
}

static bool find_uplink(const char *name, struct nic_place *out)
{
	*out = (struct nic_place){ .kind = NIC_OF_MACHINE };
	while (out->switch_number < SWITCHES && !(switch_is_there(out->switch_number) &&
						   strcmp(uplink_name(out->switch_number), name) == 0))
		out->switch_number++;
	if (out->switch_number == SWITCHES)
		return false;
	while (out->port < SWITCH_PORTS && !uplink_is(out->switch_number, out->port))
		out->port++;
	return out->port < SWITCH_PORTS;
}

struct error_info nic_place_find(const char *name, u32 number, struct nic_place *out)
{
	bool is_found = number == CAPTURE_UPLINK ? find_uplink(name, out)
						 : find_vm(name, number, out) || find_router(name, number, out);

	return is_found ? ERROR_INFO_NONE : error_info_about(ERR_CAPTURE_CARD, name);
}

static bool vm_now(const struct nic_place *place, u32 *port)
{
	const struct vm *vm = vm_at(place->owner);
	const struct vm_nic_slot *slot;
	u32 n = 0;

	if (vm == NULL || vm->id != place->vm_id)
		return false;
	while (n < vm->spec.nic_count && vm->nics[n].mac != place->mac)
		n++;
	if (n == vm->spec.nic_count || switch_find(vm->spec.nics[n].network) != place->switch_number)
		return false;
	slot = &vm->nic_slots[vm->nics[n].slot];
	*port = slot->has_port && slot->has_card && slot->number == place->switch_number ? slot->port : SWITCH_PORTS;
	return true;
}

bool nic_place_now(const struct nic_place *place, u32 *port)
{
	u32 number;

	switch (place->kind) {
	case NIC_OF_VM:
		return vm_now(place, port);
	case NIC_OF_ROUTER:
		return router_is_there(place->owner) && router_port_place(place->owner, place->port, &number, port) &&
		       number == place->switch_number;
	case NIC_OF_MACHINE:
		*port = place->port;
		return uplink_is(place->switch_number, place->port);
	}
	return false;
}
