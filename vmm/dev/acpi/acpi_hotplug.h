/* SPDX-License-Identifier: MIT */
/*
 * acpi_hotplug.h - the registers by which a guest's ACPI hears of devices that come, and lets devices go
 * (dsdt-hotplug.inc).
 *
 * Slot s is PCI device PCI_SLOT_DISKS + s: the first eight for disks, the others for network cards. A slot's bit in UP
 * or DOWN asserts ACPI_HOTPLUG_GSI (level) until the guest clears it by writing a one; the event device's method does
 * that and notifies the slot: device check, or eject request. The guest's answer to an eject request is a write of the
 * slot's bit to EJECT (_EJ0), as on hardware also if nobody has asked: the machine then takes the device away. A guest
 * that does nothing with these ports costs nothing.
 */
#ifndef VOS_ACPI_HOTPLUG_H
#define VOS_ACPI_HOTPLUG_H

#include "device.h"
#include "platform.h"

#define ACPI_HOTPLUG_SLOTS 16u
/* Offsets from ACPI_HOTPLUG_PORT, one byte each; those of slots 8 to 15 are ACPI_HOTPLUG_BANK higher. */
#define ACPI_HOTPLUG_UP 0u	/* read: slots whose device has come; write 1: seen */
#define ACPI_HOTPLUG_DOWN 1u	/* read: slots whose device is to go; write 1: seen */
#define ACPI_HOTPLUG_EJECT 2u	/* write 1: take it; reads 0 */
#define ACPI_HOTPLUG_BANK 4u

struct acpi_hotplug_ops {
	void (*eject)(void *ctx, u32 slot);	/* also of an empty slot */
	void *ctx;
};

struct acpi_hotplug {
	struct acpi_hotplug_ops ops;
	struct irq_line irq;
	u16 up, down;
};

void acpi_hotplug_init(struct acpi_hotplug *h, const struct acpi_hotplug_ops *ops, const struct irq_line *irq);
/* A device has come into that slot. */
void acpi_hotplug_came(struct acpi_hotplug *h, u32 slot);
/* The guest is to let it go, or need not any more. */
void acpi_hotplug_ask(struct acpi_hotplug *h, u32 slot, bool is_asked);

extern const struct region_ops acpi_hotplug_region;	/* ACPI_HOTPLUG_PORTS ports; device = struct acpi_hotplug */

#endif
