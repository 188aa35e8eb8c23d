/* SPDX-License-Identifier: MIT */
#include "crash_world.h"

#include "pool_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS_MAX (768u * POOL_BLOCK_SECTORS)
#define EXHAUSTIVE 4u		/* writes in flight of which all subsets are tried */
#define OPERATIONS 30u		/* one of so many is looked at, so that there are more of them */
#define SAMPLES 10u		/* subsets that are tried of more */
#define REQUEST_SECTORS 384u
#define VOLUME_SECTORS 640u
#define WINDOW 128u		/* of a sparse volume: whole granules */

static u64 next(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random * 0x2545f4914f6cdd1du >> 16;
}

static u32 below(struct world *w, u32 limit)
{
	return (u32)(next(w) % limit);
}

static void __attribute__((format(printf, 2, 3), noreturn)) die(struct world *w, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "seed %llu, state %llu: ", (unsigned long long)w->seed, (unsigned long long)w->states);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	abort();
}

/* ---- after a power cut ---- */

static struct world *checked_world;

static void reopened(struct pool *p, enum pool_status status)
{
	(void)p;
	checked_world->opened = status;
}

static void read_done(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

/* Where on the volume a sector lies that the oracle has, and how many follow it there. */
static u64 sector_on(const struct oracle_volume *v, u64 at)
{
	return at / v->window * v->stride + at % v->window;
}

static u32 run_at(const struct oracle_volume *v, u64 at)
{
	u64 left = v->window - at % v->window;

	return (u32)(left < REQUEST_SECTORS ? left : REQUEST_SECTORS);
}

static void check_volume(struct world *w, struct pool *p, const struct oracle_volume *v, u32 id)
{
	for (u64 at = 0; at < v->sectors; at += run_at(v, at)) {
		u32 count = run_at(v, at);
		enum pool_status status = POOL_AGAIN;
		struct pool_request r = { .op = POOL_READ, .volume = id, .sector = sector_on(v, at), .sectors = count,
			.data = w->buffer, .done = read_done, .context = &status };

		if (pool_submit(p, &r) != POOL_OK)
			die(w, "a read was refused");
		crash_drain(&w->crash);
		if (status != POOL_OK)
			die(w, "a read after the cut: status %u", (unsigned)status);
		if (!oracle_check(&w->oracle, v, at, count, w->buffer, true))
			die(w, "%s", w->oracle.failure);
	}
}

static const u8 *block_of(const void *disk, u64 block)
{
	return crash_block(disk, block);
}

static bool is_there(const struct pool_record *r)
{
	return r != NULL && (r->flags & POOL_VOLUME_DELETING) == 0;
}

static void check_volumes(struct world *w, struct pool *p)
{
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		const struct oracle_volume *v = &w->oracle.volume[i];
		const struct pool_record *r = v->is_used ? pool_volume_find(p, v->name) : NULL;

		if (v->is_used && r == NULL && !v->may_be_missing)
			die(w, "volume %s is gone", v->name);
		if (r != NULL)
			check_volume(w, p, v, r->id);
	}
	for (u32 i = 0; i < w->memory.volumes; i++)
		if (is_there(pool_volume(p, i)) && oracle_find(&w->oracle, pool_volume(p, i)->name) == NULL)
			die(w, "volume %s has come from nowhere", pool_volume(p, i)->name);
}

static bool read_for_check(void *context, u64 block, void *to)
{
	memcpy(to, crash_block(&((struct world *)context)->crash, block), POOL_BLOCK);
	return true;
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	die(context, "check: %s: block %llu, volume %u", pool_check_text[fault], (unsigned long long)block,
		(unsigned)id);
}

/* The pool's own check of the disk, with the data. */
static void check_disk(struct world *w)
{
	struct pool_check c = { .context = w, .read = read_for_check, .found = found,
		.device_sectors = w->disk.sectors, .with_data = true };

	pool_check(&c, w->check_arena);
}

static void check_state(struct world *w)
{
	struct pool_device device = crash_device(&w->crash);
	struct pool *p = pool_open(w->second_arena, &w->memory, &device, reopened);

	checked_world = w;
	w->opened = POOL_AGAIN;
	w->crash.pool = p;
	crash_drain(&w->crash);
	if (w->opened != POOL_OK)
		die(w, "recovery: status %u", (unsigned)w->opened);
	if (!oracle_accounts(&w->oracle, &w->crash, block_of, w->disk.sectors / POOL_BLOCK_SECTORS))
		die(w, "%s", w->oracle.failure);
	check_disk(w);
	check_volumes(w, p);
	w->states++;
}

