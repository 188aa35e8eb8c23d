/* SPDX-License-Identifier: MIT */
/*
 * pool_groups.h - orders about what is in a pool that are carried out together, all or none: snapshots, clones and
 * reverts of the disks of a VM, and deleting its snapshots; and a new name or size of one volume. What is made is told
 * by the store before it answers, and is a volume then as any other. Pure but for sending (order_ring.h).
 */
#ifndef VOS_POOL_GROUPS_H
#define VOS_POOL_GROUPS_H

#include "store.h"
#include "volumes.h"

#define GROUPS 32u
#define GROUP_NONE GROUPS

/* A new group of one kind. GROUP_NONE: there is no place. */
u32 group_begin(enum store_op op, u32 flags);
/* What one of its orders is about: at most VM_DEVICES, all in one pool. STORE_SNAPSHOT: a snapshot of that name;
 * STORE_CLONE: a volume of that name, which begins as the snapshot v, or as the volume v: then a snapshot of it has
 * the name `snapshot`. */
void group_add(u32 group, const struct volume *v, const char *name, const char *snapshot);
/* STORE_RENAME: the new name; STORE_RESIZE, STORE_RESERVE: bytes. One volume. STORE_DELETE: its name. */
void group_add_change(u32 group, const struct volume *v, const char *name, u64 bytes);
/* STORE_REVERT. */
void group_add_revert(u32 group, const struct volume *v, const struct volume *to);

/* STORE_SET_KEY, STORE_UNLOCK: the secret is kept until the order is answered. */
void group_add_key(u32 group, u32 pool, u32 way, const u8 secret[STORE_SECRET_BYTES]);
/* The same, and nobody asks about it: once the pool is open. False: there is no place. */
bool group_unlock(u32 pool, u32 way, const u8 secret[STORE_SECRET_BYTES]);

/* Number of the pool that it is about. */
u32 group_pool(u32 group);
/* All its orders are answered. *error: enum store_error, the same for all. */
bool group_is_done(u32 group, u32 *error);
/* What the order number `member` made, once it is done without an error; NULL: that is there no more. */
struct volume *group_made(u32 group, u32 member);
/* Nobody asks about it any more. has_given_up: what it makes, or has made, goes again. */
void group_end(u32 group, bool has_given_up);

/* Orders of those that are due, as far as there is room. True: nothing is left that could be sent. */
bool groups_send(void);
/* One of them was answered: its number as in its id (order_ring.h). */
void group_take_done(u32 number, u32 error);
/* A volume that was made though nobody asks about it any more: to be deleted. NULL: there is none. */
struct volume *groups_unwanted(void);
/* The store is another one: what was sent is sent again. */
void groups_again(void);

#endif
