/* SPDX-License-Identifier: MIT */
/*
 * guest_memory.h - a guest's RAM as the VMM sees it: guest physical addresses to bytes, with bounds. Pure.
 *
 * RAM is one contiguous mapping; its first RAM_LOW_LIMIT bytes are at GPA 0, the rest at 4 GiB. The guest writes to it
 * at any time: copy once, judge the copy. No other file turns a GPA into a pointer.
 */
#ifndef VOS_GUEST_MEMORY_H
#define VOS_GUEST_MEMORY_H

#include "range.h"
#include "status.h"
#include "types.h"
#include "vm_layout.h"

#define RAM_HIGH_START (4 * GIB)

struct guest_memory {
	u8 *ram;
	u64 bytes;
	const u8 *rom;		/* ends at 4 GiB; guest_memory_read() knows it, too */
	u64 rom_bytes;
};

/* RAM below 4 GiB, and from 4 GiB up. */
static inline u64 guest_memory_low_bytes(const struct guest_memory *m) { return min_u64(m->bytes, RAM_LOW_LIMIT); }
u64 guest_memory_high_bytes(const struct guest_memory *m);

/* The same as guest_memory_at() from 4 GiB up. */
u8 *guest_memory_high_at(const struct guest_memory *m, gpa_t gpa, u64 len);
/* Where [gpa, gpa + len) is, NULL if it is not all RAM. For loaders and for ranges that are copied at once. */
static inline u8 *guest_memory_at(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	return range_ok(gpa.raw, len, guest_memory_low_bytes(m)) ? m->ram + gpa.raw : guest_memory_high_at(m, gpa, len);
}

/* Copy in or out; false = not all of it is RAM, or ROM to read, nothing was copied. */
bool guest_memory_read(const struct guest_memory *m, gpa_t gpa, void *to, u64 len) MUST_CHECK;
bool guest_memory_write(const struct guest_memory *m, gpa_t gpa, const void *from, u64 len) MUST_CHECK;

/* A naturally aligned value of 1, 2, 4 or 8 bytes, read or written in one access, as other vCPUs see it. */
bool guest_memory_load(const struct guest_memory *m, gpa_t gpa, u32 size, u64 *value) MUST_CHECK;
bool guest_memory_store(const struct guest_memory *m, gpa_t gpa, u32 size, u64 value) MUST_CHECK;
/*
 * Set bits of an aligned 4- or 8-byte value if it is still `old`. If another writer was faster, nothing happens.
 */
void guest_memory_set_bits(const struct guest_memory *m, gpa_t gpa, u32 size, u64 old, u64 bits);

#endif
