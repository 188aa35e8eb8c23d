/* SPDX-License-Identifier: MIT */
/*
 * blk_bench.h - a block driver on the host: its links, windows and DMA memory, the store as its client, and a disk in
 * memory. Bus addresses are pointers. A test plays the device: fake_read and fake_write are its registers.
 */
#ifndef VOS_BLK_BENCH_H
#define VOS_BLK_BENCH_H

#include "blk_driver.h"

#define BENCH_SECTORS 8192u
#define BENCH_WINDOW 5u		/* the one foreign window that is permitted */

extern struct blk_driver bench;
extern struct driver_args bench_args;
extern struct blk_client bench_client;
extern u8 bench_store[BENCH_SECTORS * BLK_SECTOR_BYTES];	/* what is on the disk */
extern u32 bench_waits;						/* calls of wait_us */
extern u64 bench_ms;						/* the time */

/* The device. `at` = address of the BAR (bench_args.bars), + offset. */
u64 fake_read(u64 at, u32 size);
void fake_write(u64 at, u32 size, u64 value);
/* A time slice of the device, when the driver waits. */
void fake_tick(void);

/* Everything zero; BARs and configuration space are the test's. */
void bench_reset(const struct blk_driver_ops *ops);
const char *bench_start(void);
/* Start it: there is no disk that can be used. */
bool bench_has_no_disk(void);
/* Start it, as it must, and let the client follow. */
void bench_bring_up(void);
/* A read that the device carries out, but completes under another name, is not completed. */
void bench_expect_no_completion(void);
u8 *bench_slot(u32 window, u32 slot);
/* Submit with data in one segment (reads, writes); then run driver and device until it is completed. */
s32 bench_submit(u8 op, u8 flags, u64 sector, u32 sectors, u32 window, u32 slot);
enum blk_status bench_finish(s32 number);
enum blk_status bench_do(u8 op, u8 flags, u64 sector, u32 sectors, u32 window, u32 slot);

/* A device reaches memory: is all of it memory of the bench that a device may touch? */
void *bench_dma(u64 bus, u64 bytes);

/* The same tests for all drivers, once the device is up: data both ways, in pieces, by a foreign window; what is not
 * permitted; a full controller; random requests against a model. */
void bench_common_tests(u32 depth);

#endif
