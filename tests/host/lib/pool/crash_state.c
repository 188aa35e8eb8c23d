/* SPDX-License-Identifier: MIT */
/*
 * crash_state.c - after a power cut: recovers what the disk may hold, and asks the oracle.
 */
#include "crash_world.h"

#include <string.h>

#include "pool_state.h"
#include "range.h"

#define EXHAUSTIVE 4u		/* writes in flight of which all subsets are tried */
#define OPERATIONS 30u		/* one of so many is looked at, so that there are more of them */
#define FAILING 12u		/* one of so many recoveries meets a disk that fails */
#define SAMPLES 10u		/* subsets that are tried of more */

static enum pool_status opened_as;

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

static void read_done(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static void check_volume(struct world *w, struct pool *p, const struct oracle_volume *v,
	const struct pool_record *on_disk)
{
	u32 id = on_disk->id;
	u64 sectors;

	if (!oracle_size(v, on_disk->sectors, &sectors))
		world_die(w, "volume %s has another size", v->name);
	for (u64 at = 0; at < sectors; at += world_run_at(v, at)) {
		u32 count = (u32)min_u64(world_run_at(v, at), sectors - at);
		enum pool_status status = POOL_AGAIN;
		struct pool_request r = { .op = POOL_READ, .volume = id, .sector = world_sector(v, at),
			.sectors = count, .data = w->buffer, .done = read_done, .context = &status };

		if (pool_submit(p, &r) != POOL_OK)
			world_die(w, "a read was refused");
		crash_drain(&w->crash);
		if (status != POOL_OK)
			world_die(w, "a read after the cut: status %u", (unsigned)status);
		if (!oracle_check(&w->oracle, v, at, count, w->buffer, true))
			world_die(w, "%s", w->oracle.failure);
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
			world_die(w, "volume %s is gone", v->name);
		if (r != NULL)
			check_volume(w, p, v, r);
	}
	for (u32 i = 0; i < w->memory.volumes; i++)
		if (is_there(pool_volume(p, i)) && oracle_find(&w->oracle, pool_volume(p, i)->name) == NULL)
			world_die(w, "volume %s has come from nowhere", pool_volume(p, i)->name);
}

static bool read_for_check(void *context, u64 block, void *to)
{
	memcpy(to, crash_block(&((struct world *)context)->crash, block), POOL_BLOCK);
	return true;
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	world_die(context, "check: %s: block %llu, volume %u", pool_check_text[fault], (unsigned long long)block,
		(unsigned)id);
}

/* The pool's own check of the disk, with the data. */
static void check_disk(struct world *w)
{
	struct pool_check c = { .context = w, .read = read_for_check, .found = found,
		.device_sectors = w->disk.sectors, .with_data = true };

	pool_check(&c, w->check_arena);
}

/* `fail_after`: as in crash_disk. */
static struct pool *recover(struct world *w, u32 fail_after)
{
	struct pool_device device = crash_device(&w->crash);
	struct pool *p = pool_open(w->second_arena, &w->memory, &device, opened);

	opened_as = POOL_AGAIN;
	w->crash.pool = p;
	w->crash.fail_after = fail_after;
	crash_drain(&w->crash);
	w->crash.fail_after = 0;
	return p;
}

static void check_state(struct world *w)
{
	const struct pool_cipher cipher = sim_cipher(&w->cipher);
	struct pool *p;

	/* The disk fails during recovery, and works again. */
	if (world_below(w, FAILING) == 0) {
		recover(w, 1 + world_below(w, 40));
		if (opened_as != POOL_OK && opened_as != POOL_IO && opened_as != POOL_FAILED)
			world_die(w, "recovery with a disk that fails: status %u", (unsigned)opened_as);
	}
	p = recover(w, 0);
	if (opened_as != POOL_OK)
		world_die(w, "recovery: status %u", (unsigned)opened_as);
	if (!oracle_accounts(&w->oracle, &w->crash, block_of, w->disk.sectors / POOL_BLOCK_SECTORS))
		world_die(w, "%s", w->oracle.failure);
	check_disk(w);
	/* Whatever the disk has lost, nothing new is encrypted with a nonce of before. */
	if (p->crypt.next < w->cipher.unused)
		world_die(w, "nonces from %llu on, of which %llu were used", (unsigned long long)p->crypt.next,
			(unsigned long long)w->cipher.unused);
	pool_unlock(p, &cipher);
	check_volumes(w, p);
	w->states++;
}

/* The state that the power cut leaves: `chosen` of the writes that were not flushed, one of them perhaps in part. */
static void set_state(struct world *w, u64 chosen, u32 torn, u64 sectors)
{
	crash_reset(&w->crash, w->disk.stable);
	for (u32 i = 0; i < w->disk.writes; i++)
		if (i >= 64 ? world_next(w) & 1 : chosen >> i & 1)
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
	cut = 1 + world_below(w, events);
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
		if (i < flushed || world_next(w) & 1)
			crash_write(&w->crash, w->crash.event[i].sector, w->crash.event[i].sectors,
				w->crash.event[i].data, i < flushed || world_next(w) & 1 ? ~0ull : world_next(w));
	check_state(w);
	w->nested++;
}

void world_try_state(struct world *w, u64 chosen, bool is_torn)
{
	u32 torn = is_torn && w->disk.writes > 0 ? world_below(w, w->disk.writes < 64 ? w->disk.writes : 64) : ~0u;
	u64 sectors = world_next(w);

	if (torn != ~0u)
		chosen |= 1ull << torn;
	if (world_below(w, 8) == 0) {
		check_recovery_cut(w, chosen, torn, sectors);
		return;
	}
	set_state(w, chosen, torn, sectors);
	check_state(w);
}

void world_try_states(struct world *w, bool is_newest_in)
{
	u32 n = w->disk.writes;
	u64 newest = is_newest_in && n > 0 && n <= 64 ? 1ull << (n - 1) : 0;

	if (w->is_checking || w->states >= w->limit || world_below(w, OPERATIONS) != 0)
		return;
	w->is_checking = true;
	if (n <= EXHAUSTIVE) {
		u32 free_bits = n - (newest != 0);

		for (u64 m = 0; m < 1ull << free_bits; m++) {
			world_try_state(w, m | newest, false);
			if (n > 0)
				world_try_state(w, m | newest, true);
		}
	}
	for (u32 i = 0; n > EXHAUSTIVE && i < SAMPLES; i++)
		world_try_state(w, (world_next(w) << 32 ^ world_next(w)) | (i & 1 ? newest : 0), (i & 2) != 0);
	w->is_checking = false;
}

/* ---- going on after a power cut ---- */

static enum pool_status read_now(struct world *w, u32 id, u64 sector, u32 sectors)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = POOL_READ, .volume = id, .sector = sector, .sectors = sectors,
		.data = w->buffer, .done = read_done, .context = &status };

	if (pool_submit(w->pool, &r) == POOL_OK)
		sim_disk_drain(&w->disk);
	return status;
}

