/* SPDX-License-Identifier: MIT */
/*
 * ata.c - see ata.h.
 */
#include "ata.h"

#include <string.h>

#include "ata_identify.h"
#include "range.h"
#include "rt_log.h"

#define CHANNELS 2u
#define DISKS_EACH 2u
#define RESET_MS 5000u
#define COMMAND_MS 5000u
#define SELECT_READS 15u	/* of the alternate status: 400 ns and more */

/* Ports of a channel's command block, of its control block (BAR 1 or 3: the one port at + 2), of its bus master. */
enum { REG_DATA = 0, REG_FEATURE = 1, REG_COUNT = 2, REG_LBA = 3, REG_DEVICE = 6, REG_COMMAND = 7, REG_STATUS = 7 };
enum { CONTROL_PORT = 2 };
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4, BM_BYTES = 8, BM_BAR = 4 };
#define CONTROL_RESET BIT32(2)
#define DEVICE_SECOND BIT32(4)
#define DEVICE_OLD 0xa0u	/* bits that were once 1 */
#define BM_START BIT32(0)
#define BM_TO_MEMORY BIT32(3)
#define BM_ACTIVE BIT32(0)
#define BM_ERROR BIT32(1)
#define BM_INTERRUPT BIT32(2)
#define ABSENT 0xffu		/* what a bus without a device reads as */

/* A region of memory of a transfer: inside 64 KiB, 0 bytes = 64 KiB. */
struct prd {
	u32 bus;
	u16 bytes, flags;
};
#define PRD_LAST 0x8000u
#define PRD_SPAN 0x10000u
/* Each part may begin and end inside a span. */
#define PRD_COUNT (BLK_MAX_SECTORS * BLK_SECTOR_BYTES / PRD_SPAN + 1 + 2 * BLK_SEGS)

/* Layout of DRIVER_DMA: a piece a channel, inside 64 KiB. */
enum { TABLE_AT = 0x0000, TRIM_AT = 0x1000, PIECE = 0x2000 };
_Static_assert(PRD_COUNT * sizeof(struct prd) <= TRIM_AT, "layout");

struct channel {
	struct regs command, control, master;
	bool is_there;
	bool is_busy;
	bool uses_dma;
	bool is_selecting;	/* busy, but the disk does not take the command yet: */
	u64 give_up_ms;
	struct blk_io io;
	u32 disk;		/* busy with a command of this one */
	u64 cookie;
	struct prd *table;
	u64 bus;
};

static struct {
	struct channel channel[CHANNELS];
	struct { u32 channel, device, unit_shift; } disk[DRIVER_LINKS];
	u32 count;
} self;

/* ---- Start ---- */

static u32 status_of(const struct channel *c)
{
	return regs_read(&c->command, REG_STATUS, 1);
}

static void settle(const struct channel *c)
{
	for (u32 i = 0; i < SELECT_READS; i++)
		(void)regs_read(&c->control, 0, 1);
}

static void select(const struct channel *c, u32 device)
{
	regs_write(&c->command, REG_DEVICE, 1, DEVICE_OLD | ATA_LBA | (device != 0 ? DEVICE_SECOND : 0));
	settle(c);
}

/* Until the status has none of `off` and all of `on`. */
static bool wait_status(struct blk_driver *d, const struct channel *c, u32 off, u32 on, u32 ms)
{
	u32 status;

	for (u32 i = 0; i <= ms; i++) {
		status = regs_read(&c->control, 0, 1);
		if ((status & off) == 0 && (status & on) == on)
			return true;
		d->wait_us(1000);
	}
	return false;
}

static bool find_channel(struct blk_driver *d, u32 i)
{
	struct channel *c = &self.channel[i];

	if (!bar_regs(d->args, 2 * i, 0, 8, &c->command) ||
	    !bar_regs(d->args, 2 * i + 1, CONTROL_PORT, 1, &c->control) ||
	    !bar_regs(d->args, BM_BAR, i * BM_BYTES, BM_BYTES, &c->master))
		return false;
	c->table = (struct prd *)(void *)(d->dma + i * PIECE + TABLE_AT);
	c->bus = d->args->dma_bus + i * PIECE;
	return regs_read(&c->control, 0, 1) != ABSENT;
}

static bool reset_channel(struct blk_driver *d, struct channel *c)
{
	regs_write(&c->master, BM_COMMAND, 1, 0);
	regs_write(&c->control, 0, 1, CONTROL_RESET);
	d->wait_us(10);
	regs_write(&c->control, 0, 1, 0);
	d->wait_us(2000);
	return wait_status(d, c, ATA_BUSY, 0, RESET_MS);
}

