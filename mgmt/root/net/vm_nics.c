/* SPDX-License-Identifier: MIT */
/*
 * vm_nics.c - see vm_nics.h.
 */
#include "vm_nics.h"

#include <string.h>

#include "nic_mac.h"
#include "nic_rules.h"
#include "pd.h"
#include "routers.h"
#include "switch_ports.h"
#include "switches.h"
#include "sys.h"

#define RW (RIGHT_R | RIGHT_W)
#define NIC_MTU 1500u
#define ETHERNET_HEADER_BYTES 14u
#define NIC_FLOODS 1000u	/* frames a second that it sends to many: ARP, DHCP and IPv6 need a few */
#define UNGUARDED_ADDRESSES 64u

/* By index; one that was deleted is not used any more. */
static const struct vm *vms[VM_COUNT];

static u32 version;

u32 vm_nics_version(void)
{
	return version;
}

void vm_nics_forget(void)
{
	version++;
}

static const struct vm *vm_in(u32 index)
{
	return vms[index] != NULL && vms[index]->is_used ? vms[index] : NULL;
}

/* ---- judging ---- */

/* The VM, except that one, with a card of that address. */
static const struct vm *vm_with_mac(u64 mac, const char *except)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = vm_in(i);

		for (u32 n = 0; vm != NULL && strcmp(vm->name, except) != 0 && n < vm->spec.nic_count; n++)
			if (vm->nics[n].mac == mac)
				return vm;
	}
	return NULL;
}

static bool is_given_twice(const struct vm_spec *spec, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (spec->nics[i].mac == spec->nics[n].mac)
			return true;
	return false;
}

static struct error_info judge_mac(const char *name, const struct vm_spec *spec, u32 n)
{
	const struct vm *other;

	if (spec->nics[n].mac == 0)
		return ERROR_INFO_NONE;
	if (is_given_twice(spec, n))
		return error_info_about(ERR_MAC_TAKEN, name);
	other = vm_with_mac(spec->nics[n].mac, name);
	return other != NULL ? error_info_about(ERR_MAC_TAKEN, other->name) : ERROR_INFO_NONE;
}

/* An address is one station's in its switch and VLAN. */
static bool has_address(const struct vm_spec *spec, u32 cards, const char *network, u32 vlan, u32 address)
{
	for (u32 n = 0; n < cards; n++)
		if (spec->nics[n].address == address && vlan_or_default(spec->nics[n].vlan) == vlan_or_default(vlan) &&
		    strcmp(spec->nics[n].network, network) == 0)
			return true;
	return false;
}

const struct vm *vm_with_address(const char *network, u32 vlan, u32 address, const char *except)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = vm_in(i);

		if (vm != NULL && strcmp(vm->name, except) != 0 &&
		    has_address(&vm->spec, vm->spec.nic_count, network, vlan, address))
			return vm;
	}
	return NULL;
}

static struct error_info judge_address(const char *name, const struct vm_spec *spec, u32 n)
{
	const struct nic_spec *wanted = &spec->nics[n];
	const struct vm *other;
	u32 router;

	if (wanted->address == 0)
		return ERROR_INFO_NONE;
	if (has_address(spec, n, wanted->network, wanted->vlan, wanted->address))
		return error_info_about(ERR_ADDRESS_TAKEN, name);
	other = vm_with_address(wanted->network, wanted->vlan, wanted->address, name);
	if (other != NULL)
		return error_info_about(ERR_ADDRESS_TAKEN, other->name);
	router = router_with_address(wanted->network, wanted->vlan, wanted->address);
	return router < ROUTERS ? error_info_about(ERR_ADDRESS_TAKEN, router_service_name(router)) : ERROR_INFO_NONE;
}

struct error_info vm_nics_judge(const char *name, const struct vm_spec *spec)
{
	struct error_info no = ERROR_INFO_NONE;

	if (spec->disk_count + spec->nic_count > VM_DEVICES)
		return error_info_limit(VM_DEVICES, "disks and network cards of a VM");
	for (u32 n = 0; n < spec->nic_count && no.error == ERR_NONE; n++) {
		if (switch_find(spec->nics[n].network) == SWITCHES)
			return error_info_about(ERR_NO_SWITCH, spec->nics[n].network);
		no = judge_mac(name, spec, n);
		if (no.error == ERR_NONE)
			no = judge_address(name, spec, n);
	}
	return no;
}

