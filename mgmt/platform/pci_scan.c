/* SPDX-License-Identifier: MIT */
/*
 * pci_scan.c - see pci_scan.h.
 */
#include "pci_scan.h"

#include <string.h>

#include "range.h"

#define HEADER_MULTIFUNCTION BIT32(23)	/* of the word at PCI_HEADER */
#define STATUS_CAPABILITIES BIT32(20)	/* of the word at PCI_COMMAND */
#define CAPABILITIES_MAX 48u		/* as many as fit behind the header */
#define CAPABILITIES_FIRST 0x40u
#define DEVICES 32u
#define FUNCTIONS 8u
#define ADDRESS_LIMIT (1ull << 52)
#define PORT_LIMIT 0x10000u

/* Of a BAR. */
#define BAR_IO BIT32(0)
#define BAR_TYPE 6u
#define BAR_TYPE_64 4u
#define BAR_IO_FLAGS 3u
#define BAR_MEMORY_FLAGS 15u

#define BRIDGE_BUSES 0x18u		/* of a bridge: primary, secondary, subordinate bus */
#define EXPRESS_TYPE(word) ((word) >> 20 & 15)	/* of the capability's first word */
#define EXPRESS_TO_PCI 7u

#define MSIX_TABLE 4u			/* + capability: offset, and the BAR in bits 0-2 */
#define MSIX_COUNT_MASK 0x7ffu
#define MSIX_ENTRY_BYTES 16u

/* Capability ids (PCI Code and ID Assignment 1.x, chapter 2). */
static const u8 capability_ids[PCI_CAP_COUNT] = {
	[PCI_CAP_POWER] = 0x01, [PCI_CAP_MSI] = 0x05, [PCI_CAP_EXPRESS] = 0x10, [PCI_CAP_MSIX] = 0x11,
	[PCI_CAP_FEATURES] = 0x13,
};

static u32 config(const struct pci_access *access, u32 bdf, u32 offset)
{
	return access->read(access->ctx, bdf, offset);
}

/* The first of each kind. */
static void find_capabilities(const struct pci_access *access, struct pci_function *f)
{
	u32 at = config(access, f->bdf, PCI_CAPABILITIES) & 0xfc;

	if ((config(access, f->bdf, PCI_COMMAND) & STATUS_CAPABILITIES) == 0)
		return;
	for (u32 i = 0; i < CAPABILITIES_MAX && at >= CAPABILITIES_FIRST; i++) {
		u32 word = config(access, f->bdf, at);

		for (u32 cap = 0; cap < PCI_CAP_COUNT; cap++)
			if ((word & 0xff) == capability_ids[cap] && f->caps[cap] == 0)
				f->caps[cap] = (u8)at;
		at = word >> 8 & 0xfc;
	}
}

static void read_function(const struct pci_access *access, u32 bdf, u32 id, u32 header, struct pci_function *f)
{
	u32 class_word = config(access, bdf, PCI_CLASS), interrupt = config(access, bdf, PCI_INTERRUPT), subsystem = 0;

	memset(f, 0, sizeof(*f));
	f->bdf = (u16)bdf;
	f->vendor = (u16)id;
	f->device = (u16)(id >> 16);
	f->class_code = class_word >> 8;
	f->revision = (u8)class_word;
	f->header = header >> 16 & 0x7f;
	f->irq_line = (u8)interrupt;
	f->irq_pin = interrupt >> 8 & 0xff;
	if (f->irq_pin > 4)
		f->irq_pin = 0;
	if (f->header == 0)
		subsystem = config(access, bdf, PCI_SUBSYSTEM);
	else if (f->header == 1)
		f->bus_behind = config(access, bdf, BRIDGE_BUSES) >> 8 & 0xff;
	f->subsystem_vendor = (u16)subsystem;
	f->subsystem_device = (u16)(subsystem >> 16);
	find_capabilities(access, f);
	if (f->caps[PCI_CAP_EXPRESS] != 0)
		f->express_type = EXPRESS_TYPE(config(access, bdf, f->caps[PCI_CAP_EXPRESS]));
}

/* False: there is no such function. */
static bool find_function(const struct pci_access *access, u32 bdf, struct pci_function *f, bool *is_multi)
{
	u32 id = config(access, bdf, PCI_ID), header;

	if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
		return false;
	header = config(access, bdf, PCI_HEADER);
	*is_multi = (header & HEADER_MULTIFUNCTION) != 0;
	read_function(access, bdf, id, header, f);
	return true;
}

