/* SPDX-License-Identifier: MIT */
/*
 * image_format.h - what the first bytes of a file say of its format. A raw disk image has no mark of its own: it is
 * what none of the others is. Pure.
 *
 * Sources: QEMU docs/interop/qcow2.txt; VMware Virtual Disk Format 5.0; MS-VHDX 2.2.1; RFC 1952 (gzip), RFC 8878
 * (zstd); the .xz file format 1.1.0, 2.1.1.1.
 */
#ifndef VOS_IMAGE_FORMAT_H
#define VOS_IMAGE_FORMAT_H

#include "types.h"

#define IMAGE_FORMAT_BYTES 8u	/* that are looked at; zeros where the file is shorter */

enum image_format {
	IMAGE_FORMAT_RAW, IMAGE_FORMAT_QCOW2, IMAGE_FORMAT_VMDK, IMAGE_FORMAT_VHDX, IMAGE_FORMAT_GZIP,
	IMAGE_FORMAT_XZ, IMAGE_FORMAT_ZSTD, IMAGE_FORMAT_COUNT
};

enum image_format image_format_of(const u8 head[IMAGE_FORMAT_BYTES]);
const char *image_format_name(enum image_format format);

#endif
