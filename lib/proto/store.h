/* SPDX-License-Identifier: MIT */
/*
 * store.h - what root orders from the store, and what the store reports to root: fixed-size messages over two byte
 * rings (ring.h). The receiver copies each message once and checks every field; strings must end within their array.
 *
 * The store is told everything anew when it has been restarted: root keeps what there is. An order is answered by one
 * STORE_DONE with its id, in any order.
 *
 * Names: a volume is [a-z0-9][a-z0-9.-]{0,35}. A disk has the name that root gives it, such as "nvme0" or "ahci0.2".
 *
 * Volumes: one in RAM; a whole disk, which has the disk's name; a partition of a disk's GPT (UEFI 2.10, section 5.3).
 * A partition of VOS' own type has its name in the table; any other, and one whose name is unfit or taken, is called
 * DISKpN after its number. A partition's unique GUID tells it from all others; root repeats it and the disk's slot in
 * each order about it, and the name does not count then: it may be another one by now. GUIDs are 16 bytes as on
 * the disk.
 *
 * The store looks at a disk that is there, then reports it and its partitions, and again what has changed. Changes by
 * an order are reported before its STORE_DONE. While a whole disk is attached, its partitions are not, and nothing is
 * made or deleted there; afterwards the store looks at it anew.
 *
 * Pools (lib/pool): a partition of a type of its own (gpt.h) holds a pool. It is reported as STORE_EXTENT_POOL, has
 * its name among the volumes, and cannot be attached. Root opens it under a number p of its choice, with memory for
 * it; from then on the volumes in it have the slot STORE_POOL_SLOT + p, and orders and reports about them are as
 * about a disk's partitions: STORE_DISK of that slot is the pool, STORE_EXTENT a volume or a snapshot, and its guid
 * is the UUID that the pool has for it. A pool whose disk is lost is opened anew by the store when the disk is back,
 * one that failed beside that after a while; its volumes stay.
 * A mirror is a pool in two partitions of this kind, its members, on two disks. Their GUIDs differ in the last byte
 * only: bit 0 is the member's number, the rest counts the disks that have taken its place (store_member). Both have the
 * pool's name in their tables. Root opens it by one of them; the store takes the other one too if it is there. It opens
 * one member alone if that knows that the other one lacks something (decision 77); else the answer is STORE_MISSING.
 * A member that comes later is one again by STORE_JOIN.
 * A snapshot's name is its own among the snapshots of its volume.
 * Changes in a pool are on the disk when they are answered.
 */
#ifndef VOS_STORE_H
#define VOS_STORE_H

#include "blk.h"
#include "driver.h"
#include "root_limits.h"
#include "types.h"

#define VOLUME_NAME_BYTES 40u		/* with its zero; at most 36 characters, as a GPT has */
#define VOLUME_NAME_MAX 36u
/* VOS keeps the machine's definitions in the volume of this name, in a pool: no VM has it, no request makes it, and no
 * partition is called so, whatever its table says. */
#define VOLUME_OF_VOS "vos.config"
#define VOLUME_OF_LOGS "vos.log"	/* what VMs print; likewise */
#define VOLUME_OF_IMAGE "vos.image."	/* and a hash: an uploaded image; likewise */
#define DISK_NAME_BYTES 24u
#define STORE_VOLUMES 256u		/* at most, on all disks and in RAM */
#define STORE_RAM_SLOTS 64u		/* volumes in RAM at most */
#define VOLUME_UNIT (1024u * 1024u)	/* a volume's size is a multiple of that */
#define VOLUME_BYTES_MAX (1ull << 50)	/* 1 PiB */
#define VOLUME_RAM "ram"		/* in place of a disk's name */
#define STORE_GUID_BYTES 16u
#define STORE_PARTITIONS 256u		/* of a disk: numbers 1 .. STORE_PARTITIONS */

