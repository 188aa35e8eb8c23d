/* SPDX-License-Identifier: MIT */
/*
 * extract.h - what a volume of a pool on an image has, as the pool's next opening finds it: with what the log has.
 */
#ifndef VOS_POOL_EXTRACT_H
#define VOS_POOL_EXTRACT_H

#include <stdio.h>

#include "image.h"

/* Copies the volume, or the snapshot NAME@ID, to a new file, in which runs of zeros are holes. The recovered pool is
 * checked first, with its data. The image is not written. Returns vos-pool's exit status. */
int extract(const struct image *image, const char *volume, const char *to, FILE *out, FILE *err);

#endif
