/* SPDX-License-Identifier: MIT */
/*
 * pool_members.h - the partitions that a pool is in: one, or those of a mirror that are there.
 */
#ifndef VOS_POOL_MEMBERS_H
#define VOS_POOL_MEMBERS_H

#include "store_pool.h"

/* It is about to be opened: all disks that may be of it count. */
void pool_members_begin(struct store_pool *s);
/* It was not: some disk that says of its partition to be a newer one of it has nothing of it, as after a replace-disk
 * that was cut, and an older one is there, which counts from now. */
bool pool_members_next(struct store_pool *s);
/* What the pool is opened from now: which is there. Each has a link until pool_members_end(). False: none is. */
bool pool_members_take(struct store_pool *s);
void pool_members_end(struct store_pool *s);
/* Sectors that each of them has. */
u64 pool_members_sectors(const struct store_pool *s);
/* Some of its partitions is on a disk that is up. */
bool pool_members_are_up(const struct store_pool *s);
/* The member of the pool that lies on that disk; POOL_MEMBERS: none. */
u32 pool_members_on(const struct store_pool *s, u32 disk);
/* Their disks, for the pool of number p. */
void pool_members_devices(const struct store_pool *s, u32 p, struct pool_device device[POOL_MEMBERS]);

/* The disk of a member of an open pool is lost. */
void pool_members_lost(struct store_pool *s, u32 p, u32 member);
/* No member has all any more. */
bool pool_members_are_gone(const struct store_pool *s);

/* STORE_JOIN of an open pool: STORE_ERROR_COUNT: answered later. */
enum store_error pool_members_join(struct store_pool *s, const struct store_order *order);
/* Of an open pool: go on with what joins, and see whether root is to be told. True: something was done. */
bool pool_members_look(struct store_pool *s, u32 p);
/* The pool ends. */
void pool_members_join_end(struct store_pool *s, enum store_error error);

/* What root is told of a mirror that is open. */
void pool_members_report(struct store_pool *s, struct store_report *out);

#endif
