/* SPDX-License-Identifier: MIT */
/*
 * hot_disks.h - disks that a VM gets and loses while it runs: root's side of struct vmm_disk_slot (vm_layout.h).
 *
 * A disk that the guest has ejected, asked or not, is at once no disk of the VM's spec any more. Its volume is free
 * when the guest's requests are done and the store has given the link back. What a VMM says counts only for disks that
 * its VM has.
 */
#ifndef VOS_HOT_DISKS_H
#define VOS_HOT_DISKS_H

#include "error_info.h"
#include "request.h"
#include "vm.h"

/* May its disks change now? It runs, and a guest that is to let a disk go is not suspended. */
struct error_info hot_disks_judge(const struct vm *vm, bool is_detach);
/* Give it the disks of `wanted`: its own, and behind them others; nothing else of that spec. Nothing is changed if that
 * fails. */
struct error_info hot_disks_attach(struct vm *vm, const struct vm_spec *wanted, bool is_dry_run);

/* Ask its guest to let the disk with that volume go, or take that back. Nothing if it has no such disk. */
void hot_disks_ask(struct vm *vm, const char *volume, bool is_asked);
/* ATTACHED: it is a disk of a VM that lives. LEAVING: it was, and the store has its link. */
enum hot_disk_state { HOT_DISK_NONE, HOT_DISK_LEAVING, HOT_DISK_ATTACHED };
enum hot_disk_state hot_disks_state(const struct vm *vm, const char *volume);

/* Its VMM may have said something: disks that have left go. Of a VM that lives. */
void hot_disks_watch(struct vm *vm);
/* The store may have answered. Of a VM that lives. */
void hot_disks_step(struct vm *vm);
/* It does not live any more, and its links are gone. */
void hot_disks_end(struct vm *vm);

#endif