#define STORE_MEMBERS 2u			/* of a mirror */
#define STORE_POOLS_MAX 4u		/* open at a time */
#define STORE_POOL_SLOT (DRIVER_COUNT * DRIVER_LINKS)	/* + p: the slot of what is in pool p */
#define STORE_POOL_BYTES_MIN (8u * VOLUME_UNIT)
#define STORE_POOL_NAME_MAX (DISK_NAME_BYTES - 1)	/* characters: it is told where a disk's name is */
#define STORE_POOL_VOLUMES 240u		/* volumes and snapshots of a pool: numbers 1 .. STORE_POOL_VOLUMES */

/* Secrets: what a person has is hashed by whoever takes it, BLAKE2b-256 of "vos pool key\n", the way's number in ASCII,
 * "\n" and its bytes: so it has one length, and is not the hash by which images are known. */
#define STORE_SECRET_BYTES 32u
enum store_key_way { STORE_PASSPHRASE = 1, STORE_KEY_FILE, STORE_KEY_WAYS };

#define STORE_ORDER_RING_BYTES 16384u
#define STORE_REPORT_RING_BYTES 65536u

enum store_op {
	STORE_ADD_RAM = 1,	/* volume, bytes, slot: there is a volume in RAM; root has mapped its memory */
	STORE_DROP_RAM,		/* volume: it is no more; root unmaps it after the answer */
	STORE_ATTACH,		/* link, slot, volume, guid, flags, serial: serve that link, which is mapped and
				 * zeroed. A snapshot: one of root's links, STORE_READ_ONLY */
	STORE_DETACH,		/* link: answered when nothing of it is in flight; root unmaps it then */
	STORE_ADD_DISK,		/* slot (driver * DRIVER_LINKS + link), disk: serve it; its link is mapped */
	STORE_CREATE,		/* slot, volume, bytes, guid, flags: make a partition of VOS' type, on a blank disk a
				 * table too. guid: 16 random bytes; the store makes a GUID of version 4 of them.
				 * STORE_IS_POOL: a pool of that name, of STORE_POOL_BYTES_MIN at least; with
				 * STORE_ON_PARTITION in place of the partition new_guid, which nobody has and which is
				 * not VOS': all in it is lost; bytes: 0. STORE_IS_MEMBER: one of a pool's two members;
				 * `disk` is its name; guid as above, and if it is not its place's first one, its
				 * contents come by STORE_JOIN. Slot of a pool: a thin volume in it;
				 * STORE_INTEGRITY: with checksums; STORE_THICK: blocks for all of it are kept */
	STORE_DELETE,		/* slot, volume, guid: of VOS' type. Answered when the table on the disk says that it
				 * is no volume; its blocks are zeroed afterwards, and free then. A pool must be closed.
				 * Slot of a pool: a volume or a snapshot, which nothing needs; snapshots that are being
				 * deleted do not count. STORE_WITH_SNAPSHOTS: all that it has go with it. STORE_MORE as
				 * for snapshots */
	STORE_RULES,		/* link, iops, bytes: at most so many requests, and bytes of reads and writes, a second;
				 * 0 = no limit. flags: STORE_HOLD_ERRORS. Good until the link's STORE_DETACH; may come
				 * before STORE_ATTACH */
	STORE_RETRY,		/* link: what failed and was held is done again; nothing if none was */
	STORE_UNMARK,		/* slot, volume, guid: take STORE_MARK from a partition of VOS' type, used or not */
	STORE_FINISH,		/* the same of STORE_UNFINISHED */
	STORE_OPEN_POOL,	/* slot (of its disk), volume, guid, link = p, bytes: open that pool. Its arena is
				 * mapped at STORE_POOLS + p * STORE_POOL_STRIDE. Answered when its volumes were
				 * reported. STORE_FORCED: without a member that may have more */
	STORE_CLOSE_POOL,	/* link = p: no link has a volume of it. Answered when all is on the disk, or the disk
				 * failed: root may unmap the arena then */
	/* Of what is in a pool: slot, volume (its name afterwards), guid. */
	STORE_RENAME,
	STORE_RESIZE,		/* bytes: not less than it has */
	STORE_SNAPSHOT,		/* of the volume guid; volume, new_guid: name and UUID of the snapshot. STORE_MORE: the
				 * next order is a part of it; the snapshots are of one moment, and are there all or
				 * none. Each is answered, with the same error */
	STORE_CLONE,		/* of the snapshot guid; volume, new_guid: of the new volume. STORE_MARK. guid may be a
				 * volume's: a snapshot of that with the name `snapshot` is made too, and cloned;
				 * it goes by itself after its last clone. STORE_MORE as for snapshots */
	STORE_REVERT,		/* the volume guid to its snapshot new_guid; newer snapshots are deleted. No link has
				 * the volume. STORE_MORE as for snapshots */
	STORE_SCRUB,		/* slot: read what that open pool has on its disk, and judge it; STORE_WITH_DATA: the
				 * data too. Answered when it has begun; STORE_SCRUBBED says how far it is */
	/* The key of a pool: slot, volume (any), link = enum store_key_way, secret. */
	STORE_SET_KEY,		/* the secret of that way from now on. A pool without any secret gets a key; one with
				 * some must be unlocked. */
	STORE_UNLOCK,		/* until the pool is closed, or the store dies */
	STORE_RESERVE,		/* bytes: so much of the volume, which is thin, is sure to have room; 0: none */
	STORE_JOIN,		/* slot, volume, guid: a member of the open pool link = p, which goes on with the other.
				 * It gets what it lacks. STORE_FORCED: it takes the place of another disk, which is a
				 * member no more. Answered when it has begun, or can't be */
	STORE_MARK_POOL,	/* slot, volume, guid, flags: STORE_IS_IMPORTED, STORE_IS_EXPORTED: a pool that is
				 * closed: its partition says just that from now on, and has that name */
	STORE_GROW_POOL,	/* slot, volume, guid: the free room behind that pool's partition becomes a part of it,
				 * also while it is open. The pool has the room of its partition when it is opened */
	STORE_OP_COUNT
};

