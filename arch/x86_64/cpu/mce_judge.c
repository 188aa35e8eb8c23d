/* SPDX-License-Identifier: MIT */
/*
 * mce_judge.c - see mce_judge.h.
 */
#include "mce_judge.h"

enum mce_verdict mce_judge_context(u64 mcg_status, bool is_kernel)
{
	if ((mcg_status & MCG_RESTART_VALID) != 0)
		return MCE_COUNT;
	/* Ring 3 and guests can be given up, if it is sure that they are what was hit. */
	return !is_kernel && (mcg_status & MCG_ERROR_IP_VALID) != 0 ? MCE_END_CONTEXT : MCE_STOP;
}

/* Action is required: only loads and fetches are known to hurt nobody else than the code that does them. */
static enum mce_verdict judge_action(u64 status, u64 mcg_status, bool is_kernel)
{
	u64 code = status & MC_CODE;

	if ((status & MC_OVERFLOW) != 0 || (code != MC_CODE_LOAD && code != MC_CODE_FETCH))
		return MCE_STOP;
	/* Another processor's: this one was only told. */
	if ((mcg_status & (MCG_RESTART_VALID | MCG_ERROR_IP_VALID)) == MCG_RESTART_VALID)
		return MCE_COUNT;
	return is_kernel ? MCE_STOP : MCE_END_CONTEXT;
}

static enum mce_verdict judge_succor(enum mce_kind kind, u64 status, bool is_kernel)
{
	if (is_kernel || ((status & MC_OVERFLOW) != 0 && kind != MCE_SUCCOR_OVERFLOW))
		return MCE_STOP;
	return MCE_END_CONTEXT;
}

enum mce_verdict mce_judge_bank(enum mce_kind kind, u64 status, u64 mcg_status, bool is_kernel)
{
	if ((status & MC_VALID) == 0)
		return MCE_NOTHING;
	if ((status & MC_CONTEXT_CORRUPT) != 0)
		return MCE_STOP;
	if ((status & MC_UNCORRECTED) == 0)
		return MCE_COUNT;
	if (kind == MCE_SER_P && (status & MC_SIGNALED) == 0)
		return MCE_COUNT;	/* UCNA: nobody has used it */
	if (kind == MCE_SER_P && (status & MC_ENABLED) == 0)
		return MCE_COUNT;	/* not what this #MC is for */
	if (kind == MCE_SER_P && (status & MC_ACTION_REQUIRED) == 0)
		return MCE_COUNT;	/* SRAO */
	if (kind == MCE_SER_P)
		return judge_action(status, mcg_status, is_kernel);
	return kind == MCE_FATAL_ONLY ? MCE_STOP : judge_succor(kind, status, is_kernel);
}

bool mce_is_pollable(enum mce_kind kind, u64 status)
{
	if ((status & MC_VALID) == 0 || (status & MC_CONTEXT_CORRUPT) != 0)
		return false;
	return (status & MC_UNCORRECTED) == 0 || (kind == MCE_SER_P && (status & MC_SIGNALED) == 0);
}
