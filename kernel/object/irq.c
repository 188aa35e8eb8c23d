/* SPDX-License-Identifier: MIT */
/*
 * irq.c - see irq.h. A line that fires is masked at once and its owners are signalled; a driver that never acknowledges
 * silences only its own line, or, where others share it, is taken off it by root.
 */
#include "arch.h"
#include "irq.h"
#include "kernel_upcalls.h"
#include "notify.h"
#include "stats.h"
#include "syscalls.h"

static struct irq *lines[IRQ_LINES];	/* the first owner; changed with lines_lock and the object tree's */
static struct lock lines_lock;

static struct irq *irq_of(struct object *object)
{
	return (struct irq *)(void *)object;
}

/* A line without a pin, for a message to that pCPU. */
static enum status message_find(u64 pcpu, struct irq *irq)
{
	if (pcpu >= pcpu_count)
		return ST_INVAL;
	for (irq->line = 0; irq->line < IRQ_LINES; irq->line++)
		if (lines[irq->line] == NULL && arch_irq_message(irq->line, pcpu_at((u32)pcpu), &irq->message))
			return ST_OK;
	return ST_FULL;
}

static enum status line_find(u64 gsi, struct irq *irq)
{
	if (gsi >= IRQ_LINES)
		return ST_INVAL;
	irq->line = (u32)gsi;
	if (lines[gsi] == NULL)
		return arch_irq_route((u32)gsi, irq->flags);
	return (irq->flags & IRQ_SHARED) != 0 && lines[gsi]->flags == irq->flags ? ST_OK : ST_EXISTS;
}

enum status irq_create(u64 gsi, u64 flags, struct thread *thread, u64 badge, struct irq **out)
{
	bool is_message = (flags & IRQ_MSI) != 0;
	struct object *object;
	struct irq *irq;
	enum status status;

	if ((flags & ~(u64)IRQ_FLAGS_ALL) != 0 || (is_message && flags != IRQ_MSI))
		return ST_INVAL;
	object = object_alloc(&irq_type);
	if (object == NULL)
		return ST_NOMEM;
	irq = irq_of(object);
	irq->flags = (u32)flags;
	irq->thread = thread;
	irq->thread_generation = thread->object.generation;
	irq->badge = badge;
	status = is_message ? message_find(gsi, irq) : line_find(gsi, irq);
	if (status != ST_OK)
		object_free(object);
	*out = irq;
	return status;
}

/* With the lock held. */
static void unmask_if_all_acked(u32 line)
{
	for (const struct irq *irq = lines[line]; irq != NULL; irq = irq->next)
		if (irq->unacked_tsc != 0)
			return;
	arch_irq_unmask(line);
}

void irq_open(struct irq *irq)
{
	lock_acquire(&lines_lock);
	irq->next = lines[irq->line];
	lines[irq->line] = irq;
	unmask_if_all_acked(irq->line);
	lock_release(&lines_lock);
}

void irq_ack(struct irq *irq)
{
	lock_acquire(&lines_lock);
	irq->unacked_tsc = 0;
	unmask_if_all_acked(irq->line);
	lock_release(&lines_lock);
}

void kernel_irq(u32 line)
{
	lock_acquire(&lines_lock);
	arch_irq_mask(line);
	for (struct irq *irq = line < IRQ_LINES ? lines[line] : NULL; irq != NULL; irq = irq->next) {
		if (object_is_dead(&irq->thread->object, irq->thread_generation))
			continue;
		irq->unacked_tsc = arch_tsc();
		notify_signal(irq->thread, irq->badge);
	}
	lock_release(&lines_lock);
}

static enum status destroy_begin(struct object *object)
{
	struct irq *irq = irq_of(object);
	struct irq **at = &lines[irq->line];

	lock_acquire(&lines_lock);
	while (*at != NULL && *at != irq)
		at = &(*at)->next;
	if (*at == irq) {
		*at = irq->next;
		if (lines[irq->line] == NULL)
			arch_irq_mask(irq->line);
		else
			unmask_if_all_acked(irq->line);
	}
	lock_release(&lines_lock);
	return ST_OK;
}

static enum status destroy_step(struct object *)
{
	return ST_OK;
}

static void fill_stats(struct object *object, u64 *words)
{
	const struct irq *irq = irq_of(object);

	words[STAT_IRQ_ADDRESS] = irq->message.address;
	words[STAT_IRQ_DATA] = irq->message.data;
	words[STAT_IRQ_UNACKED_TSC] = irq->unacked_tsc;
}

const struct object_type irq_type = {
	OBJECT_TYPE(struct irq), .begin = destroy_begin, .step = destroy_step, .stats = fill_stats,
};
