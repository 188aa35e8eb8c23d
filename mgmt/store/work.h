/* SPDX-License-Identifier: MIT */
/*
 * work.h - for whom the store works: root charges the VMs for the time of the store and of the drivers in these
 * proportions (struct store_work).
 */
#ifndef VOS_WORK_H
#define VOS_WORK_H

#include "store.h"
#include "types.h"

/* now: the TSC. Root is to look whenever the store has worked for so many ticks. */
void work_init(struct store_work *to, u64 (*now)(void), u64 quantum);

/* The store has slept until now. */
void work_begin(void);
/* What passed since the last of these two calls was for that VM, or for STORE_WORK_OTHER. */
void work_for(u32 vm);
/* A driver was given a request of that VM, which moves so many sectors. */
void work_handed(u32 driver, u32 vm, u64 sectors);

/* Once for each quantum. */
bool work_is_due(void);

#endif
