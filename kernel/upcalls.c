/* SPDX-License-Identifier: MIT */
/*
 * upcalls.c - what arch/ calls and what concerns several parts of the kernel: interrupts from other pCPUs, and the ways
 * into ring 3.
 */
#include "arch.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "machine_checks.h"
#include "quiesce.h"
#include "sched.h"

void kernel_exit_check(void)
{
	while (pcpu_self()->need_resched) {
		if (pcpu_self()->machine_check != 0)
			machine_check_settle();
		sched_preempt();
	}
}

void kernel_thread_begin(void)
{
	sched_switched();
	kernel_exit_check();
}

void kernel_idle_end(void)
{
	__atomic_store_n(&pcpu_self()->is_idle, false, __ATOMIC_SEQ_CST);
	quiesce_ipi();
}

void kernel_ipi(void)
{
	pcpu_self()->fast_vcpu = NULL;
	quiesce_ipi();
	sched_ipi();
	if (__atomic_exchange_n(&pcpu_self()->is_bank_look_due, false, __ATOMIC_ACQUIRE))
		machine_check_poll();
	log_wake_readers();
}
