/* SPDX-License-Identifier: MIT */
/*
 * byte_region.h - for devices whose registers are bytes: an access of several bytes becomes accesses to consecutive
 * registers, as the ISA bus does it.
 *
 * Registers past the end read as all ones and ignore writes.
 */
#ifndef VOS_BYTE_REGION_H
#define VOS_BYTE_REGION_H

#include "types.h"

static __attribute__((noinline, unused)) u64 byte_region_read_wide(void *device, u64 offset, u32 size, u32 count,
								   u8 (*read)(void *device, u32 reg))
{
	u64 value = 0;

	for (u32 i = 0; i < size && i < 8; i++) {
		u8 byte = offset < count && i < count - offset ? read(device, (u32)offset + i) : 0xff;

		value |= (u64)byte << (8 * i);
	}
	return value;
}

static inline u64 byte_region_read(void *device, u64 offset, u32 size, u32 count, u8 (*read)(void *device, u32 reg))
{
	if (likely(size == 1 && offset < count))
		return read(device, (u32)offset);
	return byte_region_read_wide(device, offset, size, count, read);
}

static inline void byte_region_write(void *device, u64 offset, u32 size, u32 count, u64 value,
				     void (*write)(void *device, u32 reg, u8 value))
{
	for (u32 i = 0; i < size && i < 8; i++)
		if (offset < count && i < count - offset)
			write(device, (u32)offset + i, (u8)(value >> (8 * i)));
}

#endif
