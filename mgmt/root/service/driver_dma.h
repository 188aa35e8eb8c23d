/* SPDX-License-Identifier: MIT */
/*
 * driver_dma.h - what a driver's device can reach: the driver's memory for DMA, its links with the store, and the
 * windows of those VM links that root permits. Behind an IOMMU these are all that it reaches, at the same addresses in
 * every driver (driver.h); without one the addresses are physical and nothing confines the device.
 *
 * The memory is made once and stays for ever: a device that has not been reset may still write there when the next
 * instance runs, and nobody else's memory is harmed.
 */
#ifndef VOS_ROOT_DRIVER_DMA_H
#define VOS_ROOT_DRIVER_DMA_H

#include "driver.h"
#include "pci_scan.h"
#include "status.h"

/* Once, while no device masters the bus. Says in the info page what there is. */
void driver_dma_start(bool has_drivers);
/* Does an IOMMU confine devices? */
bool driver_dma_is_contained(void);

/* Makes its memory, below 4 GiB if that is asked for: `links` links, and the queues. */
enum status driver_dma_make(u32 number, u32 links, bool is_below_4g) MUST_CHECK;
/* Maps links, queues and the table of windows into its PD. Links begin with zeros but for their epoch and what
 * is in their window; queues with zeros. */
enum status driver_dma_give(u32 number, u64 h_pd) MUST_CHECK;
/* Its links become zeros but for their epochs and windows. */
void driver_dma_clear_links(u32 number);
/* Bus addresses of its links (0 = none) and of its queues, and how many bits bus addresses have. */
void driver_dma_fill_args(u32 number, struct driver_args *args);

/* Let its device reach all that, and nothing else, or block it: then none of its DMA is under way any more. The name is
 * for the log, and stays. */
enum status driver_dma_open(u32 number, const struct pci_function *f, const char *name) MUST_CHECK;
void driver_dma_close(u32 number, const struct pci_function *f);

/* Handle of link `disk`, 0 = there is none; and where root sees it. */
u64 driver_dma_link(u32 number, u32 disk);
void *driver_dma_link_at(u32 number, u32 disk);
/* Its epoch when its memory was cleared last. */
u32 driver_dma_begin_epoch(u32 number, u32 disk);
/* VM link `link` begins at this physical address, or (0) is not for that driver's device any more. False: the IOMMU
 * does not obey, so the device has to be stopped. */
bool driver_dma_window(u32 number, u32 link, u64 address) MUST_CHECK;

/* Requests of that function which the IOMMU refused, counted when they are logged. Looks for new ones once a second;
 * *next is when to call again. */
void driver_dma_look(u64 *next);
u32 driver_dma_faults(const struct pci_function *f);

/* What all that takes, the IOMMU's tables with it. */
u64 driver_dma_bytes(void);

#endif
