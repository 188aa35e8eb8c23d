/* SPDX-License-Identifier: MIT */
/*
 * iommu_table.c - see iommu_table.h.
 */
#include "iommu_table.h"

#include <string.h>

#include "range.h"

#define ENTRIES 512u
#define DIRECTORY_LEVEL 2u		/* its entries are pieces */
#define ADDRESS_LIMIT (1ull << 52)

void *iommu_pages(struct iommu_pool *pool, u32 count)
{
	u8 *at = pool->memory + pool->used * PAGE_SIZE;

	if (count > pool->pages - pool->used)
		return NULL;
	pool->used += count;
	memset(at, 0, count * PAGE_SIZE);
	iommu_wrote(pool, at, (u32)(count * PAGE_SIZE));
	return at;
}

u64 iommu_bus(const struct iommu_pool *pool, const volatile void *at)
{
	return pool->bus + (u64)((const volatile u8 *)at - pool->memory);
}

void iommu_wrote(const struct iommu_pool *pool, const volatile void *at, u32 bytes)
{
	if (!pool->is_coherent)
		pool->write_back(at, bytes);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void put(const struct iommu_domain *d, volatile u64 *entry, u64 value)
{
	*entry = value;
	iommu_wrote(d->pool, entry, sizeof(*entry));
}

/* Entry `i` leads to the table `next`, which has that level. */
static void join(const struct iommu_domain *d, u64 *table, u32 i, const volatile u64 *next, u32 level)
{
	put(d, table + i, iommu_bus(d->pool, next) | d->format->table[level]);
}

bool iommu_domain_init(struct iommu_domain *d, struct iommu_pool *pool, const struct iommu_format *format, u32 levels)
{
	u64 *third;

	*d = (struct iommu_domain){ .format = format, .pool = pool, .levels = levels };
	third = iommu_pages(pool, 1);
	if (third == NULL)
		return false;
	for (u32 i = 0; i < ARRAY_COUNT(d->directories); i++) {
		d->directories[i] = iommu_pages(pool, 1);
		if (d->directories[i] == NULL)
			return false;
		join(d, third, i, d->directories[i], DIRECTORY_LEVEL);
	}
	d->root = levels == DIRECTORY_LEVEL + 1 ? third : iommu_pages(pool, 1);
	if (d->root != NULL && d->root != third)
		join(d, d->root, 0, third, DIRECTORY_LEVEL + 1);
	return d->root != NULL;
}

bool iommu_domain_set(struct iommu_domain *d, u64 iova, u64 bus)
{
	u64 piece = iova / IOMMU_PIECE_BYTES;

	if (!aligned_ok(iova | bus, IOMMU_PIECE_BYTES) || iova >= IOMMU_LIMIT || bus >= ADDRESS_LIMIT)
		return false;
	put(d, d->directories[piece / ENTRIES] + piece % ENTRIES,
	    bus != 0 ? bus | d->format->leaf : 0);
	return true;
}
