/* SPDX-License-Identifier: MIT */
/*
 * acpi_bytes.h - fields of ACPI tables, which need not be aligned (ACPI 6.2, 5.2).
 */
#ifndef VOS_ACPI_BYTES_H
#define VOS_ACPI_BYTES_H

#include <string.h>

#include "types.h"

static inline u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 get64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