/* Every bus is looked at, so it does not matter what bridges say. */
void pci_walk(const struct pci_access *access, u32 first_bus, u32 last_bus,
	      bool (*visit)(void *ctx, const struct pci_function *f), void *ctx)
{
	struct pci_function f;

	for (u32 device = first_bus * DEVICES; device < (last_bus + 1) * DEVICES; device++) {
		bool is_multi = false, ignored;

		if (!find_function(access, device * FUNCTIONS, &f, &is_multi))
			continue;
		if (!visit(ctx, &f))
			return;
		for (u32 function = 1; is_multi && function < FUNCTIONS; function++)
			if (find_function(access, device * FUNCTIONS + function, &f, &ignored) && !visit(ctx, &f))
				return;
	}
}

static bool note(void *ctx, const struct pci_function *f)
{
	struct pci_table *table = ctx;

	if (table->count < PCI_FUNCTIONS)
		table->functions[table->count++] = *f;
	else
		table->left_out++;
	return true;
}

void pci_scan(const struct pci_access *access, u32 first_bus, u32 last_bus, struct pci_table *table)
{
	table->count = table->left_out = 0;
	pci_walk(access, first_bus, last_bus, note, table);
}

const struct pci_function *pci_table_bridge(const struct pci_table *table, u32 bus)
{
	for (u32 i = 0; i < table->count; i++)
		if (bus != 0 && table->functions[i].bus_behind == bus)
			return &table->functions[i];
	return NULL;
}

/* Controllers of disks whose DMA carries the id of function 1, also where they have no such function: Marvell's, and
 * those of HighPoint that are Marvell's inside. Reported by their users; no data sheet says it. */
static bool sends_as_function_1(const struct pci_function *f)
{
	static const u16 marvell[] = {
		0x9120, 0x9123, 0x9125, 0x9128, 0x9130, 0x9143, 0x9172, 0x917a, 0x9182, 0x9183, 0x91a0, 0x9215, 0x9220,
		0x9230, 0x9235,
	};
	bool is_marvell = false;

	for (u32 i = 0; i < ARRAY_COUNT(marvell); i++)
		is_marvell |= f->vendor == 0x1b4b && f->device == marvell[i];
	return is_marvell || (f->vendor == 0x1103 && (f->device == 0x0642 || f->device == 0x0645));
}

/* Bridges may lie, so there is an end to the way up. */
u32 pci_table_requesters(const struct pci_table *table, const struct pci_function *f, u16 *ids, u32 room)
{
	const struct pci_function *bridge = pci_table_bridge(table, f->bdf >> 8);
	u32 count = 1;

	ids[0] = f->bdf;
	if (sends_as_function_1(f) && (f->bdf & 7) == 0) {
		if (count == room)
			return 0;
		ids[count++] = f->bdf | 1;
	}
	for (u32 depth = 0; bridge != NULL; depth++) {
		if (depth == PCI_FUNCTIONS)
			return 0;
		if (bridge->caps[PCI_CAP_EXPRESS] == 0 || bridge->express_type == EXPRESS_TO_PCI) {
			if (count + 2 > room)
				return 0;
			ids[count++] = (u16)(bridge->bus_behind << 8);
			ids[count++] = bridge->bdf;
		}
		bridge = pci_table_bridge(table, bridge->bdf >> 8);
	}
	return count;
}

/* ---- BARs ---- */

static u32 probe(const struct pci_access *access, u32 bdf, u32 offset, u32 value)
{
	u32 mask;

	access->write(access->ctx, bdf, offset, ~0u);
	mask = config(access, bdf, offset);
	access->write(access->ctx, bdf, offset, value);
	return mask;
}

/* The lowest bit that can be set. */
static u64 size_of(u64 mask)
{
	return mask & (~mask + 1);
}

static struct pci_bar io_bar(u32 value, u32 mask)
{
	struct pci_bar bar = { .address = value & ~BAR_IO_FLAGS, .bytes = size_of(mask & 0xfffcu) };

	if (bar.bytes != 0 && bar.address != 0 && range_ok(bar.address, bar.bytes, PORT_LIMIT))
		bar.kind = PCI_BAR_IO;
	return bar;
}

