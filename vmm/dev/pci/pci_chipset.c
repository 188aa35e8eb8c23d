/* SPDX-License-Identifier: MIT */
/*
 * pci_chipset.c - see pci_chipset.h.
 */
#include "pci_chipset.h"

#include <string.h>

#include <linux/pci_regs.h>

#define INTEL 0x8086u
#define I440FX 0x1237u
#define PIIX3_ISA 0x7000u
#define PIIX4_POWER 0x7113u
#define CLASS_HOST_BRIDGE 0x060000u
#define CLASS_ISA_BRIDGE 0x060100u
#define CLASS_OTHER_BRIDGE 0x068000u
#define SUBSYSTEM_VENDOR 0x1af4u
#define SUBSYSTEM 0x1100u
#define MULTI_FUNCTION 0x80u

/* 82440FX: programmable attribute maps, SMRAM control. */
#define PAM_FIRST 0x59u
#define PAM_COUNT 7u
#define SMRAM 0x72u
/* PIIX3: routes of the interrupt pins; bit 7 = none. */
#define PIRQ_ROUTES 0x60u
#define PIRQ_COUNT 4u
#define PIRQ_NONE 0x80u
/* PIIX4: base of the ACPI registers, SMI enable of the APM port, enable of the base. */
#define PM_BASE 0x40u
#define PM_ENABLE 0x80u
#define DEVICE_ACTIVITY_B_HIGH 0x5bu
#define APM_SMI_ENABLED 0x02u

static void init(struct pci_function *f, u8 devfn, u16 device, u32 class_code, u8 revision)
{
	pci_function_init(f, devfn, INTEL, device, class_code, revision);
	pci_put_u16(f->config + PCI_SUBSYSTEM_VENDOR_ID, SUBSYSTEM_VENDOR);
	pci_put_u16(f->config + PCI_SUBSYSTEM_ID, SUBSYSTEM);
}

static void make_host_bridge(struct pci_function *f)
{
	struct pci_bus *bus = f->bus;

	init(f, 0, I440FX, CLASS_HOST_BRIDGE, 2);
	f->bus = bus;
	memset(f->writable + PAM_FIRST, 0xff, PAM_COUNT);
	f->writable[SMRAM] = 0xff;
}

/* The ACPI registers are where they are: the base reads so, whatever is written. SMIs, of which there are none, count
 * as set up. */
static void make_power(struct pci_function *f)
{
	init(f, PCI_SLOT_CHIPSET << 3 | 3, PIIX4_POWER, CLASS_OTHER_BRIDGE, 3);
	pci_put_u32(f->config + PM_BASE, ACPI_PORT | PCI_BASE_ADDRESS_SPACE_IO);
	f->config[PM_ENABLE] = 1;
	f->config[PCI_INTERRUPT_LINE] = ACPI_GSI;
	f->config[DEVICE_ACTIVITY_B_HIGH] = APM_SMI_ENABLED;
}

enum status pci_chipset_add(struct pci_chipset *c, struct pci_bus *bus)
{
	enum status status;

	make_host_bridge(&bus->host_bridge);
	init(&c->isa, PCI_SLOT_CHIPSET << 3, PIIX3_ISA, CLASS_ISA_BRIDGE, 0);
	c->isa.config[PCI_HEADER_TYPE] = MULTI_FUNCTION;
	memset(c->isa.config + PIRQ_ROUTES, PIRQ_NONE, PIRQ_COUNT);
	memset(c->isa.writable + PIRQ_ROUTES, 0xff, PIRQ_COUNT);
	make_power(&c->power);
	status = pci_bus_add(bus, &c->isa);
	return status == ST_OK ? pci_bus_add(bus, &c->power) : status;
}
