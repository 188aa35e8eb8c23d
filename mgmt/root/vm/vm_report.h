/* SPDX-License-Identifier: MIT */
/*
 * vm_report.h - what root tells about a VM and about the machine.
 */
#ifndef VOS_VM_REPORT_H
#define VOS_VM_REPORT_H

#include "vm.h"

/* Each takes an *out full of zeros. */
void vm_report_fill(const struct vm *vm, struct vm_report *out);
void vm_stats_fill(const struct vm *vm, struct vm_stats *out);
void host_report_fill(struct host_report *out);
void pcpu_report_fill(u32 index, struct pcpu_report *out);

#endif
