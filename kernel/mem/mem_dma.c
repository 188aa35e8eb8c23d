/* SPDX-License-Identifier: MIT */
/*
 * mem_dma.c - memory for DMA (MEM_DMA): what may be asked for, and where it is. Devices need whole pieces at physical
 * addresses that stay; nobody but root is told them.
 */
#include "mem.h"
#include "range.h"
#include "stats.h"
#include "syscalls.h"

bool mem_dma_ok(u64 bytes, u32 flags)
{
	if ((flags & MEM_DMA) == 0)
		return (flags & MEM_BELOW_4G) == 0;
	return (flags & MEM_OVERCOMMIT) == 0 && aligned_ok(bytes, PAGE_SIZE_2M) &&
	       bytes <= MEM_DMA_PIECES * PAGE_SIZE_2M;
}

void mem_dma_stats(struct mem *mem, u64 *words)
{
	for (u32 i = 0; i < MEM_DMA_PIECES && (mem->flags & MEM_DMA) != 0; i++)
		words[STAT_BUS_ADDRESS + i] = pt_lookup(&mem->tree, i * PAGE_SIZE_2M).hpa.raw;
}
