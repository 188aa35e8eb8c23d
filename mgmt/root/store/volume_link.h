/* SPDX-License-Identifier: MIT */
/*
 * volume_link.h - root's own links with the store: root reads and writes volumes like a VMM does (lib/rt/blk_link.h).
 * The store's answers are foreign. A link's memory is root's while the link is open.
 */
#ifndef VOS_VOLUME_LINK_H
#define VOS_VOLUME_LINK_H

#include "blk_link.h"
#include "status.h"
#include "types.h"
#include "volumes.h"

#define VOLUME_LINKS VM_DEVICES

struct volume_link {
	u64 h_mem;		/* 0: it is free */
	struct blk_client client;
	struct blk_slots slots;	/* of its window */
	bool is_full;		/* the volume's pool has no room for what was written; it is not completed */
};

/* A link to that volume, which its owner keeps in place until the link is closed. *st: ST_FULL: all are open; or the
 * kernel's status. NULL on a failure. */
struct volume_link *volume_link_open(struct volume *v, bool is_read_only, enum status *st) MUST_CHECK;
/* True: it is closed. False: the store or a device has it still; root is signalled, and asks again. */
bool volume_link_close(struct volume_link *l) MUST_CHECK;

/* The address of a slot of its window. */
void *volume_link_slot(const struct volume_link *l, u32 slot);
/* After submitting: the store is told. Before sleeping: it is asked for a signal; true: there is news already. */
void volume_link_kick(struct volume_link *l);
bool volume_link_wait(struct volume_link *l) MUST_CHECK;

/* The store holds what the link with that number (blk.h) asked for: its pool is full. */
void volume_link_failed(u32 number);

/* Memory of all open links. */
u64 volume_links_bytes(void);

#endif
