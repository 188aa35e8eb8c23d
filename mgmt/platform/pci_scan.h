/* SPDX-License-Identifier: MIT */
/*
 * pci_scan.h - finds PCI functions and reads what they say of themselves (PCI Local Bus 3.0, chapter 6). Pure:
 * configuration space is reached through struct pci_access. What a function says is foreign: every list is bounded,
 * every range judged.
 */
#ifndef VOS_PCI_SCAN_H
#define VOS_PCI_SCAN_H

#include "status.h"
#include "types.h"

#define PCI_FUNCTIONS 256u	/* that are listed */
#define PCI_BARS 6u
#define PCI_CONFIG_BYTES 256u

/* Registers of configuration space. */
enum {
	PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0c, PCI_BAR = 0x10, PCI_SUBSYSTEM = 0x2c,
	PCI_CAPABILITIES = 0x34, PCI_INTERRUPT = 0x3c,
};

#define PCI_COMMAND_IO BIT32(0)
#define PCI_COMMAND_MEMORY BIT32(1)
#define PCI_COMMAND_MASTER BIT32(2)
#define PCI_COMMAND_NO_INTX BIT32(10)
#define PCI_COMMAND_WORD 0xffffu	/* the other half, status, has bits that writing 1 clears */

#define PCI_CLASS_BRIDGE 0x06u

/* The capabilities that are known here. */
enum pci_capability { PCI_CAP_POWER, PCI_CAP_MSI, PCI_CAP_EXPRESS, PCI_CAP_MSIX, PCI_CAP_FEATURES, PCI_CAP_COUNT };

/* A function: bus << 8 | device << 3 | function. offset: a multiple of 4 below PCI_CONFIG_BYTES. */
struct pci_access {
	u32 (*read)(void *ctx, u32 bdf, u32 offset);
	void (*write)(void *ctx, u32 bdf, u32 offset, u32 value);
	void *ctx;
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY };

struct pci_bar {
	u64 address, bytes;	/* bytes: a power of two; the range is judged */
	u8 kind;		/* enum pci_bar_kind */
	bool is_64;		/* takes the next one, too */
};

struct pci_function {
	u16 bdf;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class_code;		/* base class << 16 | subclass << 8 | programming interface */
	u8 revision;
	u8 header;		/* type: 0 = device, 1 = bridge */
	u8 bus_behind;		/* of a bridge; 0 = none */
	u8 express_type;	/* device/port type; only with PCI_CAP_EXPRESS */
	u8 irq_line, irq_pin;	/* 3Ch; pin 0 = none, 1 .. 4 = INTA .. INTD */
	u8 caps[PCI_CAP_COUNT];	/* enum pci_capability -> offset; 0 = it has none */
	/* After pci_size_bars: */
	struct pci_bar bars[PCI_BARS];
	u32 msix_count;		/* 0 = no usable table */
	u32 msix_bar, msix_offset;
};

struct pci_table {
	u32 count;
	u32 left_out;		/* for which there was no room */
	struct pci_function functions[PCI_FUNCTIONS];
};

/* Show all functions of buses first .. last to visit(), which returns whether it wants more: without their BARs. */
void pci_walk(const struct pci_access *access, u32 first_bus, u32 last_bus,
	      bool (*visit)(void *ctx, const struct pci_function *f), void *ctx);

/* All functions of buses first .. last, as far as there is room. Changes nothing. */
void pci_scan(const struct pci_access *access, u32 first_bus, u32 last_bus, struct pci_table *table);

/*
 * What its BARs are, and its MSI-X table. Switches decoding off meanwhile, so nobody may use the function. A BAR that
 * makes no sense is PCI_BAR_NONE.
 */
void pci_size_bars(const struct pci_access *access, struct pci_function *f);

/* Has it a memory BAR, or a bridge one of its two, that begins in this page? Of any function; nothing is changed. */
bool pci_has_bar_in(const struct pci_access *access, const struct pci_function *f, u64 page);

/* The pages of that BAR that hold the MSI-X table, in bytes from its start; 0 bytes: none. */
u64 pci_msix_pages(const struct pci_function *f, u32 bar, u64 *bytes);

/* The bridge that leads to that bus; NULL: none. */
const struct pci_function *pci_table_bridge(const struct pci_table *table, u32 bus);
/* See pci.h: pci_requesters. */
u32 pci_table_requesters(const struct pci_table *table, const struct pci_function *f, u16 *ids, u32 room);

/* "02:1f.3"; text has PCI_NAME_BYTES. */
#define PCI_NAME_BYTES 8u
void pci_name(u32 bdf, char *text);

#endif
