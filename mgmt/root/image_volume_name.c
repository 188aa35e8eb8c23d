/* SPDX-License-Identifier: MIT */
/*
 * image_volume_name.c - see image_volume_name.h.
 */
#include "image_volume_name.h"

#include <stdio.h>
#include <string.h>

#include "blake2b.h"
#include "volumes.h"

void image_volume_name(char name[VOLUME_NAME_BYTES], const char *image, const u8 hash[IMAGE_HASH_BYTES])
{
	u8 digest[BLAKE2B_BYTES];
	struct blake2b sum;
	int used = snprintf(name, VOLUME_NAME_BYTES, "%s", VOLUME_OF_IMAGE);

	blake2b_init(&sum);
	blake2b_add(&sum, image, strlen(image));
	blake2b_add(&sum, hash, IMAGE_HASH_BYTES);
	blake2b_finish(&sum, digest);
	for (u32 i = 0; i < 12; i++)
		used += snprintf(name + used, VOLUME_NAME_BYTES - (size_t)used, "%02x", (unsigned)digest[i]);
}
