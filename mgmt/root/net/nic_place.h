/* SPDX-License-Identifier: MIT */
/*
 * nic_place.h - a network card as an operator names it, of a VM, of a router or of the machine: which port of which
 * switch it has now.
 */
#ifndef VOS_NIC_PLACE_H
#define VOS_NIC_PLACE_H

#include "error_info.h"
#include "types.h"

enum nic_place_kind { NIC_OF_VM, NIC_OF_ROUTER, NIC_OF_MACHINE };

struct nic_place {
	enum nic_place_kind kind;
	u32 switch_number;	/* it is gone when it is on another one */
	u32 owner;		/* index of the VM, number of the router */
	u64 vm_id, mac;		/* NIC_OF_VM: others are other cards, whatever their number */
	u32 port;		/* NIC_OF_ROUTER: of the router; NIC_OF_MACHINE: of the switch */
};

/* By a name that is judged (spec_name_ok): of a VM, a router or a router's service, with the number of its card or
 * port; or of a card of the machine, with CAPTURE_UPLINK. ERR_CAPTURE_CARD: there is none. */
struct error_info nic_place_find(const char *name, u32 number, struct nic_place *out);

/* False: it is gone. *port: its port, or SWITCH_PORTS while it has none. */
bool nic_place_now(const struct nic_place *place, u32 *port);

#endif
