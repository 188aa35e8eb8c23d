/* SPDX-License-Identifier: MIT */
/*
 * irq_message.h - an interrupt message: what an I/O APIC, an MSI or an ICR write puts on the APIC bus.
 */
#ifndef VOS_IRQ_MESSAGE_H
#define VOS_IRQ_MESSAGE_H

#include "types.h"

enum irq_delivery { DELIVER_FIXED = 0, DELIVER_LOWEST = 1, DELIVER_SMI = 2, DELIVER_NMI = 4, DELIVER_INIT = 5,
		    DELIVER_STARTUP = 6, DELIVER_EXTINT = 7 };

struct irq_message {
	u32 destination;	/* IRQ_BROADCAST = every APIC, in either destination mode */
	u8 vector;
	u8 delivery;		/* enum irq_delivery; 3 is reserved */
	bool is_logical;
	bool is_level;
};

/* Destination fields of 8 bits are widened: FFh becomes IRQ_BROADCAST. */
#define IRQ_BROADCAST 0xffffffffu

static inline u32 irq_destination_widen(u8 destination)
{
	return destination == 0xff ? IRQ_BROADCAST : destination;
}

#endif
