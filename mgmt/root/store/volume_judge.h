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
/* Those that outlive a restart of the machine are there. */
struct error_info volumes_judge_kept(const char *vm_name, const struct vm_spec *spec);
/* Can a volume of that name be made as `want` says? / Can it be deleted? */
struct error_info volume_judge_new(const char *name, const struct disk_spec *want);
struct error_info volume_judge_delete(const char *name);
/* Can a pool of that name be made, of want->bytes, or 0: of all the room, on the disk or partition want->on? / Can it
 * be deleted?
 * is_forced: also one that can't be opened, with all that may be in it. */
struct error_info pool_judge_new(const char *name, const struct disk_spec *want);
struct error_info pool_judge_delete(const char *name, bool is_forced);
/* Can its volumes be used and changed? */
struct error_info pool_judge_usable(u32 p);
/* A place for a new pool's partition, which pool_judge_new has accepted: is_making. NULL: there is none. */
struct volume *pool_new(const char *name, const struct disk_spec *want);
/* One of these disks is to be made where there is most room: on one of all disks. */
bool volumes_need_choice(const char *vm_name, const struct vm_spec *spec);
/* A judgement that may be another when all disks are there that can come. is_choice: volumes_need_choice. */
bool volume_may_come(const struct error_info *no, bool is_choice);

/*
 * A place for a new volume, which volume_judge_new has accepted: is_making. NULL: there are STORE_VOLUMES, or
 * STORE_RAM_SLOTS in RAM.
 */
struct volume *volume_new(const char *name, const struct disk_spec *want);

#endif
