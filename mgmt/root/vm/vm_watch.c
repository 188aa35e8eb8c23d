/* SPDX-License-Identifier: MIT */
/*
 * vm_watch.c - see vm_watch.h. What is seen is an input of lifecycle.h's table, like an operator's request.
 */
#include "vm_cd.h"
#include "vm_watch.h"

#include "definitions.h"

#include "hot_disks.h"
#include "hot_nics.h"
#include "link_rules.h"
#include "root.h"
#include "rt_log.h"
#include "switch_watch.h"
#include "sys.h"
#include "vm.h"
#include "vm_disks.h"
#include "vm_nics.h"
#include "volume_link.h"
#include "volumes.h"

#include <stdio.h>

#define VOLUMES_LIMIT_NS (30 * NS_PER_S)	/* for its disk to say that a volume is deleted */

static void internal_event(struct vm *vm, enum input input)
{
	static const struct request_context none;

	(void)vm_input(vm, input, &none);
}

void vm_poll_controls(void)
{
	for (u32 i = 0; i < vms_end(); i++) {
		struct vm *vm = vm_at(i);
		u32 phase, is_paused;

		if (!vm_is_alive(vm))
			continue;
		hot_disks_watch(vm);
		hot_nics_watch(vm);
		vm_cd_watch(vm, vm_control(vm));
		phase = vm_control(vm)->phase;
		is_paused = vm_control(vm)->is_paused;
		if (phase == PHASE_ENDED)
			internal_event(vm, IN_ENDED);
		else if (phase == PHASE_RUNNING && vm->phase == VM_PHASE_LOADING)
			internal_event(vm, IN_RUNNING);
		else if (is_paused == vm->pause_wish && vm->phase == VM_PHASE_PAUSING)
			internal_event(vm, IN_PAUSED);
	}
}

static bool has_fault(const struct vm *vm)
{
	for (u32 i = 0; i < vm->spec.cpus; i++) {
		u64 kind = 0;

		if (sys_thread_ctl(vm->h_threads[i], THREAD_GET_FAULT, FAULT_KIND, 0, &kind) == ST_OK && kind != 0)
			return true;
	}
	return false;
}

void vm_poll_faults(void)
{
	for (u32 i = 0; i < vms_end(); i++)
		if (vm_is_alive(vm_at(i)) && has_fault(vm_at(i)))
			internal_event(vm_at(i), IN_FAULT);
}

void vm_memory_error(struct vm *vm)
{
	vm->is_memory_damaged = true;
	internal_event(vm, IN_FAULT);
	vm->is_memory_damaged = false;
}

/* Volumes go when nothing else of the VM is left. Those whose disk does not answer are deleted when it does. */
static bool are_volumes_gone(struct vm *vm, u64 now)
{
	struct error_info no;

	if (vm->after_teardown != AFTER_DELETE)
		return true;
	if (!definitions_are_kept(vm->deletion, &no))
		return false;		/* in a step of theirs, after which root goes on */
	if (vm->are_disks_kept)
		return true;
	if (vm->deadline_tsc == DEADLINE_NONE) {
		vm_disks_drop(vm);
		vm->deadline_tsc = rt_time_after(&root.time, VOLUMES_LIMIT_NS);
	}
	return vm_disks_are_gone(vm, &no) || vm->deadline_tsc <= now;
}

static u64 end_step(struct vm *vm, u64 now)
{
	struct switch_wait wait;
	bool is_unplugged = vm_nics_detach(vm, &wait);

	if (object_set_release_step(&vm->objects) != ST_OK)
		return 0;
	if (!is_unplugged)
		return switch_watch(wait.number, wait.limit_tsc, now);
	if (!vm_disks_detach(vm))
		return DEADLINE_NONE;	/* a signal of the store wakes root */
	if (object_set_release_step(&vm->links) != ST_OK)
		return 0;
	hot_disks_end(vm);
	if (!are_volumes_gone(vm, now))
		return vm->deadline_tsc;
	internal_event(vm, IN_GONE);
	return 0;
}

