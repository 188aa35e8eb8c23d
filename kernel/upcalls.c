/* SPDX-License-Identifier: MIT */
/*
 * upcalls.c - what arch/ calls and what concerns several parts of the kernel: interrupts from other pCPUs, and the ways
 * into ring 3.
 */
#include "arch.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "quiesce.h"
#include "sched.h"

void kernel_exit_check(void)
{
	while (pcpu_self()->need_resched)
		sched_preempt();
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
	log_wake_readers();
}
