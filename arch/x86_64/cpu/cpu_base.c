/* SPDX-License-Identifier: MIT */
/*
 * cpu_base.c - what the other files of this room stand on: which features are used, and how a pCPU waits and stops.
 */
#include "cpu.h"
#include "kernel_upcalls.h"

struct cpu_features cpu_features;
bool cpu_has_smap;

void arch_interrupts_poll(void)
{
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
}

/* STI holds interrupts off for one instruction, so that none slips in before HLT. */
void arch_idle(void)
{
	struct pcpu *pcpu = pcpu_self();

	__atomic_store_n(&pcpu->is_idle, true, __ATOMIC_SEQ_CST);
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	if (pcpu->is_idle)
		kernel_idle_end();
}

_Noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
