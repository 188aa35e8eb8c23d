/* SPDX-License-Identifier: MIT */
/*
 * volume_traits.h - what a volume in a pool is besides its name and size, from its making on; one row each. The words
 * of --disk, the flags of create-volume, what reports say, and root's orders are made from these rows.
 *
 *	TRAIT(id, key, off, on, order, report)
 *
 * key, off, on	as an operator writes it: "key=off", "key=on". A volume is made with "off" if nothing is said
 * order	of struct store_order.flags of STORE_CREATE: it is to be on
 * report	of struct store_report.flags: it is
 */
#ifndef VOS_VOLUME_TRAITS_H
#define VOS_VOLUME_TRAITS_H

#include "store.h"

#define VOLUME_TRAITS(TRAIT) \
	TRAIT(THICK, "policy", "thin", "thick", STORE_THICK, STORE_IS_THICK) \
	TRAIT(INTEGRITY, "integrity", "off", "on", STORE_INTEGRITY, STORE_HAS_CHECKSUMS) \
	TRAIT(ENCRYPT, "encrypt", "off", "on", STORE_ENCRYPTED, STORE_IS_ENCRYPTED)

#define VOLUME_TRAIT_ID(id, ...) TRAIT_##id,
enum volume_trait { VOLUME_TRAITS(VOLUME_TRAIT_ID) TRAIT_COUNT };

/* In struct disk_spec.flags and in flags of reports: a trait that is asked for, or is there; with neither, nothing is
 * said, or the volume is not in a pool. */
#define DISK_TRAITS_SHIFT 8u
#define DISK_TRAIT(trait, is_on) BIT32(DISK_TRAITS_SHIFT + 2 * (u32)(trait) + ((is_on) ? 1 : 0))
#define DISK_TRAITS_ALL ((BIT32(2 * TRAIT_COUNT) - 1) << DISK_TRAITS_SHIFT)

/* Not on and off at once. */
static inline bool disk_traits_ok(u32 flags)
{
	u32 asked = (flags & DISK_TRAITS_ALL) >> DISK_TRAITS_SHIFT;

	return (asked & asked >> 1 & 0x55555555u) == 0;
}

/* The first trait of which `flags` say other than `of`, or TRAIT_COUNT. */
static inline u32 disk_trait_other(u32 flags, u32 of)
{
	u32 trait = 0;

	while (trait < TRAIT_COUNT && ((flags & ~of) & (DISK_TRAIT(trait, false) | DISK_TRAIT(trait, true))) == 0)
		trait++;
	return trait;
}

/* All of them, with "off" where `flags` say nothing: what a volume has that is made so. */
static inline u32 disk_traits_full(u32 flags)
{
	u32 full = flags & DISK_TRAITS_ALL;

	for (u32 trait = 0; trait < TRAIT_COUNT; trait++)
		full |= (flags & DISK_TRAIT(trait, true)) == 0 ? DISK_TRAIT(trait, false) : 0;
	return full;
}

#endif
