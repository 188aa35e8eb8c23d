/* SPDX-License-Identifier: MIT */
/*
 * image_volumes.h - uploaded images outlive the machine: root writes each into a volume of a pool, and reads those that
 * it finds there back into memory. One at a time, as an ordinary client of the store; nothing here waits.
 */
#ifndef VOS_IMAGE_VOLUMES_H
#define VOS_IMAGE_VOLUMES_H

#include "error_info.h"
#include "image.h"
#include "types.h"

/* There are images in the pool with the definitions that are not read yet: VMs that name them come later. */
bool image_volumes_are_coming(void);

/* False: that image is on its way into a pool. True: it is there; or no pool keeps images; or *no says that it is not:
 * the pool does not take it, or it is late and the store is silent. */
bool image_volumes_have(const char *image, u64 late_tsc, struct error_info *no);
/* The pool that it is in, or "". */
const char *image_volumes_pool(const struct image *image);
/* It is an image no more, and its volume goes too. */
void image_volumes_drop(const struct image *image);
/* No pool has it. False: its volume is there still: perhaps it is on its way. *is_lost: it is not, and stays. */
bool image_volumes_are_rid(const char *image, const u8 hash[IMAGE_HASH_BYTES], bool *is_lost);

/* A bounded piece. Returns when to call again at the latest; the store's signal is an occasion too. */
u64 image_volumes_step(void);
/* Memory of the image that is being read. */
u64 image_volumes_bytes(void);

#endif
