/* SPDX-License-Identifier: MIT */
/*
 * root_info.h - what root writes into some members of the info page. The kernel does not look at
 * them.
 */
#ifndef VOS_ROOT_INFO_H
#define VOS_ROOT_INFO_H

#include "info_page.h"

/* Flaws of processors. */
enum silicon_flaw {
	FLAW_MELTDOWN, FLAW_L1TF, FLAW_MDS, FLAW_TAA, FLAW_ITLB_MULTIHIT, FLAW_SPECTRE_V2, FLAW_BHI,
	FLAW_RETBLEED, FLAW_SRSO, FLAW_BUS_LOCK, FLAW_SPECTRE_V1, FLAW_SSB, FLAW_MMIO, FLAW_RFDS, FLAW_SRBDS, FLAW_GDS,
	FLAW_ITS, FLAW_TSA, FLAW_VMSCAPE, FLAW_ZENBLEED, FLAW_DIVIDER,
	SILICON_FLAW_COUNT
};
_Static_assert(SILICON_FLAW_COUNT <= INFO_FLAWS, "info page");

/* What this processor and VOS make of one. */
enum flaw_verdict {
	FLAW_NOT_AFFECTED,
	FLAW_BY_MICROCODE,	/* mitigated: its microcode does all that is to be done */
	FLAW_OPEN,		/* vulnerable: VOS does nothing against it yet */
	FLAW_NO_COMMAND,	/* ... and the processor lacks what that needs, for want of microcode */
	FLAW_PARTLY,		/* VOS closes some ways of using it, not all */
	FLAW_VERDICT_COUNT
};

/* Family and model of a signature (CPUID 1 EAX), as both vendors compute them. */
static inline u32 cpu_family(u32 signature)
{
	u32 family = signature >> 8 & 0xfu;

	return family == 0xf ? family + (signature >> 20 & 0xffu) : family;
}

static inline u32 cpu_model(u32 signature)
{
	u32 family = signature >> 8 & 0xfu, model = signature >> 4 & 0xfu;

	return family == 0xf || family == 6 ? model | (signature >> 12 & 0xf0u) : model;
}

/* What devices with drivers can reach in memory: there are none; or an IOMMU confines them; or everything. Or an IOMMU
 * confines them, but they can raise any interrupt. */
enum info_dma { DMA_NONE, DMA_CONTAINED, DMA_NOT_CONTAINED, DMA_INTERRUPTS_OPEN };

#endif
