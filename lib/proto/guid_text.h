/* SPDX-License-Identifier: MIT */
/*
 * guid_text.h - a GUID as people write it: its first three fields are little-endian on a disk (UEFI 2.10, appendix A).
 */
#ifndef VOS_GUID_TEXT_H
#define VOS_GUID_TEXT_H

#include <stdio.h>

#include "types.h"

#define GUID_BYTES 16u
#define GUID_TEXT_BYTES 37u		/* with its zero */

static inline void guid_text(char text[GUID_TEXT_BYTES], const u8 g[GUID_BYTES])
{
	snprintf(text, GUID_TEXT_BYTES, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", g[3],
		 g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

#endif
