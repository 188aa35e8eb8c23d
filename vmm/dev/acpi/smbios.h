/* SPDX-License-Identifier: MIT */
/*
 * smbios.h - the SMBIOS 3 tables of a guest's machine: who made it and what it is, for the guest's logs and inventory
 * tools. Pure.
 */
#ifndef VOS_SMBIOS_H
#define VOS_SMBIOS_H

#include "types.h"

#define SMBIOS_GPA 0xf0000ull	/* guests look for it at multiples of 16 from here to 1 MiB */
#define SMBIOS_BYTES 256u	/* always enough */

/*
 * Build into `buffer`, which the guest will see at `gpa`; the entry point comes first. Returns the bytes used, 0 if
 * they don't fit.
 */
u32 smbios_build(u8 *buffer, u32 capacity, gpa_t gpa);

#endif
