/* SPDX-License-Identifier: MIT */
/*
 * irq.c - see irq.h. A line that fires is masked at once and its thread told; a driver that never acknowledges silences
 * only its own line.
 */
#include "arch.h"
#include "irq.h"
#include "kernel_upcalls.h"
#include "notify.h"
#include "syscalls.h"

static struct irq *lines[IRQ_GSI_MAX];

enum status irq_create(u64 gsi, u32 flags, struct thread *thread, u64 badge, struct irq **out)
{
	struct object *object;
	struct irq *irq;
	enum status status;

	if (gsi >= IRQ_GSI_MAX || (flags & ~IRQ_FLAGS_ALL) != 0)
		return ST_INVAL;
	if (lines[gsi] != NULL)
		return ST_EXISTS;
	status = arch_irq_route((u32)gsi, flags);
	if (status != ST_OK)
		return status;
	object = object_alloc(&irq_type);
	if (object == NULL)
		return ST_NOMEM;
	irq = (struct irq *)(void *)object;
	irq->gsi = (u32)gsi;
	irq->thread = thread;
	irq->thread_generation = thread->object.generation;
	irq->badge = badge;
	*out = irq;
	return ST_OK;
}

void irq_open(struct irq *irq)
{
	__atomic_store_n(&lines[irq->gsi], irq, __ATOMIC_RELEASE);
	arch_irq_unmask(irq->gsi);
}

void irq_ack(struct irq *irq)
{
	arch_irq_unmask(irq->gsi);
}

/* Masked before the look: if the line is just being bound anew, either its new thread is told, or unmasking it comes
 * last. */
void kernel_irq(u32 gsi)
{
	struct irq *irq;

	arch_irq_mask(gsi);
	irq = gsi < IRQ_GSI_MAX ? __atomic_load_n(&lines[gsi], __ATOMIC_SEQ_CST) : NULL;
	if (irq != NULL && !object_is_dead(&irq->thread->object, irq->thread_generation))
		notify_signal(irq->thread, irq->badge);
}

static enum status destroy_begin(struct object *object)
{
	struct irq *irq = (struct irq *)(void *)object;

	if (lines[irq->gsi] != irq)
		return ST_OK;
	__atomic_store_n(&lines[irq->gsi], NULL, __ATOMIC_RELEASE);
	arch_irq_mask(irq->gsi);
	return ST_OK;
}

static enum status destroy_step(struct object *object)
{
	(void)object;
	return ST_OK;
}

const struct object_type irq_type = { OBJECT_TYPE(struct irq), .begin = destroy_begin, .step = destroy_step };
