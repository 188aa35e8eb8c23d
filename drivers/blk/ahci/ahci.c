/* SPDX-License-Identifier: MIT */
/*
 * ahci.c - see ahci.h.
 */
#include "ahci.h"

#include <string.h>

#include "ahci_regs.h"
#include "ata_identify.h"
#include "range.h"
#include "rt_log.h"

#define RESET_MS 1000u
#define DETECT_MS 20u		/* until a link is seen at all */
#define LINK_MS 2000u
#define SPIN_UP_MS 15000u
#define COMMAND_MS 10000u
#define STOP_MS 500u
#define SLOTS 32u

/* Layout of DRIVER_DMA: a piece a disk. */
enum {
	LIST_AT = 0x0000, FIS_AT = 0x0400, DATA_AT = 0x0800, TABLES_AT = 0x1000, TRIM_AT = 0x3000, PIECE = 0x8000
};
_Static_assert(TABLES_AT + SLOTS * sizeof(struct ahci_table) <= TRIM_AT && TRIM_AT + SLOTS * 512 <= PIECE, "layout");

struct port {
	struct regs regs;
	u8 *memory;
	u64 bus;
	u32 number;		/* of the controller's ports */
	u32 unit_shift;		/* sectors of a block: 1 << this */
	u32 free, issued;	/* bit = slot */
	bool is_recovering;	/* from a command that failed: the port is stopping */
	u32 failed;		/* bit = slot */
	u64 give_up_ms;
	u64 cookie[SLOTS];
};

static struct {
	struct regs regs;
	u32 cap;
	struct port port[DRIVER_LINKS];
	u32 count;
} self;

/* ---- Commands ---- */

static struct ahci_table *table_at(const struct port *p, u32 slot)
{
	return (struct ahci_table *)(void *)(p->memory + TABLES_AT) + slot;
}

static void put_fis(u8 *fis, u8 command, u8 feature, u64 lba, u32 count)
{
	memset(fis, 0, 64);
	fis[0] = FIS_TO_DEVICE;
	fis[1] = FIS_COMMAND;
	fis[2] = command;
	fis[3] = feature;
	for (u32 i = 0; i < 3; i++) {
		fis[4 + i] = (u8)(lba >> (8 * i));
		fis[8 + i] = (u8)(lba >> (8 * (i + 3)));
	}
	fis[7] = ATA_LBA;
	fis[12] = (u8)count;
	fis[13] = (u8)(count >> 8);
}

static void put_header(struct port *p, u32 slot, u32 parts, bool is_write)
{
	struct ahci_header *h = (struct ahci_header *)(void *)(p->memory + LIST_AT) + slot;

	*h = (struct ahci_header){ .flags = (u16)(HEADER_FIS_WORDS | (is_write ? HEADER_WRITE : 0)),
				   .prdt_count = (u16)parts,
				   .table = p->bus + TABLES_AT + (u64)slot * sizeof(struct ahci_table) };
}

static void put_part(struct port *p, u32 slot, u32 i, u64 bus, u32 bytes)
{
	table_at(p, slot)->prd[i] = (struct ahci_prd){ .bus = bus, .last = bytes - 1 };
}

static void issue(struct port *p, u32 slots)
{
	p->issued |= slots;
	if (slots != 0)
		regs_write(&p->regs, PORT_CI, 4, slots);
}

/* ---- Start ---- */

static void begin_stop(struct port *p)
{
	regs_write(&p->regs, PORT_CMD, 4, regs_read(&p->regs, PORT_CMD, 4) & ~PORT_CMD_ST);
}

static bool stop(struct blk_driver *d, struct port *p)
{
	begin_stop(p);
	return blk_wait_for(d, &p->regs, PORT_CMD, PORT_CMD_CR, 0, STOP_MS);
}

static void clear_errors(struct port *p)
{
	regs_write(&p->regs, PORT_SERR, 4, ~0u);
	regs_write(&p->regs, PORT_IS, 4, ~0u);
}

static void run(struct port *p)
{
	clear_errors(p);
	regs_write(&p->regs, PORT_CMD, 4, regs_read(&p->regs, PORT_CMD, 4) | PORT_CMD_ST);
}

static bool identify(struct blk_driver *d, struct port *p, u16 data[ATA_IDENTIFY_WORDS])
{
	put_fis(table_at(p, 0)->fis, ATA_IDENTIFY, 0, 0, 0);
	put_header(p, 0, 1, false);
	put_part(p, 0, 0, p->bus + DATA_AT, ATA_IDENTIFY_WORDS * 2);
	issue(p, 1);
	if (!blk_wait_for(d, &p->regs, PORT_CI, 1, 0, COMMAND_MS))
		return false;
	p->issued = 0;
	memcpy(data, p->memory + DATA_AT, ATA_IDENTIFY_WORDS * 2);
	__asm__ volatile("" : : : "memory");	/* the copy is what counts */
	return (regs_read(&p->regs, PORT_TFD, 4) & (ATA_ERROR | ATA_FAULT)) == 0;
}

