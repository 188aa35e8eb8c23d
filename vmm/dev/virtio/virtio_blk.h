/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk.h - block device (virtio 1.2, 5.2): requests of the guest become requests on a link with the store
 * (lib/proto/blk.h). The data is copied once, between guest RAM and the link's window: nobody but this VM's VMM reaches
 * its RAM.
 *
 * A guest's request may be larger than what a link takes at once: it is carried out in pieces, one after the other. A
 * restart of the store is a pause (blk_link.h). All is under the machine's lock.
 */
#ifndef VOS_VIRTIO_BLK_H
#define VOS_VIRTIO_BLK_H

#include "blk_link.h"
#include "virtio_pci.h"

#define VIRTIO_BLK_REQUESTS BLK_RING	/* of the guest that are under way; others wait in their queues */
#define VIRTIO_BLK_QUEUE_SIZE 128u
#define VIRTIO_BLK_SERIAL_BYTES 20u	/* VIRTIO_BLK_ID_BYTES; without a zero where it is full */

struct virtio_blk_ops {
	void (*signal)(void *ctx);	/* there are requests on the link: wake the store */
	void (*later)(void *ctx);	/* call virtio_blk_serve() when the vCPU has nothing else to do, or soon */
	void *ctx;
};

struct virtio_blk_disk {
	u64 bytes;		/* a multiple of block_bytes */
	u32 block_bytes;	/* 512 or 4096 */
	bool is_read_only;
	bool is_hot;		/* it comes while the guest runs */
	char serial[VIRTIO_BLK_SERIAL_BYTES];
};

/* A request of the guest: a piece of it is on the link, or it waits for slots, or for the store to come up. */
struct virtio_blk_request {
	u8 op;			/* enum blk_op */
	bool is_flushing;	/* its data is written, and flushed because the guest wants no write-back cache */
	u8 flags;
	u16 queue, next;	/* next: in the list of those that wait */
	u64 sector;		/* of what is left */
	u32 sectors;		/* that are left */
	u32 piece_sectors, slot_count, seg_count;
	u32 done_bytes;		/* of the guest's data */
	struct blk_seg seg[BLK_SEGS];
	struct virtqueue_chain chain;	/* as judged when it was taken: the guest may have changed its own since */
};

struct virtio_blk {
	struct virtio_device device;
	struct virtio_blk_ops ops;
	struct virtio_blk_disk disk;
	void *link;
	struct blk_client client;
	struct blk_slots slots;
	u64 free;			/* bit = request */
	u16 first_waiting, last_waiting;	/* NO_REQUEST: none */
	u32 first_queue;		/* that is looked at first when requests are free again */
	u32 dirty;			/* bit = queue with chains given back since its last interrupt */
	bool is_resetting;
	bool is_news;			/* something was put on the link since the store was last signalled */
	u32 kicked;			/* bit = queue whose notification was not served yet */
	bool is_late;			/* it waits for virtio_blk_serve() */
	bool gathers;			/* the next one waits too: the last that did has brought several requests */
	u32 begun, alone;		/* requests of this notification; notifications with one request in a row */
	u32 alone_most;			/* after so many of these one waits */
	bool is_large;			/* one of them is */
	u8 request_of[BLK_RING];	/* by number on the link */
	struct virtio_blk_request request[VIRTIO_BLK_REQUESTS];
};

/* link: mapped, as root made it. queue_count: at least 2, so that Linux takes no I/O scheduler. */
enum status virtio_blk_init(struct virtio_blk *b, u8 devfn, const struct virtio_blk_disk *disk, u32 queue_count,
			    void *link, const struct virtio_blk_ops *ops, const struct virtio_host *host,
			    struct pci_bus *bus) MUST_CHECK;

/*
 * The guest has ejected it. True: it is gone, and its link is not used any more; else call virtio_blk_poll() until
 * virtio_blk_is_gone(). It can be initialized again then.
 */
bool virtio_blk_unplug(struct virtio_blk *b);
static inline bool virtio_blk_is_gone(const struct virtio_blk *b) { return !b->device.is_resetting; }

/* The store has signalled: take completions, follow a store that was started again, go on with what waits. */
void virtio_blk_poll(struct virtio_blk *b);

/* Serve the notifications that were put off. */
void virtio_blk_serve(struct virtio_blk *b);

#endif
