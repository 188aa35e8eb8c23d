/* SPDX-License-Identifier: MIT */
/*
 * clock_calibrate.c - how fast the TSC runs, measured against the HPET, the ACPI PM timer or the 8254, whichever works.
 *
 * CPUID leaves 0x15 and 0x16 are not believed: emulators report another machine's. A run whose ends were pinned down
 * tightly is enough; else the tightest of several wins, so that a hypervisor below us, or an SMI, that takes the
 * processor away at the wrong moment does no harm.
 */
#include "platform_parts.h"
#include "rt_time.h"

#define RUNS 3u
#define RUN_HZ 50u		/* 20 ms each */
#define TIGHT 10000u		/* the ends' uncertainty, which errs both ways, is this part of the run */
#define TRIES 5u
#define STUCK_READS 100000u

#define PM_TIMER_HZ 3579545u
#define PIT_HZ 1193182u
#define FEMTOSECONDS 1000000000000000ull

#define HPET_PERIOD 0x004u
#define HPET_CONFIG 0x010u
#define HPET_COUNTER 0x0f0u

static volatile u8 *hpet;
static u64 tsc_hz_known;

struct reference {
	u32 (*read)(void);
	u64 (*start)(void);	/* its rate; 0 = not there */
	u32 mask;
};

static u32 hpet_read(void)
{
	return *(volatile u32 *)(hpet + HPET_COUNTER);
}

static u64 hpet_start(void)
{
	u32 period;

	if (!acpi.hpet_address)
		return 0;
	hpet = platform_map(acpi.hpet_address, 1024, RIGHT_R | RIGHT_W);
	if (!hpet)
		return 0;
	period = *(volatile u32 *)(hpet + HPET_PERIOD);
	if (period == 0 || period > 100000000)	/* the specification's limit: 100 ns */
		return 0;
	*(volatile u32 *)(hpet + HPET_CONFIG) |= 1;
	return FEMTOSECONDS / period;
}

static u32 pm_timer_read(void)
{
	return port_in(acpi.pm_timer, 4);
}

static u64 pm_timer_start(void)
{
	return acpi.pm_timer ? PM_TIMER_HZ : 0;
}

/* Counts down; made to look as if it counted up. */
static u32 pit_read(void)
{
	u32 low, high;

	port_out(0x43, 1, 0x80);	/* latch channel 2 */
	low = port_in(0x42, 1);
	high = port_in(0x42, 1);
	return ~(high << 8 | low);
}

static u64 pit_start(void)
{
	port_out(0x61, 1, (port_in(0x61, 1) & 0xfcu) | 1u);	/* gate on, speaker off */
	port_out(0x43, 1, 0xb4);				/* channel 2, both bytes, mode 2 */
	port_out(0x42, 1, 0);
	port_out(0x42, 1, 0);
	return PIT_HZ;
}

static const struct reference references[] = {
	{ .read = hpet_read, .start = hpet_start, .mask = ~0u },
	{ .read = pm_timer_read, .start = pm_timer_start, .mask = 0xffffff },
	{ .read = pit_read, .start = pit_start, .mask = 0xffff },
};

static bool is_running(const struct reference *r)
{
	u32 first = r->read();
	u32 i;

	for (i = 0; i < STUCK_READS; i++)
		if ((r->read() ^ first) & r->mask)
			return true;
	return false;
}

struct sample {
	u64 tsc;
	u64 width;		/* TSC ticks the reading took: how uncertain it is */
	u32 reference;
};

static void take_sample(const struct reference *r, struct sample *best)
{
	*best = (struct sample){ .width = ~0ull };
	for (u32 i = 0; i < TRIES; i++) {
		u64 before = rt_time_tsc();
		u32 reference = r->read();
		u64 width = rt_time_tsc() - before;

		if (width < best->width)
			*best = (struct sample){ .tsc = before + width / 2, .width = width, .reference = reference };
	}
}

/* One run; its uncertainty in TSC ticks. */
static u64 run(const struct reference *r, u64 hz, u64 *tsc_hz)
{
	struct sample a, b;

	take_sample(r, &a);
	while (((r->read() - a.reference) & r->mask) < hz / RUN_HZ)
		;
	take_sample(r, &b);
	*tsc_hz = (b.tsc - a.tsc) * hz / ((b.reference - a.reference) & r->mask);
	return a.width + b.width;
}

u64 clock_calibrate(void)
{
	u64 best = ~0ull, hz, uncertainty, tsc;

	for (u32 i = 0; i < ARRAY_COUNT(references); i++) {
		const struct reference *r = &references[i];

		hz = r->start();
		if (hz == 0 || !is_running(r))
			continue;
		for (u32 n = 0; n < RUNS && best > tsc_hz_known / RUN_HZ / TIGHT; n++) {
			uncertainty = run(r, hz, &tsc);
			if (uncertainty >= best)
				continue;
			best = uncertainty;
			tsc_hz_known = tsc;
		}
		return tsc_hz_known;
	}
	return 0;
}

void clock_wait_us(u64 us)
{
	u64 start = rt_time_tsc();

	while (rt_time_tsc() - start < tsc_hz_known / 1000000 * us)
		__builtin_ia32_pause();
}
