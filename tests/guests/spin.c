/* SPDX-License-Identifier: MIT */
/*
 * spin.c - a guest that only computes, on all its CPUs, and says how much it has done.
 *
 * Lines `work N at NS wrong M`: N batches so far, at that time of day (the same clock in every guest of the machine), M
 * of them with a wrong result. `cpus=N`, `every=MS` (200) between lines, `units=N` ends after so many batches; with
 * `halves` it sleeps as long as it works.
 */
#include "clock.h"
#include "smp.h"

#define ITERATIONS 20000u

static u64 right_result;

static u64 batch(void)
{
	u64 x = 88172645463325252ull;

	for (u32 i = 0; i < ITERATIONS; i++)
		x = (x ^ x >> 29) * 0x9e3779b97f4a7c15ull;
	return x;
}

static void work_once(struct cpu *c)
{
	c->out[1] += batch() != right_result;
	c->out[0]++;
}

static void work_on(u64 unused)
{
	(void)unused;
	for (;;)
		work_once(this_cpu());
}

static void put_report(void)
{
	u64 done = 0, wrong = 0, now;

	for (u32 id = 0; id < smp_cpus; id++) {
		done += cpus[id].out[0];
		wrong += cpus[id].out[1];
	}
	now = clock_wall_ns();
	put_text("work ");
	put_decimal(done);
	put_text(" at ");
	put_decimal(now);
	put_text(" wrong ");
	put_decimal(wrong);
	put_char('\n');
}

static void sleep_ns(u64 ns)
{
	u64 before = this_cpu()->hits[0x40];

	apic_write(APIC_INITIAL, (u32)ns);
	while (this_cpu()->hits[0x40] == before)
		halt_once();
	interrupts_on();
}

void guest_main(void)
{
	u64 every = guest_number("every=", 200) * 1000000, next, units;
	bool is_half = guest_has("halves");

	smp_init();
	ok(clock_init(), "paravirtual clock");
	right_result = batch();
	ok(smp_start_all(), "all CPUs come up");
	apic_write(APIC_DIVIDE, 0xb);
	apic_write(APIC_TIMER, 0x40);
	for (u32 id = 1; id < smp_cpus; id++)
		smp_run(id, work_on, 0);
	units = guest_number("units=", ~0ull);
	interrupts_on();	/* Bochs keeps the host's interrupts off as long as a guest's are */
	next = clock_ns();
	while (cpus[0].out[0] < units) {
		u64 before = clock_ns();

		work_once(&cpus[0]);
		if (clock_ns() >= next) {
			put_report();
			next = clock_ns() + every;
		}
		if (is_half)
			sleep_ns(clock_ns() - before);
	}
	put_report();
}
