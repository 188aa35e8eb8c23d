/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk.c - see virtio_blk.h.
 */
#include "virtio_blk.h"

#include <string.h>

#include "range.h"
#include "rt_log.h"
#include "virtio_pci.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>

#define QUEUE_MAX 256u
#define CHAIN 6u		/* descriptors of a request: header, at most four parts, status */
#define CONFIG_READS 100u	/* until the configuration has not changed meanwhile */
#define STATUS_UNKNOWN 0xffu	/* what the device has to overwrite */

/* Layout of DRIVER_DMA. */
#define DESC_AT 0x0000u
#define AVAIL_AT 0x1000u
#define USED_AT 0x2000u
#define SLOTS_AT 0x4000u

/* Beside the data of a request; read and written by the device. */
struct slot {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range;
	u8 status;
	u8 zero[31];
};
_Static_assert(sizeof(struct slot) == 64, "layout");

static struct {
	struct virtio_pci pci;
	struct virtio_queue queue;
	u32 slot_count;
	u16 avail_index, used_index;
	u64 free;		/* bit = slot */
	u64 cookie[BLK_RING];	/* of the request in a slot */
	u64 broken;		/* completions that name no request of ours */
} self;

#define FEATURE(name) BIT64(VIRTIO_BLK_F_##name)
#define WANTED (FEATURE(RO) | FEATURE(BLK_SIZE) | FEATURE(FLUSH) | FEATURE(TOPOLOGY) | FEATURE(DISCARD) | \
		FEATURE(WRITE_ZEROES) | FEATURE(SIZE_MAX))

static struct slot *slot_at(const struct blk_driver *d, u32 i)
{
	return (struct slot *)(void *)(d->dma + SLOTS_AT) + i;
}

static u64 slot_bus(const struct blk_driver *d, u32 i)
{
	return d->args->dma_bus + SLOTS_AT + (u64)i * sizeof(struct slot);
}

/* ---- Start ---- */

static const char *set_up_queue(const struct blk_driver *d)
{
	struct virtio_queue_place place = {
		.desc = d->args->dma_bus + DESC_AT, .avail = d->args->dma_bus + AVAIL_AT,
		.used = d->args->dma_bus + USED_AT, .most = QUEUE_MAX, .least = CHAIN,
	};
	const char *why = virtio_pci_queue(&self.pci, 0, &place, &self.queue);

	self.slot_count = (u32)min_u64(self.queue.size / CHAIN, BLK_RING);
	self.free = self.slot_count == 64 ? ~0ull : BIT64(self.slot_count) - 1;
	return why;
}

#define CONFIG(field, otherwise) \
	virtio_pci_config(&self.pci, (u32)offsetof(struct virtio_blk_config, field), \
			  (u32)sizeof(((struct virtio_blk_config *)0)->field), otherwise)

/* False: the device changes it all the time. */
static bool capacity(u64 *sectors)
{
	for (u32 i = 0; i < CONFIG_READS; i++) {
		u32 generation = virtio_pci_generation(&self.pci);

		*sectors = virtio_pci_config(&self.pci, 0, 4, 0) | (u64)virtio_pci_config(&self.pci, 4, 4, 0) << 32;
		if (generation == virtio_pci_generation(&self.pci))
			return true;
	}
	return false;
}

static u32 features_of(void)
{
	static const struct { u64 theirs; u32 ours; } table[] = {
		{ FEATURE(RO), BLK_IS_READ_ONLY }, { FEATURE(FLUSH), BLK_CAN_FLUSH },
		{ FEATURE(DISCARD), BLK_CAN_DISCARD }, { FEATURE(WRITE_ZEROES), BLK_CAN_WRITE_ZEROES },
	};
	u32 features = 0;

	for (u32 i = 0; i < ARRAY_COUNT(table); i++)
		if (self.pci.features & table[i].theirs)
			features |= table[i].ours;
	if ((features & BLK_CAN_WRITE_ZEROES) != 0 && CONFIG(write_zeroes_may_unmap, 0) != 0)
		features |= BLK_CAN_UNMAP;
	return features;
}

