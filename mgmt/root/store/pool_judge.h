/* SPDX-License-Identifier: MIT */
/*
 * pool_judge.h - which pools can be made and deleted, and rows for those that are made. Pure.
 */
#ifndef VOS_POOL_JUDGE_H
#define VOS_POOL_JUDGE_H

#include "error_info.h"
#include "request.h"
#include "volumes.h"

/* Can a pool of that name be made, of want->bytes, or 0: of all the room, on the disk or partition want->on; and, if
 * want[1].on is a name, a mirror on that disk too? / Can it be deleted? is_forced: also one that can't be opened, with
 * all that may be in it. */
struct error_info pool_judge_new(const char *name, const struct disk_spec want[2]);
struct error_info pool_judge_delete(const char *name, bool is_forced);
/* A place for a new pool's partition, which pool_judge_new has accepted: is_making. NULL: there is none. / The same for
 * the second disk of a mirror. */
struct volume *pool_new(const char *name, const struct disk_spec want[2]);
struct volume *pool_new_member(const struct volume *first, const struct disk_spec *want);

/* A disk of a mirror is to be replaced: may want[1].on take the place of want->on? / A place for its partition, or the
 * one that it has. NULL: there is none. */
struct error_info pool_judge_replace(const struct disk_spec want[2]);
struct volume *pool_replace(const struct disk_spec want[2]);
/* May a mirror be opened without the disk that it waits for? */
struct error_info pool_judge_open(const char *name);

#endif
