/* SPDX-License-Identifier: MIT */
/*
 * wake.c - a guest that sleeps on its timer and says how late it was woken.
 *
 * Lines `wakes N late max NS sum NS`: of the N wake-ups since the last line, in nanoseconds after the time that the
 * timer was set to. `period=US` (2000) between wake-ups, `lines=N` of 50 wake-ups each, then it ends.
 */
#include "clock.h"
#include "smp.h"

void guest_main(void)
{
	u64 period = guest_number("period=", 2000) * 1000, lines = guest_number("lines=", ~0ull);

	smp_init();
	ok(clock_init(), "paravirtual clock");
	apic_write(APIC_DIVIDE, 0xb);
	apic_write(APIC_TIMER, 0x40);
	for (u64 line = 0; line < lines; line++) {
		u64 most = 0, sum = 0;

		for (u32 i = 0; i < 50; i++) {
			u64 before = cpus[0].hits[0x40], due = clock_ns() + period, now;

			apic_write(APIC_INITIAL, (u32)period);
			while (cpus[0].hits[0x40] == before)
				halt_once();
			now = clock_ns();
			now = now > due ? now - due : 0;
			sum += now;
			if (now > most)
				most = now;
		}
		put_text("wakes 50 late max ");
		put_decimal(most);
		put_text(" sum ");
		put_decimal(sum);
		put_char('\n');
	}
}
