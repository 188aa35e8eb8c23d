/* SPDX-License-Identifier: MIT */
/*
 * driver_kinds.c - which PCI function gets which program. Adding a driver is a row here.
 */
#include "driver_parts.h"
#include "range.h"
#include "wires.h"

#define IDE_CLASS 0x0101u
#define IDE_NATIVE(channel) (1u << 2 * (channel))	/* bits of the programming interface */

#define AHCI_S64A BIT32(31)	/* of CAP (AHCI 1.3.1, 3.1.1) */

static const struct driver_kind kinds[] = {
	{ .program = "virtio_blk", .name = "virtio", .vendor = 0x1af4, .devices = { 0x1042, 0x1001 }, .link_count = 1,
	  .irq_count = 2 },
	{ .program = "virtio_port", .name = "port", .vendor = 0x1af4, .devices = { 0x1043, 0x1003 },
	  .party = PARTY_PORT, .irq_count = 1 },
	{ .program = "nvme", .name = "nvme", .class_code = 0x010802, .class_mask = 0xffffff,
	  .link_count = DRIVER_LINKS, .irq_count = 2, .registers_bytes = 0x2000 },
	{ .program = "ahci", .name = "ahci", .class_code = 0x010601, .class_mask = 0xffffff,
	  .link_count = DRIVER_LINKS, .irq_count = 1, .registers_bar = 5, .registers_bytes = 0x1100,
	  .reach_bit = AHCI_S64A },
	{ .program = "ata", .name = "ata", .class_code = 0x010100, .class_mask = 0xffff00, .link_count = DRIVER_LINKS,
	  .irq_count = 2, .is_32_bit = true },
};

static bool is_of_kind(const struct driver_kind *kind, const struct pci_function *f)
{
	if (kind->vendor != 0)
		return f->vendor == kind->vendor &&
		       (f->device == kind->devices[0] || f->device == kind->devices[1]);
	return (f->class_code & kind->class_mask) == kind->class_code;
}

const struct driver_kind *driver_kind_of(const struct pci_function *f)
{
	for (u32 i = 0; i < ARRAY_COUNT(kinds) && f->header == 0; i++)
		if (is_of_kind(&kinds[i], f))
			return &kinds[i];
	return NULL;
}

bool driver_is_compatible_ide(const struct pci_function *f, u32 channel)
{
	return f->class_code >> 8 == IDE_CLASS && (f->class_code & IDE_NATIVE(channel)) == 0;
}
