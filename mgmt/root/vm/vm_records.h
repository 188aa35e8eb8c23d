/* SPDX-License-Identifier: MIT */
/*
 * vm_records.h - the records (vm_record.h) of all VMs, as a pool keeps them behind the definitions' text; and those
 * that were read there, until VMs of their names are defined by that text.
 */
#ifndef VOS_VM_RECORDS_H
#define VOS_VM_RECORDS_H

#include "vm_record.h"

#define VM_RECORDS_BYTES (VM_COUNT * sizeof(struct vm_record))

/* Foreign bytes of a pool: those that are right are known from now on, and others no more. */
void vm_records_load(const u8 *bytes, u64 count);
/* A VM has its log in that slot, or a record that was read says so. */
bool vm_records_have_log(u32 slot);
/* The text that they came with defines that VM just now. */
void vm_records_restore(struct vm *vm);
/* Of all VMs, then of those that are not defined, as their disk is missing. bytes[VM_RECORDS_BYTES]; returns how many
 * of these. */
u64 vm_records_fill(u8 *bytes);

#endif