/* The port's memory, the link, and the disk's first message with its signature. */
static bool bring_up(struct blk_driver *d, struct port *p)
{
	if (!stop(d, p))
		return false;
	regs_write(&p->regs, PORT_CLB, 4, (u32)(p->bus + LIST_AT));
	regs_write(&p->regs, PORT_CLB + 4, 4, (p->bus + LIST_AT) >> 32);
	regs_write(&p->regs, PORT_FB, 4, (u32)(p->bus + FIS_AT));
	regs_write(&p->regs, PORT_FB + 4, 4, (p->bus + FIS_AT) >> 32);
	regs_write(&p->regs, PORT_CMD, 4, PORT_CMD_SUD | PORT_CMD_POD | PORT_CMD_FRE);
	for (u32 ms = 0; SSTS_DET(regs_read(&p->regs, PORT_SSTS, 4)) == 0; ms++) {
		if (ms == DETECT_MS)
			return false;
		d->wait_us(1000);
	}
	if (!blk_wait_for(d, &p->regs, PORT_SSTS, 0xf, DET_PRESENT, LINK_MS))
		return false;
	clear_errors(p);
	return blk_wait_for(d, &p->regs, PORT_TFD, ATA_BUSY | ATA_DATA, 0, SPIN_UP_MS) &&
	       regs_read(&p->regs, PORT_SIG, 4) == SIG_DISK;
}

static void add_port(struct blk_driver *d, u32 number)
{
	static u16 data[ATA_IDENTIFY_WORDS];
	struct port *p = &self.port[self.count];
	struct blk_info info;
	const char *why;

	*p = (struct port){ .memory = d->dma + self.count * PIECE, .bus = d->args->dma_bus + self.count * PIECE };
	p->number = number;
	p->regs = regs_part(&self.regs, HBA_PORTS + number * PORT_BYTES, PORT_BYTES);
	if (!bring_up(d, p))
		return;
	run(p);
	why = identify(d, p, data) ? ata_describe(data, &info) : "the disk does not identify itself";
	if (why != NULL) {
		rt_log("%s: port %u: %s", d->args->name, (unsigned)number, why);
		(void)stop(d, p);
		return;
	}
	p->unit_shift = info.block_bytes == 4096 ? 3 : 0;
	p->free = CAP_SLOTS(self.cap) == SLOTS ? ~0u : BIT32(CAP_SLOTS(self.cap)) - 1;
	regs_write(&p->regs, PORT_IE, 4, PORT_IE_WANTED);
	blk_driver_add(d, self.count, &info);
	self.count++;
}

static const char *reset(struct blk_driver *d)
{
	if ((regs_read(&self.regs, HBA_CAP2, 4) & CAP2_BOH) != 0) {
		regs_write(&self.regs, HBA_BOHC, 4, BOHC_OS);
		(void)blk_wait_for(d, &self.regs, HBA_BOHC, BOHC_BIOS, 0, LINK_MS);
	}
	regs_write(&self.regs, HBA_GHC, 4, GHC_AHCI);
	regs_write(&self.regs, HBA_GHC, 4, GHC_AHCI | GHC_RESET);
	if (!blk_wait_for(d, &self.regs, HBA_GHC, GHC_RESET, 0, RESET_MS))
		return "the controller does not reset";
	regs_write(&self.regs, HBA_GHC, 4, GHC_AHCI);
	return NULL;
}

static const char *start(struct blk_driver *d)
{
	const char *why;
	u32 ports;

	memset(&self, 0, sizeof(self));
	if (!bar_regs(d->args, 5, 0, HBA_PORTS, &self.regs))
		return blk_driver_unusable(d, "the controller's registers are not there");
	self.cap = regs_read(&self.regs, HBA_CAP, 4);
	if (!(self.cap & CAP_S64A) && d->args->dma_bits != 32)
		return blk_driver_unusable(d, "the controller reaches only the memory below 4 GiB");
	why = reset(d);
	if (why != NULL)
		return why;
	ports = regs_read(&self.regs, HBA_PI, 4);
	for (u32 i = 0; i < PORT_COUNT && self.count < DRIVER_LINKS; i++)
		if ((ports & BIT32(i)) != 0 && HBA_PORTS + (i + 1) * PORT_BYTES <= self.regs.bytes)
			add_port(d, i);
	regs_write(&self.regs, HBA_GHC, 4, GHC_AHCI | GHC_INTERRUPTS);
	return NULL;
}

