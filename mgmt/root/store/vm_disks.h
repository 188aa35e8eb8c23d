/* SPDX-License-Identifier: MIT */
/*
 * vm_disks.h - the disks of a VM: its volumes as long as it is defined, its links with the store while it lives.
 */
#ifndef VOS_VM_DISKS_H
#define VOS_VM_DISKS_H

#include "error_info.h"
#include "status.h"
#include "vm.h"
#include "volumes.h"

/* Let it have the disks of `next`, which volumes_judge accepted and whose volumes are all there. Volumes that it does
 * not have any more stay. */
void vm_disks_set(struct vm *vm, const struct vm_spec *next);
/* *next: its spec with the disks of `more` behind its own, where it says no volume one whose name is free; / without
 * the disk whose volume is named. The disks that stay keep their volumes. */
struct error_info vm_disks_add(const struct vm *vm, const struct vm_spec *more, struct vm_spec *next);
struct error_info vm_disks_remove(const struct vm *vm, const char *volume, struct vm_spec *next);

/* Are the disks of `wanted`, which may be foreign, those that it has, however they are written? Limits do not count. */
bool vm_disks_are_same(const struct vm *vm, const struct vm_spec *wanted);

/* Were volumes made for it? Then before it is no more: delete these, and wait until they are gone, or stay: *no. */
bool vm_disks_have_own(const struct vm *vm);
/* Can they be deleted? */
struct error_info vm_disks_judge_drop(const struct vm *vm);
void vm_disks_drop(const struct vm *vm);
bool vm_disks_are_gone(const struct vm *vm, struct error_info *no);
/* It does not go with its VM any more, also not after a restart of the machine. */
void vm_disks_disown(struct volume *v);
/* It is no more: volumes that it had stay. */
void vm_disks_forget(struct vm *vm);

/* The volume of a disk in its list. */
struct volume *vm_disk_volume(const struct vm *vm, u32 disk);
/* It has another size. */
void vm_disk_resized(struct vm *vm, u32 disk, u64 bytes);
/* Some of them can't be used for now (is_locked). */
bool vm_disks_are_locked(const struct vm *vm);
/* It is encrypted, and its pool's key or its cipher is not here; NULL is none. One of a VM's is. */
struct error_info vm_disk_judge_key(const struct volume *v);
struct error_info vm_disks_judge_keys(const struct vm *vm);
/* The slot's volume, also one that is leaving. */
struct volume *vm_volume_in(const struct vm *vm, u32 slot);
/* Slots that are not empty, a bit each. */
u32 vm_disks_taken(const struct vm *vm);
/* Give a VM that lives memory for an empty slot, and the store a link with it. On a failure the slot is empty, or is
 * leaving. */
enum status vm_disks_link(struct vm *vm, u32 slot, const struct volume *v, const struct disk_spec *disk) MUST_CHECK;
/* A slot that is_leaving. True: neither the store nor a device has its link any more, and its memory is free. */
bool vm_disks_unlink(struct vm *vm, u32 slot);
/* What its VMM is told of that disk. */
struct vmm_disk vm_disk_of(const struct vm *vm, u32 disk);

/* A step of vm_build: links with the store, before the arguments are filled in. */
enum status vm_disks_build(struct vm *vm) MUST_CHECK;
void vm_disks_args(const struct vm *vm, struct vmm_args *args);
/* Its VMM is gone. True: the store has nothing to do with its links any more, and their memory can go; else call again
 * after the store's next signal. */
bool vm_disks_detach(const struct vm *vm);
/* Requests that the store holds because a disk failed are done again. */
void vm_disks_retry(const struct vm *vm);

void vm_disks_report(const struct vm *vm, struct vm_report *out);
void vm_disks_stats(const struct vm *vm, struct vm_stats *out);
/* Of VMs that are no more; the ticks that services worked for them. */
void vm_disks_deleted(struct io_counts *out, u64 *service_tsc);

#endif
