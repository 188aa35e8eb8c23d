/* SPDX-License-Identifier: MIT */
/*
 * irq.h - IRQ objects: a device line bound to the notification bits of a thread. The line is masked when it fires,
 * until all its owners have called irq_ack: more than one if each gave IRQ_SHARED. Or (IRQ_MSI) the message that a
 * device sends: a line without a pin, so there is nothing to mask.
 */
#ifndef VOS_IRQ_H
#define VOS_IRQ_H

#include "arch.h"
#include "object.h"

struct thread;

struct irq {
	struct object object;
	u32 line;		/* a GSI, or with IRQ_MSI a number that is none */
	u32 flags;		/* IRQ_* of syscalls.h */
	u32 thread_generation;
	struct thread *thread;
	u64 badge;
	struct irq_message message;	/* with IRQ_MSI */
	struct irq *next;	/* of the same line; lines_lock */
	u64 unacked_tsc;	/* when it was signalled; 0 = acknowledged since then; lines_lock */
};

extern const struct object_type irq_type;

#define IRQ_LINES 256u

/* gsi: with IRQ_MSI the pCPU instead. ST_INVAL, ST_EXISTS (the line is bound, and not shared by all with the same
 * flags), ST_FULL (no vector for a message), ST_NOMEM, or what arch_irq_route says. Nothing comes until irq_open, which
 * is called once nothing can fail any more. */
enum status irq_create(u64 gsi, u64 flags, struct thread *thread, u64 badge, struct irq **out) MUST_CHECK;
void irq_open(struct irq *irq);
void irq_ack(struct irq *irq);

#endif
