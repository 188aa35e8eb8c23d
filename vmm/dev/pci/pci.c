/* SPDX-License-Identifier: MIT */
/*
 * pci.c - a PCI bus (PCI Local Bus 3.0, chapter 6): configuration spaces, base address registers (6.2.5.1),
 * capabilities (6.7), interrupt pins (2.2.6), and the reset control register.
 *
 * The machine's bus follows the registers: after each write that may move or enable a BAR, all that are not where the
 * registers say are taken off the bus, then put where they belong. A BAR over something else is nowhere.
 */
#include "pci.h"

#include <string.h>

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

#define CAPABILITIES_START 0x40u
#define BAR_NOWHERE 0u

/* Messages to local APICs (SDM Vol. 3 11.11). */
#define MESSAGE_BASE 0xfee00000u
#define MESSAGE_BASE_MASK 0xfff00000u
#define MESSAGE_LOGICAL BIT32(2)
#define MESSAGE_LEVEL BIT32(15)

/* ---- Building a function ---- */

void pci_function_init(struct pci_function *f, u8 devfn, u16 vendor, u16 device, u32 class_code, u8 revision)
{
	*f = (struct pci_function){ .devfn = devfn };
	pci_put_u16(f->config + PCI_VENDOR_ID, vendor);
	pci_put_u16(f->config + PCI_DEVICE_ID, device);
	f->config[PCI_REVISION_ID] = revision;
	f->config[PCI_CLASS_PROG] = (u8)class_code;
	pci_put_u16(f->config + PCI_CLASS_DEVICE, (u16)(class_code >> 8));
	pci_put_u16(f->writable + PCI_COMMAND,
		    PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	f->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	f->writable[PCI_INTERRUPT_LINE] = 0xff;
}

void pci_function_set_bar(struct pci_function *f, u32 index, enum pci_bar_kind kind, u32 bytes,
			  const struct region_ops *ops, void *device)
{
	static const u8 flags[] = {
		[PCI_BAR_IO] = PCI_BASE_ADDRESS_SPACE_IO,
		[PCI_BAR_MEMORY_32] = PCI_BASE_ADDRESS_MEM_TYPE_32,
		[PCI_BAR_MEMORY_64] = PCI_BASE_ADDRESS_MEM_TYPE_64,
	};
	u32 at = PCI_BASE_ADDRESS_0 + index * 4;

	f->bar[index] = (struct pci_bar){ .ops = ops, .device = device, .bytes = bytes, .kind = kind };
	f->config[at] = flags[kind];
	pci_put_u32(f->writable + at, ~(bytes - 1));
	if (kind == PCI_BAR_MEMORY_64)
		pci_put_u32(f->writable + at + 4, ~0u);
}

u32 pci_function_add_capability(struct pci_function *f, u8 id, u32 bytes)
{
	u32 at = f->capability_end ? f->capability_end : CAPABILITIES_START;
	u32 rounded = (bytes + 3) & ~3u;

	if (bytes < 2 || !range_ok(at, rounded, PCI_CONFIG_BYTES - 1))
		return 0;
	f->config[f->capability_last ? f->capability_last + 1u : PCI_CAPABILITY_LIST] = (u8)at;
	f->config[at] = id;
	f->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	f->capability_last = (u8)at;
	f->capability_end = (u8)(at + rounded);
	return at;
}

/* ---- Interrupts ---- */

static u32 line_of(const struct pci_function *f)
{
	return (u32)(f->devfn >> 3) % PCI_LINES;
}

void pci_function_use_pin(struct pci_function *f)
{
	f->config[PCI_INTERRUPT_PIN] = 1;
	f->config[PCI_INTERRUPT_LINE] = (u8)(PCI_GSI + line_of(f));
}

static void update_line(struct pci_function *f)
{
	bool is_off = pci_get_u16(f->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
	u32 *line = &f->bus->line[line_of(f)], bit = BIT32(f->devfn >> 3), old = *line;

	*line = f->is_asserted && !is_off ? old | bit : old & ~bit;
	if ((old != 0) != (*line != 0))
		f->bus->host.set_line(f->bus->host.ctx, PCI_GSI + line_of(f), *line != 0);
}

void pci_function_set_pin(struct pci_function *f, bool is_asserted)
{
	if (f->is_asserted == is_asserted)
		return;
	f->is_asserted = is_asserted;
	f->config[PCI_STATUS] = (u8)((f->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT) |
				     (is_asserted ? PCI_STATUS_INTERRUPT : 0));
	update_line(f);
}

void pci_function_send(const struct pci_function *f, u64 address, u32 data)
{
	struct irq_message message = {
		.destination = irq_destination_widen((u8)(address >> 12)),
		.vector = (u8)data,
		.delivery = (u8)(data >> 8 & 7),
		.is_logical = address & MESSAGE_LOGICAL,
		.is_level = data & MESSAGE_LEVEL,
	};

	if ((address & ~(u64)~MESSAGE_BASE_MASK) == MESSAGE_BASE && pci_function_is_master(f))
		f->bus->host.deliver(f->bus->host.ctx, &message);
}

/* ---- Base address registers ---- */

/* Where the registers put it. */
static u64 wanted_address(const struct pci_function *f, u32 index)
{
	const struct pci_bar *bar = &f->bar[index];
	const u8 *at = f->config + PCI_BASE_ADDRESS_0 + index * 4;
	u32 decode = bar->kind == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	u64 address = pci_get_u32(at) & ~(bar->bytes - 1);

	if (!(f->config[PCI_COMMAND] & decode))
		return BAR_NOWHERE;
	return bar->kind == PCI_BAR_MEMORY_64 ? address | (u64)pci_get_u32(at + 4) << 32 : address;
}

static void take_off(struct bus *bus, struct pci_bar *bar)
{
	if (bar->address == BAR_NOWHERE)
		return;
	if (bar->kind == PCI_BAR_IO)
		bus_unplace_pio(bus, bar->region);
	else
		bus_remove_mmio(bus, bar->address);
	bar->address = BAR_NOWHERE;
}

static void put_on(struct bus *bus, struct pci_bar *bar, u64 address)
{
	enum status status;

	if (address == BAR_NOWHERE || bar->address == address)
		return;
	if (bar->kind == PCI_BAR_IO)
		status = bus_place_pio(bus, bar->region, address);
	else
		status = bus_add_mmio(bus, address, bar->bytes, bar->ops, bar->device);
	if (status == ST_OK)
		bar->address = address;
}

static void place_bars(struct pci_bus *bus)
{
	for (u32 pass = 0; pass < 2; pass++)
		for (u32 i = 0; i < bus->function_count * PCI_BARS; i++) {
			struct pci_function *f = bus->functions[i / PCI_BARS];
			struct pci_bar *bar = &f->bar[i % PCI_BARS];
			u64 wanted = bar->ops ? wanted_address(f, i % PCI_BARS) : BAR_NOWHERE;

			if (pass == 0 && bar->address != wanted)
				take_off(bus->host.bus, bar);
			else if (pass == 1)
				put_on(bus->host.bus, bar, wanted);
		}
}

/* Give a BAR the next free address. */
static enum status assign(struct pci_bus *bus, struct pci_function *f, u32 index)
{
	const struct pci_bar *bar = &f->bar[index];
	u8 *at = f->config + PCI_BASE_ADDRESS_0 + index * 4;
	u32 *next = bar->kind == PCI_BAR_IO ? &bus->next_port : &bus->next_memory;
	u64 address = ((u64)*next + bar->bytes - 1) & ~((u64)bar->bytes - 1);
	u64 limit = bar->kind == PCI_BAR_IO ? BIT32(16) : (u64)PCI_MEMORY_ADDRESS + PCI_MEMORY_BYTES;

	if (!range_ok(address, bar->bytes, limit))
		return ST_FULL;
	*next = (u32)address + bar->bytes;
	pci_put_u32(at, (u32)address | at[0]);
	return ST_OK;
}

static enum status reserve(struct pci_bus *bus, struct pci_bar *bar)
{
	if (bar->kind != PCI_BAR_IO)
		return ST_OK;
	return bus_reserve_pio(bus->host.bus, bar->bytes, bar->ops, bar->device, &bar->region);
}

/* ---- The bus ---- */

static struct pci_function *find(struct pci_bus *bus, u32 devfn)
{
	for (u32 i = 0; i < bus->function_count; i++)
		if (bus->functions[i]->devfn == devfn)
			return bus->functions[i];
	return NULL;
}

enum status pci_bus_plug(struct pci_bus *bus, struct pci_function *function)
{
	enum status status;

	if (bus->function_count >= PCI_FUNCTIONS)
		return ST_FULL;
	if (find(bus, function->devfn))
		return ST_EXISTS;
	for (u32 i = 0; i < PCI_BARS; i++) {
		status = function->bar[i].ops ? reserve(bus, &function->bar[i]) : ST_OK;
		if (status != ST_OK)
			return status;
	}
	function->bus = bus;
	bus->functions[bus->function_count++] = function;
	return ST_OK;
}

enum status pci_bus_add(struct pci_bus *bus, struct pci_function *function)
{
	enum status status = ST_OK;

	for (u32 i = 0; i < PCI_BARS && status == ST_OK; i++)
		status = function->bar[i].ops ? assign(bus, function, i) : ST_OK;
	if (status == ST_OK)
		status = pci_bus_plug(bus, function);
	if (status != ST_OK)
		return status;
	function->config[PCI_COMMAND] |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
	place_bars(bus);
	return ST_OK;
}

void pci_bus_unplug(struct pci_function *function)
{
	struct pci_bus *bus = function->bus;
	u32 i = 0;

	pci_function_set_pin(function, false);
	pci_put_u16(function->config + PCI_COMMAND, 0);
	place_bars(bus);
	while (bus->functions[i] != function)
		i++;
	bus->functions[i] = bus->functions[--bus->function_count];
}

static u64 config_read(struct pci_function *f, u64 reg, u32 size)
{
	u64 value = 0;

	if (!f || !range_ok(reg, size, PCI_CONFIG_BYTES))
		return ~0ull;
	if (f->reading)
		f->reading(f->device, (u32)reg, size);
	for (u32 i = 0; i < size; i++)
		value |= (u64)f->config[reg + i] << (8 * i);
	return value;
}

static void config_write(struct pci_function *f, u64 reg, u32 size, u64 value)
{
	if (!f || !range_ok(reg, size, PCI_CONFIG_BYTES))
		return;
	for (u32 i = 0; i < size; i++) {
		u8 mask = f->writable[reg + i], byte = (u8)(value >> (8 * i));

		f->config[reg + i] = (u8)((f->config[reg + i] & ~mask) | (byte & mask));
	}
	if (reg < PCI_CARDBUS_CIS) {	/* the header up to the last BAR */
		place_bars(f->bus);
		update_line(f);
	}
	if (f->written)
		f->written(f->device, (u32)reg, size);
}

/* ---- Mechanism 1 (3.2.2.3.2) and the reset control register ---- */

/* The function that CF8h points at, NULL if it points at nothing. */
static struct pci_function *selected(struct pci_bus *bus)
{
	u32 bus_number = bus->address >> 16 & 0xff, devfn = bus->address >> 8 & 0xff;

	return (bus->address & ADDRESS_ENABLE) && bus_number == 0 ? find(bus, devfn) : NULL;
}

static u64 ports_read(void *device, u64 offset, u32 size)
{
	struct pci_bus *bus = device;

	if (!range_ok(offset, size, PORT_DATA + 4))
		return ~0ull;
	if (offset >= PORT_DATA)
		return config_read(selected(bus), (bus->address & 0xfc) + offset - PORT_DATA, size);
	if (offset == PORT_ADDRESS && size == 4)
		return bus->address;
	return offset == PORT_RESET && size == 1 ? bus->reset_control : ~0ull;
}

static void write_reset(struct pci_bus *bus, u8 value)
{
	bool is_reset = (value & RESET_CPU) && !(bus->reset_control & RESET_CPU);

	bus->reset_control = value & RESET_WRITABLE;
	if (is_reset)
		bus->host.power.reset(bus->host.power.ctx);
}

static void ports_write(void *device, u64 offset, u32 size, u64 value)
{
	struct pci_bus *bus = device;

	if (!range_ok(offset, size, PORT_DATA + 4))
		return;
	if (offset >= PORT_DATA)
		config_write(selected(bus), (bus->address & 0xfc) + offset - PORT_DATA, size, value);
	else if (offset == PORT_ADDRESS && size == 4)
		bus->address = (u32)value & ADDRESS_WRITABLE;
	else if (offset == PORT_RESET && size == 1)
		write_reset(bus, (u8)value);
}

const struct region_ops pci_region = { .read = ports_read, .write = ports_write };

/* ---- ECAM: bus << 20 | devfn << 12 | register ---- */

static u64 ecam_read(void *device, u64 offset, u32 size)
{
	return offset < PCI_ECAM_BYTES ? config_read(find(device, (u32)(offset >> 12)), offset & 0xfff, size) : ~0ull;
}

static void ecam_write(void *device, u64 offset, u32 size, u64 value)
{
	if (offset < PCI_ECAM_BYTES)
		config_write(find(device, (u32)(offset >> 12)), offset & 0xfff, size, value);
}

const struct region_ops pci_ecam_region = { .read = ecam_read, .write = ecam_write };

void pci_bus_init(struct pci_bus *bus, const struct pci_host *host)
{
	memset(bus, 0, sizeof(*bus));
	bus->host = *host;
	bus->next_port = PCI_IO_ADDRESS;
	bus->next_memory = PCI_MEMORY_ADDRESS;
	pci_function_init(&bus->host_bridge, 0, HOST_BRIDGE_VENDOR, HOST_BRIDGE_DEVICE, HOST_BRIDGE_CLASS, 0);
	bus->host_bridge.bus = bus;
	bus->functions[bus->function_count++] = &bus->host_bridge;
}
