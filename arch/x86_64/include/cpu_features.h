/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.h - what CPUID says that the arch rooms use.
 */
#ifndef VOS_CPU_FEATURES_H
#define VOS_CPU_FEATURES_H

#include "types.h"

/* Filled once, by arch_init on the boot pCPU. */
struct cpu_features {
	u64 cr4_known;		/* bits of CR4 that the processor has, as far as we know of them */
	u64 cr4;		/* the value CR4 gets: only bits that CPUID knows */
	u64 xcr0_mask;		/* extended-state components that fit into an area; 0 = no XSAVE */
	u32 xsave_bytes;
	u8 physical_bits;
	bool has_xsaveopt, has_x2apic, has_tsc_deadline, is_tcg;
};
extern struct cpu_features cpu_features;

/* Does CPUID of the pCPU that runs offer what the mitigations need, as that of pCPU 0 does (mitigations.c)? */
bool mitigations_fit(void);

#endif
