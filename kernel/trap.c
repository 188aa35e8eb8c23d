/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what ring 3 runs into: page faults that its space can satisfy, and everything else, which stops the thread
 * and tells its supervisor.
 */
#include "arch.h"
#include "kernel_upcalls.h"
#include "notify.h"
#include "pd.h"
#include "sched.h"

#define VECTOR_PF 14u
#define PF_WRITE BIT64(1)
#define PF_FETCH BIT64(4)

static u32 page_fault_access(u64 error)
{
	return (error & PF_WRITE) != 0 ? PT_W : (error & PF_FETCH) != 0 ? PT_X : PT_R;
}

void kernel_user_exception(struct trap_frame *frame, u64 address)
{
	enum status status = ST_INVAL;

	while (frame->vector == VECTOR_PF && address < USER_LIMIT) {
		status = space_fault(&thread_current()->pd->space, address, page_fault_access(frame->error));
		if (status != ST_AGAIN)
			break;
		arch_interrupts_poll();
		kernel_exit_check();
	}
	if (status == ST_NOMEM)
		thread_fault(FAULT_NOMEM, frame->rip, address, frame->error);
	else if (status != ST_OK)
		thread_fault(frame->vector + 1, frame->rip, frame->vector == VECTOR_PF ? address : 0, frame->error);
	kernel_exit_check();
}

void kernel_foreign_call(u64 number, u64 rip)
{
	for (;;)	/* there is nowhere to go on, even if somebody starts the thread again */
		thread_fault(FAULT_COMPAT, rip, 0, number);
}
