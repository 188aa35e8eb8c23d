/* SPDX-License-Identifier: MIT */
/*
 * image_out.h - a stream of extents (lib/image/extents.h) becomes a disk image, raw or qcow2, in a file with holes.
 */
#ifndef VOS_HOST_IMAGE_OUT_H
#define VOS_HOST_IMAGE_OUT_H

#include <stddef.h>

#include "types.h"

enum image_out_format { IMAGE_OUT_RAW, IMAGE_OUT_QCOW2, IMAGE_OUT_QCOW2_ZSTD, IMAGE_OUT_COUNT };

/* The whole stream lies in from_fd from `at` on. The image is a new file `path`, which is there when all of it is right
 * and on stable storage; until then it is `path` with ".new" behind it. False: *why. */
bool image_out_write(int from_fd, u64 at, const char *path, enum image_out_format format, char *why, size_t why_bytes);

#endif
