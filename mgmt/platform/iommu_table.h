/* SPDX-License-Identifier: MIT */
/*
 * iommu_table.h - memory for an IOMMU's tables, and domains: what a device sees of memory. Pure; both vendors' tables
 * have 512 entries of 8 bytes, so one walk serves both (VT-d 4.0, 9.8; AMD I/O Virtualization 3.07, 2.2.3).
 *
 * A domain maps pieces of 2 MiB below IOMMU_LIMIT. All its tables are there from the start, so mapping needs no memory
 * and can't fail. Who changes an entry has to tell the IOMMU's caches (iommu_unit.h) before he relies on the change.
 */
#ifndef VOS_IOMMU_TABLE_H
#define VOS_IOMMU_TABLE_H

#include "types.h"

#define IOMMU_PIECE_BYTES 0x200000ull
#define IOMMU_LIMIT 0x100000000ull	/* so that devices with 32 address bits can name everything, too */

/* Memory that the IOMMU reads: contiguous on the bus, zeroed, never given back. */
struct iommu_pool {
	u8 *memory;
	u64 bus;
	u32 pages, used;
	bool is_coherent;	/* the IOMMU sees what is in caches; else it is written to memory each time */
	void (*write_back)(const volatile void *at, u32 bytes);
};

/* So many contiguous pages; NULL if they are not left. */
void *iommu_pages(struct iommu_pool *pool, u32 count);
u64 iommu_bus(const struct iommu_pool *pool, const volatile void *at);
/* After a change of what the IOMMU reads. */
void iommu_wrote(const struct iommu_pool *pool, const volatile void *at, u32 bytes);

/* How a vendor writes entries. */
struct iommu_format {
	u64 leaf;		/* a piece of 2 MiB, readable and writable */
	u64 table[4];		/* what leads to a table, by the level of that table: 2 or 3 */
};

struct iommu_domain {
	const struct iommu_format *format;
	struct iommu_pool *pool;
	u64 *root;		/* NULL: not made */
	volatile u64 *directories[4];	/* of 1 GiB each */
	u32 levels;		/* 3 or 4 */
};

/* Pages that a domain takes. */
#define IOMMU_DOMAIN_PAGES 6u

/* False: the pool has no room. */
bool iommu_domain_init(struct iommu_domain *d, struct iommu_pool *pool, const struct iommu_format *format, u32 levels);

/* The piece at `iova` is the memory at `bus`, or (0) nothing. Both are multiples of IOMMU_PIECE_BYTES; false if not, or
 * beyond IOMMU_LIMIT. */
bool iommu_domain_set(struct iommu_domain *d, u64 iova, u64 bus);

#endif