/* The state that the power cut leaves: `chosen` of the writes that were not flushed, one of them perhaps in part. */
static void set_state(struct world *w, u64 chosen, u32 torn, u64 sectors)
{
	crash_reset(&w->crash, w->disk.stable);
	for (u32 i = 0; i < w->disk.writes; i++)
		if (i >= 64 ? next(w) & 1 : chosen >> i & 1)
			crash_write(&w->crash, w->disk.write[i].sector, w->disk.write[i].sectors, w->disk.write[i].data,
				i == torn ? sectors : ~0ull);
}

/* The power fails again while recovery writes. */
static void check_recovery_cut(struct world *w, u64 chosen, u32 torn, u64 sectors)
{
	u64 random = w->random;
	u32 events, cut, flushed = 0;

	set_state(w, chosen, torn, sectors);
	check_state(w);
	events = w->crash.events;
	if (events == 0)
		return;
	cut = 1 + below(w, events);
	for (u32 i = 0; i < cut; i++)
		if (w->crash.event[i].sectors == 0)
			flushed = i;
	/* The events stay where they are while the same state is made anew. */
	{
		u64 after = w->random;

		w->random = random;
		set_state(w, chosen, torn, sectors);
		w->random = after;
	}
	for (u32 i = 0; i < cut; i++)
		if (i < flushed || next(w) & 1)
			crash_write(&w->crash, w->crash.event[i].sector, w->crash.event[i].sectors,
				w->crash.event[i].data, i < flushed || next(w) & 1 ? ~0ull : next(w));
	check_state(w);
	w->nested++;
}

static void try_state(struct world *w, u64 chosen, bool is_torn)
{
	u32 torn = is_torn && w->disk.writes > 0 ? below(w, w->disk.writes < 64 ? w->disk.writes : 64) : ~0u;
	u64 sectors = next(w);

	if (torn != ~0u)
		chosen |= 1ull << torn;
	if (below(w, 8) == 0) {
		check_recovery_cut(w, chosen, torn, sectors);
		return;
	}
	set_state(w, chosen, torn, sectors);
	check_state(w);
}

static void try_states(struct world *w, bool is_newest_in)
{
	u32 n = w->disk.writes;
	u64 newest = is_newest_in && n > 0 && n <= 64 ? 1ull << (n - 1) : 0;

	if (w->is_checking || w->states >= w->limit || below(w, OPERATIONS) != 0)
		return;
	w->is_checking = true;
	if (n <= EXHAUSTIVE) {
		u32 free_bits = n - (newest != 0);

		for (u64 m = 0; m < 1ull << free_bits; m++) {
			try_state(w, m | newest, false);
			if (n > 0)
				try_state(w, m | newest, true);
		}
	}
	for (u32 i = 0; n > EXHAUSTIVE && i < SAMPLES; i++)
		try_state(w, (next(w) << 32 ^ next(w)) | (i & 1 ? newest : 0), (i & 2) != 0);
	w->is_checking = false;
}

static void on_write(struct sim_disk *d)
{
	try_states(CONTAINER_OF(d, struct world, disk), true);
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
	else if (status != POOL_OK)
		die(w, "a request of kind %u: status %u", (unsigned)r->op, (unsigned)status);
	q->is_used = false;
	if (r->op == POOL_READ && !oracle_check(&w->oracle, q->v, q->at, r->sectors, q->data, false))
		die(w, "%s", w->oracle.failure);
	if (status == POOL_OK && q->count > 0)
		oracle_end(q->v, q->first, (u32)q->count, q->value, ++w->disk.time);
	if (r->op != POOL_FLUSH && r->op != POOL_COMMIT)
		return;
	oracle_flushed(&w->oracle, q->asked);
	for (u32 i = 0; r->op == POOL_COMMIT && i < ORACLE_VOLUMES; i++)
		committed(&w->oracle.volume[i], q->asked);
	w->checkpoints += r->op == POOL_COMMIT;
	try_states(w, false);
}

static struct world_request *unused_request(struct world *w)
{
	for (u32 i = 0; i < w->requests_max; i++)
		if (!w->request[i].is_used)
			return &w->request[i];
	return NULL;
}

static bool is_busy(const struct world *w, const struct oracle_volume *v, u64 sector, u64 sectors)
{
	for (u32 i = 0; i < WORLD_REQUESTS; i++) {
		const struct world_request *q = &w->request[i];

		if (q->is_used && q->v == v && q->at < sector + sectors && sector < q->at + q->r.sectors)
			return true;
	}
	return false;
}

