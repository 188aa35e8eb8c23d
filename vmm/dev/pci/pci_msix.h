/* SPDX-License-Identifier: MIT */
/*
 * pci_msix.h - MSI-X (PCI Local Bus 3.0, 6.8.2): a table of messages in one of the BARs, masks, pending bits.
 *
 * The device joins table and pending bits into its BAR and calls pci_msix_written() from its `written` hook.
 */
#ifndef VOS_PCI_MSIX_H
#define VOS_PCI_MSIX_H

#include "pci.h"

#define PCI_MSIX_VECTORS 32u
#define PCI_MSIX_TABLE_BYTES (PCI_MSIX_VECTORS * 16u)
#define PCI_MSIX_PBA_BYTES 8u

struct pci_msix_entry { u32 word[4]; };	/* address, upper address, data, control */

struct pci_msix {
	struct pci_function *function;
	u32 count;
	u32 capability;
	u32 pending;			/* bit = vector raised while it was masked */
	struct pci_msix_entry entry[PCI_MSIX_VECTORS];
};

/*
 * Add the capability to a function that is on no bus yet. Table and pending bits lie at these offsets, multiples of 8,
 * of that BAR. 0 < count <= PCI_MSIX_VECTORS. False: no room for the capability.
 */
bool pci_msix_init(struct pci_msix *x, struct pci_function *f, u32 count, u32 bar, u32 table, u32 pba);

/* The guest uses messages: the function's pin stays quiet. */
bool pci_msix_is_enabled(const struct pci_msix *x);
/* Send that vector's message, or keep it pending. Nothing if MSI-X is off or there is no such vector. */
void pci_msix_raise(struct pci_msix *x, u32 vector);
/* Configuration space was written. */
void pci_msix_written(struct pci_msix *x, u32 offset, u32 size);
/* All entries as after a reset of the function. */
void pci_msix_reset(struct pci_msix *x);

/* The table and the pending bits in the BAR; offsets from their starts. Accesses of 4 or 8 aligned bytes. */
u64 pci_msix_table_read(const struct pci_msix *x, u64 offset, u32 size);
void pci_msix_table_write(struct pci_msix *x, u64 offset, u32 size, u64 value);
u64 pci_msix_pba_read(const struct pci_msix *x, u64 offset, u32 size);

#endif
