/* SPDX-License-Identifier: MIT */
/*
 * store.h - what root orders from the store, and what the store reports to root: fixed-size messages over two byte
 * rings (ring.h). The receiver copies each message once and checks every field; strings must end within their array.
 *
 * The store is told everything anew when it has been restarted: root keeps what there is. An order is answered by one
 * STORE_DONE with its id, in any order.
 *
 * Names: a volume is [a-z0-9][a-z0-9.-]{0,35}. A disk has the name that root gives it, such as "nvme0" or "ahci0.2".
 */
#ifndef VOS_STORE_H
#define VOS_STORE_H

#include "blk.h"
#include "types.h"

#define VOLUME_NAME_BYTES 40u		/* with its zero; at most 36 characters, as a GPT has */
#define VOLUME_NAME_MAX 36u
#define DISK_NAME_BYTES 24u
#define STORE_VOLUMES 256u		/* at most, on all disks and in RAM */
#define STORE_RAM_SLOTS 64u		/* volumes in RAM at most */
#define VOLUME_UNIT (1024u * 1024u)	/* a volume's size is a multiple of that */
#define VOLUME_BYTES_MAX (1ull << 50)	/* 1 PiB */
#define VOLUME_RAM "ram"		/* in place of a disk's name */

#define STORE_ORDER_RING_BYTES 16384u
#define STORE_REPORT_RING_BYTES 65536u

enum store_op {
	STORE_ADD_RAM = 1,	/* volume, bytes, slot: there is a volume in RAM; root has mapped its memory */
	STORE_DROP_RAM,		/* volume: it is no more; root unmaps it after the answer */
	STORE_ATTACH,		/* link, volume, flags, serial: serve that link. The link is mapped and zeroed */
	STORE_DETACH,		/* link: answered when nothing of it is in flight; root unmaps it then */
	STORE_ADD_DISK,		/* slot (driver * DRIVER_LINKS + link), disk: serve it; its link is mapped */
	STORE_OP_COUNT
};

#define STORE_READ_ONLY BIT32(0)

struct store_order {
	u32 op;			/* enum store_op */
	u32 id;
	u32 link;
	u32 slot;
	u32 flags;
	u32 zero;
	u64 bytes;
	char volume[VOLUME_NAME_BYTES];
	char disk[DISK_NAME_BYTES];
	char serial[BLK_SERIAL_BYTES];
	u8 zero1[11];
};
_Static_assert(sizeof(struct store_order) == 128, "ABI");

/* STORE_DISK: a disk is there, or gone: slot, and sectors 0. */
enum store_kind { STORE_DONE = 1, STORE_DISK, STORE_KIND_COUNT };

enum store_error { STORE_OK, STORE_NO_VOLUME, STORE_EXISTS, STORE_FULL, STORE_BAD_ORDER, STORE_ERROR_COUNT };

struct store_report {
	u32 kind;		/* enum store_kind */
	u32 id;			/* STORE_DONE: of the order */
	u32 error;		/* STORE_DONE: enum store_error */
	u32 slot;		/* STORE_DISK */
	u64 sectors;		/* STORE_DISK: of 512 bytes */
	u32 block_bytes;	/* STORE_DISK */
	u32 features;		/* STORE_DISK: BLK_CAN_..., BLK_IS_READ_ONLY */
	u64 identity;		/* STORE_DISK: a hash of its model and serial */
};

#define STORE_LATENCY_BUCKETS 32u

/* A link's figures since it was attached: written by the store alone, read by root at any time. Bytes are those of
 * reads and writes. */
struct store_figures {
	u64 reads, writes, flushes, discards;	/* completed requests; discards: also writes of zeros */
	u64 read_bytes, written_bytes;
	u64 errors;				/* of those requests */
	u64 in_flight;
	u32 latency[STORE_LATENCY_BUCKETS];	/* i: from taking to completing it took [2^i, 2^(i+1)) ns */
};
_Static_assert(sizeof(struct store_figures) == 192, "ABI");

#endif
