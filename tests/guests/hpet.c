/* SPDX-License-Identifier: MIT */
/*
 * hpet.c - the HPET as a kernel without any other timer uses it: found where it always is, counting, and interrupting
 * through the I/O APIC, once and again and again.
 */
#include "guest.h"

#define HPET(offset) (*(volatile u64 *)(0xfed00000ull + (offset)))
#define IOAPIC_SELECT (*(volatile u32 *)0xfec00000ull)
#define IOAPIC_WINDOW (*(volatile u32 *)0xfec00010ull)
#define INPUT 21u
#define VECTOR 0x51u
#define CONFIG 0x120u			/* timer 1 */
#define COMPARATOR 0x128u
#define INTERRUPT BIT64(2)
#define PERIODIC BIT64(3)
#define SET_VALUE BIT64(6)
#define TICKS_PER_MS 100000u

static volatile u32 count;

static void on_timer(struct trap *t)
{
	(void)t;
	count++;
	write_msr(X2APIC(APIC_EOI), 0);
}

static void test_counter(void)
{
	u64 before;

	ok_equal(HPET(0) >> 32, 10000000, "hpet: a tick is 10 ns");
	ok(HPET(0) & BIT64(13), "hpet: 64 bits");
	before = HPET(0xf0);
	ok_equal(HPET(0xf0), before, "hpet: stands still");
	HPET(0x10) = 1;
	while (HPET(0xf0) < before + 10)
		;
	ok(true, "hpet: counts");
}

static bool is_pending(void)
{
	return read_msr(X2APIC(APIC_IRR + VECTOR / 32)) >> VECTOR % 32 & 1;
}

/* A comparator that the counter has passed is never met: on a slow machine again, further ahead. */
static u64 arm(u64 config)
{
	for (u64 ahead = TICKS_PER_MS;; ahead *= 4) {
		HPET(CONFIG) = config;
		u64 due = HPET(0xf0) + ahead;
		HPET(COMPARATOR) = due;
		if (HPET(0xf0) < due || is_pending())
			return due;
	}
}

static void test_interrupts(void)
{
	u64 due;

	apic_init();
	trap_handlers[VECTOR] = on_timer;
	IOAPIC_SELECT = 0x11 + 2 * INPUT;
	IOAPIC_WINDOW = 0;
	IOAPIC_SELECT = 0x10 + 2 * INPUT;
	IOAPIC_WINDOW = VECTOR;
	HPET(CONFIG) = INTERRUPT | (u64)INPUT << 9;
	ok_equal(HPET(CONFIG) >> 9 & 31, INPUT, "hpet: routed");
	due = arm(INTERRUPT | (u64)INPUT << 9);
	halt_once();
	ok_equal(count, 1, "hpet: one-shot wakes");
	ok(HPET(0xf0) >= due, "hpet: not before its time");
	(void)arm(INTERRUPT | PERIODIC | SET_VALUE | (u64)INPUT << 9);
	HPET(COMPARATOR) = TICKS_PER_MS;
	while (count < 5)
		halt_once();
	ok(true, "hpet: periodic");
	HPET(CONFIG) = 0;
	HPET(0x10) = 0;
}

void guest_main(void)
{
	test_counter();
	test_interrupts();
}
