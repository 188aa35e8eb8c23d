/* SPDX-License-Identifier: MIT */
/*
 * iommu.h - the machine's IOMMU, if it has one that can be used: what a device with a driver can reach in memory. Root
 * alone has its registers and its tables.
 *
 * A domain is what one driver's device sees: pieces of 2 MiB, each led to memory or to nothing. A device is in at most
 * one. What is in none is blocked: it reads nothing, writes nothing and, where interrupts are remapped, sends none.
 */
#ifndef VOS_IOMMU_H
#define VOS_IOMMU_H

#include "iommu_fault.h"
#include "pci_scan.h"

#define IOMMU_REQUESTERS 8u	/* ids under which requests of one function can arrive: two for each bridge above */
#define IOMMU_NO_GROUP (~0u)

/* Once, while no function but bridges masters the bus: from then on all devices are blocked. */
void iommu_start(bool is_wanted);

/* Is it on? */
bool iommu_is_on(void);
/* It did not obey once: then nothing is changed any more, and no device behind it may do DMA. */
bool iommu_is_dead(void);
/* If not on: why the one that is there cannot be used; NULL: there is none. */
const char *iommu_problem(void);

/* Lead the domain's device there, or (0) to nothing: then no DMA to what was there is under way any more. `iova` and
 * `bus` are multiples of 2 MiB, iova below 4 GiB. ST_STATE: the IOMMU did not obey; ST_INVAL. */
enum status iommu_map(u32 domain, u64 iova, u64 bus) MUST_CHECK;

/* Put the function into the domain, or take it out: then none of its DMA is under way. ST_EXISTS: its requests can't be
 * told from those of a function in another domain; ST_UNSUPPORTED: the IOMMU does not translate for it. */
enum status iommu_attach(u32 domain, const struct pci_function *f) MUST_CHECK;
enum status iommu_block(u32 domain, const struct pci_function *f) MUST_CHECK;

/* Are interrupts remapped? Then devices and I/O APICs send only those that were given to them by the next two. */
bool iommu_remaps(void);

/* What the domain's device, that function, is to send for its interrupt `index`, instead of that message. Before
 * iommu_attach. False: the IOMMU did not obey. */
bool iommu_message(u32 domain, const struct pci_function *f, u32 index, u64 *address, u32 *data) MUST_CHECK;

/* Before a line is bound with these flags (IRQ_* of syscalls.h), which may become more. False: the IOMMU did not obey,
 * or loses what is sent. */
bool iommu_line(u32 gsi, u32 *flags) MUST_CHECK;

/* A number that functions share which the IOMMU cannot tell apart; IOMMU_NO_GROUP: it is not on, or does not translate
 * for that one. */
u32 iommu_group(const struct pci_function *f);

/* The next request that was refused. They are kept until they are asked for, the first ones if there are many. */
bool iommu_next_fault(struct iommu_fault *out);

/* Handles of the MEMs that its tables are in; 0 = none. */
const u64 *iommu_memories(u32 *count);

#endif