/* ---- addresses ---- */

/* Those before it have theirs. */
static bool is_taken(const struct vm *vm, const struct vm_spec *next, u32 n, u64 mac)
{
	for (u32 i = 0; i < next->nic_count; i++)
		if (i != n && (next->nics[i].mac == mac || (i < n && vm->nics[i].mac == mac)))
			return true;
	return vm_with_mac(mac, vm->name) != NULL;
}

void vm_nics_set(struct vm *vm, const struct vm_spec *next, u32 first)
{
	vms[vm->index] = vm;
	version++;
	for (u32 n = first; n < next->nic_count; n++) {
		u64 mac = next->nics[n].mac;

		for (u32 attempt = 0; mac == 0; attempt++) {
			mac = nic_mac_of(vm->name, n, attempt);
			if (is_taken(vm, next, n, mac))
				mac = 0;
		}
		vm->nics[n].mac = mac;
	}
}

/* ---- while it lives ---- */

struct error_info vm_nics_find_ports(const struct vm *vm)
{
	u32 wanted[SWITCHES] = { 0 };

	for (u32 n = 0; n < vm->spec.nic_count; n++) {
		u32 number = switch_find(vm->spec.nics[n].network);

		if (number < SWITCHES && ++wanted[number] + switch_ports_used(number) > SWITCH_PORTS)
			return error_info_limit(SWITCH_PORTS, "ports of a switch");
	}
	return ERROR_INFO_NONE;
}

static u64 link_address(u32 slot)
{
	return VMM_NIC_LINKS + slot * NET_LINK_STRIDE;
}

static void unmap(const struct vm *vm, u64 address, u64 bytes)
{
	while (sys_mem_unmap(vm->pd.h_pd, address, bytes) == ST_AGAIN)
		;
}

/* All of it, so that the VMM never faults for want of memory; or nothing. */
static enum status map(const struct vm *vm, u64 h_mem, u64 address, u64 bytes)
{
	enum status st = pd_map(vm->pd.h_pd, h_mem, address, bytes, RW);

	if (st != ST_OK)
		return st;
	st = pd_fill(vm->pd.h_pd, h_mem, address, 0, bytes, RW);
	if (st != ST_OK)
		unmap(vm, address, bytes);
	return st;
}

/* A MEM of that set, mapped: its handle, 0 on a failure. */
static enum status make_mem(struct vm *vm, struct object_set *set, u64 address, u64 bytes, u64 *h_mem)
{
	enum status st = object_set_mem(set, bytes, 0, h_mem);

	if (st == ST_OK) {
		st = map(vm, *h_mem, address, bytes);
		if (st != ST_OK)
			object_set_drop_mem(set, *h_mem);
	}
	if (st != ST_OK)
		*h_mem = 0;
	return st;
}

static void drop_link(struct vm *vm, u32 slot)
{
	unmap(vm, link_address(slot), NET_LINK_BYTES);
	object_set_drop_mem(&vm->links, vm->nic_slots[slot].h_link);
	vm->nic_slots[slot].h_link = 0;
}

enum status vm_nic_link(struct vm *vm, u32 slot, const char *network)
{
	struct vm_nic_slot *s = &vm->nic_slots[slot];
	enum status st = ST_OK;

	memset(&s->last, 0, sizeof(s->last));
	s->number = switch_find(network);
	if (s->number == SWITCHES)
		return ST_STATE;
	if (s->h_own == 0)
		st = make_mem(vm, &vm->objects, VMM_NICS + slot * VMM_NIC_STRIDE, VMM_NIC_BYTES, &s->h_own);
	if (st == ST_OK)
		st = make_mem(vm, &vm->links, link_address(slot), NET_LINK_BYTES, &s->h_link);
	if (st != ST_OK)
		return st;
	st = switch_port_add(s->number, s->h_link, &s->port);
	s->has_port = s->has_card = st == ST_OK;
	if (st != ST_OK)
		drop_link(vm, slot);
	return st;
}

