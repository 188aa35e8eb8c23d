/* SPDX-License-Identifier: MIT */
/*
 * hot_nics.c - see hot_nics.h.
 */
#include "hot_nics.h"

#include <string.h>

#include "definition_changes.h"
#include "net.h"
#include "root.h"
#include "rt_log.h"
#include "switch_ports.h"
#include "switches.h"
#include "vm_nics.h"

struct error_info hot_nics_judge(const struct vm *vm, bool is_detach)
{
	if (vm->phase == VM_PHASE_PAUSING)
		return error_info_of(ERR_BUSY, 0, 0);
	if (vm->phase != VM_PHASE_LIVE || (is_detach && vm_state_of(vm) == VM_SUSPENDED))
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	return ERROR_INFO_NONE;
}

/* Slots with a card, or with a link that a switch has still. */
static u32 taken_slots(const struct vm *vm)
{
	u32 taken = 0;

	for (u32 slot = 0; slot < VM_DEVICES; slot++)
		if (vm->nic_slots[slot].has_card || vm->nic_slots[slot].h_link != 0)
			taken |= BIT32(slot);
	return taken;
}

/* ---- attach ---- */

static struct error_info judge_ports(const struct vm *vm, const struct vm_spec *next)
{
	u32 wanted[SWITCHES] = { 0 };

	for (u32 n = vm->spec.nic_count; n < next->nic_count; n++) {
		u32 number = switch_find(next->nics[n].network);

		if (number < SWITCHES && ++wanted[number] + switch_ports_used(number) > SWITCH_PORTS)
			return error_info_limit(SWITCH_PORTS, "ports of a switch");
	}
	return ERROR_INFO_NONE;
}

static struct error_info judge_attach(const struct vm *vm, const struct vm_spec *next)
{
	u32 count = next->nic_count - vm->spec.nic_count, room = VM_DEVICES - (u32)__builtin_popcount(taken_slots(vm));
	u64 need = count * (u64)(NET_LINK_BYTES + VMM_NIC_BYTES), free_bytes = vm_free_bytes();
	struct error_info no = vm_nics_judge(vm->name, next);

	if (no.error == ERR_NONE)
		no = judge_ports(vm, next);
	if (no.error == ERR_NONE && count > room)		/* a card that has just left has a slot */
		no = error_info_of(ERR_BUSY, 0, 0);
	if (no.error == ERR_NONE && need > free_bytes)
		no = error_info_of(ERR_NO_MEMORY, need, free_bytes);
	return no;
}

static enum status link_card(struct vm *vm, const struct vm_spec *next, u32 n)
{
	u32 slot = (u32)__builtin_ctz(~taken_slots(vm));
	enum status st = vm_nic_link(vm, slot, next->nics[n].network);

	vm->nics[n].slot = (u8)slot;
	return st;
}

/* Those that were linked go again, in steps. */
static void unlink_from(struct vm *vm, u32 first, u32 end)
{
	for (u32 n = first; n < end; n++)
		vm->nic_slots[vm->nics[n].slot].has_card = false;
}

/* The VMM's words of the card: the generation last. */
static void announce(struct vm *vm, u32 n)
{
	u32 slot = vm->nics[n].slot;
	volatile struct vmm_nic_slot *words = &vm_control(vm)->nics[slot];
	struct vm_nic_slot *s = &vm->nic_slots[slot];
	struct vmm_nic what = vm_nic_of(vm, n);

	s->ejects += s->ejects & 1;
	words->ejects = s->ejects;
	memcpy((void *)(uintptr_t)&words->nic, &what, sizeof(what));
	__atomic_store_n(&words->generation, ++s->generation, __ATOMIC_RELEASE);
}

static void take_spec(struct vm *vm, const struct vm_spec *next)
{
	vm->spec = *next;
	definitions_changed();
	__atomic_store_n(&vm_control(vm)->nics_unplugged, vm_nics_unplugged(vm), __ATOMIC_RELEASE);
	vm_signal(vm);
}

struct error_info hot_nics_attach(struct vm *vm, const struct vm_spec *next, bool is_dry_run)
{
	u32 first = vm->spec.nic_count, linked = first;
	struct error_info no = judge_attach(vm, next);
	static struct vm_spec before;	/* too large for the stack */
	enum status st = ST_OK;

