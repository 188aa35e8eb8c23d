/* SPDX-License-Identifier: MIT */
/* links: pool */
/* helpers: sim_cipher.c */
/*
 * A pool on a hostile disk: a good one with any changes in label, superblocks, nodes, records and data, and checksums
 * that are right all the same. Whatever is asked of it, nothing outside the device and the arena is touched, the label
 * is not written, and each request ends.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "crc32c.h"
#include "layout.h"
#include "pool.h"
#include "range.h"
#include "sim_cipher.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define BLOCKS 160u
#define REFS 64u
#define QUEUE 64u
#define CHANGES 12u
#define REQUESTS 12u
#define IO_MAX 20000u		/* of one input: no request goes on for ever */
#define VOLUME_SECTORS 4096u

static const struct pool_memory memory = { .volumes = 20, .nodes = 40, .tasks = 3, .bounces = 2, .dirty_max = 24,
	.limbo = 32 };

static u8 good[BLOCKS][POOL_BLOCK], disk[BLOCKS][POOL_BLOCK];
static bool is_touched[BLOCKS];		/* differs from `good` */
/* A reference: to whom, and where it lies; children before their parents. */
static struct { u32 parent, at; } refs[REFS];
static u32 ref_count, ios;
static struct sim_cipher cipher;
static struct pool *pool;
static void *arena, *check_arena;
static struct pool_io *queue[QUEUE];
static u32 queued;
static enum pool_status opened_as;
static u8 buffer[POOL_CHUNK_BLOCKS * 2 * POOL_BLOCK];

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

/* ---- the device ---- */

static bool submit(void *context, struct pool_io *io)
{
	(void)context;
	if (queued == QUEUE)
		return false;
	must(io->op == POOL_IO_FLUSH ||
		(io->sectors > 0 && range_ok(io->sector, io->sectors, BLOCKS * POOL_BLOCK_SECTORS)));
	must(io->op != POOL_IO_WRITE || io->sector >= POOL_SUPER_BLOCK * POOL_BLOCK_SECTORS);
	queue[queued++] = io;
	return true;
}

static void do_io(const struct pool_io *io)
{
	u8 *at = (u8 *)disk + io->sector * POOL_SECTOR;

	if (io->op == POOL_IO_READ)
		memcpy(io->data, at, io->sectors * POOL_SECTOR);
	if (io->op != POOL_IO_WRITE)
		return;
	memcpy(at, io->data, io->sectors * POOL_SECTOR);
	for (u64 s = io->sector; s < io->sector + io->sectors; s++)
		is_touched[s / POOL_BLOCK_SECTORS] = true;
}

static void drain(void)
{
	for (pool_run(pool); queued > 0; pool_run(pool)) {
		struct pool_io *io = queue[0];

		must(++ios < IO_MAX);
		memmove(queue, queue + 1, --queued * sizeof(queue[0]));
		do_io(io);
		pool_io_done(pool, io, true);
	}
}

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

static void open_pool(void)
{
	const struct pool_cipher unlocked = sim_cipher(&cipher);
	struct pool_device device = { NULL, BLOCKS * POOL_BLOCK_SECTORS, 1, submit };

	opened_as = POOL_STATUS_COUNT;
	queued = 0;
	pool = pool_open(arena, &memory, &device, opened);
	drain();
	must(opened_as != POOL_STATUS_COUNT);
	sim_cipher_make(&cipher, 1);
	pool_unlock(pool, &unlocked);
}

/* ---- requests ---- */

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static void request(enum pool_op op, u32 volume, u64 sector, u32 sectors)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = op, .volume = volume, .sector = sector, .sectors = sectors,
		.data = op == POOL_READ || op == POOL_WRITE ? buffer : NULL, .done = ended, .context = &status };

	if (pool_submit(pool, &r) != POOL_OK)
		return;
	drain();
	must(status != POOL_STATUS_COUNT);
}

/* All of it, as far as one request goes. */
static void survey(const struct pool_record *r, u32 since)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request q = { .op = POOL_SURVEY, .volume = r->id, .data = buffer, .done = ended, .context = &status,
		.sectors = (u32)min_u64(r->sectors, POOL_SURVEY_UNITS * POOL_CHUNK_SECTORS),
		.since = r->head != 0 ? since : 0 };

	if (pool_submit(pool, &q) != POOL_OK)
		return;
	drain();
	must(status != POOL_STATUS_COUNT);
}

static void commit(void)
{
	request(POOL_COMMIT, 0, 0, 0);
}

/* ---- a good pool ---- */

