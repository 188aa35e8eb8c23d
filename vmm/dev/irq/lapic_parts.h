/* SPDX-License-Identifier: MIT */
/*
 * lapic_parts.h - what the three files of the local APIC model share: bits of its registers, and functions below
 * lapic.h's.
 */
#ifndef VOS_LAPIC_PARTS_H
#define VOS_LAPIC_PARTS_H

#include "lapic.h"

#define APIC_VERSION 0x00050014u	/* six LVT entries, no EOI suppression */

#define LVT_MASKED BIT32(16)
#define LVT_VECTOR 0xffu
#define LVT_DELIVERY(lvt) ((lvt) >> 8 & 7)
#define LVT_TIMER_MODE(lvt) ((lvt) >> 17 & 3)
enum { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_TSC_DEADLINE };

#define SVR_ENABLE BIT32(8)

#define ESR_SEND_VECTOR BIT32(5)
#define ESR_RECEIVE_VECTOR BIT32(6)
#define ESR_REGISTER BIT32(7)

/* struct lapic_posted.what, above the bits of the eight words */
#define LAPIC_POSTED_ERROR BIT32(8)		/* somebody sent an illegal vector */
#define LAPIC_POSTED_LINT0_EDGE BIT32(9)	/* LINT0 has risen */

/* One store of the owner, for others to read. */
#define LAPIC_PUBLISH(member, value) __atomic_store_n(&(member), (value), __ATOMIC_RELAXED)
#define LAPIC_PEEK(member) __atomic_load_n(&(member), __ATOMIC_RELAXED)

#define ICR_PENDING BIT64(12)	/* delivery status: always idle */
#define ICR_LEVEL_ASSERT BIT64(14)
#define ICR_TRIGGER_LEVEL BIT64(15)

static inline bool lapic_is_x2apic(const struct lapic *l)
{
	return LAPIC_PEEK(l->base) & LAPIC_BASE_X2APIC;
}

static inline bool lapic_bits_test(const struct lapic_bits *b, u8 vector)
{
	return b->word[vector / 32] >> (vector % 32) & 1;
}

/* Highest vector in the set, -1 if it is empty. */
int lapic_bits_highest(const struct lapic_bits *b);

u32 lapic_ppr(const struct lapic *l);
/* Logical ID as the guest reads it: chosen by it in xAPIC mode, derived from the ID in x2APIC mode. */
u32 lapic_ldr(const struct lapic *l);
/* Set a vector in IRR; the owner. */
void lapic_raise(struct lapic *l, u8 vector, bool is_level);
void lapic_error(struct lapic *l, u32 esr_bit);
/* Registers with consequences. */
void lapic_write_eoi(struct lapic *l);
void lapic_write_icr(struct lapic *l, u64 value);

/* lapic_timer.c */
void lapic_timer_set_mode(struct lapic *l, u32 old_lvt);
void lapic_timer_set_count(struct lapic *l, u32 count);
void lapic_timer_set_divide(struct lapic *l, u32 divide);
u32 lapic_timer_count(const struct lapic *l);

#endif
