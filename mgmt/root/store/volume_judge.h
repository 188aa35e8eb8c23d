/* SPDX-License-Identifier: MIT */
/*
 * volume_judge.h - what a VM can have as disks, and which volumes can be made and deleted: judged from the tables of
 * disks and volumes. Pure.
 */
#ifndef VOS_VOLUME_JUDGE_H
#define VOS_VOLUME_JUDGE_H

#include "error_info.h"
#include "request.h"
#include "volumes.h"

/*
 * Can a VM of that name have these disks? `vm`: its index, whose volumes it may keep; VOLUME_NOBODY for one that is
 * about to be made. Whether there is memory for volumes in RAM is not asked here.
 */
struct error_info volumes_judge(const char *vm_name, u32 vm, const struct vm_spec *spec);
/* Are all of them there? */
struct error_info volumes_judge_there(const char *vm_name, const struct vm_spec *spec);
/* Of a VM that the definitions in pool `home` have: that pool's volumes are meant, where others have their names. */
struct error_info volumes_judge_home(const char *vm_name, const struct vm_spec *spec, u32 home);
/* Those that outlive a restart of the machine are there. */
struct error_info volumes_judge_kept(const char *vm_name, const struct vm_spec *spec);
/* Can a volume of that name be made as `want` says? / Can it be deleted? */
struct error_info volume_judge_new(const char *name, const struct disk_spec *want);
struct error_info volume_judge_delete(const char *name);
/* Can a pool's volumes be used and changed? */
struct error_info pool_judge_usable(u32 p);
/* Can anybody take it, who wants so many bytes, or 0: any? / Is there room for a partition of so many on that disk? /
 * How much there is, for one. */
struct error_info volume_judge_taken(const struct volume *v, u64 bytes);
struct error_info volume_judge_room(u32 slot, u64 bytes);
u64 volume_room(u32 slot);
/* There is no disk of that name: `error`, or that there is one of almost that name. */
struct error_info volume_no_disk(const char *name, enum error error);
/* The pool that a disk comes into which names no place, if it is small; STORE_POOLS_MAX: none. */
u32 volume_default_pool(void);
/* One of these disks is to be made where there is most room: on one of all disks. */
bool volumes_need_choice(const char *vm_name, const struct vm_spec *spec);
/* A judgement that may be another when all disks are there that can come. is_choice: volumes_need_choice. */
bool volume_may_come(const struct error_info *no, bool is_choice);

/*
 * A place for a new volume, which volume_judge_new has accepted: is_making. NULL: there are STORE_VOLUMES, or
 * STORE_RAM_SLOTS in RAM.
 */
struct volume *volume_new(const char *name, const struct disk_spec *want);
/* The same for one of that kind, enum volume_row_kind, in the free room of a disk. */
struct volume *volume_new_on_disk(u32 kind, const char *name, u32 slot, u64 bytes);

#endif
