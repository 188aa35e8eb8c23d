/* SPDX-License-Identifier: MIT */
/*
 * vm_link.h - the links with VMMs: requests are taken, judged, carried out and completed. A VMM is not trusted: all it
 * can spoil is its own VM's disks.
 */
#ifndef VOS_VM_LINK_H
#define VOS_VM_LINK_H

#include "disk.h"
#include "store.h"
#include "types.h"
#include "volume.h"

struct vm_link_ops {
	void *(*at)(u32 number);		/* where that link is mapped */
	void (*signal)(u32 vm);			/* tell the VMM */
	u64 (*now_ns)(void);
};

/* Once. figures[BLK_WINDOWS]. */
void vm_link_init(const struct vm_link_ops *ops, struct store_figures *figures);

/* Serve it from now on. STORE_EXISTS: it is served already; STORE_BAD_ORDER: there is no such number. */
enum store_error vm_link_attach(u32 number, struct volume *volume, bool is_read_only, const char *serial);
/* True when nothing of it is in flight any more: it may be unmapped. Else call again after the next vm_link_turn. */
bool vm_link_detach(u32 number);

/* At most so many requests, and bytes of reads and writes, a second; 0 = no limit. Forgotten when it is detached. */
enum store_error vm_link_limit(u32 number, u32 iops, u64 bytes);

/* Whether requests that the disk fails are held, instead of being completed. Forgotten when it is detached. */
void vm_link_hold_errors(u32 number, bool is_held);
/* A link that has begun to hold; each is told once. False: there is none. */
bool vm_link_failure(u32 *number, enum blk_status *status);
/* The pool of that slot is not as full as it was. */
void vm_link_pool_has_room(u32 slot);
/* A link that holds what met a full pool, and has room now; each is told once, after its failure. */
bool vm_link_room(u32 *number);
/* Serve it again, and what it holds first. */
enum store_error vm_link_retry(u32 number);

/* It has another size: its links are told of it in a new epoch. */
void vm_link_resized(const struct volume *volume);

/* VM v of some bit (STORE_BIT_VM << v % 32) has signalled. */
void vm_link_woken(u64 bits);

/* Of a request that disk_submit or pool_link_submit took. */
void vm_link_completed(const struct disk_tag *tag, enum blk_status status);
/* That disk, or that slot's pool, has room again for requests that were refused. */
void vm_link_disk_has_room(u32 disk);

/* Links with that volume had to wait: no more. */
void vm_link_go_on(const struct volume *volume);

/* A bounded piece of work. False: all VMMs know that they have to signal for more. */
bool vm_link_turn(void);
/* When vm_link_turn is to be called even if nobody signals: in so many nanoseconds; VM_LINK_NEVER. */
#define VM_LINK_NEVER (~0ull)
u64 vm_link_wait_ns(void);

#endif
