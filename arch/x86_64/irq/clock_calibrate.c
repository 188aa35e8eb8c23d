/*
 * clock_calibrate.c - how fast the TSC and the local APIC's timer run, measured against the HPET, the ACPI PM timer or
 * the 8254, whichever works.
 *
 * CPUID leaves 0x15 and 0x16 are not believed: emulators report another machine's. A run whose ends were pinned down
 * tightly is enough; else the tightest of several wins, so that a hypervisor below us, or an SMI, that takes the
 * processor away at the wrong moment does no harm.
 */
#include "platform_irq.h"

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
	hpet = arch_mmio_map(HPA(acpi.hpet_address), 1024);
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
	return inl(acpi.pm_timer);
}

static u64 pm_timer_start(void)
{
	return acpi.pm_timer ? PM_TIMER_HZ : 0;
}

/* Counts down; made to look as if it counted up. */
static u32 pit_read(void)
{
	u32 low, high;

	outb(0x43, 0x80);	/* latch channel 2 */
	low = inb(0x42);
	high = inb(0x42);
	return ~(high << 8 | low);
}

static u64 pit_start(void)
{
	outb(0x61, (inb(0x61) & 0xfcu) | 1u);	/* gate on, speaker off */
	outb(0x43, 0xb4);			/* channel 2, both bytes, mode 2 */
	outb(0x42, 0);
	outb(0x42, 0);
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
	u32 reference, timer;
};

static void take_sample(const struct reference *r, struct sample *best)
{
	u32 i;

	best->width = ~0ull;
	for (i = 0; i < TRIES; i++) {
		u64 before = arch_tsc();
		u32 reference = r->read();
		u64 after = arch_tsc();
		u32 timer = apic_local_timer_count();

		if (after - before < best->width)
			*best = (struct sample){ .tsc = before + (after - before) / 2, .width = after - before,
						 .reference = reference, .timer = timer };
	}
}

/* One run; its uncertainty in TSC ticks. */
static u64 run(const struct reference *r, u64 hz, u64 *tsc_hz, u64 *timer_hz)
{
	struct sample a, b;
	u64 elapsed, tsc;

	take_sample(r, &a);
	while (((r->read() - a.reference) & r->mask) < hz / RUN_HZ)
		;
	take_sample(r, &b);
	elapsed = (b.reference - a.reference) & r->mask;
	tsc = b.tsc - a.tsc;
	*tsc_hz = tsc * hz / elapsed;
	*timer_hz = (u64)(a.timer - b.timer) * hz / elapsed;
	return a.width + b.width;
}

enum status clock_calibrate(u64 *tsc_hz, u64 *timer_hz)
{
	u64 best = ~0ull, hz, uncertainty, tsc, timer;
	u32 i, n;

	*tsc_hz = 0;
	apic_local_timer_free_run();
	for (i = 0; i < ARRAY_COUNT(references); i++) {
		const struct reference *r = &references[i];

		hz = r->start();
		if (hz == 0 || !is_running(r))
			continue;
		for (n = 0; n < RUNS && best > *tsc_hz / RUN_HZ / TIGHT; n++) {
			uncertainty = run(r, hz, &tsc, &timer);
			if (uncertainty >= best)
				continue;
			best = uncertainty;
			*tsc_hz = tsc;
			*timer_hz = timer;
		}
		tsc_hz_known = *tsc_hz;
		return *tsc_hz > 0 && *timer_hz > 0 ? ST_OK : ST_UNSUPPORTED;
	}
	return ST_UNSUPPORTED;
}

void clock_wait_us(u64 us)
{
	u64 start = arch_tsc();
	u64 ticks = (tsc_hz_known ? tsc_hz_known : 1000000000ull) / 1000000 * us;

	while (arch_tsc() - start < ticks)
		__builtin_ia32_pause();
}
