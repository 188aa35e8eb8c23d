/*
 * cpu_share.h - judges which share of the machine's processors a VM is to have. Pure. The share must be a private copy.
 */
#ifndef VOS_CPU_SHARE_H
#define VOS_CPU_SHARE_H

#include "refusal.h"
#include "request.h"

#define CPU_SHARE_FIELDS (BIT32(FIELD_CLASS) | BIT32(FIELD_WEIGHT) | BIT32(FIELD_CAP) | BIT32(FIELD_AFFINITY))

/*
 * Checks every field for a VM of so many vCPUs on a machine of so many pCPUs, and fills in the defaults. `asked`:
 * BIT32(FIELD_*) of what the operator named, because a weight for a real-time VM is a mistake only then.
 */
struct refusal cpu_share_judge(struct vm_share *share, u32 asked, u32 vcpus, u32 pcpus);

/* *to with the fields `asked` of *from; ERR_BAD_FIELD FIELD_SET if that is nothing, or something else too. */
struct refusal cpu_share_merge(struct vm_share *to, const struct vm_share *from, u32 asked);

#endif