#define STORE_READ_ONLY BIT32(0)
#define STORE_HOLD_ERRORS BIT32(1)	/* a request that the disk fails is not completed; see STORE_FAILED */
#define STORE_MARK BIT32(2)		/* the partition is marked in the table: bit 48 of its attributes */
#define STORE_IS_POOL BIT32(3)
#define STORE_INTEGRITY BIT32(4)
#define STORE_MORE BIT32(5)
#define STORE_THICK BIT32(6)
#define STORE_UNFINISHED BIT32(7)	/* of STORE_CREATE: its contents are not there yet: bit 49 */
#define STORE_WITH_SNAPSHOTS BIT32(8)
#define STORE_WITH_DATA BIT32(9)
#define STORE_ENCRYPTED BIT32(10)	/* of STORE_CREATE in a pool that is unlocked */
#define STORE_ON_PARTITION BIT32(11)
#define STORE_IS_MEMBER BIT32(12)	/* of STORE_CREATE; also of a STORE_EXTENT_POOL, and of a mirror's STORE_DISK */
#define STORE_FORCED BIT32(13)

struct store_order {
	u32 op;			/* enum store_op */
	u32 id;
	u32 link;
	u32 slot;
	u32 flags;
	u32 iops;
	u64 bytes;
	char volume[VOLUME_NAME_BYTES];
	char disk[DISK_NAME_BYTES];
	char serial[BLK_SERIAL_BYTES];
	u8 zero1[11];
	union {
		struct {
			u8 guid[STORE_GUID_BYTES];	/* of the partition; zeros: in RAM, or a whole disk */
			u8 new_guid[STORE_GUID_BYTES];	/* random as for STORE_CREATE, or what an order says */
		};
		u8 secret[STORE_SECRET_BYTES];
	};
	char snapshot[VOLUME_NAME_BYTES];	/* STORE_CLONE of a volume */
};
_Static_assert(sizeof(struct store_order) == 200, "ABI");

