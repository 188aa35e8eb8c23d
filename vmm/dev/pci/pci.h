/* SPDX-License-Identifier: MIT */
/*
 * pci.h - one PCI bus: its functions' configuration spaces behind mechanism 1 (CF8h/CFCh) and behind ECAM (PCI Express
 * Base 4.0, 7.2.2), with a host bridge at 00:00.0; base address registers, capabilities, interrupt pins; and the reset
 * control register CF9h, which lies among the ports.
 *
 * Functions that are not there read as all ones. So does what lies behind the first 256 bytes of a configuration space:
 * the functions are conventional ones. All is under the machine's lock.
 */
#ifndef VOS_PCI_H
#define VOS_PCI_H

#include <linux/pci_regs.h>

#include "bus.h"
#include "device.h"
#include "irq_message.h"
#include "platform.h"
#include "power.h"

#define PCI_FUNCTIONS 32u		/* of bus 0, at most */
#define PCI_CONFIG_BYTES 256u
#define PCI_BARS 6u

enum pci_bar_kind { PCI_BAR_IO, PCI_BAR_MEMORY_32, PCI_BAR_MEMORY_64 };

struct pci_bar {
	const struct region_ops *ops;	/* NULL: not implemented, or the upper half of the one before */
	void *device;
	u32 bytes;			/* a power of two */
	u32 kind;			/* enum pci_bar_kind */
	u32 region;			/* PCI_BAR_IO: bus_reserve_pio() */
	u64 address;			/* where the bus has it now; 0 = nowhere */
};

struct pci_bus;

/* A function's configuration space: bytes, the bits a guest may write, and hooks for those that do something. */
struct pci_function {
	u8 devfn;			/* device << 3 | function */
	u8 capability_end;		/* 0: no capabilities yet */
	u8 capability_last;		/* offset of the last one */
	bool is_asserted;		/* wants its interrupt pin asserted */
	u8 config[PCI_CONFIG_BYTES];
	u8 writable[PCI_CONFIG_BYTES];	/* mask per byte */
	struct pci_bar bar[PCI_BARS];
	void (*reading)(void *device, u32 offset, u32 size);	/* before a read; may be NULL */
	void (*written)(void *device, u32 offset, u32 size);	/* after a write took effect; may be NULL */
	void *device;
	struct pci_bus *bus;		/* NULL: not on one */
};

/* What a bus needs of its machine. */
struct pci_host {
	struct bus *bus;		/* where BARs are placed */
	struct power_ops power;
	void (*set_line)(void *ctx, u32 gsi, bool is_asserted);
	void (*deliver)(void *ctx, const struct irq_message *message);	/* lapic_bus_deliver() */
	void *ctx;
};

struct pci_bus {
	struct pci_host host;
	struct pci_function host_bridge;
	struct pci_function *functions[PCI_FUNCTIONS];
	u32 function_count;
	u32 next_port, next_memory;	/* where the next BAR is put */
	u32 line[PCI_LINES];		/* bit = device that asserts the line */
	u32 address;			/* CF8h */
	u8 reset_control;		/* CF9h */
};

void pci_bus_init(struct pci_bus *bus, const struct pci_host *host);
/*
 * The function must live as long as the bus, or until it is unplugged. Its BARs get addresses and are enabled, as
 * firmware leaves them. ST_FULL: no room, here or on the machine's bus; ST_EXISTS: devfn is taken.
 */
enum status pci_bus_add(struct pci_bus *bus, struct pci_function *function) MUST_CHECK;
/*
 * The same while the guest runs: its BARs are nowhere and disabled, as those of a card that has just been plugged in,
 * and the guest places them. / Take it away: nothing answers in its place, its pin is not asserted, it is no bus
 * master. It may come again.
 */
enum status pci_bus_plug(struct pci_bus *bus, struct pci_function *function) MUST_CHECK;
void pci_bus_unplug(struct pci_function *function);
/* Fill in the fields every type 0 header has. class_code: class << 16 | subclass << 8 | interface. */
void pci_function_init(struct pci_function *f, u8 devfn, u16 vendor, u16 device, u32 class_code, u8 revision);

/*
 * Before pci_bus_add(): a BAR of `bytes`, a power of two of at least 4 (ports) or 16 (memory). PCI_BAR_MEMORY_64 takes
 * index + 1 too. The device judges offsets, which may be anything (bus_place_pio()).
 */
void pci_function_set_bar(struct pci_function *f, u32 index, enum pci_bar_kind kind, u32 bytes,
			  const struct region_ops *ops, void *device);
/* Likewise: append a capability of `bytes`, its two first among them; returns its offset, 0 if there is no room. */
u32 pci_function_add_capability(struct pci_function *f, u8 id, u32 bytes);
/* Likewise: the function has an interrupt pin (INTA#). Device d's is the line PCI_GSI + d % PCI_LINES. */
void pci_function_use_pin(struct pci_function *f);

/* The function wants its pin asserted or not. The guest can switch that off (command register). */
void pci_function_set_pin(struct pci_function *f, bool is_asserted);
/* May it read and write memory, and send messages? */
static inline bool pci_function_is_master(const struct pci_function *f)
{
	return f->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}
/* An interrupt message: a write of `data` to `address` (SDM Vol. 3 11.11). Lost if the function is not a bus master. */
void pci_function_send(const struct pci_function *f, u64 address, u32 data);

extern const struct region_ops pci_region;	/* PCI_PORTS ports from PCI_PORT; device = struct pci_bus */
extern const struct region_ops pci_ecam_region;	/* PCI_ECAM_BYTES at PCI_ECAM_ADDRESS; device = struct pci_bus */

/* Little-endian fields of configuration spaces. */
static inline void pci_put_u16(u8 *at, u16 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

static inline void pci_put_u32(u8 *at, u32 value)
{
	pci_put_u16(at, (u16)value);
	pci_put_u16(at + 2, (u16)(value >> 16));
}

static inline u16 pci_get_u16(const u8 *at)
{
	return (u16)(at[0] | at[1] << 8);
}

static inline u32 pci_get_u32(const u8 *at)
{
	return pci_get_u16(at) | (u32)pci_get_u16(at + 2) << 16;
}

#endif