/* What the volume has is what it may have, and from now on what it must have. */
static void settle_volume(struct world *w, struct oracle_volume *v, const struct pool_record *r)
{
	u64 sectors;

	if (!oracle_size(v, r->sectors, &sectors))
		world_die(w, "volume %s has another size", v->name);
	if (v->window == v->stride)
		v->window = v->stride = (u32)sectors;
	v->sectors = v->stable_sectors = sectors;
	for (u64 at = 0; at < sectors; at += world_run_at(v, at)) {
		u32 count = world_run_at(v, at);

		if (read_now(w, r->id, world_sector(v, at), count) != POOL_OK)
			world_die(w, "a read of what was recovered failed");
		if (!oracle_check(&w->oracle, v, at, count, w->buffer, true))
			world_die(w, "%s", w->oracle.failure);
		oracle_settle(v, at, count, w->buffer);
	}
	v->may_be_missing = v->is_deleted = false;
}

void world_cut(struct world *w)
{
	w->is_checking = true;
	set_state(w, world_next(w) << 32 ^ world_next(w), world_below(w, 64), world_next(w));
	for (u64 b = 0; b < w->disk.sectors / POOL_BLOCK_SECTORS; b++)
		memcpy(w->disk.stable + b * POOL_BLOCK, crash_block(&w->crash, b), POOL_BLOCK);
	sim_disk_cut(&w->disk);
	for (u32 i = 0; i < WORLD_REQUESTS; i++)
		w->request[i].is_used = false;
	w->is_checking = w->is_failing = false;
	world_open(w);
	w->is_checking = true;
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *v = &w->oracle.volume[i];
		const struct pool_record *r = v->is_used ? pool_volume_find(w->pool, v->name) : NULL;

		if (v->is_used && r == NULL && !v->may_be_missing)
			world_die(w, "volume %s is gone", v->name);
		if (r != NULL)
			settle_volume(w, v, r);
		else if (v->is_used)
			oracle_remove(v);
	}
	w->is_checking = false;
	w->cuts++;
}

