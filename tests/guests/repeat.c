/* SPDX-License-Identifier: MIT */
/*
 * repeat.c - does one thing that exits, for ever: `cpuid`, `msr`, `port` or `mmio` (EOI). For make bench, which
 * looks at what the hypervisor does then.
 */
#include "guest.h"

#define LAPIC_EOI ((volatile u32 *)0xfee000b0)
#define UART_SCRATCH 0x3ffu
#define MSR_APIC_BASE 0x1bu

static void do_cpuid(void)
{
	(void)cpuid(0, 0);
}

static void do_msr(void)
{
	(void)read_msr(MSR_APIC_BASE);
}

static void do_port(void)
{
	(void)in8(UART_SCRATCH);
}

static void do_mmio(void)
{
	*LAPIC_EOI = 0;
}

static const struct { const char *word; void (*once)(void); } operations[] = {
	{ "cpuid", do_cpuid }, { "msr", do_msr }, { "port", do_port }, { "mmio", do_mmio },
};

void guest_main(void)
{
	for (u32 i = 0; i < ARRAY_COUNT(operations); i++)
		if (guest_has(operations[i].word)) {
			put_text("repeating\n");
			for (;;)
				operations[i].once();
		}
	ok(false, "an operation is named");
}
