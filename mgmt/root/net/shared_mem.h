/* SPDX-License-Identifier: MIT */
/*
 * shared_mem.h - memory that root shares with the program of a switch or router for as long as that is defined: granted
 * at once, zeroed, and mapped at an address of root's.
 */
#ifndef VOS_SHARED_MEM_H
#define VOS_SHARED_MEM_H

#include "status.h"
#include "types.h"

/* Mapped in root, and granted; or nothing, and the handle is 0. */
enum status shared_mem_make(u64 bytes, u64 address, u64 *h_mem) MUST_CHECK;
/* Nothing to do if the handle is 0, which it becomes. */
void shared_mem_drop(u64 *h_mem, u64 address, u64 bytes);
/* The same of memory that root does not map. */
void shared_mem_destroy(u64 *h_mem);

#endif
