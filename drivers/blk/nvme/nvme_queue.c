/* SPDX-License-Identifier: MIT */
/*
 * nvme_queue.c - see nvme_queue.h.
 */
#include "nvme_queue.h"

void nvme_queue_init(struct nvme_queue *q, const struct regs *registers, u64 cap, u32 id, void *sq, void *cq)
{
	u32 stride = 4u << CAP_DSTRD(cap), at = NVME_DOORBELLS + 2 * id * stride;

	*q = (struct nvme_queue){ .sq = sq, .cq = cq, .phase = 1, .cq_doorbell = stride };
	q->doorbells = regs_part(registers, at, 2 * stride);
}

void nvme_queue_submit(struct nvme_queue *q, const struct nvme_command *command)
{
	q->sq[q->sq_tail] = *command;
	q->sq_tail = (q->sq_tail + 1) % NVME_ENTRIES;
	regs_write(&q->doorbells, 0, 4, q->sq_tail);
}

bool nvme_queue_next(struct nvme_queue *q, struct nvme_completion *out)
{
	const struct nvme_completion *entry = &q->cq[q->cq_head];

	if ((__atomic_load_n(&entry->status, __ATOMIC_ACQUIRE) & 1u) != q->phase)
		return false;
	*out = *entry;
	__asm__ volatile("" : : : "memory");	/* the copy is what counts */
	q->cq_head = (q->cq_head + 1) % NVME_ENTRIES;
	if (q->cq_head == 0)
		q->phase ^= 1;
	return true;
}

void nvme_queue_taken(struct nvme_queue *q)
{
	regs_write(&q->doorbells, q->cq_doorbell, 4, q->cq_head);
}