bool vm_nic_unlink(struct vm *vm, u32 slot, struct switch_wait *wait)
{
	struct vm_nic_slot *s = &vm->nic_slots[slot];

	s->has_card = false;
	if (s->has_port && !switch_port_remove(s->number, s->port, &s->last)) {
		wait->number = s->number;
		wait->limit_tsc = switch_port_limit(s->number, s->port);
		return false;
	}
	s->has_port = false;
	if (s->h_link != 0)
		drop_link(vm, slot);
	return true;
}

enum status vm_nics_build(struct vm *vm)
{
	enum status st = ST_OK;

	memset(vm->nic_slots, 0, sizeof(vm->nic_slots));
	for (u32 n = 0; n < vm->spec.nic_count && st == ST_OK; n++) {
		vm->nics[n].slot = (u8)n;
		st = vm_nic_link(vm, n, vm->spec.nics[n].network);
	}
	return st;
}

struct vmm_nic vm_nic_of(const struct vm *vm, u32 n)
{
	struct vmm_nic out = { .mtu = NIC_MTU };

	for (u32 i = 0; i < sizeof(out.mac); i++)
		out.mac[i] = (u8)(vm->nics[n].mac >> (MAC_BITS - 8 - 8 * i));
	return out;
}

void vm_nics_args(const struct vm *vm, struct vmm_args *args)
{
	args->nic_count = vm->spec.nic_count;
	for (u32 n = 0; n < vm->spec.nic_count; n++)
		args->nics[n] = vm_nic_of(vm, n);
}

static struct port_setup setup_of(const struct vm *vm, u32 n)
{
	const struct nic_spec *spec = &vm->spec.nics[n];
	bool is_guarded = (spec->flags & NIC_UNGUARDED) == 0;

	return (struct port_setup){
		.flags = (spec->flags & NIC_MIRROR) != 0 ? PORT_MIRROR : 0,
		.mac = vm->nics[n].mac, .from_rate = spec->rate, .to_rate = spec->rate, .flood_rate = NIC_FLOODS,
		.guard = is_guarded ? GUARD_ALL : 0, .max_bytes = ETHERNET_HEADER_BYTES + NIC_MTU,
		.most_addresses = is_guarded ? 0 : UNGUARDED_ADDRESSES,
		.vlan = (u16)vlan_or_default(spec->vlan),
	};
}

u32 vm_nics_unplugged(const struct vm *vm)
{
	u32 out = 0;

	for (u32 n = 0; n < vm->spec.nic_count; n++)
		if ((vm->spec.nics[n].flags & NIC_CABLE_OUT) != 0)
			out |= BIT32(vm->nics[n].slot);
	return out;
}

static void set_port(const struct vm *vm, u32 n)
{
	const struct vm_nic_slot *nic = &vm->nic_slots[vm->nics[n].slot];
	const struct nic_spec *spec = &vm->spec.nics[n];
	bool is_out = (spec->flags & NIC_CABLE_OUT) != 0;	/* whatever the guest makes of its link */
	struct port_setup setup = setup_of(vm, n);
	static struct filter_rule rules[FILTER_RULES];		/* too large for the stack */
	u32 count = is_out ? 0 : nic_rules_expand(spec, rules);

	switch_port_rules(nic->number, nic->port, spec->address, rules, count, is_out);
	switch_port_set(nic->number, nic->port, &setup);
}

enum status vm_nic_connect(struct vm *vm, u32 n)
{
	u32 slot = vm->nics[n].slot;
	struct port_client client = {
		.h_pd = vm->pd.h_pd, .h_thread = vm->h_threads[0], .slot = VMM_H_NIC + slot,
		.badge = VMM_BIT_NIC << slot,
	};
	enum status st = switch_port_client(vm->nic_slots[slot].number, vm->nic_slots[slot].port, &client);

	if (st == ST_OK)
		set_port(vm, n);
	return st;
}

enum status vm_nics_connect(struct vm *vm)
{
	enum status st = ST_OK;

	for (u32 n = 0; n < vm->spec.nic_count && st == ST_OK; n++)
		st = vm_nic_connect(vm, n);
	return st;
}

/* ---- changes while it lives ---- */

