/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - what a PC's firmware leaves in low memory before a kernel starts: real mode's interrupt vectors, the
 * size fields, the EBDA, the reset vector, the ACPI and SMBIOS tables.
 */
#ifndef VOS_FIRMWARE_H
#define VOS_FIRMWARE_H

#include "guest_memory.h"

/* False: a part did not fit. The ACPI root pointer is at BIOS_START. */
bool firmware_write(const struct guest_memory *memory, u32 platform, u32 cpus);

#endif
