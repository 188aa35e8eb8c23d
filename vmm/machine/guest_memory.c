/* SPDX-License-Identifier: MIT */
/*
 * guest_memory.c - copies between the VMM and a guest's RAM, with bounds.
 */
#include "guest_memory.h"

#include <string.h>

u64 guest_memory_high_bytes(const struct guest_memory *m)
{
	return m->bytes - guest_memory_low_bytes(m);
}

u8 *guest_memory_high_at(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	if (gpa.raw >= RAM_HIGH_START && range_ok(gpa.raw - RAM_HIGH_START, len, guest_memory_high_bytes(m)))
		return m->ram + RAM_LOW_LIMIT + (gpa.raw - RAM_HIGH_START);
	return NULL;
}

static const u8 *rom_at(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	u64 start = RAM_HIGH_START - m->rom_bytes;

	return gpa.raw >= start && range_ok(gpa.raw - start, len, m->rom_bytes) ? m->rom + (gpa.raw - start) : NULL;
}

bool guest_memory_read(const struct guest_memory *m, gpa_t gpa, void *to, u64 len)
{
	const u8 *at = guest_memory_at(m, gpa, len);

	if (!at)
		at = rom_at(m, gpa, len);
	if (!at)
		return false;
	memcpy(to, at, len);
	return true;
}

bool guest_memory_write(const struct guest_memory *m, gpa_t gpa, const void *from, u64 len)
{
	u8 *at = guest_memory_at(m, gpa, len);

	if (!at)
		return false;
	memcpy(at, from, len);
	return true;
}

bool guest_memory_load(const struct guest_memory *m, gpa_t gpa, u32 size, u64 *value)
{
	const u8 *at = guest_memory_at(m, gpa, size);

	if (!at || !aligned_ok(gpa.raw, size))
		return false;
	switch (size) {
	case 1: *value = __atomic_load_n(at, __ATOMIC_RELAXED); return true;
	case 2: *value = __atomic_load_n((const u16 *)(const void *)at, __ATOMIC_RELAXED); return true;
	case 4: *value = __atomic_load_n((const u32 *)(const void *)at, __ATOMIC_RELAXED); return true;
	case 8: *value = __atomic_load_n((const u64 *)(const void *)at, __ATOMIC_RELAXED); return true;
	default: return false;
	}
}

bool guest_memory_store(const struct guest_memory *m, gpa_t gpa, u32 size, u64 value)
{
	u8 *at = guest_memory_at(m, gpa, size);

	if (!at || !aligned_ok(gpa.raw, size))
		return false;
	switch (size) {
	case 1: __atomic_store_n(at, (u8)value, __ATOMIC_RELEASE); return true;
	case 2: __atomic_store_n((u16 *)(void *)at, (u16)value, __ATOMIC_RELEASE); return true;
	case 4: __atomic_store_n((u32 *)(void *)at, (u32)value, __ATOMIC_RELEASE); return true;
	case 8: __atomic_store_n((u64 *)(void *)at, value, __ATOMIC_RELEASE); return true;
	default: return false;
	}
}

void guest_memory_set_bits(const struct guest_memory *m, gpa_t gpa, u32 size, u64 old, u64 bits)
{
	u8 *at = guest_memory_at(m, gpa, size);
	u32 old_32 = (u32)old;

	if (!at || !aligned_ok(gpa.raw, size))
		return;
	if (size == 4)
		__atomic_compare_exchange_n((u32 *)(void *)at, &old_32, (u32)(old | bits), false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
	else
		__atomic_compare_exchange_n((u64 *)(void *)at, &old, old | bits, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
}
