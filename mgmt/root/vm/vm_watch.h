/* SPDX-License-Identifier: MIT */
/*
 * vm_watch.h - looks at the VMs when somebody signals or time passes.
 */
#ifndef VOS_VM_WATCH_H
#define VOS_VM_WATCH_H

#include "types.h"

struct vm;

/* A VMM has signalled: what is new in the control pages? / A thread has faulted: was it a VMM's? */
void vm_poll_controls(void);

/* Disks have failed, as the store has told: their VMs pause. */
void vm_poll_disks(void);
/* Starts VMs with autostart whose start was refused because a disk was locked, and that can start now. */
void vms_start_unlocked(void);
void vm_poll_faults(void);
/* Some of its memory is damaged: it ends. */
void vm_memory_error(struct vm *vm);

/* Deadlines and endings, a bounded piece of work; when to call again (0 = at once). */
u64 vm_step(void);

#endif
