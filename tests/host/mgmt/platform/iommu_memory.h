/* SPDX-License-Identifier: MIT */
/*
 * iommu_memory.h - memory as an IOMMU sees it, for test_iommu_vtd.c and test_iommu_amd.c: with one that does not snoop
 * caches, what was written reaches it only by a write-back. And the model's cache of translations, which is filled
 * again right after each invalidation, as a unit that prefetches does: a change that comes after it stays unseen.
 */
#ifndef VOS_TEST_IOMMU_MEMORY_H
#define VOS_TEST_IOMMU_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "iommu_unit.h"

#define POOL_BUS 0x40000000ull
#define LARGE_BUS 0x80000000ull
#define POOL_PAGES 512u

static _Alignas(4096) u8 pool_memory[POOL_PAGES * 4096], pool_seen[POOL_PAGES * 4096];
static _Alignas(4096) u8 large_memory[POOL_PAGES * 4096];
static bool is_snooping;
static u32 pauses;
static void (*on_write_back)(void);	/* what a unit that reads all the time would see */

/* Lines of 64 bytes go to memory. */
static void model_write_back(const volatile void *at, u32 bytes)
{
	size_t first = (size_t)((const volatile u8 *)at - pool_memory) / 64 * 64;
	size_t end = ((size_t)((const volatile u8 *)at - pool_memory) + bytes + 63) / 64 * 64;

	if (end > sizeof(pool_memory))
		abort();
	memcpy(pool_seen + first, pool_memory + first, end - first);
	if (on_write_back != NULL)
		on_write_back();
}

static u64 seen(u64 bus)
{
	u64 v;

	if (is_snooping && bus >= POOL_BUS && bus + 8 <= POOL_BUS + sizeof(pool_memory))
		memcpy(&v, pool_memory + (bus - POOL_BUS), 8);
	else if (bus >= POOL_BUS && bus + 8 <= POOL_BUS + sizeof(pool_seen))
		memcpy(&v, pool_seen + (bus - POOL_BUS), 8);
	else if (bus >= LARGE_BUS && bus + 8 <= LARGE_BUS + sizeof(large_memory))
		memcpy(&v, large_memory + (bus - LARGE_BUS), 8);
	else
		abort();	/* a unit that reads elsewhere */
	return v;
}

/* Queues and words of completion are always snooped. */
static u8 *snooped(u64 bus, u32 bytes)
{
	if (bus < POOL_BUS || bus + bytes > POOL_BUS + sizeof(pool_memory))
		abort();
	return pool_memory + (bus - POOL_BUS);
}

static void memory_reset(struct iommu *m, const struct iommu_kind *kind)
{
	memset(pool_memory, 0x5a, sizeof(pool_memory));
	memset(pool_seen, 0xa5, sizeof(pool_seen));
	memset(large_memory, 0x5a, sizeof(large_memory));
	*m = (struct iommu){ .kind = kind };
	m->pool = (struct iommu_pool){ .memory = pool_memory, .bus = POOL_BUS, .pages = POOL_PAGES,
				       .write_back = model_write_back };
	m->large = m->pool;
	m->large.memory = large_memory;
	m->large.bus = LARGE_BUS;
	is_snooping = false;
	on_write_back = NULL;
	pauses = 0;
}

static bool make_domains(struct iommu *m)
{
	for (u32 i = 0; i < IOMMU_DOMAINS; i++)
		if (!iommu_domain_init(&m->domains[i], &m->pool, m->kind->format, m->levels))
			return false;
	return true;
}

#endif