/* ---- Requests ---- */

static void build(struct port *p, u32 slot, const struct blk_io *io)
{
	u64 lba = io->sector >> p->unit_shift;
	u32 blocks = io->sectors >> p->unit_shift, parts = io->part_count;
	u8 *fis = table_at(p, slot)->fis;

	if (io->op == BLK_FLUSH) {
		put_fis(fis, ATA_FLUSH_EXT, 0, 0, 0);
	} else if (io->op == BLK_DISCARD) {
		ata_trim_ranges((u64 *)(void *)(p->memory + TRIM_AT + slot * 512), lba, blocks);
		put_fis(fis, ATA_DATA_SET, ATA_TRIM, 0, 1);
		put_part(p, slot, 0, p->bus + TRIM_AT + (u64)slot * 512, 512);
		parts = 1;
	} else {
		put_fis(fis, io->op == BLK_READ ? ATA_READ_DMA_EXT : ATA_WRITE_DMA_EXT, 0, lba, blocks);
		for (u32 i = 0; i < parts; i++)
			put_part(p, slot, i, io->part[i].bus, io->part[i].bytes);
	}
	put_header(p, slot, parts, io->op != BLK_READ && parts != 0);
}

static bool submit(struct blk_driver *d, u32 disk, const struct blk_io *io)
{
	struct port *p = &self.port[disk];
	u32 slot;

	(void)d;
	if (p->free == 0 || p->is_recovering)
		return false;
	slot = (u32)__builtin_ctz(p->free);
	p->free &= ~BIT32(slot);
	p->cookie[slot] = io->cookie;
	build(p, slot, io);
	issue(p, BIT32(slot));
	return true;
}

static void finish(struct blk_driver *d, u32 disk, u32 slots, enum blk_status status)
{
	struct port *p = &self.port[disk];

	p->issued &= ~slots;
	p->free |= slots;
	for (; slots != 0; slots &= slots - 1) {
		u32 slot = (u32)__builtin_ctz(slots);

		blk_driver_complete(d, disk, p->cookie[slot], status);
	}
}

/* The port has stopped at the command that failed (6.2.2.1): the others are issued again when it has stopped. */
static void recover(struct blk_driver *d, u32 disk)
{
	struct port *p = &self.port[disk];
	bool is_running = (regs_read(&p->regs, PORT_CMD, 4) & PORT_CMD_CR) != 0;

	if (is_running && d->now_ms() < p->give_up_ms)
		return;
	if (is_running || (regs_read(&p->regs, PORT_TFD, 4) & (ATA_BUSY | ATA_DATA)) != 0)
		rt_log("%s: disk %u does not recover from an error", d->args->name, (unsigned)disk);
	p->is_recovering = false;
	finish(d, disk, p->issued & p->failed, BLK_IOERR);
	run(p);
	issue(p, p->issued);
}

static void fail(struct blk_driver *d, struct port *p)
{
	p->failed = BIT32(PORT_CMD_CCS(regs_read(&p->regs, PORT_CMD, 4)));
	p->is_recovering = true;
	p->give_up_ms = d->now_ms() + STOP_MS;
	begin_stop(p);
}

static void service_port(struct blk_driver *d, u32 disk)
{
	struct port *p = &self.port[disk];
	u32 is = regs_read(&p->regs, PORT_IS, 4), done = p->issued & ~regs_read(&p->regs, PORT_CI, 4);

	regs_write(&p->regs, PORT_IS, 4, is);
	/* Some controllers take the command that failed off the list, too. */
	if (is & PORT_IS_FATAL)
		done &= ~BIT32(PORT_CMD_CCS(regs_read(&p->regs, PORT_CMD, 4)));
	finish(d, disk, done, BLK_OK);
	if (is & PORT_IS_FATAL)
		fail(d, p);
}

static void service_disk(struct blk_driver *d, u32 disk)
{
	struct port *p = &self.port[disk];

	if (!p->is_recovering)
		service_port(d, disk);
	if (p->is_recovering)
		recover(d, disk);
	d->needs_poll |= p->is_recovering;
}

static void service(struct blk_driver *d)
{
	u32 is;

	if (self.count == 0)
		return;
	is = regs_read(&self.regs, HBA_IS, 4);
	d->needs_poll = false;
	for (u32 i = 0; i < self.count; i++)
		if (self.port[i].issued != 0 || self.port[i].is_recovering || (is & BIT32(self.port[i].number)) != 0)
			service_disk(d, i);
	regs_write(&self.regs, HBA_IS, 4, is);
}

const struct blk_driver_ops ahci_ops = { .start = start, .submit = submit, .service = service };
