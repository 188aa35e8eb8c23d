/* SPDX-License-Identifier: MIT */
/*
 * fat_image.h - a small disk image with a FAT12 file system and a few files in its root (Microsoft's FAT specification,
 * 1.03; long names too).
 */
#ifndef VOS_HOST_FAT_IMAGE_H
#define VOS_HOST_FAT_IMAGE_H

#include "types.h"

#define FAT_IMAGE_BYTES (4 * MIB)	/* at most */
#define FAT_FILES_MAX 8u
#define FAT_NAME_MAX 26u	/* characters of a file's name, ASCII */
#define FAT_FILE_BYTES_MAX MIB

struct fat_file {
	const char *name;
	const u8 *bytes;
	u32 count;
};

/* Make it in image[FAT_IMAGE_BYTES], with that label (11 characters at most). The same files are the same image, bit
 * for bit. Its bytes, no more than the files need; 0: too many files, or a name, a file or all of them are too long. */
u32 fat_image_make(u8 *image, const char *label, const struct fat_file *files, u32 count);

#endif