static struct oracle_volume *some_volume(struct world *w)
{
	struct oracle_volume *v = &w->oracle.volume[below(w, ORACLE_VOLUMES)];

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
	u32 unit = units[below(w, 5)];

	q->at = below(w, (u32)v->sectors) / unit * unit;
	r->sector = sector_on(v, q->at);
	r->sectors = (1 + below(w, below(w, 4) == 0 ? REQUEST_SECTORS / unit + 1 : 3)) * unit;
	if (r->sectors > run_at(v, q->at))
		r->sectors = run_at(v, q->at);
}

static enum pool_op some_op(struct world *w)
{
	static const enum pool_op ops[16] = {
		POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE, POOL_WRITE,
		POOL_WRITE, POOL_FLUSH, POOL_FLUSH, POOL_FLUSH, POOL_DISCARD, POOL_WRITE_ZEROES, POOL_READ, POOL_READ,
	};

	return below(w, 40) == 0 ? POOL_COMMIT : ops[below(w, 16)];
}

static void submit(struct world *w, struct world_request *q)
{
	enum pool_status status;

	q->is_used = true;
	q->asked = w->disk.time;
	status = pool_submit(w->pool, &q->r);
	if (status != POOL_OK)
		die(w, "a request of kind %u was refused: status %u", (unsigned)q->r.op, (unsigned)status);
}

/* What a change of the table came to; true: it was made. */
static bool is_made(struct world *w, enum pool_status status, const char *what)
{
	/* POOL_EXISTS: a deletion of what is needed until an earlier one has ended. */
	if (status != POOL_OK && status != POOL_AGAIN && status != POOL_FULL && status != POOL_EXISTS)
		die(w, "%s: status %u", what, (unsigned)status);
	return status == POOL_OK;
}

static void added(struct world *w, struct oracle_volume *v)
{
	if (v == NULL)
		die(w, "no room for a volume");
	v->changed = ++w->disk.time;
}

static void make_volume(struct world *w)
{
	struct pool_volume_spec spec = { .kind = below(w, 2) == 0 ? POOL_PLAIN : POOL_INTEGRITY };
	bool is_plain = spec.kind == POOL_PLAIN, is_sparse = below(w, 3) == 0;
	u32 id, sectors = (1 + below(w, (is_plain ? VOLUME_SECTORS : VOLUME_SECTORS / 4) / 8)) * 8;
	u32 window = sectors, stride = sectors;

	/* A map of two levels: each window lies in a leaf of its own, the first at its beginning and the others not. */
	if (is_sparse) {
		window = WINDOW;
		stride = (POOL_FANOUT + 2) * (is_plain ? POOL_CHUNK_SECTORS : POOL_BLOCK_SECTORS);
		sectors = (2 + below(w, 2)) * window;
	}
	spec.sectors = (u64)sectors / window * stride;
	snprintf(spec.name, sizeof(spec.name), "v%u", (unsigned)w->next_name++);
	if (is_made(w, pool_volume_create(w->pool, &spec, &id), "a new volume"))
		added(w, oracle_add(&w->oracle, spec.name, sectors, window, stride));
}

static bool has_requests(const struct world *w, const struct oracle_volume *v)
{
	return is_busy(w, v, 0, v->sectors);
}

/* A snapshot, or a clone of one. */
static void copy_volume(struct world *w, struct oracle_volume *v)
{
	static const u8 uuid[POOL_UUID_BYTES];
	struct oracle_volume *copy;
	char name[64];
	u32 id, from = pool_volume_find(w->pool, v->name)->id;
	bool is_clone = v->is_read_only;

	if (has_requests(w, v) || (is_clone && below(w, 3) != 0))
		return;
	snprintf(name, sizeof(name), "%s-%u", is_clone ? "c" : "s", (unsigned)w->next_name++);
	if (!is_made(w, is_clone ? pool_clone(w->pool, from, name, uuid, &id) :
		pool_snapshot(w->pool, from, name, uuid, &id), name))
		return;
	copy = oracle_copy(&w->oracle, v, name);
	added(w, copy);
	copy->is_read_only = !is_clone;
	w->copies++;
}

static void delete_one(struct world *w, struct oracle_volume *v)
{
	if (has_requests(w, v) || v->uses > 0 || !is_made(w, pool_delete(w->pool,
		pool_volume_find(w->pool, v->name)->id), "a deletion"))
		return;
	v->is_deleted = v->may_be_missing = true;
	v->changed = ++w->disk.time;
	w->deletions++;
}

