/* SPDX-License-Identifier: MIT */
/*
 * blk_driver.h - what all block drivers share: they take requests from the links with the store, hand them to the
 * controller, and complete them. Pure: system calls are made by blk_main.c alone.
 *
 * A driver is a table of functions and a static state of its own. One thread; no locks.
 */
#ifndef VOS_BLK_DRIVER_H
#define VOS_BLK_DRIVER_H

#include "bar.h"
#include "blk_link.h"
#include "driver.h"
#include "regs.h"
#include "types.h"

/* Memory for a request's data, contiguous on the bus; a multiple of BLK_SECTOR_BYTES, at a multiple of 4 KiB. */
struct blk_part {
	u64 bus;
	u32 bytes;
};

/* A judged request: in range of the disk, of an operation that the disk's features offer. */
struct blk_io {
	u64 cookie;
	u64 sector;
	u32 sectors;
	u8 op;			/* enum blk_op */
	u8 flags;
	u32 part_count;		/* 1 .. BLK_SEGS for reads and writes, else 0 */
	struct blk_part part[BLK_SEGS];
};

struct blk_driver;

struct blk_driver_ops {
	/* Bring up the controller, which has been reset, and name its disks by blk_driver_add. NULL, or a reason, for
	 * the log, why it is not up. There may be no disk. */
	const char *(*start)(struct blk_driver *d);
	/* Hand it to the controller, without waiting. False: no room now; it is offered again in the next step. */
	bool (*submit)(struct blk_driver *d, u32 disk, const struct blk_io *io);
	/* Take all completions that there are (blk_driver_complete). Harmless when called without need. */
	void (*service)(struct blk_driver *d);
	/* Interrupt `irq` came: let the device take it back, where service alone does not do that. May be NULL. */
	void (*quiet)(struct blk_driver *d, u32 irq);
};

struct blk_disk {
	struct blk_server server;
	bool is_there;
	struct blk_info info;
	bool has_held;		/* a request that the controller had no room for */
	struct blk_io held;
	u32 told;		/* completions that the store has been signalled about, or did not want to be */
	u64 completed, seen;	/* requests that the controller completed: now, at the watchdog's last look */
	u64 stuck_at;		/* then it is stuck, if it has completed none until then; 0 = it has none */
};

struct blk_driver {
	const struct blk_driver_ops *ops;
	const struct driver_args *args;
	const u64 *windows;	/* DRIVER_WINDOWS: changes while the driver runs */
	u8 *links;		/* DRIVER_LINK */
	u8 *dma;		/* DRIVER_DMA */
	void (*wait_us)(u32 us);	/* while the controller comes up; also spins. Not inside of a request */
	u64 (*now_ms)(void);
	bool needs_poll;	/* set by submit and service: call service in a millisecond, without an interrupt */
	u32 first;		/* disk that is looked at first in the next step */
	bool is_unusable;	/* blk_driver_unusable */
	u64 completed;		/* requests */
	struct blk_disk disk[DRIVER_LINKS];
};

/* By start: disk `i` exists. */
void blk_driver_add(struct blk_driver *d, u32 i, const struct blk_info *info);
/* By start, to be returned: the reason is not one that goes by. */
const char *blk_driver_unusable(struct blk_driver *d, const char *why);
/* By service. */
void blk_driver_complete(struct blk_driver *d, u32 disk, u64 cookie, enum blk_status status);

/* Start the controller and begin all links: those without a disk are down, or lost. The reason of `start`, or NULL. */
const char *blk_driver_start(struct blk_driver *d);
/* Move what can be moved: completions, then new requests. True if there may be more right now. */
bool blk_driver_step(struct blk_driver *d);
/* Before sleeping (true) and after waking (false): whether the store is to signal new requests. */
void blk_driver_wait(struct blk_driver *d, bool is_waiting);
/* True if there are completions that the store asked to be told about; takes that back. */
bool blk_driver_should_signal(struct blk_driver *d);
/* Requests that the controller has. */
u32 blk_driver_in_flight(const struct blk_driver *d);
/*
 * The watchdog, to be called between steps: a disk whose requests the controller has had for `limit` and of which it
 * has completed none, or DRIVER_LINKS. *next: when to look again if no step is made before; ~0 = there is no need.
 */
u32 blk_driver_stuck(struct blk_driver *d, u64 now, u64 limit, u64 *next);

/* Copy a text of a device, which may lack a zero and be padded with blanks, as printable ASCII. */
void blk_text(char *to, u32 to_bytes, const u8 *from, u32 from_bytes);

/* Wait, up to `ms`, until (register & mask) == value. */
bool blk_wait_for(struct blk_driver *d, const struct regs *r, u32 offset, u32 mask, u32 value, u32 ms);

/* blk_main.c: a driver's main. Does not return. */
_Noreturn void blk_main(const struct blk_driver_ops *ops);

#endif
