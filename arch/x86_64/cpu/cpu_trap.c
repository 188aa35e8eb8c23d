/* SPDX-License-Identifier: MIT */
/*
 * cpu_trap.c - what the entry stubs call: sorts traps into those the processor's own business explains, the kernel's,
 * and panics.
 */
#include "cpu.h"
#include "kernel_upcalls.h"
#include "virt.h"

static bool is_user(const struct trap_frame *frame)
{
	return (frame->cs & 3) != 0;
}

/*
 * First use of extended state by ring 3 while a guest's is in the registers (arch_fpu_park). Under a guest's XCR0 an
 * AVX instruction is #UD before it is #NM.
 */
static bool is_parked_fpu(const struct trap_frame *frame)
{
	if (frame->vector != VECTOR_NM && frame->vector != VECTOR_UD)
		return false;
	return fpu_unpark();
}

static void user_exception(struct trap_frame *frame)
{
	u64 address = frame->vector == VECTOR_PF ? cr2_read() : 0;

	if (frame->vector == VECTOR_PF)
		pcpu_self()->fast_vcpu = NULL;
	if (frame->vector == VECTOR_DB) {
		dr7_write(0);
		dr6_write(0);
	}
	if (!is_parked_fpu(frame))
		kernel_user_exception(frame, address);
}

/* #GP of msr_try_read or msr_try_write: they answer no. */
static bool is_refused_msr(struct trap_frame *frame)
{
	if (is_user(frame) || frame->vector != VECTOR_GP ||
	    (frame->rip != (u64)cpu_msr_read_at && frame->rip != (u64)cpu_msr_write_at))
		return false;
	frame->rip = (u64)cpu_msr_refused;
	return true;
}

void cpu_trap(struct trap_frame *frame)
{
	if (frame->vector >= VECTOR_EXCEPTIONS) {
		arch_interrupt((u32)frame->vector);
	} else if (!is_refused_msr(frame) && !arch_interrupt_end_stray((u32)frame->vector)) {
		if (!is_user(frame))
			kernel_panic_frame(frame, cr2_read());
		if (frame->vector == VECTOR_MC)
			machine_check(false);
		else
			user_exception(frame);
	}
	if (is_user(frame) && pcpu_self()->need_resched)
		kernel_exit_check();
}

bool cpu_is_last;

/* Virtualization off, so that no way of resetting the machine is ignored. */
static _Noreturn void stop_here(void)
{
	if (virt)
		virt->cpu_off();
	arch_halt();
}

/*
 * On an interrupt stack: no scheduling, no locks. NMIs are ignored but for arch_stop_others. No breakpoint is ever in
 * force in ring 0: #DB is the trap of a ring-3 MOV to SS that the SYSCALL behind it has taken along (SDM Vol. 3 6.8.3).
 */
void cpu_paranoid_trap(struct trap_frame *frame)
{
	switch (frame->vector) {
	case VECTOR_NMI:
		if (__atomic_load_n(&cpu_is_last, __ATOMIC_ACQUIRE))
			stop_here();
		return;
	case VECTOR_DB:
		dr7_write(0);
		dr6_write(0);
		return;
	case VECTOR_MC:
		if (!arch_interrupt_end_stray(VECTOR_MC))
			machine_check(true);
		return;
	default:
		if (!arch_interrupt_end_stray((u32)frame->vector))
			kernel_panic_frame(frame, cr2_read());
	}
}