/* Of a snapshot sometimes all of its line, in any order. */
static void delete_volume(struct world *w, struct oracle_volume *v)
{
	const struct oracle_volume *head = v->of;
	bool is_line = v->is_read_only && below(w, 3) == 0;
	u32 first = below(w, ORACLE_VOLUMES);

	delete_one(w, v);
	for (u32 i = 0; is_line && i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *s = &w->oracle.volume[(first + i) % ORACLE_VOLUMES];

		if (s->is_used && !s->is_deleted && s->is_read_only && s->of == head)
			delete_one(w, s);
	}
}

static u32 count_volumes(const struct world *w)
{
	u32 count = 0;

	for (u32 i = 0; i < w->memory.volumes; i++)
		count += pool_volume(w->pool, i) != NULL || w->oracle.volume[i].is_used;
	return count;
}

static void change_table(struct world *w)
{
	struct oracle_volume *v = some_volume(w);
	u32 what = below(w, 8);

	if (what >= 4 && v != NULL)
		delete_volume(w, v);
	else if (count_volumes(w) > 12)
		return;
	else if (what >= 1 && v != NULL)
		copy_volume(w, v);
	else if (what < 1)
		make_volume(w);
}

static void request(struct world *w, struct world_request *q)
{
	struct oracle_volume *v = some_volume(w);
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
	if (is_busy(w, v, q->at, q->r.sectors) || !oracle_may_write(v, q->at, q->r.sectors))
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

static void start(struct world *w)
{
	static const u8 uuid[POOL_UUID_BYTES] = { 1, 2, 3 };
	struct pool_spec spec = { .name = "sim", .log_blocks = 16 + below(w, 16), .dirty_max = 12 + below(w, 20) };
	struct pool_device device;

	memcpy(spec.uuid, uuid, sizeof(uuid));
	spec.uuid[5] = (u8)w->seed;
	/* Some are too small for what is written. */
	sim_disk_make(&w->disk, (SECTORS_MAX / POOL_BLOCK_SECTORS - below(w, 600)) * POOL_BLOCK_SECTORS);
	w->crash.sectors = w->disk.sectors;
	oracle_init(&w->oracle);
	w->disk.queue_max = 1 + below(w, 40);
	w->requests_max = 1 + below(w, WORLD_REQUESTS);
	if (sim_disk_format(&w->disk, &spec) != POOL_OK)
		die(w, "no pool was made");
	device = sim_device(&w->disk, below(w, 4) == 0 ? 8 : 1);
	w->pool = w->disk.pool = pool_open(w->arena, &w->memory, &device, reopened);
	checked_world = w;
	w->opened = POOL_AGAIN;
	sim_disk_drain(&w->disk);
	if (w->opened != POOL_OK)
		die(w, "a new pool: status %u", (unsigned)w->opened);
	/* Others have their turn more often, and the power fails in more places. */
	w->pool->reap.slice = 1 + below(w, 3);
	w->disk.on_write = on_write;
}

/* All that can be done now, or a few jobs of it. */
static void run(struct world *w)
{
	struct pool *p = w->pool;

	if (below(w, 4) == 0) {
		pool_run(p);
		return;
	}
	for (u32 jobs = below(w, 6); jobs > 0 && !list_is_empty(&p->ready); jobs--) {
		struct job *j = CONTAINER_OF(p->ready.next, struct job, link);

		list_remove(&j->link);
		j->step(p, j);
	}
}

void world_run(struct world *w, u64 seed, u32 requests)
{
	w->seed = seed;
	w->random = seed * 0x9e3779b97f4a7c15u + 1;
	w->next_value = w->next_name = 0;
	start(w);
	for (u32 i = 0; i < 3; i++)
		make_volume(w);
	while (requests > 0 && w->states < w->limit) {
		struct world_request *q = unused_request(w);

		if (q != NULL && below(w, 2) == 0) {
			requests--;
			request(w, q);
		}
		if (below(w, 5) == 0)
			change_table(w);
		run(w);
		if (w->disk.queued > 0 && below(w, 3) != 0)
			sim_disk_end(&w->disk, below(w, w->disk.queued));
		run(w);
	}
	w->disk.on_write = NULL;
	sim_disk_drain(&w->disk);
	try_state(w, ~0ull, false);
	sim_disk_free(&w->disk);
	oracle_free(&w->oracle);
}
