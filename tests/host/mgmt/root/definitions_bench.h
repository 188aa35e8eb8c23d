/* SPDX-License-Identifier: MIT */
/*
 * definitions_bench.h - plays the console, the store, and a pool's disk for tests of what root keeps in a pool: a disk
 * which fails, is torn, or is not what VOS wrote. Included by one file of a test.
 */
#ifndef VOS_DEFINITIONS_BENCH_H
#define VOS_DEFINITIONS_BENCH_H

#include "blk_link.h"
#include "definition_slots.h"
#include "rt_log.h"
#include "store_bench.h"
#include "vm_record.h"

#define ARENA (3 * MIB)
#define POOL_BYTES (100 * GIB)
#define TEXT "vm a {\n}\n"

static u8 pool_guid[STORE_GUID_BYTES], volume_guid[STORE_GUID_BYTES];
static u8 disk[DEFINITION_VOLUME_BYTES];	/* their volume */
static struct blk_server server;
static u32 link_number;
static bool is_served, has_failed, is_silent;
static bool has_more;				/* the disk of a pool has more partitions */
static u32 writes, flushes;
static enum definition_slot_state first_header;	/* at the first flush */

/* ---- the store's part ---- */

static inline u8 *link_memory(void)
{
	return fake_memory(fake_pd_of(store), STORE_LINKS + link_number * (u64)BLK_LINK_BYTES);
}

static inline void move(const struct blk_sqe *sqe)
{
	u8 *at = disk + sqe->sector * BLK_SECTOR_BYTES;

	for (u32 i = 0; i < sqe->seg_count; i++)
		for (u32 j = 0; j < sqe->seg[i].count; j++, at += BLK_SLOT_BYTES) {
			u8 *slot = blk_slot(link_memory(), sqe->seg[i].slot + j);

			memcpy(sqe->op == BLK_READ ? slot : at, sqe->op == BLK_READ ? at : slot, BLK_SLOT_BYTES);
		}
}

static inline void serve(void)
{
	struct blk_sqe sqe;

	for (u32 i = 0; i < 8 && is_served && !is_silent; i++) {
		while (blk_server_take(&server, &sqe)) {
			if (sqe.op != BLK_FLUSH && !has_failed)
				move(&sqe);
			writes += sqe.op == BLK_WRITE;
			if (sqe.op == BLK_FLUSH && flushes++ == 0)
				first_header = definition_header_judge((const void *)disk);
			blk_server_complete(&server, sqe.cookie, has_failed ? BLK_IOERR : BLK_OK);
		}
		bench_turns(ROOT_BIT_STORE, 4);
	}
}

static inline void attached(void)
{
	static const struct blk_info info = { .sectors = DEFINITION_VOLUME_BYTES / 512, .block_bytes = 4096,
		.physical_bytes = 4096, .features = BLK_CAN_FLUSH, .max_sectors = BLK_MAX_SECTORS };
	struct store_order order = take(STORE_ATTACH);

	assert_string_equal(order.volume, "vos.config");
	assert_int_equal(order.flags & STORE_READ_ONLY, 0);
	link_number = order.link;
	done(&order, STORE_OK);
	blk_server_begin(&server, link_memory(), &info, BLK_UP, 0);
	is_served = true;
	serve();
}

/* In pool `p`: only the first one's has the name among the volumes. */
static inline void tell_volume(u32 p)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT + p, .number = 1,
		.extent = STORE_EXTENT_VOLUME, .sectors = DEFINITION_VOLUME_BYTES / 512 };

	strcpy(r.label, "vos.config");
	if (p == 0)
		strcpy(r.volume, r.label);
	else
		r.flags = STORE_NO_PLACE;
	memcpy(r.guid, volume_guid, sizeof(r.guid));
	r.guid[0] = (u8)(r.guid[0] + p);
	report(r);
}

static inline void find_pool_named(u32 p, const char *name, bool has_volume)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1 + p, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 512 / 2, .first = 2048, .largest_bytes = ARENA,
		.flags = has_more ? STORE_IS_MORE : 0 };
	struct store_order order;

	strcpy(r.volume, name);
	memcpy(r.guid, pool_guid, sizeof(r.guid));
	r.guid[0] = (u8)(r.guid[0] + p);
	report(r);
	order = take(STORE_OPEN_POOL);
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT + p, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX });
	if (has_volume)
		tell_volume(p);
	done(&order, STORE_OK);
	bench_turns(0, 5);
}

