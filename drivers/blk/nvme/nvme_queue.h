/* SPDX-License-Identifier: MIT */
/*
 * nvme_queue.h - one pair of NVMe queues (Base 1.4, 4.1): submission entries out, completion entries in by their phase
 * bit.
 */
#ifndef VOS_NVME_QUEUE_H
#define VOS_NVME_QUEUE_H

#include "nvme_regs.h"
#include "regs.h"

#define NVME_ENTRIES 64u		/* of each ring; one less can be outstanding */

struct nvme_queue {
	struct regs doorbells;		/* submission tail at 0 */
	u32 cq_doorbell;		/* offset of the completion head's */
	struct nvme_command *sq;
	const struct nvme_completion *cq;	/* written by the controller */
	u32 sq_tail, cq_head;
	u32 phase;
};

void nvme_queue_init(struct nvme_queue *q, const struct regs *registers, u64 cap, u32 id, void *sq, void *cq);
/* There must be room: the caller counts. */
void nvme_queue_submit(struct nvme_queue *q, const struct nvme_command *command);
/* The next completion, copied. The controller is told by nvme_queue_taken, once for several. */
bool nvme_queue_next(struct nvme_queue *q, struct nvme_completion *out);
void nvme_queue_taken(struct nvme_queue *q);

#endif
