/* SPDX-License-Identifier: MIT */
/*
 * mitigate.h - which flaws a processor has, and what comes of each. Pure: by what it says of itself and by published
 * lists.
 *
 * A processor that says of itself that it is free of a flaw is free of it; else the lists of models count, where the
 * vendors have published some; else it has it. Sources: Intel SDM Vol. 4, IA32_ARCH_CAPABILITIES; Intel "Affected
 * Processors: Guidance for Security Issues on Intel Processors"; AMD "Software Techniques for Managing Speculation",
 * security bulletins AMD-SB-1037, 7005, 7008, 7029, 7046; VMScape (ETH Zurich, 2025).
 */
#ifndef VOS_MITIGATE_H
#define VOS_MITIGATE_H

#include "root_info.h"
#include "types.h"

/* What a processor says of itself. */
enum cpu_word {
	CPU_ARCH_CAPABILITIES,	/* IA32_ARCH_CAPABILITIES, MSR 10Ah; 0 = there is none */
	/* CPUID; 0 = no such leaf */
	CPU_7_EBX, CPU_7_EDX, CPU_7_2_EDX, CPU_80000008_EBX, CPU_80000021_EAX, CPU_80000021_ECX,
	CPU_WORD_COUNT
};

struct cpu_id {
	char vendor[12];
	u32 signature;		/* CPUID 1 EAX */
	u32 microcode;		/* revision; 0 = not known */
	u64 words[CPU_WORD_COUNT];
};

enum flaw_verdict mitigate_judge(const struct cpu_id *cpu, enum silicon_flaw flaw);

#endif