enum store_kind {
	STORE_DONE = 1,		/* of an order: id, error */
	STORE_DISK,		/* a disk is there (slot to guid), or gone for now: slot, and sectors 0 */
	STORE_EXTENT,		/* a partition: slot, sectors, guid and what follows; or no more: extent 0 */
	STORE_FAILED,		/* slot: a link that holds errors; error: enum blk_status. It is not served until
				 * STORE_RETRY. BLK_NOSPACE, a pool is full: each link holds that */
	STORE_ROOM,		/* slot: a link that failed as its pool was full. There is more room now */
	STORE_SCRUBBED,		/* slot: a pool's; extent: enum store_scrub; error: why it ended early; percent;
				 * first: blocks of 4 KiB that were read; identity: faults */
	STORE_FOUND,		/* slot: a pool's; what a scrub found: fault: enum store_found; first: the block;
				 * volume: whose it is, or "". Of many faults the first ones only */
	STORE_KIND_COUNT
};

enum store_error {
	STORE_OK,
	STORE_NO_VOLUME,	/* none of that GUID on that disk, or of that name */
	STORE_EXISTS,		/* the name, the GUID or the link is taken */
	STORE_FULL,		/* no room: on the disk, in its table, among STORE_VOLUMES */
	STORE_BAD_ORDER,
	STORE_NO_DISK,		/* it is not there, or was not looked at yet */
	STORE_NOT_EMPTY,	/* the disk holds something that is no GPT, or a bad one (enum store_table) */
	STORE_WRITE_PROTECTED,	/* the disk is read only */
	STORE_IO,		/* the disk failed; the store looks at it anew */
	STORE_BUSY,		/* in use: the volume, its whole disk, or a partition of the whole disk */
	STORE_NOT_VOS,		/* STORE_DELETE: the partition is not of VOS' type */
	STORE_NO_POOL,		/* no pool is open under that number, or what should be one has no label */
	STORE_POOL_DAMAGED,	/* what is on the disk is malformed, or differs from its checksum */
	STORE_POOL_UNKNOWN,	/* a version or a feature that is not known here */
	STORE_POOL_FAILED,	/* a write of the pool's own failed: it takes no changes until it is opened anew */
	STORE_ARENA,		/* the memory is too small for this pool */
	STORE_NEEDED,		/* it has snapshots or clones */
	STORE_NO_RECORD,	/* the pool has STORE_POOL_VOLUMES volumes and snapshots */
	STORE_LOCKED,		/* the pool's key is not here */
	STORE_NO_KEY,		/* the pool has no secret, or none of that way */
	STORE_WRONG_KEY,	/* that is not its secret */
	STORE_NO_RANDOM,	/* the processor makes no random numbers: no key can be made */
	STORE_MISSING,		/* a mirror: the other member is not there, and may have what this one lacks */
	STORE_STALE,		/* a mirror: this member was being copied to from the other, which is not there */
	STORE_SPLIT,		/* a mirror: each member has gone on without the other, or they are of two pools */
	STORE_ERROR_COUNT
};

/* What a disk's first and last MiB say. Volumes can be made on STORE_TABLE_BLANK, _GPT and _RECOVERED. */
enum store_table {
	STORE_TABLE_UNREADABLE,	/* the disk failed */
	STORE_TABLE_BLANK,	/* all zero */
	STORE_TABLE_GPT,
	STORE_TABLE_RECOVERED,	/* a GPT of which one copy is right; the next change repairs the other */
	STORE_TABLE_DAMAGED,	/* a GPT of which no copy is right, or one that the store cannot keep */
	STORE_TABLE_MBR,	/* partitions in the MBR, none of which is the protective one */
	STORE_TABLE_OTHER,	/* something else, such as a file system */
	STORE_TABLE_COUNT
};

