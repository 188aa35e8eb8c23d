/* SPDX-License-Identifier: MIT */
/*
 * cpu_share.c - see cpu_share.h.
 */
#include "cpu_share.h"

#include "syscalls.h"

#define PERCENT 100u

static u64 online_mask(u32 pcpus)
{
	return pcpus < 64 ? BIT64(pcpus) - 1 : ~0ull;
}

static struct error_info affinity_judge(struct vm_share *share, u32 pcpus)
{
	u64 missing = share->affinity & ~online_mask(pcpus);

	if (share->affinity == 0)
		share->affinity = SHARE_ALL_PCPUS;
	if (share->affinity == SHARE_ALL_PCPUS || missing == 0)
		return ERROR_INFO_NONE;
	return error_info_of(ERR_NO_PCPU, (u64)__builtin_ctzll(missing), pcpus);
}

struct error_info cpu_share_judge(struct vm_share *share, u32 asked, u32 vcpus, u32 pcpus)
{
	share->zero = 0;
	if (share->class != SCHED_CLASS_FAIR && share->class != SCHED_CLASS_RT)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_CLASS);
	if (share->class == SCHED_CLASS_RT && (asked & BIT32(FIELD_WEIGHT)) != 0)
		return error_info_of(ERR_WEIGHT_RT, share->weight, 0);
	if (share->weight == 0)
		share->weight = SHARE_WEIGHT_DEFAULT;
	if (share->weight < SCHED_WEIGHT_MIN || share->weight > SCHED_WEIGHT_MAX)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_WEIGHT);
	if (share->cap > vcpus * PERCENT)
		return error_info_of(ERR_CAP, share->cap, vcpus * PERCENT);
	return affinity_judge(share, pcpus);
}
