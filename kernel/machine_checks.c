/* SPDX-License-Identifier: MIT */
/*
 * machine_checks.c - see machine_checks.h.
 */
#include "arch.h"
#include "machine_checks.h"
#include "notify.h"
#include "panic.h"
#include "pd.h"
#include "sched.h"
#include "syscalls.h"

static struct {
	struct thread *thread;	/* root's, which never ends */
	u64 bits;		/* atomic: 0 = there is none yet */
} listener;

static void tell(void)
{
	u64 bits = __atomic_load_n(&listener.bits, __ATOMIC_ACQUIRE);

	if (bits != 0 && arch_machine_check_is_kept())
		notify_signal(listener.thread, bits);
}

void machine_check_poll(void)
{
	arch_machine_check_look();
	tell();
}

void machine_check_settle(void)
{
	struct pcpu *pcpu = pcpu_self();
	bool is_end = pcpu->machine_check == PCPU_MC_END;

	pcpu->machine_check = 0;
	tell();
	if (is_end && thread_current()->supervisor == NULL)
		panic("machine check: memory of root is damaged");
	if (is_end)
		thread_fault(FAULT_MACHINE_CHECK, 0, 0, 0);
}

static void look(void)
{
	for (u32 i = 0; i < pcpu_count; i++) {
		__atomic_store_n(&pcpu_at(i)->is_bank_look_due, true, __ATOMIC_RELEASE);
		arch_ipi(pcpu_at(i));
	}
}

enum status machine_check_do(u64 op, u64 argument, struct machine_check *out, u64 *value)
{
	switch (op) {
	case MACHINE_CHECK_BIND:
		if (!arch_machine_checks_are_there())
			return ST_UNSUPPORTED;
		listener.thread = thread_current();
		__atomic_store_n(&listener.bits, argument, __ATOMIC_RELEASE);
		return ST_OK;
	case MACHINE_CHECK_LOOK:
		look();
		return ST_OK;
	case MACHINE_CHECK_TAKE:
		*value = arch_machine_check_take(out);
		return ST_OK;
	default:
		return ST_INVAL;
	}
}