/* What is wrong with a copy of a GPT: of the first one, or of the second where the first is right. */
enum store_fault {
	STORE_FAULT_NONE,
	STORE_FAULT_MISSING,	/* no header */
	STORE_FAULT_HEADER,	/* its checksum, revision, size, or a place that it names */
	STORE_FAULT_ENTRIES,	/* entries of another size or number than the store keeps */
	STORE_FAULT_CHECKSUM,	/* of the entries */
	STORE_FAULT_RANGE,	/* a partition ends before it begins, or lies outside what is usable */
	STORE_FAULT_OVERLAP,	/* two partitions overlap */
	STORE_FAULT_TWICE,	/* two partitions have one GUID */
	STORE_FAULT_DIFFERS,	/* it is right, but is not the first copy's */
	STORE_FAULT_CHANGED,	/* a partition that is in use is not in the table any more */
	STORE_FAULT_COUNT
};

enum store_scrub { STORE_SCRUB_NONE, STORE_SCRUB_RUNS, STORE_SCRUB_ENDED, STORE_SCRUB_COUNT };

enum store_found {
	STORE_FOUND_READ,	/* the block can't be read */
	STORE_FOUND_LABEL, STORE_FOUND_SUPER,	/* not what was written last */
	STORE_FOUND_NODE,	/* a part of a map or table is malformed, or differs from its checksum */
	STORE_FOUND_FREE,	/* the block is in use, and counts as free */
	STORE_FOUND_DATA,	/* the data differs from its checksum */
	STORE_FOUND_COUNT
};

enum store_extent {
	STORE_EXTENT_GONE,
	STORE_EXTENT_VOLUME,	/* of VOS' type */
	STORE_EXTENT_ZEROING,	/* was a volume; its blocks are being zeroed. It cannot be attached */
	STORE_EXTENT_OTHER,	/* of another type; a volume with the name DISKpN */
	STORE_EXTENT_POOL,	/* a pool; largest_bytes: of the arena that it wants */
	STORE_EXTENT_COUNT
};

/* Of a partition. With the first two, one of VOS' type is called DISKpN. */
#define STORE_NAME_UNFIT BIT32(0)	/* the name in the table is not one of a volume */
#define STORE_NAME_TAKEN BIT32(1)	/* another volume has that name */
#define STORE_NO_PLACE BIT32(2)		/* there are STORE_VOLUMES, or DISKpN is taken: it cannot be attached */
#define STORE_IS_MARKED BIT32(3)	/* one of VOS' type: STORE_MARK */
/* Of what is in a pool. */
#define STORE_IS_SNAPSHOT BIT32(4)	/* `first`: the number of the volume that it is of */
#define STORE_IS_CLONE BIT32(5)		/* `first`: the number of the snapshot that it began as */
#define STORE_HAS_CHECKSUMS BIT32(6)
#define STORE_IS_THICK BIT32(7)
/* Of a disk and its partitions: more of its reports follow. The first without it ends what the disk has: until then a
 * pool on it may be untold. */
#define STORE_IS_MORE BIT32(8)
#define STORE_IS_UNFINISHED BIT32(9)	/* a volume with STORE_UNFINISHED */
#define STORE_IS_ENCRYPTED BIT32(10)	/* a volume; a pool: it has a secret */
#define STORE_IS_LOCKED BIT32(11)	/* and its key is not here; a volume also: this processor lacks its cipher. Its
					 * links wait */
/* A pool's partition. The store only keeps them: */
#define STORE_IS_IMPORTED BIT32(14)	/* its definitions are another machine's */
#define STORE_IS_EXPORTED BIT32(15)	/* no machine's: it is not to be opened unasked */

