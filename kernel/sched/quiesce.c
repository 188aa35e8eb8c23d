/* SPDX-License-Identifier: MIT */
/*
 * quiesce.c - see quiesce.h.
 *
 * `begun` counts grace periods; each pCPU notes in pcpu->quiesced which one it has passed. An idle pCPU needs no
 * interrupt: it holds nothing, ring 3's translations included (the idle thread has a space without any), and catches up
 * when it leaves idleness. Either the beginner sees is_idle, or the pCPU sees the new `begun`: both sides write before
 * they read.
 */
#include "arch.h"
#include "quiesce.h"

static u64 begun;	/* atomic */

u64 quiesce_begin(void)
{
	struct pcpu *self = pcpu_self();
	u64 ticket = __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);

	for (u32 i = 0; i < pcpu_count; i++)
		if (pcpu_at(i) != self && !__atomic_load_n(&pcpu_at(i)->is_idle, __ATOMIC_SEQ_CST))
			arch_ipi(pcpu_at(i));
	quiesce_ipi();	/* the caller keeps only what it is about to take away itself */
	return ticket;
}

bool quiesce_passed(u64 ticket)
{
	for (u32 i = 0; i < pcpu_count; i++)
		if (__atomic_load_n(&pcpu_at(i)->quiesced, __ATOMIC_ACQUIRE) < ticket &&
		    !__atomic_load_n(&pcpu_at(i)->is_idle, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

void quiesce_ipi(void)
{
	struct pcpu *self = pcpu_self();
	u64 last = __atomic_load_n(&begun, __ATOMIC_SEQ_CST);

	if (self->quiesced == last)
		return;
	arch_tlb_flush_user();
	pcpu_self()->fast_vcpu = NULL;		/* a guest's translations */
	__atomic_store_n(&self->quiesced, last, __ATOMIC_RELEASE);
}