static void take_trouble(struct vm *vm, const struct volume *v, enum disk_trouble trouble)
{
	char disk[16] = "";

	if (v->disk < VM_DEVICES)		/* else it is leaving */
		snprintf(disk, sizeof(disk), "disk %u, ", (unsigned)v->disk);
	snprintf(vm->disk_failure, sizeof(vm->disk_failure), "%svolume %s", disk, v->name);
	rt_log("root: VM %s: %s%s", vm->name, vm->disk_failure, trouble == DISK_POOL_FULL
		? ": the pool is full; it pauses until there is room" : " failed; it pauses, resume-vm tries again");
	vm->disk_trouble = trouble;
}

/* One that does not stand still needs not go on. */
static void take_room(struct vm *vm)
{
	bool is_full = vm->disk_trouble == DISK_POOL_FULL;

	if (vm->phase == VM_PHASE_PAUSING || vm->phase == VM_PHASE_PAUSED) {
		vm->disk_trouble = is_full ? DISK_POOL_HAS_ROOM : vm->disk_trouble;
		return;
	}
	vm->disk_trouble = is_full ? DISK_NO_TROUBLE : vm->disk_trouble;
	vm_disks_retry(vm);
}

void vm_poll_disks(void)
{
	enum link_news news;
	u32 link;

	while (link_rules_news(&link, &news)) {
		struct vm *vm = vm_at(link / VM_DEVICES);
		const struct volume *v = vm_is_alive(vm) ? vm_volume_in(vm, link % VM_DEVICES) : NULL;

		if (link >= VM_COUNT * VM_DEVICES && news == LINK_POOL_FULL)
			volume_link_failed(link);
		if (v == NULL)
			continue;
		if (news == LINK_POOL_HAS_ROOM)
			take_room(vm);
		else if (vm->disk_trouble == DISK_NO_TROUBLE)
			take_trouble(vm, v, news == LINK_POOL_FULL ? DISK_POOL_FULL : DISK_FAILED);
	}
}

/* For a disk: pauses, or goes on unless an operator has paused it too. */
static void follow_disks(struct vm *vm)
{
	if (vm->disk_trouble != DISK_NO_TROUBLE && vm->phase == VM_PHASE_LIVE)
		internal_event(vm, IN_PAUSE);
	if (vm->disk_trouble != DISK_POOL_HAS_ROOM || vm->phase != VM_PHASE_PAUSED || vm->is_pause_asked)
		return;
	rt_log("root: VM %s goes on: the pool may have room", vm->name);
	internal_event(vm, IN_RESUME);
}

static u64 step_one(struct vm *vm, u64 now)
{
	u64 cards = DEADLINE_NONE;
	struct switch_wait wait;

	if (vm->phase == VM_PHASE_ENDING)
		return end_step(vm, now);
	if (lifecycle_has_objects(vm->phase)) {
		hot_disks_step(vm);
		if (!hot_nics_step(vm, &wait) && wait.limit_tsc != DEADLINE_NONE)
			cards = switch_watch(wait.number, wait.limit_tsc, now);
	}
	if (vm->deadline_tsc <= now) {
		internal_event(vm, IN_TIMEOUT);
		return 0;
	}
	follow_disks(vm);
	if (vm->phase == VM_PHASE_LOADING && vm->is_filling) {
		enum status st = vm_fill_step(vm);

		if (st != ST_OK && st != ST_AGAIN)
			internal_event(vm, IN_FAULT);
		return 0;
	}
	return cards < vm->deadline_tsc ? cards : vm->deadline_tsc;
}

u64 vm_step(void)
{
	u64 now = rt_time_tsc(), next = DEADLINE_NONE;

	for (u32 i = 0; i < vms_end(); i++) {
		struct vm *vm = vm_at(i);
		u64 again = vm != NULL ? step_one(vm, now) : DEADLINE_NONE;

		if (again < next)
			next = again;
	}
	return next;
}

void vms_start_unlocked(void)
{
	static const struct request_context ours;

	for (u32 i = 0; i < vms_end(); i++) {
		struct vm *vm = vm_at(i);

		if (vm != NULL && vm_waits_for_key(vm) && vm_disks_judge_keys(vm).error == ERR_NONE)
			(void)vm_input(vm, IN_START, &ours);
	}
}
