/* SPDX-License-Identifier: MIT */
#include "crash_world.h"

#include "pool_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS_MAX (768u * POOL_BLOCK_SECTORS)

u64 world_next(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random * 0x2545f4914f6cdd1du >> 16;
}

u32 world_below(struct world *w, u32 limit)
{
	return (u32)(world_next(w) % limit);
}

void world_die(struct world *w, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "seed %llu, state %llu: ", (unsigned long long)w->seed, (unsigned long long)w->states);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	abort();
}

/* ---- requests ---- */

static void committed(struct oracle_volume *v, u64 asked)
{
	if (v->is_used && v->changed <= asked) {
		v->may_be_missing = v->is_deleted;
		if (v->is_deleted)
			oracle_remove(v);
	}
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	struct world_request *q = r->context;
	struct world *w = q->w;

	(void)p;
	if (status == POOL_NO_SPACE)
		w->no_space++;
	else if (status != POOL_OK && !w->is_failing)
		world_die(w, "a request of kind %u: status %u", (unsigned)r->op, (unsigned)status);
	if (status == POOL_NO_SPACE && q->v != NULL &&
		(pool_volume_find(p, q->v->name)->flags & POOL_VOLUME_THICK) != 0)
		world_die(w, "a thick volume has no room");
	q->is_used = false;
	if (r->op == POOL_READ && status == POOL_OK &&
		!oracle_check(&w->oracle, q->v, q->at, r->sectors, q->data, false))
		world_die(w, "%s", w->oracle.failure);
	if (status == POOL_OK && q->count > 0)
		oracle_end(q->v, q->first, (u32)q->count, q->value, ++w->disk.time);
	if (w->cipher.is_twice)
		world_die(w, "a nonce was used twice");
	if (status != POOL_OK || (r->op != POOL_FLUSH && r->op != POOL_COMMIT))
		return;
	oracle_flushed(&w->oracle, q->asked);
	for (u32 i = 0; r->op == POOL_COMMIT && i < ORACLE_VOLUMES; i++)
		committed(&w->oracle.volume[i], q->asked);
	w->checkpoints += r->op == POOL_COMMIT;
	world_try_states(w, false);
}

static struct world_request *unused_request(struct world *w)
{
	for (u32 i = 0; i < w->requests_max; i++)
		if (!w->request[i].is_used)
			return &w->request[i];
	return NULL;
}

bool world_is_busy(const struct world *w, const struct oracle_volume *v, u64 sector, u64 sectors)
{
	for (u32 i = 0; i < WORLD_REQUESTS; i++) {
		const struct world_request *q = &w->request[i];

		if (q->is_used && q->v == v && q->at < sector + sectors && sector < q->at + q->r.sectors)
			return true;
	}
	return false;
}

struct oracle_volume *world_some_volume(struct world *w)
{
	struct oracle_volume *v = &w->oracle.volume[world_below(w, ORACLE_VOLUMES)];

	return v->is_used && !v->is_deleted ? v : NULL;
}

/* Sectors that a discard makes zero: whole granules, as far as the volume has them. */
static void whole_granules(const struct oracle_volume *v, u32 unit, u64 *first, u64 *count)
{
	u64 from = (*first + unit - 1) / unit * unit, to = *first + *count;

	if (to != v->sectors)
		to = to / unit * unit;
	*count = to > from ? to - from : 0;
	*first = from;
}

static void choose_range(struct world *w, const struct oracle_volume *v, struct world_request *q)
{
	struct pool_request *r = &q->r;
	static const u32 units[] = { 1, 8, 8, 8, 128 };
	u32 unit = units[world_below(w, 5)];

	q->at = world_below(w, (u32)v->sectors) / unit * unit;
	r->sector = world_sector(v, q->at);
	r->sectors = (1 + world_below(w, world_below(w, 4) == 0 ? REQUEST_SECTORS / unit + 1 : 3)) * unit;
	if (r->sectors > world_run_at(v, q->at))
		r->sectors = world_run_at(v, q->at);
}

static enum pool_op some_op(struct world *w)
{
	static const enum pool_op ops[16] = {
		POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE,
		POOL_WRITE, POOL_FLUSH, POOL_FLUSH, POOL_FLUSH, POOL_DISCARD, POOL_WRITE_ZEROES, POOL_READ, POOL_READ,
	};

