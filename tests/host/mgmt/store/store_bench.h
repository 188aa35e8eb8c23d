/* SPDX-License-Identifier: MIT */
/*
 * store_bench.h - the store with fake disks: the test plays root, VMMs and drivers. A disk has a cache, so that a power
 * cut loses what was not flushed, sector by sector.
 */
#ifndef VOS_STORE_BENCH_H
#define VOS_STORE_BENCH_H

#include "blk_link.h"
#include "gpt.h"
#include "store.h"
#include "types.h"

#define MIB_BYTES (1024ull * 1024)
#define MIB_SECTORS 2048u
#define BENCH_DISKS 3u
#define BENCH_BYTES (16u * 1024u * 1024u)	/* of a disk */
#define BENCH_SECTORS (BENCH_BYTES / BLK_SECTOR_BYTES)
#define BENCH_REPORTS 1024u
#define BENCH_POOLS 2u			/* that can be opened */
#define BENCH_ARENA (8u * 1024u * 1024u)

struct bench_disk {
	struct blk_info info;
	u8 *data;			/* what is read */
	u8 *stable;			/* what outlives a power cut */
	u8 is_dirty[BENCH_SECTORS];	/* sectors in which they may differ */
	u32 writes;			/* requests that change data, so far */
	u32 flushes;
	u32 cut_at;			/* after that many writes there is no power any more; 0: never */
	u32 fail_at;			/* that write, and all after it, fail; 0: none */
	bool fails_reads, fails_zeroes, says_gone;
	u64 bad_sector;			/* cannot be read before it is written; 0: none */
	bool is_stuck;			/* takes nothing */
	bool is_dead;			/* has no power */
	u32 read_count, zero_requests;
	u64 zero_sectors, discarded_sectors;
	bool unmaps;			/* discarded blocks read as zeros */
	struct blk_server server;
};

/* What root has been told. */
struct bench_view {
	struct store_report disk[BENCH_DISKS];
	struct store_report part[BENCH_DISKS][STORE_PARTITIONS + 1];	/* extent 0: none */
	u32 ends[BENCH_DISKS];		/* reports of a disk, or of what it has, without STORE_IS_MORE */
	struct store_report pool[BENCH_POOLS];
	struct store_report in_pool[BENCH_POOLS][STORE_POOL_VOLUMES + 1];
	struct store_report failed;	/* the last one */
	u32 failures;
	struct store_report scrub, found;	/* STORE_SCRUBBED, STORE_FOUND: the last ones */
	u32 founds;
	u32 rooms, room;		/* STORE_ROOM: how many, and the last one's link */
	struct store_report done[BENCH_REPORTS];
	u32 done_count;
	u32 reports;
};

extern struct bench_disk bench_disk[BENCH_DISKS];
extern struct bench_view view;
extern char bench_log[200];		/* the store's last line */
extern bool bench_has_random;		/* the processor makes random numbers */

/* Zeroed disks: 512-byte blocks, a cache, writes of zeros with unmap. */
void bench_setup(void);
/* The store dies, and a new one is told of the disks. What they hold stays. */
void bench_boot(void);
/* Only until root has been told of disk 0. */
void bench_boot_until_known(void);
/* The power is cut: each sector that was not flushed is lost or not. Then boot. */
void bench_power_cut(unsigned *seed);
/* A driver begins anew, up or with its disk lost. */
void bench_driver_again(u32 disk, bool is_lost);

void bench_fill(u32 disk, u64 byte, u64 count, u8 value);
bool bench_is_all(u32 disk, u64 byte, u64 count, u8 value);
/* What root was told of it; in MiB. */
void bench_expect(u32 disk, enum store_table table, enum store_fault fault, u64 largest, u64 sum);
/* Put a table there as another system would; partitions of a MiB each. */
struct gpt_part bench_part_of(bool is_vos, u8 guid, u64 mib, const char *label);
void bench_write_table(u32 disk, const struct gpt_part *parts, u32 count);

/* Until nothing moves any more. */
void bench_run(void);
/* Time passes; then bench_run. */
void bench_pass(u64 ns);
/* One turn of the store, and of a driver that does one request. */
void bench_turn(void);
/* A bit of it: at most that many requests are done. */
void bench_run_some(u32 requests);

/* An order, and its answer; STORE_ERROR_COUNT: not answered yet. */
u32 bench_send(struct store_order order);
enum store_error bench_answer(u32 id);
enum store_error bench_create(u32 disk, const char *volume, u64 bytes, u8 guid);
enum store_error bench_delete(u32 disk, const char *volume);

/* A pool on a disk, and what is in it; the slot of pool p's volumes is STORE_POOL_SLOT + p. */
enum store_error bench_create_pool(u32 disk, const char *name, u64 bytes, u8 guid);
enum store_error bench_open_pool(u32 p, const char *name);
enum store_error bench_close_pool(u32 p);

/* The partition, volume or snapshot of that name; NULL: there is none. */
const struct store_report *bench_part(const char *volume);

/* A link of a VM with a volume; guid NULL: as told. BENCH_ROOT_LINK and the next are root's, and read only. */
#define BENCH_ROOT_LINK (VM_COUNT * VM_DEVICES)
enum store_error bench_attach(u32 link, const char *volume, const u8 *guid);
/* The same of a VM that has had it from a store before. */
enum store_error bench_attach_again(u32 link, const char *volume);
enum store_error bench_detach(u32 link);
/* Its VMM follows the store into a new epoch. */
void bench_follow(u32 link);
/* One request of it, whose data is in bench_data(link). */
enum blk_status bench_do(u32 link, enum blk_op op, u64 sector, u32 sectors);
enum blk_status bench_survey(u32 link, u64 sector, u32 sectors, u64 since);
/* The same without waiting; completions so far. */
void bench_submit_sqe(u32 link, const struct blk_sqe *sqe);
void bench_submit(u32 link, enum blk_op op, u64 sector, u32 sectors);
u32 bench_completed(u32 link, u32 *errors);
u8 *bench_data(u32 link);

/* For whom the store has worked; its clock goes on with each look. */
const struct store_work *bench_work(void);

#endif