	if (no.error != ERR_NONE || is_dry_run)
		return no;
	while (linked < next->nic_count && st == ST_OK) {
		st = link_card(vm, next, linked);
		linked += st == ST_OK;
	}
	before = vm->spec;
	vm_nics_set(vm, next, first);
	vm->spec = *next;
	for (u32 n = first; n < next->nic_count && st == ST_OK; n++)
		st = vm_nic_connect(vm, n);
	if (st != ST_OK) {
		vm->spec = before;
		vm_nics_set(vm, &before, first);
		unlink_from(vm, first, linked);
		return st == ST_NOMEM ? error_info_of(ERR_NO_MEMORY, NET_LINK_BYTES + VMM_NIC_BYTES, vm_free_bytes()) :
					error_info_status(st);
	}
	for (u32 n = first; n < next->nic_count; n++)
		announce(vm, n);
	take_spec(vm, next);
	return no;
}

/* ---- detach ---- */

void hot_nics_without(const struct vm *vm, u32 n, struct vm_spec *next)
{
	*next = vm->spec;
	for (u32 i = n; i + 1 < vm->spec.nic_count; i++) {
		next->nics[i] = vm->spec.nics[i + 1];
		next->nics[i].mac = vm->nics[i + 1].mac;
	}
	next->nic_count--;
	memset(&next->nics[next->nic_count], 0, sizeof(next->nics[0]));
}

struct hot_nic hot_nic_of(const struct vm *vm, u32 n)
{
	return (struct hot_nic){ vm->nics[n].slot, vm->nic_slots[vm->nics[n].slot].generation };
}

bool hot_nic_is_there(const struct vm *vm, struct hot_nic nic)
{
	return vm->nic_slots[nic.slot].has_card && vm->nic_slots[nic.slot].generation == nic.generation;
}

void hot_nic_ask(struct vm *vm, struct hot_nic nic, bool is_asked)
{
	if (!hot_nic_is_there(vm, nic) || (vm->nic_slots[nic.slot].ejects & 1) == is_asked)
		return;
	vm_control(vm)->nics[nic.slot].ejects = ++vm->nic_slots[nic.slot].ejects;
	vm_signal(vm);
}

/* What its VMM says of the card that the slot has now, or had last. */
static u32 news_of(const struct vm *vm, u32 slot)
{
	u64 word = __atomic_load_n(&vm_control(vm)->nic_news[slot], __ATOMIC_ACQUIRE);

	return (u32)word == vm->nic_slots[slot].generation ? (u32)(word >> 32) : VMM_DISK_STAYS;
}

static void leave(struct vm *vm, u32 slot, bool is_refused)
{
	static struct vm_spec next;	/* too large for the stack */
	bool is_asked = (vm->nic_slots[slot].ejects & 1) != 0;
	u32 n = vm_nic_in(vm, slot);

	if (is_refused)
		rt_log("root: VM %s: its VMM can't make a device of network card %u", vm->name, (unsigned)n);
	else
		rt_log("root: VM %s: its guest has let go of network card %u, on %s%s", vm->name, (unsigned)n,
		       vm->spec.nics[n].network, is_asked ? "" : ", which nobody asked for");
	hot_nics_without(vm, n, &next);
	vm->nic_slots[slot].has_card = false;
	for (u32 i = n; i < next.nic_count; i++)
		vm->nics[i] = vm->nics[i + 1];
	vm_nics_set(vm, &next, next.nic_count);
	take_spec(vm, &next);
}

void hot_nics_watch(struct vm *vm)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		u32 news = news_of(vm, slot);

		if ((news == VMM_DISK_GONE || news == VMM_DISK_REFUSED) && vm_nic_in(vm, slot) < VM_DEVICES)
			leave(vm, slot, news == VMM_DISK_REFUSED);
	}
}

bool hot_nics_step(struct vm *vm, struct switch_wait *wait)
{
	bool is_done = true;

	*wait = (struct switch_wait){ .limit_tsc = DEADLINE_NONE };
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		struct switch_wait its;

		if (vm->nic_slots[slot].has_card || vm->nic_slots[slot].h_link == 0 || vm_nic_unlink(vm, slot, &its))
			continue;
		is_done = false;
		if (its.limit_tsc < wait->limit_tsc)
			*wait = its;
	}
	return is_done;
}