static u32 zero_limit(u32 features, u32 unit)
{
	u32 most = ~0u;

	if (features & BLK_CAN_DISCARD)
		most = (u32)min_u64(most, CONFIG(max_discard_sectors, 0));
	if (features & BLK_CAN_WRITE_ZEROES)
		most = (u32)min_u64(most, CONFIG(max_write_zeroes_sectors, 0));
	return most / unit * unit;
}

/* Where a part may not be as long as a whole window, a request of one part must be short enough. */
static u32 data_limit(u32 unit)
{
	u32 most = BLK_MAX_SECTORS;

	if (self.pci.features & FEATURE(SIZE_MAX))
		most = (u32)min_u64(most, CONFIG(size_max, 0) / BLK_SECTOR_BYTES);
	return most / unit * unit;
}

static void describe(u64 sectors, struct blk_info *info)
{
	u32 block = self.pci.features & FEATURE(BLK_SIZE) ? CONFIG(blk_size, 512) : 512, exponent = 0, unit;

	if (self.pci.features & FEATURE(TOPOLOGY))
		exponent = CONFIG(physical_block_exp, 0);
	if (block < 512 || block > BLK_BLOCK_MAX)
		block = 512;
	unit = block / BLK_SECTOR_BYTES;
	*info = (struct blk_info){ .sectors = sectors / unit * unit, .block_bytes = block };
	info->physical_bytes = exponent < 4 ? (u32)min_u64((u64)block << exponent, BLK_BLOCK_MAX) : block;
	info->features = features_of();
	info->max_sectors = data_limit(unit);
	info->max_zero_sectors = zero_limit(info->features, unit);
	if (info->max_zero_sectors == 0 || !(info->features & (BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES))) {
		info->features &= ~(BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP);
		info->max_zero_sectors = 0;
	}
	strcpy(info->model, "virtio");
}

static const char *start(struct blk_driver *d)
{
	struct blk_info info;
	const char *why;
	u64 sectors;

	memset(&self, 0, sizeof(self));
	self.pci.args = d->args;
	self.pci.wait_us = d->wait_us;
	why = virtio_pci_start(&self.pci, WANTED);
	if (why != NULL)
		return self.pci.is_unusable ? blk_driver_unusable(d, why) : why;
	why = set_up_queue(d);
	if (why == NULL && !capacity(&sectors))
		why = "the device does not say how large it is";
	if (why != NULL) {
		virtio_pci_fail(&self.pci);
		return why;
	}
	virtio_pci_go(&self.pci);
	describe(sectors, &info);
	blk_driver_add(d, 0, &info);
	return NULL;
}

/* ---- Requests ---- */