	return world_below(w, 40) == 0 ? POOL_COMMIT : ops[world_below(w, 16)];
}

static void direct_ended(struct pool *p, struct pool_io *io)
{
	struct world_request *q = CONTAINER_OF(io, struct world_request, io);

	pool_direct_end(p, &q->direct);
	ended(p, &q->r, io->is_ok ? POOL_OK : POOL_IO);
}

/* The short way, if the pool and the disk let it go there. */
static bool submit_direct(struct world *w, struct world_request *q)
{
	const struct pool_device *device = &w->pool->device;

	if ((q->r.op != POOL_READ && q->r.op != POOL_WRITE) || world_below(w, 4) == 0)
		return false;
	q->direct = (struct pool_direct){ .volume = q->r.volume, .is_write = q->r.op == POOL_WRITE,
		.sector = q->r.sector, .sectors = q->r.sectors };
	if (!pool_direct_begin(w->pool, &q->direct))
		return false;
	q->io = (struct pool_io){ .op = q->direct.is_write ? POOL_IO_WRITE : POOL_IO_READ, .sector = q->direct.place,
		.sectors = q->r.sectors, .data = q->data, .done = direct_ended };
	if (!device->submit(device->context, &q->io)) {
		pool_direct_end(w->pool, &q->direct);
		return false;
	}
	w->directs++;
	return true;
}

static void submit(struct world *w, struct world_request *q)
{
	enum pool_status status;

	q->is_used = true;
	q->asked = w->disk.time;
	if (submit_direct(w, q))
		return;
	status = pool_submit(w->pool, &q->r);
	if (status == POOL_FAILED && w->is_failing)
		q->is_used = false;
	else if (status != POOL_OK)
		world_die(w, "a request of kind %u was refused: status %u", (unsigned)q->r.op, (unsigned)status);
}

static void request(struct world *w, struct world_request *q)
{
	struct oracle_volume *v = world_some_volume(w);
	const struct pool_record *r;

	memset(&q->r, 0, sizeof(q->r));
	q->w = w;
	q->v = NULL;
	q->count = 0;
	q->r.op = some_op(w);
	q->r.done = ended;
	q->r.context = q;
	if (q->r.op == POOL_FLUSH || q->r.op == POOL_COMMIT) {
		submit(w, q);
		return;
	}
	if (v == NULL)
		return;
	r = pool_volume_find(w->pool, v->name);
	choose_range(w, v, q);
	if (v->is_read_only)
		q->r.op = POOL_READ;
	if (world_is_busy(w, v, q->at, q->r.sectors) || !oracle_may_write(v, q->at, q->r.sectors))
		return;
	q->v = v;
	q->r.volume = r->id;
	q->first = q->at;
	q->count = q->r.op == POOL_READ ? 0 : q->r.sectors;
	q->value = q->r.op == POOL_WRITE ? ++w->next_value : 0;
	if (q->r.op == POOL_DISCARD)
		whole_granules(v, r->kind == POOL_PLAIN ? 128 : 8, &q->first, &q->count);
	if (q->r.op == POOL_WRITE || q->r.op == POOL_READ)
		q->r.data = q->data;
	if (q->r.op == POOL_WRITE)
		oracle_fill(q->data, q->r.sectors, q->value);
	oracle_begin(v, q->first, (u32)q->count, q->value);
	submit(w, q);
}

/* ---- a run ---- */

void world_make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->memory = (struct pool_memory){ .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
		.limbo = 64 };
	w->arena = aligned_alloc(POOL_BLOCK, (pool_arena_bytes(&w->memory, SECTORS_MAX) + 8191) / 4096 * 4096);
	w->second_arena = aligned_alloc(POOL_BLOCK, (pool_arena_bytes(&w->memory, SECTORS_MAX) + 8191) / 4096 * 4096);
	w->check_arena = malloc(pool_check_bytes(SECTORS_MAX));
	w->buffer = malloc(REQUEST_SECTORS * POOL_SECTOR);
	crash_make(&w->crash, SECTORS_MAX);
	for (u32 i = 0; i < WORLD_REQUESTS; i++)
		w->request[i].data = malloc(REQUEST_SECTORS * POOL_SECTOR);
}

