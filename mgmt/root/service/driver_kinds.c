/* SPDX-License-Identifier: MIT */
/*
 * driver_kinds.c - which PCI function gets which program. Adding a driver is a row here.
 */
#include "driver_parts.h"
#include "nic.h"
#include "range.h"
#include "wires.h"

#define IDE_CLASS 0x0101u
#define IDE_NATIVE(channel) (1u << 2 * (channel))	/* bits of the programming interface */

#define AHCI_S64A BIT32(31)	/* of CAP (AHCI 1.3.1, 3.1.1) */

#define VIRTIO_VENDOR 0x1af4u
#define INTEL_VENDOR 0x8086u

static const u16 virtio_blk_ids[] = { 0x1042, 0x1001, 0 };
static const u16 virtio_port_ids[] = { 0x1043, 0x1003, 0 };
static const u16 virtio_net_ids[] = { 0x1041, 0x1000, 0 };

/* Gigabit controllers for copper: 82540, 82545, 82546, 82541 (8254x SDM, 317453-006, table 5-1), 82571, 82572, 82573,
 * 82574, 82583. */
static const u16 e1000_ids[] = {
	0x100e, 0x1015, 0x1016, 0x1017, 0x101e, 0x100f, 0x1026, 0x1010, 0x101d, 0x1079, 0x1013, 0x1018, 0x1076, 0x1077,
	0x1078, 0x107c, 0x105e, 0x107d, 0x10b9, 0x108b, 0x108c, 0x109a, 0x10d3, 0x10f6, 0x150c, 0,
};

static const struct driver_kind kinds[] = {
	{ .program = "virtio_blk", .name = "virtio", .vendor = VIRTIO_VENDOR, .devices = virtio_blk_ids,
	  .link_count = 1, .irq_count = 2 },
	{ .program = "virtio_port", .name = "port", .vendor = VIRTIO_VENDOR, .devices = virtio_port_ids,
	  .party = PARTY_PORT, .irq_count = 1 },
	{ .program = "virtio_net", .name = NIC_NAME, .vendor = VIRTIO_VENDOR, .devices = virtio_net_ids,
	  .is_nic = true, .irq_count = 2 },
	{ .program = "e1000", .name = NIC_NAME, .vendor = INTEL_VENDOR, .devices = e1000_ids, .is_nic = true,
	  .irq_count = 1, .has_msi_alone = true },
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
	const u16 *id = kind->devices;

	if (kind->vendor == 0)
		return (f->class_code & kind->class_mask) == kind->class_code;
	while (*id != 0 && *id != f->device)
		id++;
	return *id != 0 && f->vendor == kind->vendor;
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
