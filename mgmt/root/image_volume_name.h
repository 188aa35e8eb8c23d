/* SPDX-License-Identifier: MIT */
/*
 * image_volume_name.h - what the volume is called that keeps an uploaded image. The name comes of the image's name and
 * hash, so that the same image has one volume. Pure.
 */
#ifndef VOS_IMAGE_VOLUME_NAME_H
#define VOS_IMAGE_VOLUME_NAME_H

#include "request.h"
#include "types.h"

/* Of the image with that name and hash. Hashes: thousands of instructions, so not for each turn of root. */
void image_volume_name(char name[VOLUME_NAME_BYTES], const char *image, const u8 hash[IMAGE_HASH_BYTES]);

#endif
