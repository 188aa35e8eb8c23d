/* SPDX-License-Identifier: MIT */
/*
 * image_memory.h - memory of images that come while VOS runs: how much there is for them, and memory on its way back to
 * the kernel, which goes a slice at a time.
 */
#ifndef VOS_IMAGE_MEMORY_H
#define VOS_IMAGE_MEMORY_H

#include "status.h"
#include "types.h"

/* Bytes that there are for an image, with `own` ones that it would take the place of. Memory on its way back is waited
 * for only if `need` is more than that. */
u64 image_memory_room(u64 need, u64 own);
/* Whole pages. */
enum status image_memory_create(u64 bytes, u64 *h_mem) MUST_CHECK;
void image_memory_give_back(u64 h_mem);
/* A slice. True: all is back. */
bool image_memory_step(void);
/* On its way back. */
u64 image_memory_bytes(void);

#endif
