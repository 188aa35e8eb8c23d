/* SPDX-License-Identifier: MIT */
/*
 * pci.c - PCI configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2) and the reset control register.
 */
#include "pci.h"

#include "range.h"

#include <linux/pci_regs.h>

enum { PORT_ADDRESS = 0, PORT_RESET = 1, PORT_DATA = 4 };

#define ADDRESS_ENABLE BIT32(31)
#define ADDRESS_WRITABLE 0x80fffffcu

#define RESET_CPU BIT32(2)	/* rising: reset; bit 1 chooses between two kinds that are the same to a guest */
#define RESET_WRITABLE 0x0eu

/* A host bridge ID without quirks in any guest: that of the generic PCIe bridge of virtual machines. */
#define HOST_BRIDGE_VENDOR 0x1b36u
#define HOST_BRIDGE_DEVICE 0x0008u
#define HOST_BRIDGE_CLASS 0x060000u

static void put_u16(u8 *at, u16 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

void pci_function_init(struct pci_function *f, u8 devfn, u16 vendor, u16 device, u32 class_code, u8 revision)
{
	*f = (struct pci_function){ .devfn = devfn };
	put_u16(f->config + PCI_VENDOR_ID, vendor);
	put_u16(f->config + PCI_DEVICE_ID, device);
	f->config[PCI_REVISION_ID] = revision;
	f->config[PCI_CLASS_PROG] = (u8)class_code;
	put_u16(f->config + PCI_CLASS_DEVICE, (u16)(class_code >> 8));
	put_u16(f->writable + PCI_COMMAND,
		PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	f->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	f->writable[PCI_INTERRUPT_LINE] = 0xff;
}

bool pci_bus_add(struct pci_bus *bus, struct pci_function *function)
{
	if (bus->function_count >= PCI_FUNCTIONS)
		return false;
	for (u32 i = 0; i < bus->function_count; i++)
		if (bus->functions[i]->devfn == function->devfn)
			return false;
	bus->functions[bus->function_count++] = function;
	return true;
}

/* The function that CF8h points at, NULL if it points at nothing. */
static struct pci_function *selected(struct pci_bus *bus)
{
	u32 bus_number = bus->address >> 16 & 0xff, devfn = bus->address >> 8 & 0xff;

	if (!(bus->address & ADDRESS_ENABLE) || bus_number != 0)
		return NULL;
	for (u32 i = 0; i < bus->function_count; i++)
		if (bus->functions[i]->devfn == devfn)
			return bus->functions[i];
	return NULL;
}

static u64 data_read(struct pci_bus *bus, u32 offset, u32 size)
{
	const struct pci_function *f = selected(bus);
	u32 reg = (bus->address & 0xfc) + offset;
	u64 value = 0;

	if (!f || !range_ok(reg, size, PCI_CONFIG_BYTES))
		return ~0ull;
	for (u32 i = 0; i < size; i++)
		value |= (u64)f->config[reg + i] << (8 * i);
	return value;
}

static void data_write(struct pci_bus *bus, u32 offset, u32 size, u64 value)
{
	struct pci_function *f = selected(bus);
	u32 reg = (bus->address & 0xfc) + offset;

	if (!f || !range_ok(reg, size, PCI_CONFIG_BYTES))
		return;
	for (u32 i = 0; i < size; i++) {
		u8 mask = f->writable[reg + i], byte = (u8)(value >> (8 * i));

		f->config[reg + i] = (u8)((f->config[reg + i] & ~mask) | (byte & mask));
	}
	if (f->written)
		f->written(f->device, reg, size);
}

static u64 ports_read(void *device, u64 offset, u32 size)
{
	struct pci_bus *bus = device;

	if (!range_ok(offset, size, PORT_DATA + 4))
		return ~0ull;
	if (offset >= PORT_DATA)
		return data_read(bus, (u32)offset - PORT_DATA, size);
	if (offset == PORT_ADDRESS && size == 4)
		return bus->address;
	return offset == PORT_RESET && size == 1 ? bus->reset_control : ~0ull;
}

static void write_reset(struct pci_bus *bus, u8 value)
{
	bool is_reset = (value & RESET_CPU) && !(bus->reset_control & RESET_CPU);

	bus->reset_control = value & RESET_WRITABLE;
	if (is_reset)
		bus->power.reset(bus->power.ctx);
}

static void ports_write(void *device, u64 offset, u32 size, u64 value)
{
	struct pci_bus *bus = device;

	if (!range_ok(offset, size, PORT_DATA + 4))
		return;
	if (offset >= PORT_DATA)
		data_write(bus, (u32)offset - PORT_DATA, size, value);
	else if (offset == PORT_ADDRESS && size == 4)
		bus->address = (u32)value & ADDRESS_WRITABLE;
	else if (offset == PORT_RESET && size == 1)
		write_reset(bus, (u8)value);
}

const struct region_ops pci_region = { .read = ports_read, .write = ports_write };

void pci_bus_init(struct pci_bus *bus, const struct power_ops *power)
{
	*bus = (struct pci_bus){ .power = *power };
	pci_function_init(&bus->host_bridge, 0, HOST_BRIDGE_VENDOR, HOST_BRIDGE_DEVICE, HOST_BRIDGE_CLASS, 0);
	bus->functions[bus->function_count++] = &bus->host_bridge;
}
