/*
 * vm_report.h - what root tells about a VM and about the machine.
 */
#ifndef VOS_VM_REPORT_H
#define VOS_VM_REPORT_H

#include "vm.h"

/* Every byte of *out is written; out is zeroed by the caller. */
void vm_report_fill(const struct vm *vm, struct vm_report *out);
void host_report_fill(struct host_report *out);

#endif
