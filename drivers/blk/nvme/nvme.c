/* SPDX-License-Identifier: MIT */
/*
 * nvme.c - see nvme.h.
 */
#include "nvme.h"

#include <string.h>

#include "nvme_queue.h"
#include "range.h"
#include "rt_log.h"

#define PAGE 4096u
#define DEPTH (NVME_ENTRIES - 1)
#define ADMIN_MS 10000u
#define NSIDS 1024u		/* in the list of active namespaces */
#define ZERO_BLOCKS 65536u	/* of one Write Zeroes */

/* Layout of DRIVER_DMA. */
enum {
	ADMIN_SQ_AT = 0x0000, ADMIN_CQ_AT = 0x1000, IO_SQ_AT = 0x2000, IO_CQ_AT = 0x3000, DATA_AT = 0x4000,
	LISTS_AT = 0x10000,	/* a page a command: its further pages, or the range of a discard */
};
_Static_assert(LISTS_AT + DEPTH * PAGE <= DRIVER_PIECE_BYTES, "layout");

static struct {
	struct regs regs;
	u64 cap;
	struct nvme_queue admin, io;
	u32 most_sectors;	/* of a transfer: MDTS */
	u64 free;		/* bit = id of a command that is not in use */
	struct { u64 cookie; u32 disk; } command[DEPTH];
	struct { u32 nsid; u32 shift; } disk[DRIVER_LINKS];	/* block = 1 << shift bytes */
	u32 disk_count;
	bool is_up;
	u64 broken;
} self;

static u32 field32(const u8 *from, u32 at)
{
	u32 value;

	memcpy(&value, from + at, sizeof(value));
	return value;
}

/* ---- Start ---- */

static bool admin(struct blk_driver *d, struct nvme_command *c)
{
	struct nvme_completion done;

	c->id = 0;
	nvme_queue_submit(&self.admin, c);
	for (u32 ms = 0; !nvme_queue_next(&self.admin, &done); ms++) {
		if (ms == ADMIN_MS || (regs_read(&self.regs, NVME_CSTS, 4) & CSTS_CFS) != 0)
			return false;
		d->wait_us(1000);
	}
	nvme_queue_taken(&self.admin);
	return done.status >> 1 == 0;
}

/* The answer is copied: the controller may still write to where it is. */
static bool identify(struct blk_driver *d, u32 what, u32 nsid, u8 out[PAGE])
{
	struct nvme_command c = { .opcode = NVME_IDENTIFY, .nsid = nsid, .cdw10 = what };

	c.prp1 = d->args->dma_bus + DATA_AT;
	memset(d->dma + DATA_AT, 0, PAGE);
	if (!admin(d, &c))
		return false;
	memcpy(out, d->dma + DATA_AT, PAGE);
	__asm__ volatile("" : : : "memory");
	return true;
}

static const char *enable(struct blk_driver *d)
{
	u32 ms = (CAP_TO(self.cap) + 1) * 500;

	regs_write(&self.regs, NVME_CC, 4, 0);
	if (!blk_wait_for(d, &self.regs, NVME_CSTS, CSTS_RDY, 0, ms))
		return "the controller does not reset";
	regs_write(&self.regs, NVME_AQA, 4, (NVME_ENTRIES - 1) << 16 | (NVME_ENTRIES - 1));
	regs_write(&self.regs, NVME_ASQ, 8, d->args->dma_bus + ADMIN_SQ_AT);
	regs_write(&self.regs, NVME_ACQ, 8, d->args->dma_bus + ADMIN_CQ_AT);
	regs_write(&self.regs, NVME_CC, 4, CC_EN | CC_ENTRIES);
	if (!blk_wait_for(d, &self.regs, NVME_CSTS, CSTS_RDY | CSTS_CFS, CSTS_RDY, ms))
		return "the controller does not become ready";
	return NULL;
}

static const char *set_up_io(struct blk_driver *d)
{
	struct nvme_command queues = { .opcode = NVME_SET_FEATURES, .cdw10 = FEATURE_QUEUES };
	struct nvme_command cq = { .opcode = NVME_CREATE_CQ, .prp1 = d->args->dma_bus + IO_CQ_AT,
				   .cdw10 = (NVME_ENTRIES - 1) << 16 | 1 };
	struct nvme_command sq = { .opcode = NVME_CREATE_SQ, .prp1 = d->args->dma_bus + IO_SQ_AT,
				   .cdw10 = (NVME_ENTRIES - 1) << 16 | 1, .cdw11 = 1u << 16 | QUEUE_CONTIGUOUS };

	cq.cdw11 = QUEUE_CONTIGUOUS | (d->args->interrupts != DRIVER_IRQ_NONE ? QUEUE_INTERRUPTS : 0);
	return admin(d, &queues) && admin(d, &cq) && admin(d, &sq) ? NULL : "the controller makes no I/O queue";
}

