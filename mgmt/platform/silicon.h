/* SPDX-License-Identifier: MIT */
/*
 * silicon.h - which flaws of processors, against which VOS does nothing yet, this processor may have. Pure.
 *
 * A flaw counts as there unless the processor says that it is not: microcode that mends one says so too. Sources: Intel
 * SDM Vol. 4, IA32_ARCH_CAPABILITIES; Intel "Affected Processors: Guidance for Security Issues"; AMD "Software
 * Techniques for Managing Speculation", "Technical Guidance For Mitigating Branch Type Confusion", "Technical Update
 * Regarding Speculative Return Stack Overflow".
 */
#ifndef VOS_SILICON_H
#define VOS_SILICON_H

#include "root_info.h"
#include "types.h"

/* What a processor says of itself. */
enum silicon_word {
	SILICON_ARCH_CAPABILITIES,	/* IA32_ARCH_CAPABILITIES, MSR 10Ah; 0 = there is none */
	SILICON_7_EBX, SILICON_80000008_EBX, SILICON_80000021_EAX,	/* CPUID; 0 = no such leaf */
	SILICON_WORD_COUNT
};

struct silicon {
	char vendor[12];
	u32 signature;		/* CPUID 1 EAX */
	u64 words[SILICON_WORD_COUNT];
};

/* Family as both vendors compute it: extended family added when the family is 15. */
u32 silicon_family(u32 signature);

/* BIT64(enum silicon_flaw) of each that it may have. */
u64 silicon_flaws(const struct silicon *silicon);

#endif