/* A packet device refuses the command; nothing there reads as 0. */
static bool identify(struct blk_driver *d, struct channel *c, u32 device, u16 data[ATA_IDENTIFY_WORDS])
{
	select(c, device);
	if (!wait_status(d, c, ATA_BUSY | ATA_DATA, 0, COMMAND_MS))
		return false;
	regs_write(&c->command, REG_COMMAND, 1, ATA_IDENTIFY);
	settle(c);
	if (status_of(c) == 0 || !wait_status(d, c, ATA_BUSY, 0, COMMAND_MS) ||
	    (status_of(c) & (ATA_ERROR | ATA_FAULT | ATA_DATA)) != ATA_DATA)
		return false;
	for (u32 i = 0; i < ATA_IDENTIFY_WORDS; i++)
		data[i] = (u16)regs_read(&c->command, REG_DATA, 2);
	(void)status_of(c);
	return true;
}

static void add_disk(struct blk_driver *d, u32 channel, u32 device)
{
	static u16 data[ATA_IDENTIFY_WORDS];
	struct blk_info info;
	const char *why;

	if (self.count == DRIVER_LINKS || !identify(d, &self.channel[channel], device, data))
		return;
	why = ata_describe(data, &info);
	if (why != NULL) {
		rt_log("%s: disk %u of channel %u: %s", d->args->name, (unsigned)device, (unsigned)channel, why);
		return;
	}
	self.disk[self.count].channel = channel;
	self.disk[self.count].device = device;
	self.disk[self.count].unit_shift = info.block_bytes == 4096 ? 3 : 0;
	blk_driver_add(d, self.count, &info);
	self.count++;
}

static const char *start(struct blk_driver *d)
{
	memset(&self, 0, sizeof(self));
	if (d->args->dma_bits != 32)
		return blk_driver_unusable(d, "the controller reaches only the memory below 4 GiB");
	for (u32 i = 0; i < CHANNELS; i++) {
		struct channel *c = &self.channel[i];

		c->is_there = find_channel(d, i) && reset_channel(d, c);
		for (u32 device = 0; device < DISKS_EACH && c->is_there; device++)
			add_disk(d, i, device);
	}
	return NULL;
}

/* ---- Requests ---- */

static u32 put_region(struct prd *table, u32 n, u64 bus, u32 bytes)
{
	while (bytes != 0) {
		u32 room = PRD_SPAN - (u32)(bus % PRD_SPAN), count = bytes < room ? bytes : room;

		table[n++] = (struct prd){ .bus = (u32)bus, .bytes = (u16)count };
		bus += count;
		bytes -= count;
	}
	return n;
}

static void put_table(struct channel *c, const struct blk_io *io)
{
	u32 n = 0;

	if (io->op == BLK_DISCARD)
		n = put_region(c->table, 0, c->bus + TRIM_AT, 512);
	for (u32 i = 0; i < io->part_count; i++)
		n = put_region(c->table, n, io->part[i].bus, io->part[i].bytes);
	if (n != 0)
		c->table[n - 1].flags = PRD_LAST;
}

/* 48-bit registers: the upper halves first (ATA/ATAPI-7 Vol. 1, 6.20). */
static void put_address(const struct channel *c, u64 lba, u32 count)
{
	regs_write(&c->command, REG_COUNT, 1, count >> 8 & 0xff);
	for (u32 i = 0; i < 3; i++)
		regs_write(&c->command, REG_LBA + i, 1, lba >> (8 * (i + 3)) & 0xff);
	regs_write(&c->command, REG_COUNT, 1, count & 0xff);
	for (u32 i = 0; i < 3; i++)
		regs_write(&c->command, REG_LBA + i, 1, lba >> (8 * i) & 0xff);
}

static const u8 commands[BLK_OP_COUNT] = {
	[BLK_READ] = ATA_READ_DMA_EXT, [BLK_WRITE] = ATA_WRITE_DMA_EXT, [BLK_FLUSH] = ATA_FLUSH_EXT,
	[BLK_DISCARD] = ATA_DATA_SET,
};

