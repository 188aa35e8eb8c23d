/* SPDX-License-Identifier: MIT */
/*
 * ioapic.h - an I/O APIC with 24 inputs (82093AA register model, version 20h: with an EOI register).
 */
#ifndef VOS_IOAPIC_H
#define VOS_IOAPIC_H

#include "device.h"
#include "irq_message.h"
#include "platform.h"

struct ioapic_ops {
	void (*deliver)(void *ctx, const struct irq_message *message);	/* lapic_bus_deliver() */
	void (*extint)(void *ctx);	/* ioapic_takes_extint() may have become true */
	void *ctx;
};

struct ioapic {
	struct ioapic_ops ops;
	u64 entry[IOAPIC_INPUTS];	/* redirection table, remote IRR and delivery status as the guest reads them */
	u32 level;			/* bit = input is asserted */
	u8 id, select;
};

void ioapic_init(struct ioapic *io, const struct ioapic_ops *ops);
/* An input changed; fits struct irq_line with ctx = struct ioapic. */
void ioapic_set_irq(void *ioapic, u32 gsi, bool is_asserted);
/* The EOI of a level-triggered vector; fits lapic_ops.eoi with ctx = struct ioapic. */
void ioapic_eoi(void *ioapic, u8 vector);
/* True if an unmasked input is programmed for ExtINT (the 8259 behind input 0). */
bool ioapic_takes_extint(const struct ioapic *io);

extern const struct region_ops ioapic_region;	/* 4 KiB; device = struct ioapic */

#endif
