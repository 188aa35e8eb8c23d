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

/* running: MITIGATE_* (syscalls.h) that the kernel does. */
enum flaw_verdict mitigate_judge(const struct cpu_id *cpu, enum silicon_flaw flaw, u64 running);

/* The MITIGATE_* that help against a flaw of this processor, and that it has the commands for. */
u64 mitigate_wanted(const struct cpu_id *cpu);

/* What mitigations= on the command line says, up to the end: auto, off or all, then force:NAME and no:NAME, by commas.
 * False: it says something else. */
enum mitigate_base { MITIGATIONS_AUTO, MITIGATIONS_OFF, MITIGATIONS_ALL };
struct mitigate_option {
	enum mitigate_base base;
	u64 forced, without;	/* MITIGATE_* */
};
bool mitigate_parse(const char *value, struct mitigate_option *out);
/* What the kernel is asked for. */
u64 mitigate_choose(const struct cpu_id *cpu, const struct mitigate_option *option);

#endif
