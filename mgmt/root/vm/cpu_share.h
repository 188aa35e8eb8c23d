/* SPDX-License-Identifier: MIT */
/*
 * cpu_share.h - judges which share of the machine's processors a VM is to have. Pure. The share must be a private copy.
 */
#ifndef VOS_CPU_SHARE_H
#define VOS_CPU_SHARE_H

#include "error_info.h"
#include "request.h"

/*
 * Checks every field for a VM of so many vCPUs on a machine of so many pCPUs, and fills in the defaults. `asked`:
 * BIT32(FIELD_*) of what the operator named, because a weight for a real-time VM is a mistake only then.
 */
struct error_info cpu_share_judge(struct vm_share *share, u32 asked, u32 vcpus, u32 pcpus);

#endif
