/* SPDX-License-Identifier: MIT */
/*
 * quirks_vmx.h - workarounds for emulators' VMX. docs/emulator-quirks.md lists all.
 */
#ifndef VOS_QUIRKS_VMX_H
#define VOS_QUIRKS_VMX_H

#include "vmcs.h"
#include "x86.h"

#define BOCHS_VMCS_REVISION 0x2bu

/*
 * Bochs lets no host interrupt end guest mode if the guest was entered with IF = 0 and has left it so. A look from
 * time to time, by the preemption timer (vmx_switch.S), keeps such a guest from owning the pCPU; it takes a dozen
 * instructions. Processors need none. Can go when the modes spin and deaf of test_hostile_guests pass without it.
 */
static inline bool quirk_bochs_needs_polls(void)
{
	return ((u32)rdmsr(MSR_VMX_BASIC) & VMX_BASIC_REVISION) == BOCHS_VMCS_REVISION;
}

#endif
