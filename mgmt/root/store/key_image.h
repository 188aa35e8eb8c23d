/* SPDX-License-Identifier: MIT */
/*
 * key_image.h - an image as a key file of a pool.
 */
#ifndef VOS_KEY_IMAGE_H
#define VOS_KEY_IMAGE_H

#include "image.h"
#include "status.h"
#include "store.h"

/* ST_INVAL: it has more than POOL_KEY_FILE_BYTES. */
enum status key_image_secret(const struct image *image, u8 secret[STORE_SECRET_BYTES]) MUST_CHECK;

#endif
