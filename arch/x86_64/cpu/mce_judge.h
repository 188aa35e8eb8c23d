/* SPDX-License-Identifier: MIT */
/*
 * mce_judge.h - may the machine go on after a machine check? Pure. It is in ring 0 because the answer is needed before
 * anybody else runs; all else that follows from a machine check is root's.
 *
 * Sources: Intel SDM Vol. 3 15.3.2.2, 15.6, 15.9.3, 15.10.4.1; AMD APM Vol. 2 9.3.2, 9.5.
 */
#ifndef VOS_MCE_JUDGE_H
#define VOS_MCE_JUDGE_H

#include "machine_check.h"

/* MCG_STATUS. */
#define MCG_RESTART_VALID BIT64(0)	/* RIPV: the interrupted code may be resumed */
#define MCG_ERROR_IP_VALID BIT64(1)	/* EIPV: the error is that code's */
#define MCG_IN_PROGRESS BIT64(2)	/* MCIP: another #MC shuts the processor down */
#define MCG_LOCAL BIT64(3)		/* LMCE_S: no other processor was told */

/* In the order of their weight. */
enum mce_verdict {
	MCE_NOTHING,		/* nothing in this bank */
	MCE_COUNT,		/* to be counted; whoever was interrupted goes on */
	MCE_END_CONTEXT,	/* the guest or the ring-3 thread that was interrupted must not go on */
	MCE_STOP,		/* the machine must not go on */
};

/* One bank, at #MC. is_kernel: ring 0 was interrupted. */
enum mce_verdict mce_judge_bank(enum mce_kind kind, u64 status, u64 mcg_status, bool is_kernel);
/* MCG_STATUS itself, whatever the banks say. */
enum mce_verdict mce_judge_context(u64 mcg_status, bool is_kernel);
/* Without #MC: may a poll take it from its bank? Else #MC is about to come for it. */
bool mce_is_pollable(enum mce_kind kind, u64 status);

#endif