/* What the controller can do, for all its namespaces. */
static const char *describe_controller(struct blk_driver *d, struct blk_info *info)
{
	static u8 id[PAGE];
	u32 oncs, mdts;

	if (!identify(d, IDENTIFY_CONTROLLER, 0, id))
		return "the controller does not identify itself";
	*info = (struct blk_info){ .features = BLK_CAN_FUA };
	oncs = field32(id, ID_ONCS);
	mdts = id[ID_MDTS];
	if (id[ID_VWC] & VWC_PRESENT)
		info->features |= BLK_CAN_FLUSH;
	if (oncs & ONCS_DATASET)
		info->features |= BLK_CAN_DISCARD;
	if (oncs & ONCS_WRITE_ZEROES)
		info->features |= BLK_CAN_WRITE_ZEROES;
	self.most_sectors = mdts == 0 || mdts > 8 ? BLK_MAX_SECTORS : (u32)min_u64(BLK_MAX_SECTORS, 8u << mdts);
	blk_text(info->model, sizeof(info->model), id + ID_MODEL, ID_MODEL_BYTES);
	blk_text(info->serial, sizeof(info->serial), id + ID_SERIAL, ID_SERIAL_BYTES);
	return NULL;
}

static void add_namespace(struct blk_driver *d, u32 nsid, struct blk_info info)
{
	static u8 id[PAGE];
	u32 format, shift, unit, i = self.disk_count;
	u64 blocks;

	if (i >= DRIVER_LINKS || i >= d->args->link_count || !identify(d, IDENTIFY_NAMESPACE, nsid, id))
		return;
	format = field32(id, NS_LBAF + 4u * (id[NS_FLBAS] & 0xfu));
	shift = LBAF_SHIFT(format);
	memcpy(&blocks, id + NS_SIZE, sizeof(blocks));
	if (shift < 9 || shift > 12 || LBAF_METADATA(format) != 0 || blocks > ~0ull >> shift) {
		rt_log("%s: namespace %u has a format that is not supported", d->args->name, (unsigned)nsid);
		return;
	}
	unit = BIT32(shift) / BLK_SECTOR_BYTES;
	info.sectors = blocks * unit;
	info.block_bytes = info.physical_bytes = BIT32(shift);
	info.max_sectors = self.most_sectors;
	if (id[NS_NSATTR] & NSATTR_READ_ONLY)
		info.features |= BLK_IS_READ_ONLY;
	if ((info.features & BLK_CAN_WRITE_ZEROES) != 0 && (id[NS_DLFEAT] & DLFEAT_ZEROES_DEALLOCATE) != 0)
		info.features |= BLK_CAN_UNMAP;
	if ((info.features & BLK_CAN_DISCARD) != 0 && (id[NS_DLFEAT] & DLFEAT_READ) == DLFEAT_READ_ZEROES)
		info.features |= BLK_DISCARD_KEEPS_ZEROES;
	if (info.features & (BLK_CAN_WRITE_ZEROES | BLK_CAN_DISCARD))
		info.max_zero_sectors = ZERO_BLOCKS * unit;
	self.disk[i].nsid = nsid;
	self.disk[i].shift = shift;
	self.disk_count++;
	blk_driver_add(d, i, &info);
}

static const char *add_namespaces(struct blk_driver *d)
{
	static u8 list[PAGE];
	struct blk_info info;
	const char *why = describe_controller(d, &info);

	if (why != NULL)
		return why;
	if (!identify(d, IDENTIFY_ACTIVE, 0, list))
		return "the controller does not list its namespaces";
	for (u32 i = 0; i < NSIDS && field32(list, 4 * i) != 0; i++)
		add_namespace(d, field32(list, 4 * i), info);
	if (self.disk_count == 0)
		rt_log("%s: the controller has no namespace that can be used", d->args->name);
	return NULL;
}

static const char *start(struct blk_driver *d)
{
	const char *why;

	memset(&self, 0, sizeof(self));
	memset(d->dma, 0, LISTS_AT);	/* phase bits of a life before */
	if (!bar_regs(d->args, 0, 0, NVME_DOORBELLS, &self.regs))
		return blk_driver_unusable(d, "the controller's registers are not there");
	self.cap = regs_read64(&self.regs, NVME_CAP);
	if (CAP_MPSMIN(self.cap) != 0 || CAP_MQES(self.cap) < NVME_ENTRIES - 1)
		return blk_driver_unusable(d, "the controller's pages are too large, or its queues too small");
	if (NVME_DOORBELLS + 4 * (4u << CAP_DSTRD(self.cap)) > self.regs.bytes)
		return blk_driver_unusable(d, "the controller's doorbells are not there");
	nvme_queue_init(&self.admin, &self.regs, self.cap, 0, d->dma + ADMIN_SQ_AT, d->dma + ADMIN_CQ_AT);
	nvme_queue_init(&self.io, &self.regs, self.cap, 1, d->dma + IO_SQ_AT, d->dma + IO_CQ_AT);
	self.free = BIT64(DEPTH) - 1;
	why = enable(d);
	if (why == NULL)
		why = add_namespaces(d);
	if (why == NULL)
		why = set_up_io(d);
	self.is_up = why == NULL;
	return why;
}

