/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - what the store does to disks of its own accord or by order: looks at them, makes and deletes volumes, zeroes
 * what was deleted. One job at a time for each disk; none waits for another disk's.
 */
#ifndef VOS_JOBS_H
#define VOS_JOBS_H

#include "blk.h"
#include "store.h"
#include "types.h"

void jobs_init(void);

/* For disk_ops: the disk is there with this info, or gone (NULL). For disk_io: a transfer has ended. */
void jobs_disk_changed(u32 disk, const struct blk_info *info);
void jobs_io_done(u32 disk, enum blk_status status);

/* STORE_CREATE, STORE_DELETE, or STORE_ATTACH of a whole disk: one after the other for each disk. False: too many. */
bool jobs_queue(u32 disk, const struct store_order *order);
/* Take back a STORE_ATTACH of that link which has not begun. False: there is none. */
bool jobs_take_attach(u32 link, u32 *id);
/* An order has been carried out, and all that it changed has been reported. */
bool jobs_take_answer(u32 disk, u32 *id, enum store_error *error);

/* Disks of which there may be something to report or to answer (bit = disk). After doing so: jobs_told. */
u32 jobs_news(void);
void jobs_told(u32 disk);

/* Some link was detached: a whole disk that nothing has any more is looked at anew. */
void jobs_detached(void);

#endif
