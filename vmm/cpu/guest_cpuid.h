/* SPDX-License-Identifier: MIT */
/*
 * guest_cpuid.h - the guest's CPUID: built once per VM from the host's CPUID and an allow-list, queried per exit. Pure.
 *
 * A guest sees only features that the allow-list names. The VMM makes topology, hypervisor leaves and XSAVE sizes.
 */
#ifndef VOS_GUEST_CPUID_H
#define VOS_GUEST_CPUID_H

#include "types.h"

struct cpuid_regs { u32 eax, ebx, ecx, edx; };

/* How to ask the host; a test gives a table instead. */
typedef void (*cpuid_host_fn)(u32 leaf, u32 subleaf, struct cpuid_regs *regs);

struct guest_cpuid_config {
	cpuid_host_fn host;
	u32 cpus;
	u64 xcr0_mask;		/* components the machine gives to guests; 0 = no XSAVE */
	u64 tsc_hz;
	u32 kvm_features;	/* 40000001h EAX */
};

#define GUEST_CPUID_LEAVES 64u

struct guest_cpuid_leaf { u32 leaf, subleaf; struct cpuid_regs regs; };

struct guest_cpuid {
	struct guest_cpuid_leaf leaves[GUEST_CPUID_LEAVES];	/* in order of leaf, subleaf */
	u32 count;
	u8 basic[16];		/* where subleaf 0 of each basic leaf is in leaves, plus one; 0 = there is none */
	u32 max_basic, max_extended;
	bool is_amd;		/* or Hygon, which has the same registers */
	u64 xcr0_mask;
	u32 physical_bits;
	u64 cr4_mask;		/* bits of CR4 that may be set */
	struct { u32 size, offset; } component[64];	/* XSAVE area, standard format */
};

/* The state of a vCPU that CPUID shows. */
struct guest_cpuid_state {
	u32 apic_id;
	bool is_apic_on;	/* IA32_APIC_BASE.EN */
	u64 cr4, xcr0;
};

void guest_cpuid_build(struct guest_cpuid *c, const struct guest_cpuid_config *config);
void guest_cpuid_query(const struct guest_cpuid *c, u32 leaf, u32 subleaf, const struct guest_cpuid_state *state,
		       struct cpuid_regs *regs);

/* Would XSETBV(0, value) succeed? */
bool guest_cpuid_xcr0_ok(const struct guest_cpuid *c, u64 value);

#endif
