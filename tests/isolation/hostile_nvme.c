/* SPDX-License-Identifier: MIT */
/*
 * hostile_nvme.c - a program in the place of the NVMe driver that makes its device read and write where the disk says:
 * in the kernel's memory, in another VM's window, at the local APICs' addresses. Whoever runs it changes the disk's
 * image while the machine runs, and looks there what came of it.
 *
 * Sector 0 is a list of steps (struct list). When its number changes they are taken, each one sector, and sector
 * RESULTS_LBA gets the number, and for each step the controller's status, or NO_ANSWER, and as its last word how many
 * interrupts have come since the list before. The device itself sends none: its queues have none.
 */
#include <string.h>

#include "blk.h"
#include "driver.h"
#include "info_page.h"
#include "nvme_queue.h"
#include "rt_log.h"
#include "rt_time.h"
#include "sys.h"

#define ARGS ((const struct driver_args *)DRIVER_ARGS)
#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define STEPS 16u
#define RESULTS_LBA 1000u
#define NO_ANSWER 0xffffu
#define ANSWER_MS 3000u
#define PAUSE_MS 100u
#define OWN_INTERRUPTS (DRIVER_BIT_IRQ * ((1u << DRIVER_IRQS) - 1))

/* In DRIVER_DMA. */
enum { ADMIN_SQ = 0x0000, ADMIN_CQ = 0x1000, IO_SQ = 0x2000, IO_CQ = 0x3000, LIST = 0x4000, RESULTS = 0x5000 };

struct list {
	u64 number, count;
	struct { u64 is_write, address, lba; } steps[STEPS];	/* is_write: from memory to the disk */
};

static struct regs registers;
static struct nvme_queue admin, io;
static struct rt_time rt;
static u64 interrupts;		/* since the last results */

static void pause_ms(u32 ms)
{
	u64 until = rt_time_after(&rt, ms * NS_PER_MS), bits;

	while (rt_time_tsc() < until)
		if (sys_notify_wait(until, &bits) == ST_OK && (bits & OWN_INTERRUPTS) != 0)
			interrupts++;
}

static u32 command(struct nvme_queue *q, struct nvme_command c)
{
	static u16 id;
	struct nvme_completion done;

	c.id = ++id;
	nvme_queue_submit(q, &c);
	for (u32 ms = 0; ms < ANSWER_MS; ms++) {
		if (nvme_queue_next(q, &done)) {
			nvme_queue_taken(q);
			if (done.id == id)
				return done.status >> 1;
			continue;
		}
		pause_ms(1);
	}
	return NO_ANSWER;
}

static u32 transfer(bool is_write, u64 address, u64 lba)
{
	return command(&io, (struct nvme_command){
		.opcode = is_write ? NVME_WRITE : NVME_READ, .nsid = 1, .prp1 = address, .cdw10 = (u32)lba,
	});
}

static bool await_ready(u32 value)
{
	for (u32 ms = 0; (regs_read(&registers, NVME_CSTS, 4) & CSTS_RDY) != value; ms++) {
		if (ms == ANSWER_MS)
			return false;
		pause_ms(1);
	}
	return true;
}

static bool bring_up(void)
{
	const u32 size = (NVME_ENTRIES - 1) << 16 | 1;
	u8 *dma = (u8 *)DRIVER_DMA;
	u64 cap;

	registers = regs_memory(ARGS->bars[0].address, ARGS->bars[0].bytes);
	cap = regs_read64(&registers, NVME_CAP);
	nvme_queue_init(&admin, &registers, cap, 0, dma + ADMIN_SQ, dma + ADMIN_CQ);
	nvme_queue_init(&io, &registers, cap, 1, dma + IO_SQ, dma + IO_CQ);
	regs_write(&registers, NVME_CC, 4, 0);
	if (!await_ready(0))
		return false;
	regs_write(&registers, NVME_AQA, 4, (NVME_ENTRIES - 1) << 16 | (NVME_ENTRIES - 1));
	regs_write(&registers, NVME_ASQ, 8, ARGS->dma_bus + ADMIN_SQ);
	regs_write(&registers, NVME_ACQ, 8, ARGS->dma_bus + ADMIN_CQ);
	regs_write(&registers, NVME_CC, 4, CC_EN | CC_ENTRIES);
	return await_ready(CSTS_RDY) &&
	       command(&admin, (struct nvme_command){ .opcode = NVME_CREATE_CQ, .prp1 = ARGS->dma_bus + IO_CQ,
						      .cdw10 = size, .cdw11 = QUEUE_CONTIGUOUS }) == 0 &&
	       command(&admin, (struct nvme_command){ .opcode = NVME_CREATE_SQ, .prp1 = ARGS->dma_bus + IO_SQ,
						      .cdw10 = size, .cdw11 = 1u << 16 | QUEUE_CONTIGUOUS }) == 0;
}

static void take_steps(const struct list *list)
{
	u64 *results = (u64 *)(DRIVER_DMA + RESULTS);

	memset(results, 0, BLK_SECTOR_BYTES);
	results[0] = list->number;
	for (u32 i = 0; i < list->count && i < STEPS; i++)
		results[1 + i] = transfer(list->steps[i].is_write != 0, list->steps[i].address, list->steps[i].lba);
	pause_ms(PAUSE_MS);
	results[BLK_SECTOR_BYTES / sizeof(*results) - 1] = interrupts;
	interrupts = 0;
	(void)transfer(true, ARGS->dma_bus + RESULTS, RESULTS_LBA);
}

int main(void)
{
	const struct list *seen = (const struct list *)(DRIVER_DMA + LIST);
	struct list list = { 0 };
	u64 number = 0;

	rt_time_init(&rt, INFO->tsc_hz, INFO->tsc_boot);
	if (!bring_up()) {
		rt_log("hostile driver: the controller does not come up");
		return 1;
	}
	for (;;) {
		if (transfer(false, ARGS->dma_bus + LIST, 0) == 0)
			memcpy(&list, seen, sizeof(list));
		if (list.number != number)
			take_steps(&list);
		number = list.number;
		pause_ms(PAUSE_MS);
	}
}
