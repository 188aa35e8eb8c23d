/* SPDX-License-Identifier: MIT */
/*
 * mitigations.c - see mitigations.h. The kernel does not judge which flaws there are; it refuses what the processor has
 * no command for, since WRMSR of a register that is not there would be #GP in ring 0.
 */
#include "mitigations.h"

#include "cpu.h"
#include "syscalls.h"

#define CPUID_1_ECX_HYPERVISOR BIT32(31)
#define CPUID_7_EDX_IBRS_IBPB BIT32(26)
#define CPUID_80000008_EBX_IBPB BIT32(12)
#define PRED_CMD_IBPB BIT64(0)

u64 mitigations;
static u64 required;	/* those of them that CPUID of pCPU 0 offers */

static u64 offered(void)
{
	bool has_7 = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).edx & CPUID_7_EDX_IBRS_IBPB) != 0;
	bool has_8 = cpuid(0x80000000u, 0).eax >= 0x80000008u &&
		     (cpuid(0x80000008u, 0).ebx & CPUID_80000008_EBX_IBPB) != 0;

	return has_7 || has_8 ? MITIGATE_IBPB : 0;
}

enum status arch_mitigate(u64 flags, u64 forced)
{
	u64 missing = flags & ~offered();

	if ((flags & ~MITIGATE_ALL) != 0 || (forced & ~flags) != 0)
		return ST_INVAL;
	if (pcpu_count != 1)
		return ST_STATE;
	if ((missing & ~forced) != 0)
		return ST_UNSUPPORTED;
	if (missing != 0 && ((cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) == 0 ||
			     !msr_try_write(MSR_PRED_CMD, PRED_CMD_IBPB)))
		return ST_UNSUPPORTED;
	mitigations = flags;
	required = flags & ~missing;
	return ST_OK;
}

bool mitigations_fit(void)
{
	return (required & ~offered()) == 0;
}

void mitigations_leave_space(void)
{
	wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
}
