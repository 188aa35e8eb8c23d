/* SPDX-License-Identifier: MIT */
/*
 * guest_storm.c - several CPUs that flood their machine: interrupts to all, timers at the shortest period, INIT and
 * SIPI without end, halt and wake, device memory.
 *
 * The command line names the mode, `cpus=N` and `loops=N` (for each CPU; 0 = for ever). Whoever runs it watches another
 * VM. `SURVIVED mode` is printed at the end.
 */
#include "smp.h"

#define VECTOR 0x70u

static u64 loops;

static u64 random_u64(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void storm_ipi(u64 i, u64 *state)
{
	ipi((u32)(random_u64(state) % smp_cpus), i & 1 ? ICR_ALL | VECTOR : ICR_OTHERS | (VECTOR + 1));
}

static void storm_self(u64 i, u64 *state)
{
	(void)state;
	ipi(0, ICR_SELF | (VECTOR + (u32)(i & 15)));
}

static void storm_nmi(u64 i, u64 *state)
{
	(void)state;
	ipi((u32)(i % smp_cpus), i & 4 ? ICR_OTHERS | ICR_NMI : ICR_NMI);
}

static void storm_timer(u64 i, u64 *state)
{
	if (i % 64 == 0) {
		apic_write(APIC_DIVIDE, 0xb);
		apic_write(APIC_TIMER, VECTOR | (i & 64 ? 1u << 17 : 0));
	}
	apic_write(APIC_INITIAL, (u32)(random_u64(state) % 16) + 1);
}

/* Halt, and wake the next; somebody's timer sees to it that not all sleep for ever. */
static void storm_halt(u64 i, u64 *state)
{
	(void)state;
	if (i == 0) {
		apic_write(APIC_DIVIDE, 0xb);
		apic_write(APIC_TIMER, VECTOR | 1u << 17);
		apic_write(APIC_INITIAL, 50000);
	}
	ipi((this_cpu()->id + 1) % smp_cpus, VECTOR + 1);
	halt_once();
	interrupts_on();
}

static void storm_mmio(u64 i, u64 *state)
{
	volatile u32 *ioapic = (volatile u32 *)0xfec00000ull;
	u64 r = random_u64(state);

	(void)i;
	ioapic[0] = (u32)r % 0x40;
	if (r & 256)
		ioapic[4] = (u32)(r >> 32) & ~0x700u;		/* a line that delivers INIT or NMI ends the storm */
	else
		(void)ioapic[4];
}

static void storm_port(u64 i, u64 *state)
{
	(void)i;
	out8(0x3f8 + 7, (u8)random_u64(state));
	in8(0x3f8 + 5);
	in8(0x80);
}

/* Anything but INIT, SIPI and SMI, to anybody. */
static void storm_icr(u64 i, u64 *state)
{
	static const u32 deliveries[] = { 0, 0x100, 0x400, 0x700, 0x300 };
	u64 r = random_u64(state);

	(void)i;
	ipi((u32)(r >> 32), (u32)(r & 0xcc800) | deliveries[(r >> 8) % ARRAY_COUNT(deliveries)] |
	    (u32)(0x20 + r % 0xd0));
}

static const struct mode {
	const char *name;
	void (*step)(u64 i, u64 *state);
} modes[] = {
	{ "ipi", storm_ipi }, { "self", storm_self }, { "nmi", storm_nmi }, { "timer", storm_timer },
	{ "halt", storm_halt }, { "mmio", storm_mmio }, { "port", storm_port }, { "icr", storm_icr },
};

static void run_mode(u64 number)
{
	u64 state = 0x9e3779b97f4a7c15ull * (this_cpu()->id + 1);

	interrupts_on();
	for (u64 i = 0; loops == 0 || i < loops; i++)
		modes[number].step(i, &state);
	apic_write(APIC_TIMER, 1 << 16 | 0xff);
}

static void run_mixed(u64 unused)
{
	u64 state = 0x9e3779b97f4a7c15ull * (this_cpu()->id + 1), i = 0;

	(void)unused;
	interrupts_on();
	for (; loops == 0 || i < loops; i++)
		modes[(i / 256 + this_cpu()->id) % ARRAY_COUNT(modes)].step(i % 256, &state);
	apic_write(APIC_TIMER, 1 << 16 | 0xff);
}

/* The others are started, thrown back and started again, at whatever moment; their code just runs or halts. */
static void run_init(void)
{
	/* jmp; cli, hlt, jmp; sti, cpuid, jmp; an interrupt table of two bytes and INT3 */
	static const u8 code[][32] = {
		{ 0xeb, 0xfe }, { 0xfa, 0xf4, 0xeb, 0xfc }, { 0xfb, 0x0f, 0xa2, 0xeb, 0xfb },
		{ 0x2e, 0x0f, 0x01, 0x1e, 0x10, 0x00, 0xcc, [16] = 1 },
	};
	u64 state = 88172645463325252ull;

	for (u32 i = 0; i < ARRAY_COUNT(code); i++)
		memcpy((void *)(SMP_PAGE + i * 0x1000), code[i], sizeof(code[i]));
	for (u64 i = 0; loops == 0 || i < loops; i++) {
		u64 r = random_u64(&state);
		u32 target = 1 + (u32)((r >> 8) % (smp_cpus > 1 ? smp_cpus - 1 : 1));
		/* The last piece of code triple-faults, which ends the VM: only when asked for. */
		u32 page = (u32)(SMP_PAGE >> 12) + (u32)((r >> 16) % (guest_has("triple") ? 4 : 3));

		switch (r % 5) {
		case 0: ipi(target, ICR_INIT); break;
		case 1: ipi(0, ICR_OTHERS | ICR_INIT); break;
		case 2: ipi(0, ICR_OTHERS | ICR_STARTUP | page); break;
		case 3: ipi(target, ICR_INIT); ipi(target, ICR_STARTUP | page); break;
		default: ipi(target, ICR_STARTUP | page); break;
		}
	}
}

void guest_main(void)
{
	const char *name = NULL;

	smp_init();
	loops = guest_number("loops=", 0);
	interrupts_on();
	if (!smp_start_all()) {
		ok(false, "all CPUs come up");
		return;
	}
	put_text("START\n");
	if (guest_has(name = "init")) {
		run_init();
	} else if (guest_has(name = "mixed")) {
		smp_all(run_mixed, 0);
	} else {
		for (u32 i = 0; i < ARRAY_COUNT(modes); i++)
			if (guest_has(modes[i].name)) {
				name = modes[i].name;
				smp_all(run_mode, i);
			}
	}
	interrupts_off();
	put_text("SURVIVED ");
	put_text(name);
	put_char('\n');
	ok(true, name);
}
