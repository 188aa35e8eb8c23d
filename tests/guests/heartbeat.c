/* SPDX-License-Identifier: MIT */
/*
 * heartbeat.c - the victim: a guest that keeps a checksummed pattern in its RAM and says every so often that it is
 * still as it was.
 *
 * Lines `beat N sum HEX`: N counts up, the checksum never changes. Between beats it sleeps on its timer. With
 * `count=N` it ends after N beats.
 */
#include "guest.h"

#define PATTERN ((volatile u64 *)0x800000)
#define PATTERN_WORDS (512 * 1024ull / 8)
#define VECTOR 0x40

static volatile u64 ticks;

static void on_timer(struct trap *t)
{
	(void)t;
	ticks++;
	write_msr(X2APIC(APIC_EOI), 0);
}

static u64 checksum(void)
{
	u64 sum = 0xcbf29ce484222325ull;

	for (u64 i = 0; i < PATTERN_WORDS; i++)
		sum = (sum ^ PATTERN[i]) * 0x100000001b3ull;
	return sum;
}

void guest_main(void)
{
	u64 limit = guest_number("count=", ~0ull), first, x = 88172645463325252ull;

	for (u64 i = 0; i < PATTERN_WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		PATTERN[i] = x;
	}
	first = checksum();
	trap_handlers[VECTOR] = on_timer;
	apic_init();
	write_msr(X2APIC(APIC_DIVIDE), 0xb);
	write_msr(X2APIC(APIC_TIMER), VECTOR);
	for (u64 beat = 1; beat <= limit; beat++) {
		u64 now = ticks, sum;

		write_msr(X2APIC(APIC_INITIAL), (u32)guest_number("ticks=", 100000000));	/* bus clock of 1 GHz:
												 * 100 ms */
		while (ticks == now)
			halt_once();
		sum = checksum();
		put_text("beat ");
		put_decimal(beat);
		put_text(" sum ");
		put_hex(sum);
		put_char('\n');
		if (sum != first)
			ok(false, "memory changed");
	}
	ok(true, "beats");
}
