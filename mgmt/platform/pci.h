/* SPDX-License-Identifier: MIT */
/*
 * pci.h - the machine's PCI functions, and what is done with one that gets a driver. Configuration space is root's
 * alone: it sets up decoding, interrupts and bus mastering; the driver sees BARs.
 */
#ifndef VOS_PCI_H
#define VOS_PCI_H

#include "pci_scan.h"

/* What was found at the start. The caller may size the BARs of its entries. */
struct pci_table *pci_functions(void);

/* After the first resets, before anything is written to these functions (PCI Express 2.0, 6.6.2: 100 ms). */
void pci_devices_settle(void);
/* No function but bridges may do DMA from now on, except those of which keep() says true. */
void pci_masters_off(bool (*keep)(const struct pci_function *f));

/* Has no other function a memory BAR that begins in this page? Small BARs may share one. */
bool pci_page_is_alone(const struct pci_function *f, u64 page);

/*
 * The ids that requests of this function can carry: its own, that of function 1 if it is known to send as that one,
 * then those of the bridges to conventional PCI above it, which speak for what is behind them (PCI Express to PCI
 * Bridge 1.0, 2.3). How many; 0: more than `room`.
 */
u32 pci_requesters(const struct pci_function *f, u16 *ids, u32 room);

/* The bridge that leads to its bus; NULL: none. */
const struct pci_function *pci_bridge_above(const struct pci_function *f);

enum pci_reset { PCI_RESET_NONE, PCI_RESET_FUNCTION, PCI_RESET_FEATURES, PCI_RESET_POWER };

struct pci_device {
	struct pci_function *f;
	u32 header[16];		/* of its configuration space, as the firmware set it up: a reset clears BARs */
	u8 reset;		/* enum pci_reset that it has */
};

/* Sizes its BARs and notes its header. */
void pci_device_init(struct pci_device *d, struct pci_function *f);

/* Before it is stopped: a 32-bit register of a memory BAR. False: there is none. */
bool pci_device_register(const struct pci_device *d, u32 bar, u32 offset, u32 *value);

/*
 * No DMA and no interrupt from now on, then a reset if it has one (PCI Express 2.0, 6.6.2; Advanced Capabilities; Power
 * Management 1.2, 5.4). PCI_RESET_US later the function may be touched again.
 */
#define PCI_RESET_US 100000u
void pci_device_stop(const struct pci_device *d);

/* After that: BARs are back and decoded, still without DMA and interrupts. */
void pci_device_wake(const struct pci_device *d);

/* Its interrupt `index` is this message, by MSI-X, or by MSI if it has no usable MSI-X and index is 0. False: no such
 * interrupt. pci_device_message_count: how many there can be. */
bool pci_device_message(const struct pci_device *d, u32 index, u64 address, u32 data);
u32 pci_device_message_count(const struct pci_device *d);

/* It sends none, but its INTx if pci_device_go lets it. */
void pci_device_messages_off(const struct pci_device *d);

/* Messages, or else (is_line) its INTx, are let through; and it may do DMA. */
void pci_device_go(const struct pci_device *d, bool is_line);

void pci_device_config(const struct pci_device *d, u8 config[PCI_CONFIG_BYTES]);

#endif