void world_free(struct world *w)
{
	free(w->arena);
	free(w->second_arena);
	free(w->check_arena);
	free(w->buffer);
	crash_free(&w->crash);
	for (u32 i = 0; i < WORLD_REQUESTS; i++)
		free(w->request[i].data);
}

static enum pool_status opened_as;

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

void world_open(struct world *w)
{
	const struct pool_cipher cipher = sim_cipher(&w->cipher);
	struct pool_device device = sim_device(&w->disk, world_below(w, 4) == 0 ? 8 : 1);

	w->pool = w->disk.pool = pool_open(w->arena, &w->memory, &device, opened);
	opened_as = POOL_AGAIN;
	/* Nonces run out often. */
	w->pool->crypt.ahead = 1 + world_below(w, 60);
	sim_disk_drain(&w->disk);
	if (opened_as != POOL_OK)
		world_die(w, "the pool: status %u", (unsigned)opened_as);
	pool_unlock(w->pool, &cipher);
	/* Others have their turn more often, and the power fails in more places. */
	w->pool->reap.slice = 1 + world_below(w, 3);
}

static void on_write(struct sim_disk *d)
{
	world_try_states(CONTAINER_OF(d, struct world, disk), true);
}

static void start(struct world *w)
{
	static const u8 uuid[POOL_UUID_BYTES] = { 1, 2, 3 };
	struct pool_spec spec = { .name = "sim", .log_blocks = 16 + world_below(w, 16),
		.dirty_max = 12 + world_below(w, 20) };

	memcpy(spec.uuid, uuid, sizeof(uuid));
	spec.uuid[5] = (u8)w->seed;
	/* Some are too small for what is written. */
	sim_disk_make(&w->disk, (SECTORS_MAX / POOL_BLOCK_SECTORS - world_below(w, 600)) * POOL_BLOCK_SECTORS);
	w->crash.sectors = w->disk.sectors;
	oracle_init(&w->oracle);
	sim_cipher_make(&w->cipher, w->seed);
	w->disk.queue_max = 1 + world_below(w, 40);
	w->requests_max = 1 + world_below(w, WORLD_REQUESTS);
	if (sim_disk_format(&w->disk, &spec) != POOL_OK)
		world_die(w, "no pool was made");
	world_open(w);
	w->disk.on_write = on_write;
}

/* All that can be done now, or a few jobs of it. */
static void run(struct world *w)
{
	struct pool *p = w->pool;

	if (world_below(w, 4) == 0) {
		pool_run(p);
		return;
	}
	for (u32 jobs = world_below(w, 6); jobs > 0 && !list_is_empty(&p->ready); jobs--) {
		struct job *j = CONTAINER_OF(p->ready.next, struct job, link);

		list_remove(&j->link);
		j->step(p, j);
	}
}

/* The disk fails from some io on, or only once. */
static void let_fail(struct world *w)
{
	if (!w->is_failing && world_below(w, 1200) == 0) {
		w->is_failing = true;
		w->disk.fail_after = 1 + world_below(w, 60);
		w->failures++;
	} else if (w->disk.fail_after == 1 && world_below(w, 3) == 0) {
		w->disk.fail_after = 0;
	}
}

void world_run(struct world *w, u64 seed, u32 requests)
{
	w->seed = seed;
	w->random = seed * 0x9e3779b97f4a7c15u + 1;
	w->next_value = w->next_name = 0;
	start(w);
	for (u32 i = 0; i < 3; i++)
		world_make_volume(w);
	while (requests > 0 && w->states < w->limit) {
		struct world_request *q = unused_request(w);

		if (q != NULL && world_below(w, 2) == 0) {
			requests--;
			request(w, q);
		}
		if (world_below(w, 5) == 0)
			world_change_table(w);
		run(w);
		if (w->disk.queued > 0 && world_below(w, 3) != 0)
			sim_disk_end(&w->disk, world_below(w, w->disk.queued));
		run(w);
		let_fail(w);
		if (world_below(w, w->is_failing ? 60 : 600) == 0)
			world_cut(w);
	}
	if (w->is_failing)
		world_cut(w);
	w->disk.on_write = NULL;
	sim_disk_drain(&w->disk);
	world_try_state(w, ~0ull, false);
	w->nonces += w->cipher.count;
	sim_disk_free(&w->disk);
	oracle_free(&w->oracle);
}
