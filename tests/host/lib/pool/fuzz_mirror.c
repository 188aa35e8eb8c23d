/* SPDX-License-Identifier: MIT */
/* links: pool */
/*
 * A pool on two hostile disks: good ones with any changes in labels, superblocks and regions, and checksums that are
 * right all the same; disks that fail. Whatever is decided, nothing outside the disks is touched, no label is written,
 * and the opening and each request ends.
 */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "pool.h"
#include "range.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define BLOCKS 320u
#define QUEUE 128u
#define CHANGES 10u
#define REQUESTS 8u
#define IO_MAX 40000u

static const struct pool_memory memory = { .volumes = 20, .nodes = 40, .tasks = 3, .bounces = 2, .dirty_max = 24,
	.limbo = 32, .is_mirror = true };

static _Alignas(8) u8 good[POOL_MEMBERS][BLOCKS][POOL_BLOCK], disk[POOL_MEMBERS][BLOCKS][POOL_BLOCK];
static struct { struct pool_io *io; u32 member; } queue[QUEUE];
static u32 queued, ios, fail_from[POOL_MEMBERS], volume;
static struct pool *pool;
static void *arena;
static enum pool_status opened_as;
static u8 buffer[POOL_CHUNK_BLOCKS * 2 * POOL_BLOCK];

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static bool submit(void *context, struct pool_io *io)
{
	if (queued == QUEUE)
		return false;
	must(io->op == POOL_IO_FLUSH ||
		(io->sectors > 0 && range_ok(io->sector, io->sectors, BLOCKS * POOL_BLOCK_SECTORS)));
	must(io->op != POOL_IO_WRITE || io->sector >= POOL_SUPER_BLOCK * POOL_BLOCK_SECTORS);
	queue[queued].io = io;
	queue[queued++].member = (u32)((u8 (*)[BLOCKS][POOL_BLOCK])context - disk);
	return true;
}

static bool do_io(const struct pool_io *io, u32 member)
{
	u8 *at = (u8 *)disk[member] + io->sector * POOL_SECTOR;

	if (fail_from[member] != 0 && ios >= fail_from[member])
		return false;
	if (io->op == POOL_IO_READ)
		memcpy(io->data, at, io->sectors * POOL_SECTOR);
	else if (io->op == POOL_IO_WRITE)
		memcpy(at, io->data, io->sectors * POOL_SECTOR);
	return true;
}

static void drain(void)
{
	for (pool_run(pool); queued > 0; pool_run(pool)) {
		struct pool_io *io = queue[0].io;
		u32 member = queue[0].member;

		must(++ios < IO_MAX);
		memmove(queue, queue + 1, --queued * sizeof(queue[0]));
		pool_io_done(pool, io, do_io(io, member));
	}
}

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

static void open_pool(u32 members, bool is_forced)
{
	struct pool_device device[POOL_MEMBERS] = { 0 };

	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if ((members >> k & 1) != 0)
			device[k] = (struct pool_device){ disk[k], BLOCKS * POOL_BLOCK_SECTORS, 1, submit };
	opened_as = POOL_STATUS_COUNT;
	queued = ios = 0;
	pool = pool_open_mirror(arena, &memory, device, is_forced, opened);
	if (pool == NULL)
		return;
	drain();
	must(opened_as != POOL_STATUS_COUNT);
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static void request(enum pool_op op, u64 sector, u32 sectors)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = op, .volume = volume, .sector = sector, .sectors = sectors,
		.data = op == POOL_READ || op == POOL_WRITE ? buffer : NULL, .done = ended, .context = &status };

	if (pool_submit(pool, &r) != POOL_OK)
		return;
	drain();
	must(status != POOL_STATUS_COUNT);
}

static void make_good(void)
{
	static struct pool_node blocks[POOL_LOG_BLOCK];
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = 16, .dirty_max = 24, .is_mirror = true,
		.member_uuid = { { 1 }, { 2 } } };
	struct pool_volume_spec v = { .name = "v", .kind = POOL_INTEGRITY, .sectors = 512 };

	arena = aligned_alloc(POOL_BLOCK, align_up(pool_arena_bytes(&memory, BLOCKS * POOL_BLOCK_SECTORS), POOL_BLOCK));
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		spec.member = (u8)k;
		must(pool_make(&spec, BLOCKS * POOL_BLOCK_SECTORS, blocks) == POOL_OK);
		memcpy(disk[k], blocks, sizeof(blocks));
	}
	open_pool(3, false);
	must(opened_as == POOL_OK && pool_volume_create(pool, &v, &volume) == POOL_OK);
	request(POOL_COMMIT, 0, 0);
	request(POOL_WRITE, 0, 256);
	request(POOL_COMMIT, 0, 0);
	memcpy(good, disk, sizeof(disk));
}

/* A byte of the first four blocks of one of them, at its beginning mostly. */
static void change(const u8 *from)
{
	u32 at = from[1] | (from[0] & 0x40 ? (from[2] & 15u) << 8 : 0);

	disk[from[0] & 1][from[0] >> 1 & 3][at] = from[3];
}

static void sum(u8 *block, u32 bytes, u32 at)
{
	u32 crc = layout_sum(block, bytes, at);

	memcpy(block + at, &crc, sizeof(crc));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t at = 2;

	if (arena == NULL)
		make_good();
	memcpy(disk, good, sizeof(disk));
	memset(fail_from, 0, sizeof(fail_from));
	for (u32 i = 0; i < CHANGES && at + 4 <= size; i++, at += 4)
		change(data + at);
	for (u32 k = 0; k < POOL_MEMBERS && size % 8 != 0; k++) {
		sum(disk[k][0], sizeof(struct pool_label), (u32)offsetof(struct pool_label, crc));
		for (u32 b = POOL_SUPER_BLOCK; b < POOL_SUPER_BLOCK + 2; b++)
			sum(disk[k][b], sizeof(struct pool_super), (u32)offsetof(struct pool_super, crc));
	}
	if (size >= 2 && (data[0] & 0x80) != 0)
		fail_from[data[1] & 1] = 1 + data[1] * 2u;
	open_pool(size >= 2 && (data[0] & 3) != 0 ? data[0] & 3 : 3, size >= 2 && (data[0] & 4) != 0);
	for (u32 i = 0; opened_as == POOL_OK && i < REQUESTS && at + 2 <= size; i++, at += 2)
		request((enum pool_op)(data[at] % (POOL_COMMIT + 1)), data[at + 1], 1 + data[at] % 100);
	return 0;
}
