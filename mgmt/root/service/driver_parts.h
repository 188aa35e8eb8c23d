/* SPDX-License-Identifier: MIT */
/*
 * driver_parts.h - what the files of drivers.h share: the kinds of drivers, and an instance.
 */
#ifndef VOS_ROOT_DRIVER_PARTS_H
#define VOS_ROOT_DRIVER_PARTS_H

#include "driver.h"
#include "driver_life.h"
#include "object_set.h"
#include "pci.h"
#include "types.h"

struct driver_kind {
	const char *program;
	const char *name;		/* of an instance, with a number behind it */
	u16 vendor;			/* 0 = any, by the class */
	const u16 *devices;		/* of that vendor's; ends with 0 */
	u32 class_code, class_mask;
	u32 party;			/* of its wires, which one driver alone can have; 0 = none */
	bool is_nic;			/* it has one link with a switch */
	u32 link_count, irq_count;	/* at most; links with the store */
	bool has_msi_alone;		/* the program does not set up the device for MSI-X */
	u32 registers_bar;
	u32 registers_bytes;		/* of that BAR, that the driver needs */
	bool is_32_bit;			/* it can reach nothing beyond 4 GiB */
	u32 reach_bit;			/* or it can if this bit of its first register is set; 0 = it can */
};

struct driver {
	const struct driver_kind *kind;		/* NULL = there is none */
	struct pci_device device;
	char name[DRIVER_NAME_BYTES];
	u64 h_irq[DRIVER_IRQS];
	u64 unacked_tsc;			/* of the first interrupt, as it was at the last look */
	u32 interrupts, irq_count;
	u32 gsi;				/* with DRIVER_IRQ_LINES: the first */
	bool is_up;
	struct driver_life life;
	u64 steady_tsc;				/* it has run for LIFE_STEADY_NS then */
};

/* driver_kinds.c: the kind of driver for that function; NULL = none. */
const struct driver_kind *driver_kind_of(const struct pci_function *f);
/* An IDE channel that is where it was on an AT? */
bool driver_is_compatible_ide(const struct pci_function *f, u32 channel);

/* driver_irqs.c: of driver `number`: messages to one pCPU, else lines, else none: the driver polls then, so nothing
 * fails here. */
void driver_give_irqs(struct driver *d, u32 number, u64 h_pd, u64 h_thread, struct object_set *objects);

#endif
