/* SPDX-License-Identifier: MIT */
/*
 * pool_members.h - the two partitions of a mirror, as root knows them: rows of the kind VOLUME_ROW_POOL that have one
 * number p. One of them is the pool's partition (pools.h), which has its name: one that is there, if one is. Pure.
 */
#ifndef VOS_POOL_MEMBERS_H
#define VOS_POOL_MEMBERS_H

#include "pools.h"
#include "store.h"
#include "volumes.h"

/* The mirror that a partition with that GUID is a member of, or was; STORE_POOLS_MAX: root knows none. */
u32 pool_of_guid(const u8 guid[STORE_GUID_BYTES]);
/* A row that is a member's, with its GUID and the number of its pool. One whose place another disk has taken is none,
 * but has the number all the same. */
void pool_member_add(struct volume *v);
/* It is a member still, or the partition of a pool on one disk. */
bool pool_has_member(const struct volume *v);
/* The row is no more. False: its pool is no more either. */
bool pool_member_remove(struct volume *v);
/* Something of a disk is another way: each mirror's partition is one that is there. */
void pools_elect(void);
/* Slots of the disks that a volume is on, as bits: both of a mirror's. */
u32 volume_slots(const struct volume *v);
/* The member of a mirror that is on that disk; of one that is gone and was not seen, any name but the other's.
 * STORE_MEMBERS: there is none. */
u32 pool_member_named(u32 p, const char *on);
/* The partition on that disk, which is there, and whose place another one has taken; NULL: there is none. */
struct volume *pool_left_over(u32 p, const char *on);
/* The disk of that member, or "": it has not been seen. */
const char *pool_member_on(u32 p, u32 member);

/* The store has been told to open it, / and lacks a member that has come meanwhile: it is to be opened again. */
void pool_members_opening(u32 p);
bool pool_members_have_come(u32 p);

/* STORE_DISK of a pool, which has been taken. A member that fails is not to join again by itself. */
void pool_members_take(u32 p, const struct store_report *r);
/* What has become of a member since the last call; false: nothing. */
enum pool_member_news { MEMBER_IS_LOST, MEMBER_IS_COPIED_TO, MEMBER_IS_BACK };
bool pool_member_news(u32 p, u32 *member, enum pool_member_news *news);

/* Is a member to join the pool, which goes on without it? It is there, and was not refused since the store told of
 * it. */
bool pool_join_is_due(u32 p, u32 member);
void pool_join_sent(u32 p, u32 member);
void pool_join_done(u32 p, u32 error);

#endif