static struct pci_bar memory_bar(u64 value, u64 mask, bool is_64)
{
	struct pci_bar bar = { .address = value & ~(u64)BAR_MEMORY_FLAGS, .is_64 = is_64 };

	bar.bytes = size_of(mask & ~(u64)BAR_MEMORY_FLAGS);
	if (bar.bytes != 0 && bar.address != 0 && aligned_ok(bar.address, bar.bytes) &&
	    range_ok(bar.address, bar.bytes, ADDRESS_LIMIT))
		bar.kind = PCI_BAR_MEMORY;
	return bar;
}

static struct pci_bar size_bar(const struct pci_access *access, u32 bdf, u32 i)
{
	u32 at = PCI_BAR + 4 * i, low = config(access, bdf, at), high, low_mask = probe(access, bdf, at, low);
	u64 high_mask;

	if ((low & BAR_IO) != 0)
		return io_bar(low, low_mask);
	if ((low & BAR_TYPE) != BAR_TYPE_64 || i + 1 == PCI_BARS)
		return memory_bar(low, low_mask, false);
	high = config(access, bdf, at + 4);
	high_mask = probe(access, bdf, at + 4, high);
	return memory_bar((u64)high << 32 | low, high_mask << 32 | low_mask, true);
}

bool pci_has_bar_in(const struct pci_access *access, const struct pci_function *f, u64 page)
{
	u32 count = f->header == 0 ? PCI_BARS : f->header == 1 ? 2 : 0;

	for (u32 i = 0; i < count; i++) {
		u64 bar = config(access, f->bdf, PCI_BAR + 4 * i);

		if ((bar & BAR_IO) != 0)
			continue;
		if ((bar & BAR_TYPE) == BAR_TYPE_64 && i + 1 < count)
			bar |= (u64)config(access, f->bdf, PCI_BAR + 4 * ++i) << 32;
		if (align_down(bar, PAGE_SIZE) == page)
			return true;
	}
	return false;
}

static void find_msix(const struct pci_access *access, struct pci_function *f)
{
	u32 at = f->caps[PCI_CAP_MSIX], table, count;
	const struct pci_bar *bar;

	if (at == 0 || at + MSIX_TABLE >= PCI_CONFIG_BYTES)
		return;
	count = (config(access, f->bdf, at) >> 16 & MSIX_COUNT_MASK) + 1;
	table = config(access, f->bdf, at + MSIX_TABLE);
	f->msix_bar = table & 7;
	f->msix_offset = table & ~7u;
	if (f->msix_bar >= PCI_BARS)
		return;
	bar = &f->bars[f->msix_bar];
	if (bar->kind == PCI_BAR_MEMORY && range_ok(f->msix_offset, count * MSIX_ENTRY_BYTES, bar->bytes))
		f->msix_count = count;
}

void pci_size_bars(const struct pci_access *access, struct pci_function *f)
{
	u32 command = config(access, f->bdf, PCI_COMMAND) & PCI_COMMAND_WORD;

	if (f->header != 0)
		return;
	access->write(access->ctx, f->bdf, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (u32 i = 0; i < PCI_BARS; i++) {
		f->bars[i] = size_bar(access, f->bdf, i);
		if (f->bars[i].is_64)
			f->bars[++i] = (struct pci_bar){ 0 };
	}
	access->write(access->ctx, f->bdf, PCI_COMMAND, command);
	find_msix(access, f);
}

u64 pci_msix_pages(const struct pci_function *f, u32 bar, u64 *bytes)
{
	u64 start = align_down(f->msix_offset, PAGE_SIZE);

	*bytes = 0;
	if (f->msix_count == 0 || f->msix_bar != bar)
		return 0;
	*bytes = align_up(f->msix_offset + f->msix_count * MSIX_ENTRY_BYTES, PAGE_SIZE) - start;
	return start;
}

void pci_name(u32 bdf, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const char name[PCI_NAME_BYTES] = {
		digits[bdf >> 12 & 15], digits[bdf >> 8 & 15], ':', digits[bdf >> 7 & 1], digits[bdf >> 3 & 15], '.',
		digits[bdf & 7], 0,
	};

	memcpy(text, name, sizeof(name));
}
