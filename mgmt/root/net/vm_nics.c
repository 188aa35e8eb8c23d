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

static bool is_taken(const struct vm *vm, const struct vm_spec *next, u32 n, u64 mac)
{
	for (u32 i = 0; i < next->nic_count; i++)
		if (i != n && (next->nics[i].mac == mac || (i < n && vm->nics[i].mac == mac)))
			return true;
	return vm_with_mac(mac, vm->name) != NULL;
}

void vm_nics_set(struct vm *vm, const struct vm_spec *next)
{
	vms[vm->index] = vm;
	version++;
	for (u32 n = 0; n < next->nic_count; n++) {
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

static enum status make_mem(struct vm *vm, struct object_set *set, u64 address, u64 bytes, u64 *h_mem)
{
	enum status st = object_set_mem(set, bytes, 0, h_mem);

	return st == ST_OK ? pd_fill(vm->pd.h_pd, *h_mem, address, 0, bytes, RW) : st;
}

static enum status build_nic(struct vm *vm, u32 n)
{
	struct vm_nic *nic = &vm->nics[n];
	u64 h_own, h_link;
	enum status st = make_mem(vm, &vm->objects, VMM_NICS + n * VMM_NIC_STRIDE, VMM_NIC_BYTES, &h_own);

	nic->number = switch_find(vm->spec.nics[n].network);
	if (nic->number == SWITCHES)
		return ST_STATE;
	if (st == ST_OK)
		st = make_mem(vm, &vm->links, VMM_NIC_LINKS + n * NET_LINK_STRIDE, NET_LINK_BYTES, &h_link);
	if (st == ST_OK)
		st = switch_port_add(nic->number, h_link, &nic->port);
	nic->has_port = st == ST_OK;
	return st;
}

enum status vm_nics_build(struct vm *vm)
{
	enum status st = ST_OK;

	for (u32 n = 0; n < vm->spec.nic_count && st == ST_OK; n++) {
		memset(&vm->nics[n].last, 0, sizeof(vm->nics[n].last));
		st = build_nic(vm, n);
	}
	return st;
}

void vm_nics_args(const struct vm *vm, struct vmm_args *args)
{
	args->nic_count = vm->spec.nic_count;
	for (u32 n = 0; n < vm->spec.nic_count; n++) {
		args->nics[n].mtu = NIC_MTU;
		for (u32 i = 0; i < sizeof(args->nics[n].mac); i++)
			args->nics[n].mac[i] = (u8)(vm->nics[n].mac >> (MAC_BITS - 8 - 8 * i));
	}
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
			out |= BIT32(n);
	return out;
}

static void set_port(const struct vm *vm, u32 n)
{
	const struct vm_nic *nic = &vm->nics[n];
	const struct nic_spec *spec = &vm->spec.nics[n];
	bool is_out = (spec->flags & NIC_CABLE_OUT) != 0;	/* whatever the guest makes of its link */
	struct port_setup setup = setup_of(vm, n);
	static struct filter_rule rules[FILTER_RULES];		/* too large for the stack */
	u32 count = is_out ? 0 : nic_rules_expand(spec, rules);

	switch_port_rules(nic->number, nic->port, spec->address, rules, count, is_out);
	switch_port_set(nic->number, nic->port, &setup);
}

enum status vm_nics_connect(struct vm *vm)
{
	enum status st = ST_OK;

	for (u32 n = 0; n < vm->spec.nic_count && st == ST_OK; n++) {
		struct port_client client = {
			.h_pd = vm->pd.h_pd, .h_thread = vm->h_threads[0], .slot = VMM_H_NIC + n,
			.badge = VMM_BIT_NIC << n,
		};

		st = switch_port_client(vm->nics[n].number, vm->nics[n].port, &client);
		if (st == ST_OK)
			set_port(vm, n);
	}
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
		if (vm->nics[n].has_port)
			set_port(vm, n);
}

static void await(const struct vm_nic *nic, struct switch_wait *wait)
{
	u64 limit_tsc = switch_port_limit(nic->number, nic->port);

	if (limit_tsc < wait->limit_tsc)
		*wait = (struct switch_wait){ .number = nic->number, .limit_tsc = limit_tsc };
}

bool vm_nics_detach(struct vm *vm, struct switch_wait *wait)
{
	bool is_free = true;

	*wait = (struct switch_wait){ .limit_tsc = DEADLINE_NONE };
	for (u32 n = 0; n < VM_DEVICES; n++) {
		struct vm_nic *nic = &vm->nics[n];

		if (nic->has_port)
			nic->has_port = !switch_port_remove(nic->number, nic->port, &nic->last);
		if (nic->has_port)
			await(nic, wait);
		is_free = is_free && !nic->has_port;
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

const struct vm *vm_with_port(u32 number, u32 port, u32 *card)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = vm_in(i);

		for (u32 n = 0; vm != NULL && n < VM_DEVICES; n++) {
			*card = n;
			if (vm->nics[n].has_port && vm->nics[n].number == number && vm->nics[n].port == port)
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
	const struct vm_nic *nic = &vm->nics[n];
	struct port_state state = { .status = ST_STATE, .counts = nic->last };

	if (nic->has_port)
		switch_port_state(nic->number, nic->port, &state);
	*to = (struct nic_report){
		.mac = nic->mac, .status = state.status, .port = nic->has_port ? nic->port : SWITCH_PORTS,
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
