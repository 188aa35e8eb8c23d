/* SPDX-License-Identifier: MIT */
/*
 * irq.h - IRQ objects: a device line bound to the notification bits of a thread. The line is masked when it fires,
 * until irq_ack.
 */
#ifndef VOS_IRQ_H
#define VOS_IRQ_H

#include "object.h"

struct thread;

struct irq {
	struct object object;
	u32 gsi;
	u32 thread_generation;
	struct thread *thread;
	u64 badge;
};

extern const struct object_type irq_type;

#define IRQ_GSI_MAX 256u

/* ST_INVAL, ST_EXISTS (the line is bound), ST_NOMEM, or what arch_irq_route says. The line stays masked until irq_open,
 * which is called once nothing can fail any more. */
enum status irq_create(u64 gsi, u32 flags, struct thread *thread, u64 badge, struct irq **out) MUST_CHECK;
void irq_open(struct irq *irq);
void irq_ack(struct irq *irq);

#endif