struct store_report {
	u32 kind;		/* enum store_kind */
	u32 id;
	u32 error;		/* enum store_error; STORE_DISK of a pool: why it is not open */
	u32 slot;
	u64 sectors;		/* of 512 bytes; of a pool 0 while it is not open. A mirror that is open,
				 * STORE_IS_MEMBER: member[], member_percent, first: how many pieces were repaired,
				 * identity: reads that failed or were wrong */
	u32 block_bytes;
	u32 features;		/* BLK_CAN_..., BLK_IS_READ_ONLY */
	u64 identity;		/* a hash of the disk's model and serial. Of a snapshot: the higher of two is newer */
	u32 table;		/* enum store_table */
	u32 fault;		/* enum store_fault */
	u64 largest_bytes;	/* of the largest volume that can be made; 0 also if none can. Of a volume in a pool:
				 * STORE_RESERVE */
	u64 free_bytes;		/* in all pieces of VOLUME_UNIT that are free; in a pool: for data. Of a volume in a
				 * pool: that it has of its own */
	u8 guid[STORE_GUID_BYTES];	/* STORE_DISK: of its GPT, or zeros */
	u64 first;		/* sector */
	union {
		struct {
			u32 number;	/* of the partition, from 1; names it together with slot */
			u32 extent;	/* enum store_extent */
		};
		struct {
			u8 member[STORE_MEMBERS];	/* enum store_member_state */
			u8 member_turn[STORE_MEMBERS];	/* of the disks that the pool's label names */
			u32 member_percent;	/* STORE_MEMBER_COPIED_TO: how much it has */
		};
	};
	u32 flags;		/* STORE_NAME_..., STORE_NO_PLACE, STORE_IS_..., STORE_HAS_CHECKSUMS */
	u32 percent;		/* STORE_EXTENT_ZEROING: that is done when it is reported. STORE_DISK of a pool: of what
				 * data can have that is gone; 100: all */
	u8 type[STORE_GUID_BYTES];
	char volume[VOLUME_NAME_BYTES];	/* the volume's name; "" for STORE_EXTENT_ZEROING */
	char label[VOLUME_NAME_BYTES];	/* the name in the table in ASCII; '?' for any other character */
};
_Static_assert(sizeof(struct store_report) == 200, "ABI");

enum store_member_state { STORE_MEMBER_GONE, STORE_MEMBER_COPIED_TO, STORE_MEMBER_GOOD, STORE_MEMBER_STATES };

/* Of a member's GUID. */
static inline u32 store_member(const u8 guid[STORE_GUID_BYTES])
{
	return guid[STORE_GUID_BYTES - 1] & 1;
}

/* How many disks have had its place before. */
static inline u32 store_member_turn(const u8 guid[STORE_GUID_BYTES])
{
	return guid[STORE_GUID_BYTES - 1] >> 1;
}

#define STORE_LATENCY_BUCKETS 32u

/* Of requests that are completed. Bytes are those of reads and writes. */
struct io_counts {
	u64 reads, writes, flushes, discards;	/* discards: also writes of zeros */
	u64 read_bytes, written_bytes;
	u64 errors;				/* of those requests */
	u64 in_flight;				/* taken, not completed: now */
};

/*
 * A link's figures. The store adds to them while it serves the link, and root reads them at any time. A store that was
 * started again goes on counting. Root clears them before it orders STORE_ATTACH for a new run of a VM.
 */
struct store_figures {
	struct io_counts counts;
	u64 latency[STORE_LATENCY_BUCKETS];	/* i: from taking to completing it took [2^i, 2^(i+1)) ns */
};
_Static_assert(sizeof(struct store_figures) == 320, "ABI");

/*
 * For whom the store and the drivers work, by index of the VM, in proportion. The store adds to it, also one that was
 * started again, and signals root now and then; root reads it at any time.
 */
#define STORE_WORK_OTHER VM_COUNT	/* in place of a VM: for none, or for all */
struct store_work {
	u64 ticks[STORE_WORK_OTHER + 1];	/* of the TSC, in which the store did something for it */
	u64 requests[DRIVER_COUNT][STORE_WORK_OTHER + 1];	/* that a driver was given for it; a large one counts as
								 * several */
};

#endif