/* ---- Requests ---- */

/* PRP entries (4.3): the first page; then the second, or where the list of the others is. */
static void put_pages(struct blk_driver *d, u32 id, const struct blk_io *io, struct nvme_command *c)
{
	u64 *list = (u64 *)(void *)(d->dma + LISTS_AT + id * PAGE);
	u32 n = 0;

	for (u32 i = 0; i < io->part_count; i++)
		for (u32 at = 0; at < io->part[i].bytes; at += PAGE, n++) {
			if (n == 0)
				c->prp1 = io->part[i].bus;
			else
				list[n - 1] = io->part[i].bus + at;
		}
	if (n == 2)
		c->prp2 = list[0];
	else if (n > 2)
		c->prp2 = d->args->dma_bus + LISTS_AT + (u64)id * PAGE;
}

static void put_range(struct blk_driver *d, u32 id, u64 lba, u32 blocks, struct nvme_command *c)
{
	struct nvme_range *range = (struct nvme_range *)(void *)(d->dma + LISTS_AT + id * PAGE);

	*range = (struct nvme_range){ .blocks = blocks, .lba = lba };
	c->prp1 = d->args->dma_bus + LISTS_AT + (u64)id * PAGE;
	c->cdw11 = DATASET_DEALLOCATE;		/* cdw10 = 0: one range */
}

static void put_lba(struct nvme_command *c, u64 lba, u32 blocks, u32 flags)
{
	c->cdw10 = (u32)lba;
	c->cdw11 = (u32)(lba >> 32);
	c->cdw12 = (blocks - 1) | flags;
}

static const u8 opcodes[BLK_OP_COUNT] = {
	[BLK_READ] = NVME_READ, [BLK_WRITE] = NVME_WRITE, [BLK_FLUSH] = NVME_FLUSH, [BLK_DISCARD] = NVME_DATASET,
	[BLK_WRITE_ZEROES] = NVME_WRITE_ZEROES,
};

static void build(struct blk_driver *d, u32 disk, u32 id, const struct blk_io *io, struct nvme_command *c)
{
	u32 shift = self.disk[disk].shift, blocks = io->sectors >> (shift - 9);
	u64 lba = io->sector >> (shift - 9);

	*c = (struct nvme_command){ .opcode = opcodes[io->op], .id = (u16)id, .nsid = self.disk[disk].nsid };
	if (io->op == BLK_DISCARD)
		put_range(d, id, lba, blocks, c);
	else if (io->op == BLK_WRITE_ZEROES)
		put_lba(c, lba, blocks, io->flags & BLK_UNMAP ? ZEROES_DEALLOCATE : 0);
	else if (io->op != BLK_FLUSH)
		put_lba(c, lba, blocks, io->flags & BLK_FUA ? RW_FUA : 0);
	put_pages(d, id, io, c);
}

static bool submit(struct blk_driver *d, u32 disk, const struct blk_io *io)
{
	struct nvme_command c;
	u32 id;

	if (self.free == 0)
		return false;
	id = (u32)__builtin_ctzll(self.free);
	self.free &= ~BIT64(id);
	self.command[id].cookie = io->cookie;
	self.command[id].disk = disk;
	build(d, disk, id, io, &c);
	nvme_queue_submit(&self.io, &c);
	return true;
}

static void finish(struct blk_driver *d, const struct nvme_completion *done)
{
	if (done->id >= DEPTH || (self.free & BIT64(done->id)) != 0) {
		if (self.broken++ == 0)
			rt_log("%s: the controller completed a command that it does not have", d->args->name);
		return;
	}
	self.free |= BIT64(done->id);
	blk_driver_complete(d, self.command[done->id].disk, self.command[done->id].cookie,
			    done->status >> 1 == 0 ? BLK_OK : BLK_IOERR);
}

static void service(struct blk_driver *d)
{
	struct nvme_completion done;
	u32 n = 0;

	if (!self.is_up)
		return;
	for (; n < NVME_ENTRIES && nvme_queue_next(&self.io, &done); n++)
		finish(d, &done);
	if (n != 0)
		nvme_queue_taken(&self.io);
}

const struct blk_driver_ops nvme_ops = { .start = start, .submit = submit, .service = service };