static void issue(struct channel *c)
{
	const struct blk_io *io = &c->io;
	u32 shift = self.disk[c->disk].unit_shift, count = io->sectors >> shift;
	u64 lba = io->sector >> shift;

	if (io->op == BLK_DISCARD) {
		ata_trim_ranges((u64 *)(void *)((u8 *)c->table + TRIM_AT), lba, count);
		lba = 0;
		count = 1;
	}
	put_table(c, io);
	regs_write(&c->master, BM_STATUS, 1, BM_ERROR | BM_INTERRUPT);
	regs_write(&c->command, REG_FEATURE, 1, io->op == BLK_DISCARD ? ATA_TRIM : 0);
	put_address(c, lba, count);
	if (c->uses_dma) {
		regs_write(&c->master, BM_TABLE, 4, c->bus + TABLE_AT);
		regs_write(&c->master, BM_COMMAND, 1, io->op == BLK_READ ? BM_TO_MEMORY : 0);
	}
	regs_write(&c->command, REG_COMMAND, 1, commands[io->op]);
	if (c->uses_dma)
		regs_write(&c->master, BM_COMMAND, 1, BM_START | (io->op == BLK_READ ? BM_TO_MEMORY : 0));
}

static bool is_ready(const struct channel *c)
{
	return (regs_read(&c->control, 0, 1) & (ATA_BUSY | ATA_DATA)) == 0;
}

/* Both the disk that is selected and the one that is wanted have to be ready. A request that finds no disk ready for
 * long fails. */
static void try_issue(struct blk_driver *d, struct channel *c)
{
	bool is_mine = false;

	if (is_ready(c)) {
		select(c, self.disk[c->disk].device);
		is_mine = is_ready(c);
	}
	c->is_selecting = !is_mine;
	if (is_mine) {
		issue(c);
	} else if (d->now_ms() >= c->give_up_ms) {
		rt_log("%s: disk %u is not ready", d->args->name, (unsigned)c->disk);
		c->is_busy = c->is_selecting = false;
		blk_driver_complete(d, c->disk, c->cookie, BLK_IOERR);
	}
	d->needs_poll = self.channel[0].is_selecting || self.channel[1].is_selecting;
}

static bool submit(struct blk_driver *d, u32 disk, const struct blk_io *io)
{
	struct channel *c = &self.channel[self.disk[disk].channel];

	if (c->is_busy)
		return false;
	c->is_busy = true;
	c->disk = disk;
	c->cookie = io->cookie;
	c->io = *io;
	c->uses_dma = io->part_count != 0 || io->op == BLK_DISCARD;
	c->give_up_ms = d->now_ms() + COMMAND_MS;
	try_issue(d, c);
	return true;
}

/* Is the command over? A transfer is when the bus master says that the disk interrupted: its data is in memory then. */
static bool is_over(const struct channel *c, u32 bm)
{
	u32 status = regs_read(&c->control, 0, 1);

	if (c->uses_dma && !(bm & (BM_INTERRUPT | BM_ERROR)))
		return false;
	return (status & (ATA_BUSY | ATA_DATA)) == 0 || (status & (ATA_BUSY | ATA_ERROR)) == ATA_ERROR;
}

static void service_channel(struct blk_driver *d, struct channel *c)
{
	u32 bm = regs_read(&c->master, BM_STATUS, 1), status;

	if (!is_over(c, bm))
		return;
	regs_write(&c->master, BM_COMMAND, 1, 0);
	status = status_of(c);			/* takes the disk's interrupt back */
	regs_write(&c->master, BM_STATUS, 1, BM_ERROR | BM_INTERRUPT);
	c->is_busy = false;
	blk_driver_complete(d, c->disk, c->cookie,
			    (status & (ATA_ERROR | ATA_FAULT)) != 0 || (c->uses_dma && (bm & BM_ERROR) != 0)
				    ? BLK_IOERR : BLK_OK);
}

static void service(struct blk_driver *d)
{
	for (u32 i = 0; i < CHANNELS; i++)
		if (self.channel[i].is_selecting)
			try_issue(d, &self.channel[i]);
		else if (self.channel[i].is_busy)
			service_channel(d, &self.channel[i]);
}

/* An interrupt that belongs to no command: reading the status takes it back. */
static void quiet(struct blk_driver *d, u32 irq)
{
	(void)d;
	const struct channel *c = irq < CHANNELS ? &self.channel[irq] : NULL;

	if (c != NULL && c->is_there && (!c->is_busy || c->is_selecting))
		(void)status_of(c);
}

const struct blk_driver_ops ata_ops = { .start = start, .submit = submit, .service = service, .quiet = quiet };