static void find_refs(const struct pool_ref *ref, u32 parent, u32 at)
{
	const struct pool_node *n = (const struct pool_node *)good[ref->block];

	if (ref->block == 0)
		return;
	for (u32 i = 0; n->h.level > 0 && i < POOL_FANOUT; i++)
		find_refs(&n->ref[i], (u32)ref->block, (u32)offsetof(struct pool_node, ref) + i * 16);
	for (u32 i = 0; n->h.kind == POOL_NODE_VOLUMES && n->h.level == 0 && i < POOL_RECORDS; i++) {
		struct pool_record r;
		u32 from = (u32)offsetof(struct pool_node, bytes) + i * POOL_RECORD_BYTES;

		memcpy(&r, good[ref->block] + from, sizeof(r));
		if (r.id != 0)
			find_refs(&r.root, (u32)ref->block, from + (u32)offsetof(struct pool_record, root));
	}
	must(ref_count < REFS);
	refs[ref_count].parent = parent;
	refs[ref_count++].at = at;
}

/* 0: it is refused. */
static u32 take_snapshot(u32 of, const char *name)
{
	struct pool_snapshot_spec spec = { .volume = of, .uuid = { 9 } };

	strcpy(spec.name, name);
	return pool_snapshot(pool, &spec, 1) == POOL_OK ? spec.snapshot : 0;
}

static void make_good(void)
{
	static struct pool_node blocks[POOL_LOG_BLOCK];
	struct pool_spec spec = { .uuid = { 1 }, .name = "f", .log_blocks = 16, .dirty_max = 12 };
	struct pool_volume_spec plain = { .name = "p", .kind = POOL_PLAIN, .sectors = VOLUME_SECTORS };
	struct pool_volume_spec sums = { .name = "i", .kind = POOL_INTEGRITY, .sectors = VOLUME_SECTORS };
	struct pool_volume_spec hidden = { .name = "e", .kind = POOL_ENCRYPTED, .sectors = VOLUME_SECTORS,
		.cipher = POOL_AES_256_GCM };
	const struct pool_super *s;
	u32 p = 0, i = 0, e = 0, id;

	arena = malloc(pool_arena_bytes(&memory, BLOCKS * POOL_BLOCK_SECTORS));
	check_arena = malloc(pool_check_bytes(BLOCKS * POOL_BLOCK_SECTORS));
	must(arena != NULL && check_arena != NULL);
	must(pool_make(&spec, BLOCKS * POOL_BLOCK_SECTORS, blocks) == POOL_OK);
	memcpy(disk, blocks, sizeof(blocks));
	open_pool();
	must(pool_volume_create(pool, &plain, &p) == POOL_OK && pool_volume_create(pool, &sums, &i) == POOL_OK &&
		pool_volume_create(pool, &hidden, &e) == POOL_OK);
	request(POOL_WRITE, p, 0, 8);
	request(POOL_WRITE, i, 0, 24);
	request(POOL_WRITE, i, POOL_FANOUT * 8, 8);
	request(POOL_WRITE, e, 82 * 8, 32);
	commit();
	id = take_snapshot(i, "s");
	must(id != 0 && pool_clone(pool, id, "c", spec.uuid, &id) == POOL_OK);
	commit();
	request(POOL_WRITE, p, 128, 8);
	request(POOL_WRITE, i, 8, 16);
	request(POOL_FLUSH, 0, 0, 0);
	request(POOL_WRITE, i, 40, 8);
	request(POOL_FLUSH, 0, 0, 0);
	request(POOL_WRITE, e, 83 * 8, 16);
	request(POOL_FLUSH, 0, 0, 0);
	s = (const struct pool_super *)disk[POOL_SUPER_BLOCK];
	s = s->generation > ((const struct pool_super *)disk[POOL_SUPER_BLOCK + 1])->generation ? s :
		(const struct pool_super *)disk[POOL_SUPER_BLOCK + 1];
	memcpy(good, disk, sizeof(good));
	id = (u32)(POOL_SUPER_BLOCK + (s->generation & 1));
	find_refs(&s->volumes, id, (u32)offsetof(struct pool_super, volumes));
	find_refs(&s->free_map, id, (u32)offsetof(struct pool_super, free_map));
	memset(is_touched, 0, sizeof(is_touched));
}

static void restore(void)
{
	for (u32 b = 0; b < BLOCKS; b++)
		if (is_touched[b]) {
			memcpy(disk[b], good[b], POOL_BLOCK);
			is_touched[b] = false;
		}
}

/* ---- a hostile one ---- */

static void sum_at(u32 block, u32 bytes, u32 at)
{
	u32 sum = layout_sum(disk[block], bytes, at);

	memcpy(disk[block] + at, &sum, sizeof(sum));
	is_touched[block] = true;
}

