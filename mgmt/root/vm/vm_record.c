/* SPDX-License-Identifier: MIT */
/*
 * vm_record.c - see vm_record.h.
 */
#include "vm_record.h"

#include <string.h>

#include "spec.h"

/* One that lives, or is about to start again, is not at rest when VOS ends: then it is only defined. */
static enum vm_state state_at_rest(const struct vm *vm)
{
	return vm->phase == VM_PHASE_IDLE ? vm->idle_state : VM_DEFINED;
}

bool vm_record_fill(struct vm_record *record, const struct vm *vm)
{
	const struct stop_info *stop = &vm->stop_info;

	*record = (struct vm_record){
		.state = state_at_rest(vm), .reason = stop->reason, .rip = stop->rip, .detail = stop->detail,
		.last_exit = stop->last_exit, .vmm_fault = stop->vmm_fault,
		.restarts = vm->restarts, .crash_restarts = vm->crash_restarts,
		.log = vm->log, .log_slot = vm->log_slot,
	};
	strcpy(record->name, vm->name);
	memcpy(record->text, stop->text, sizeof(record->text));
	return record->state != VM_DEFINED || record->restarts != 0 || record->log != 0;
}

bool vm_record_ok(const struct vm_record *r)
{
	bool is_at_rest = r->state == VM_DEFINED || r->state == VM_STOPPED || r->state == VM_CRASHED;

	return spec_name_ok(r->name) && is_at_rest && r->reason < STOP_COUNT && r->crash_restarts <= r->restarts &&
	       r->log_slot < VM_COUNT &&
	       memchr(r->text, '\0', sizeof(r->text)) != NULL;
}

void vm_record_restore(const struct vm_record *r, struct vm *vm)
{
	vm->idle_state = r->state;
	vm->restarts = vm->reported_restarts = r->restarts;
	vm->crash_restarts = r->crash_restarts;
	vm->log = r->log;
	vm->log_slot = r->log_slot;
	vm->stop_info = (struct stop_info){
		.reason = r->reason, .last_exit = r->last_exit, .rip = r->rip, .vmm_fault = r->vmm_fault,
		.is_crash = r->state == VM_CRASHED, .detail = r->detail,
	};
	memcpy(vm->stop_info.text, r->text, sizeof(r->text));
	vm->reported_state = vm->idle_state;
}
