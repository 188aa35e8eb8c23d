/* SPDX-License-Identifier: MIT */
/*
 * image_format.c - see image_format.h.
 */
#include "image_format.h"

#include <string.h>

static const struct { const char *name; u8 bytes; char magic[IMAGE_FORMAT_BYTES + 1]; } formats[IMAGE_FORMAT_COUNT] = {
	[IMAGE_FORMAT_RAW] = { "raw", 0, "" },
	[IMAGE_FORMAT_QCOW2] = { "qcow2", 4, "QFI\xfb" },
	[IMAGE_FORMAT_VMDK] = { "VMDK", 4, "KDMV" },
	[IMAGE_FORMAT_VHDX] = { "VHDX", 8, "vhdxfile" },
	[IMAGE_FORMAT_GZIP] = { "gzip", 2, "\x1f\x8b" },
	[IMAGE_FORMAT_XZ] = { "xz", 6, "\xfd" "7zXZ" },
	[IMAGE_FORMAT_ZSTD] = { "zstd", 4, "\x28\xb5\x2f\xfd" },
};

enum image_format image_format_of(const u8 head[IMAGE_FORMAT_BYTES])
{
	u32 format = IMAGE_FORMAT_COUNT - 1;

	while (format != IMAGE_FORMAT_RAW && memcmp(head, formats[format].magic, formats[format].bytes) != 0)
		format--;
	return (enum image_format)format;
}

const char *image_format_name(enum image_format format)
{
	return formats[format].name;
}