static const u32 types[BLK_OP_COUNT] = {
	[BLK_READ] = VIRTIO_BLK_T_IN, [BLK_WRITE] = VIRTIO_BLK_T_OUT, [BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[BLK_DISCARD] = VIRTIO_BLK_T_DISCARD, [BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
};

static struct vring_desc *desc_at(const struct blk_driver *d, u32 slot)
{
	return (struct vring_desc *)(void *)(d->dma + DESC_AT) + slot * CHAIN;
}

static void put_desc(struct vring_desc *chain, u32 first, u32 *n, u64 bus, u32 bytes, u16 flags)
{
	if (*n != 0) {
		chain[*n - 1].flags |= VRING_DESC_F_NEXT;
		chain[*n - 1].next = (u16)(first + *n);
	}
	chain[*n] = (struct vring_desc){ .addr = bus, .len = bytes, .flags = flags };
	(*n)++;
}

static void build_chain(const struct blk_driver *d, u32 slot, const struct blk_io *io)
{
	struct vring_desc *chain = desc_at(d, slot);
	u64 bus = slot_bus(d, slot);
	u32 n = 0, first = slot * CHAIN;

	put_desc(chain, first, &n, bus, sizeof(struct virtio_blk_outhdr), 0);
	if (io->op == BLK_DISCARD || io->op == BLK_WRITE_ZEROES)
		put_desc(chain, first, &n, bus + offsetof(struct slot, range), sizeof(slot_at(d, slot)->range), 0);
	for (u32 i = 0; i < io->part_count; i++)
		put_desc(chain, first, &n, io->part[i].bus, io->part[i].bytes,
			 io->op == BLK_READ ? VRING_DESC_F_WRITE : 0);
	put_desc(chain, first, &n, bus + offsetof(struct slot, status), 1, VRING_DESC_F_WRITE);
}

static void publish(const struct blk_driver *d, u32 slot)
{
	struct vring_avail *avail = (struct vring_avail *)(void *)(d->dma + AVAIL_AT);
	const struct vring_used *used = (const struct vring_used *)(const void *)(d->dma + USED_AT);

	avail->ring[self.avail_index % self.queue.size] = (u16)(slot * CHAIN);
	self.avail_index++;
	__atomic_store_n(&avail->idx, self.avail_index, __ATOMIC_SEQ_CST);	/* before used->flags is looked at */
	if (!(__atomic_load_n(&used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		virtio_pci_notify(&self.pci, 0, &self.queue);
}

static bool submit(struct blk_driver *d, u32 disk, const struct blk_io *io)
{
	struct slot *slot;
	u32 i;

	(void)disk;
	if (self.free == 0)
		return false;
	i = (u32)__builtin_ctzll(self.free);
	self.free &= ~BIT64(i);
	self.cookie[i] = io->cookie;
	slot = slot_at(d, i);
	slot->header.type = types[io->op];
	slot->header.sector = io->part_count != 0 ? io->sector : 0;
	slot->range = (struct virtio_blk_discard_write_zeroes){
		.sector = io->sector, .num_sectors = io->sectors,
		.flags = io->flags & BLK_UNMAP ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0,
	};
	slot->status = STATUS_UNKNOWN;
	build_chain(d, i, io);
	publish(d, i);
	return true;
}

static enum blk_status status_of(u8 status)
{
	return status == VIRTIO_BLK_S_OK ? BLK_OK : status == VIRTIO_BLK_S_UNSUPP ? BLK_INVAL : BLK_IOERR;
}

/* What the device says is done: one of ours, that has not been completed? */
static void finish(struct blk_driver *d, u32 id)
{
	u32 i = id / CHAIN;

	if (id % CHAIN != 0 || i >= self.slot_count || (self.free & BIT64(i)) != 0) {
		if (self.broken++ == 0)
			rt_log("%s: the device completed a request that it does not have", d->args->name);
		return;
	}
	self.free |= BIT64(i);
	blk_driver_complete(d, 0, self.cookie[i],
			    status_of(__atomic_load_n(&slot_at(d, i)->status, __ATOMIC_RELAXED)));
}

static void service(struct blk_driver *d)
{
	const struct vring_used *used = (const struct vring_used *)(const void *)(d->dma + USED_AT);
	u16 left;

	if (self.queue.size == 0)
		return;
	left = (u16)(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) - self.used_index);
	for (; left != 0 && left <= self.queue.size; left--) {
		u32 id = __atomic_load_n(&used->ring[self.used_index % self.queue.size].id, __ATOMIC_RELAXED);

		self.used_index++;
		finish(d, id);
	}
}

static void quiet(struct blk_driver *d, u32 irq)
{
	(void)d;
	(void)irq;
	(void)virtio_pci_quiet(&self.pci);
}

const struct blk_driver_ops virtio_blk_ops = {
	.start = start, .submit = submit, .service = service, .quiet = quiet,
};