bool vm_nics_are_same(const struct vm *vm, const struct vm_spec *wanted)
{
	if (wanted->nic_count != vm->spec.nic_count)
		return false;
	for (u32 n = 0; n < wanted->nic_count; n++) {
		const struct nic_spec *nic = &wanted->nics[n];

		if (strncmp(nic->network, vm->spec.nics[n].network, sizeof(nic->network)) != 0 ||
		    (nic->mac != 0 && nic->mac != vm->nics[n].mac))
			return false;
	}
	return true;
}

void vm_nics_keep(const struct vm *vm, struct vm_spec *next)
{
	for (u32 n = 0; n < vm->spec.nic_count; n++)
		next->nics[n].mac = vm->spec.nics[n].mac;
}

void vm_nics_change(struct vm *vm)
{
	version++;
	for (u32 n = 0; n < vm->spec.nic_count; n++)
		if (vm->nic_slots[vm->nics[n].slot].has_port)
			set_port(vm, n);
}

bool vm_nics_detach(struct vm *vm, struct switch_wait *wait)
{
	bool is_free = true;

	*wait = (struct switch_wait){ .limit_tsc = DEADLINE_NONE };
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		struct vm_nic_slot *nic = &vm->nic_slots[slot];

		if (nic->has_port)
			nic->has_port = !switch_port_remove(nic->number, nic->port, &nic->last);
		if (!nic->has_port)
			continue;
		is_free = false;
		if (switch_port_limit(nic->number, nic->port) < wait->limit_tsc)
			*wait = (struct switch_wait){ .number = nic->number,
						      .limit_tsc = switch_port_limit(nic->number, nic->port) };
	}
	return is_free;
}

/* ---- what is told ---- */

const struct vm *vm_with_switch(const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = vm_in(i);

		for (u32 n = 0; vm != NULL && n < vm->spec.nic_count; n++)
			if (strcmp(vm->spec.nics[n].network, name) == 0)
				return vm;
	}
	return NULL;
}

u32 vm_nic_in(const struct vm *vm, u32 slot)
{
	u32 n = 0;

	while (n < vm->spec.nic_count && vm->nics[n].slot != slot)
		n++;
	return vm->nic_slots[slot].has_card && n < vm->spec.nic_count ? n : VM_DEVICES;
}

const struct vm *vm_with_port(u32 number, u32 port, u32 *card)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = vm_in(i);

		for (u32 slot = 0; vm != NULL && slot < VM_DEVICES; slot++) {
			const struct vm_nic_slot *s = &vm->nic_slots[slot];

			if (!s->has_port || s->number != number || s->port != port)
				continue;
			*card = vm_nic_in(vm, slot);
			return vm;
		}
	}
	return NULL;
}

static u64 sum_of(const u64 *drops)
{
	u64 sum = 0;

	for (u32 i = 0; i < DROP_COUNT; i++)
		sum += drops[i];
	return sum;
}

static void report_nic(const struct vm *vm, u32 n, struct nic_report *to)
{
	const struct vm_nic_slot *slot = &vm->nic_slots[vm->nics[n].slot];
	struct port_state state = { .status = ST_STATE, .counts = slot->last };

	if (slot->has_port)
		switch_port_state(slot->number, slot->port, &state);
	*to = (struct nic_report){
		.mac = vm->nics[n].mac, .status = state.status, .port = slot->has_port ? slot->port : SWITCH_PORTS,
		.sent_frames = state.counts.from_frames, .sent_bytes = state.counts.from_bytes,
		.got_frames = state.counts.to_frames, .got_bytes = state.counts.to_bytes,
		.drops = sum_of(state.counts.drops),
	};
	memcpy(to->address, state.address, sizeof(to->address));
}

void vm_nics_report(const struct vm *vm, struct vm_report *out)
{
	for (u32 n = 0; n < vm->spec.nic_count; n++)
		report_nic(vm, n, &out->nics[n]);
}

void vm_nics_stats(const struct vm *vm, struct vm_stats *out)
{
	out->nic_count = vm->spec.nic_count;
	for (u32 n = 0; n < vm->spec.nic_count; n++) {
		memcpy(out->nics[n].network, vm->spec.nics[n].network, sizeof(out->nics[n].network));
		report_nic(vm, n, &out->nics[n].report);
	}
}
