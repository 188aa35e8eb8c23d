/* SPDX-License-Identifier: MIT */
/*
 * root_info.h - what root writes into two members of the info page, silicon_flaws and dma. The kernel does not look at
 * them.
 */
#ifndef VOS_ROOT_INFO_H
#define VOS_ROOT_INFO_H

#include "info_page.h"

/* Flaws of processors against which VOS does nothing yet (SECURITY.md). */
enum silicon_flaw {
	FLAW_MELTDOWN, FLAW_L1TF, FLAW_MDS, FLAW_TAA, FLAW_ITLB_MULTIHIT, FLAW_SPECTRE_V2, FLAW_BHI,
	FLAW_RETBLEED, FLAW_SRSO, FLAW_BUS_LOCK,
	SILICON_FLAW_COUNT
};

/* What devices with drivers can reach in memory: there are none; or an IOMMU confines them; or everything. Or an IOMMU
 * confines them, but they can raise any interrupt. */
enum info_dma { DMA_NONE, DMA_CONTAINED, DMA_NOT_CONTAINED, DMA_INTERRUPTS_OPEN };

#endif
