/* SPDX-License-Identifier: MIT */
/*
 * vm_record.h - what a VM has been through, as it lies in a pool beside the definitions: why it ended last, how often
 * it was started again, and where what it printed is. Pure. What is read is foreign.
 */
#ifndef VOS_VM_RECORD_H
#define VOS_VM_RECORD_H

#include "types.h"
#include "vm.h"

/* Little endian, as all of VOS is. */
struct vm_record {
	char name[VM_NAME_BYTES];
	u32 state;		/* VM_DEFINED, also of one that lived; VM_STOPPED or VM_CRASHED */
	u32 reason;		/* enum vm_reason; with rip and what follows: struct stop_info */
	u64 rip, detail;
	u32 last_exit, vmm_fault;
	u32 restarts, crash_restarts;	/* as in struct vm */
	char text[96];
	u64 log;		/* likewise */
	u32 log_slot;
	u32 zero;
};
_Static_assert(sizeof(struct vm_record) == 184, "no gaps");

/* False: there is nothing to say of it. */
bool vm_record_fill(struct vm_record *record, const struct vm *vm);
/* A copy of one that is foreign. */
bool vm_record_ok(const struct vm_record *record);
/* To a VM that was just defined, and has that name. */
void vm_record_restore(const struct vm_record *record, struct vm *vm);

#endif
