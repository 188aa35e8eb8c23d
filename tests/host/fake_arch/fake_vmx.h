/* SPDX-License-Identifier: MIT */
/*
 * VMX's instructions in host tests: VMCSs by address, each active on one pCPU at most. Encodings: SDM Vol. 3 24.11.2.
 */
#ifndef VOS_FAKE_VMX_H
#define VOS_FAKE_VMX_H

#include "types.h"

struct fake_vmcs {
	u64 address;
	u32 pcpu;	/* where it is active */
	bool is_active;
	u64 fields[1024];
};

/* The current one of this pCPU. */
struct fake_vmcs *fake_vmcs(void);
/* What INVEPT does; the test's. */
void fake_invept(u64 type, u64 pointer);

#endif