static void seal(void)
{
	for (u32 i = 0; i < ref_count; i++) {
		u8 *at = disk[refs[i].parent] + refs[i].at;
		u64 block;
		u32 sum;

		memcpy(&block, at, sizeof(block));
		if (block >= BLOCKS)
			continue;
		sum = crc32c(0, disk[block], POOL_BLOCK);
		memcpy(at + offsetof(struct pool_ref, crc), &sum, sizeof(sum));
		is_touched[refs[i].parent] = true;
	}
	sum_at(POOL_LABEL_BLOCK, sizeof(struct pool_label), (u32)offsetof(struct pool_label, crc));
	for (u32 b = POOL_SUPER_BLOCK; b < POOL_SUPER_BLOCK + 2; b++)
		sum_at(b, sizeof(struct pool_super), (u32)offsetof(struct pool_super, crc));
	for (u32 b = POOL_LOG_BLOCK; b < POOL_LOG_BLOCK + 16; b++)
		if (is_touched[b])
			sum_at(b, sizeof(struct pool_log_record), (u32)offsetof(struct pool_log_record, crc));
}

/* A block of the pool's own, at one of its first entries mostly: 8 bytes. */
static void change(const u8 *from)
{
	static const u32 first_blocks[] = { 0, 1, 2, 8, 9, 10, 11, 12, 13 };
	u32 pick = from[0] & 63u, at = (from[1] | (from[2] & 15u) << 8) % POOL_BLOCK, block, ref = pick % ref_count;
	u64 target;

	if (pick < 16) {
		block = first_blocks[pick % ARRAY_COUNT(first_blocks)];
	} else {
		memcpy(&target, good[refs[ref].parent] + refs[ref].at, sizeof(target));
		block = (u32)target;
	}
	if ((from[0] & 64) != 0)
		at %= block <= 2 ? 144 : 400;
	if ((from[0] & 128) != 0)
		disk[block][at] ^= from[3];
	else
		disk[block][at] = from[3];
	is_touched[block] = true;
}

static void ask(const u8 *from)
{
	static const u8 uuid[POOL_UUID_BYTES] = { 9 };
	const struct pool_record *r = pool_volume(pool, from[1] % memory.volumes & 7u);
	static u32 names;
	char name[] = { 'n', (char)('a' + names++ % 26), (char)('a' + from[2] % 26), 0 };
	u64 sector = (from[2] * 8ull + from[3]) % VOLUME_SECTORS;
	u32 id, sectors = 1 + from[3] % 200u;

	if (r == NULL)
		return;
	id = r->id;
	switch (from[0] % 13) {
	case 0: request(POOL_FLUSH, 0, 0, 0); break;
	case 1: commit(); break;
	case 2: request(POOL_DISCARD, id, 0, r->sectors > ~0u ? ~0u : (u32)r->sectors); break;
	case 3: request(POOL_WRITE_ZEROES, id, sector, sectors); break;
	case 4: take_snapshot(id, name); break;
	case 5: pool_clone(pool, id, name, uuid, &id); break;
	case 6: pool_delete(pool, &id, 1); break;
	case 7: pool_revert(pool, &id, 1); break;
	case 8: pool_resize(pool, id, r->sectors + from[3] * 8ull * POOL_FANOUT); break;
	case 9: request(POOL_READ, id, sector, sectors); break;
	case 10: survey(r, from[3]); break;
	default: request(POOL_WRITE, id, sector, sectors); break;
	}
	drain();
}

static bool read_for_check(void *context, u64 block, void *to)
{
	(void)context;
	if (block >= BLOCKS)
		return false;
	memcpy(to, disk[block], POOL_BLOCK);
	return true;
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	(void)context;
	(void)block;
	(void)id;
	must(fault < CHECK_FAULTS && pool_check_text[fault] != NULL);
}

static void check(void)
{
	struct pool_check c = { .read = read_for_check, .found = found,
		.device_sectors = BLOCKS * POOL_BLOCK_SECTORS, .with_data = true };

	(void)pool_check(&c, check_arena);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t at = 0;

	if (ref_count == 0)
		make_good();
	ios = 0;
	for (u32 i = 0; i < CHANGES && at + 4 <= size; i++, at += 4)
		change(data + at);
	if (size % 8 != 0)
		seal();
	if (size % 4 == 1)
		check();
	open_pool();
	for (u32 i = 0; opened_as == POOL_OK && i < REQUESTS && at + 4 <= size; i++, at += 4)
		ask(data + at);
	restore();
	return 0;
}