static inline void find_pool(bool has_volume)
{
	find_pool_named(0, "fast", has_volume);
}

static inline void make_volume(void)
{
	struct store_order order = take(STORE_CREATE);

	assert_string_equal(order.volume, "vos.config");
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_true((order.flags & STORE_THICK) != 0);
	memcpy(volume_guid, order.guid, sizeof(volume_guid));
	tell_volume(0);
	done(&order, STORE_OK);
	attached();
}

/* ---- the console's part ---- */

static inline char *window(void)
{
	return fake_memory(fake_pd_of(bench_console), CONSOLE_DEFINITIONS);
}

static inline void expect_task(enum definitions_task task, enum definitions_place place)
{
	assert_int_equal(bench_task.task, task);
	assert_int_equal(bench_task.place, place);
	assert_string_equal(bench_task.pool, place == DEFINITIONS_IN_RAM ? "" : "fast");
	assert_string_equal(bench_task.other, place == DEFINITIONS_TWICE ? "old" : "");
}

static inline void write_text(const char *text)
{
	expect_task(DEFINITIONS_SAVE, DEFINITIONS_IN_POOL);
	strcpy(window(), text);
	bench_ask_task(bench_task.number, strlen(text));
	serve();
}

static inline enum definitions_place place(void)
{
	bench_ask(REQ_HOST, "", 0);
	bench_expect(ERR_NONE);
	return (enum definitions_place)bench_answer.host.definitions.place;
}

static inline u8 *content_of(u32 slot)
{
	return disk + slot * DEFINITION_SLOT_BYTES + DEFINITION_HEADER_BYTES;
}

static inline void fill_slot_with(u32 slot, u64 generation, const char *text, const struct vm_record *records,
	u32 count)
{
	struct definition_header *h = (void *)(disk + slot * DEFINITION_SLOT_BYTES);
	u64 record_bytes = count * sizeof(*records);
	u8 hash[BLAKE2B_BYTES];
	struct blake2b sum;

	blake2b_init(&sum);
	blake2b_add(&sum, text, strlen(text));
	blake2b_add(&sum, records, record_bytes);
	blake2b_finish(&sum, hash);
	definition_header_fill(h, generation, strlen(text), record_bytes, hash);
	memset(content_of(slot), 0, DEFINITION_HEADER_BYTES);
	memcpy(content_of(slot), text, strlen(text));
	if (count != 0)
		memcpy(content_of(slot) + strlen(text), records, record_bytes);
}

static inline void fill_slot(u32 slot, u64 generation, const char *text)
{
	fill_slot_with(slot, generation, text, NULL, 0);
}

/* The store has told of its disks, and of a pool if there is one; the console has asked. */
static inline void boot(bool has_pool)
{
	struct store_report blank = { .kind = STORE_DISK, .slot = VIRTIO, .sectors = 128 * GIB / 512,
		.block_bytes = 512, .identity = 7, .table = STORE_TABLE_GPT, .flags = STORE_IS_MORE };

	bench_ask_task(0, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	if (has_pool) {
		report(blank);
		assert_int_equal(bench_task.task, DEFINITIONS_NOTHING);	/* they may come yet */
		find_pool(true);
		blank.flags = 0;
		report(blank);
		attached();
	} else {
		tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
		bench_turns(0, 5);
	}
}

static inline int begin_untold(void **state)
{
	memset(pool_guid, 7, sizeof(pool_guid));
	memset(volume_guid, 9, sizeof(volume_guid));
	return setup_untold(state);
}

/* A machine without definitions: vos.conf first, then a pool, which takes them. */
static inline void make_pool(void)
{
	boot(false);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_IN_RAM);
	bench_ask_task(bench_task.number, 0);
	find_pool(false);
	make_volume();
	write_text(TEXT);
	assert_int_equal(place(), DEFINITIONS_IN_POOL);
}

static inline void ask_create_as(const char *name, u32 flags)
{
	struct request r = bench_make_request(REQ_CREATE, name, flags);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB };
	bench_send(&r);
	bench_turns(0, 5);
}

static inline void ask_create(const char *name)
{
	ask_create_as(name, 0);
}

/* From now on each time limit is over at once. */
static inline void hurry(void)
{
	rt_time_init(&root.time, 1, rt_time_tsc());
}

#endif
