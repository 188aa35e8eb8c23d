/* SPDX-License-Identifier: MIT */
/*
 * quiesce.h - grace periods: when does no pCPU hold a pointer any more that it may have found before?
 *
 * Handles, IRQ lines and supervisors are looked up without a lock. What has been found stays valid until the pCPU next
 * has interrupts on in ring 0, switches to another thread or returns to ring 3: so nothing may be kept across
 * arch_interrupts_poll, virt->enter, sched_preempt and sched_wait that is not referenced. Who takes an object away
 * unpublishes it, begins a grace period, and frees it when the period has passed. Nobody waits: quiesce_passed is asked
 * again later (ST_AGAIN).
 *
 * A pCPU that has passed has also dropped its cached translations of ring-3 addresses, and has left its guest, so that
 * it looks at the VM's shrink_count before it enters it again.
 */
#ifndef VOS_QUIESCE_H
#define VOS_QUIESCE_H

#include "types.h"

/* A ticket, never 0. Interrupts every other pCPU that is not idle. */
u64 quiesce_begin(void);
/* Has each pCPU since been idle or taken the interrupt? 0 has passed. */
bool quiesce_passed(u64 ticket);
/* This pCPU took the interrupt. */
void quiesce_ipi(void);

#endif
