/* SPDX-License-Identifier: MIT */
/*
 * pci_chipset.h - the chipset that firmware expects on platform pc: Intel's 82440FX (290549), whose registers for
 * shadow RAM store and do nothing, since C0000h to FFFFFh is plain RAM; and the ISA bridge of 82371SB (PIIX3, 290550)
 * with the power management function of 82371AB (PIIX4, 290562), as QEMU pairs them. Subsystem IDs are QEMU's: by them
 * SeaBIOS and OVMF know that there is fw_cfg.
 */
#ifndef VOS_PCI_CHIPSET_H
#define VOS_PCI_CHIPSET_H

#include "pci.h"

struct pci_chipset {
	struct pci_function isa, power;
};

/* Makes the bus' host bridge one, and adds the others in slot PCI_SLOT_CHIPSET. As pci_bus_add(). */
enum status pci_chipset_add(struct pci_chipset *c, struct pci_bus *bus) MUST_CHECK;

#endif
