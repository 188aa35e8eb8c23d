/* SPDX-License-Identifier: MIT */
/*
 * crc32c.h - CRC-32C (Castagnoli): polynomial 1EDC6F41h (RFC 3720, appendix B.4), reflected 82F63B78h.
 */
#ifndef VOS_CRC32C_H
#define VOS_CRC32C_H

#include "types.h"

/* The sum of what came before, or 0, continued by `count` bytes. */
u32 crc32c(u32 crc, const void *bytes, size_t count);

#endif
