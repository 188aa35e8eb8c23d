/* SPDX-License-Identifier: MIT */
/*
 * pci.h - one PCI bus behind configuration mechanism 1 (CF8h/CFCh), with a host bridge at 00:00.0; and the reset
 * control register CF9h, which lies among its ports.
 *
 * Functions that are not there read as all ones.
 */
#ifndef VOS_PCI_H
#define VOS_PCI_H

#include "device.h"
#include "power.h"

#define PCI_FUNCTIONS 32u		/* of bus 0, at most */
#define PCI_CONFIG_BYTES 256u

/* A function's configuration space: bytes, the bits a guest may write, and a hook for those that do something. */
struct pci_function {
	u8 devfn;			/* device << 3 | function */
	u8 config[PCI_CONFIG_BYTES];
	u8 writable[PCI_CONFIG_BYTES];	/* mask per byte */
	void (*written)(void *device, u32 offset, u32 size);	/* after a write took effect; may be NULL */
	void *device;
};

struct pci_bus {
	struct power_ops power;
	struct pci_function host_bridge;
	struct pci_function *functions[PCI_FUNCTIONS];
	u32 function_count;
	u32 address;			/* CF8h */
	u8 reset_control;		/* CF9h */
};

void pci_bus_init(struct pci_bus *bus, const struct power_ops *power);
/* The function must live as long as the bus. False: no room, or devfn is taken. */
bool pci_bus_add(struct pci_bus *bus, struct pci_function *function);
/* Fill in the fields every type 0 header has. class_code: class << 16 | subclass << 8 | interface. */
void pci_function_init(struct pci_function *f, u8 devfn, u16 vendor, u16 device, u32 class_code, u8 revision);

extern const struct region_ops pci_region;	/* PCI_PORTS ports from PCI_PORT; device = struct pci_bus */

#endif
