/* SPDX-License-Identifier: MIT */
/*
 * cpu_base.c - what the other files of this room stand on: which features are used, which pCPUs there are, the stack
 * protector, and how a pCPU waits and stops.
 */
#include "cpu.h"
#include "kernel_upcalls.h"

struct cpu_features cpu_features;
bool cpu_has_smap;
u32 pcpu_count = 1;
struct pcpu *pcpu_table[MAX_PCPUS];

/* The stack protector's canary; set in boot/header.S before the first C function. */
u64 __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	struct trap_frame frame = {
		.vector = VECTOR_GP, .rip = (u64)__builtin_return_address(0), .cs = SEL_KERNEL_CODE,
	};

	kernel_panic_frame(&frame, 0);
}

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
