/* SPDX-License-Identifier: MIT */
/*
 * mirror_world.h - what becomes of the pool of mirror_oracle.h when the power fails, or a disk. Included by one test
 * program.
 */
#ifndef MIRROR_WORLD_H
#define MIRROR_WORLD_H

#include "check.h"
#include "layout.h"
#include "mirror.h"
#include "mirror_oracle.h"
#include "range.h"

/* ---- a disk without a cache, as the power cut left it ---- */

static struct trial {
	u8 *image[POOL_MEMBERS];
	struct { struct pool_io *io; u32 member; } queue[256];
	u32 queued;
	bool is_off[POOL_MEMBERS];
	struct { struct trial *t; u32 member; } context[POOL_MEMBERS];
} trial;

static bool trial_submit(void *context, struct pool_io *io)
{
	u32 member = (u32)(context == &trial.context[1]);

	if (trial.queued == ARRAY_COUNT(trial.queue))
		return false;
	if (io->op != POOL_IO_FLUSH && (io->sectors == 0 || io->sector + io->sectors > SECTORS))
		abort();
	trial.queue[trial.queued].io = io;
	trial.queue[trial.queued++].member = member;
	return true;
}

/* False: nothing is left to do. */
static bool trial_step(struct pool *p)
{
	struct pool_io *io;
	u32 member, at;
	u8 *there;

	pool_run(p);
	if (trial.queued == 0)
		return false;
	at = below(trial.queued);
	io = trial.queue[at].io;
	member = trial.queue[at].member;
	trial.queue[at] = trial.queue[--trial.queued];
	there = trial.image[member] + io->sector * POOL_SECTOR;
	if (trial.is_off[member]) {
		pool_io_done(p, io, false);
		return true;
	}
	if (io->op == POOL_IO_READ)
		memcpy(io->data, there, io->sectors * POOL_SECTOR);
	else if (io->op == POOL_IO_WRITE)
		memcpy(there, io->data, io->sectors * POOL_SECTOR);
	pool_io_done(p, io, true);
	return true;
}

/* A flush does not wait for writes that are under way, and each io ends in any order. */
static struct pool *trial_open(u32 members, bool is_forced)
{
	struct pool_device device[POOL_MEMBERS] = { 0 };
	struct pool *p;

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		trial.is_off[k] = false;
		if ((members >> k & 1) != 0)
			device[k] = (struct pool_device){ &trial.context[k], SECTORS, 1, trial_submit };
	}
	trial.queued = 0;
	opened_as = POOL_AGAIN;
	p = pool_open_mirror(trial_arena, &memory, device, is_forced, opened);
	while (opened_as == POOL_AGAIN && trial_step(p))
		;
	return p;
}

static void copy_images(u8 *to[POOL_MEMBERS], u8 *from[POOL_MEMBERS])
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		memcpy(to[k], from[k], SECTORS * POOL_SECTOR);
}

/* Each of the writes that were not flushed is there, or not, or in part. */
static void set_images(u8 *to[POOL_MEMBERS])
{
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		u32 kind = below(4);

		memcpy(to[k], disks[k].stable, SECTORS * POOL_SECTOR);
		for (u32 i = 0; kind != 0 && i < disks[k].writes; i++) {
			const struct sim_write *w = &disks[k].write[i];

			for (u32 s = 0; (kind == 1 || below(2) != 0) && s < w->sectors; s++)
				if (kind != 3 || below(8) != 0)
					memcpy(to[k] + (w->sector + s) * POOL_SECTOR, w->data + s * POOL_SECTOR,
						POOL_SECTOR);
		}
	}
}

/* ---- judging ---- */

static void read_done(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static _Alignas(8) u8 block_data[POOL_BLOCK];

/* What was read once stays, whatever may have been: a disk that dies then takes nothing of it along. */
static u8 seen[VOLUMES][VOLUME_BLOCKS][POOL_BLOCK];
enum judging { MAY_BE, REMEMBER, AS_SEEN };

static void judge_volumes(struct pool *p, const char *what, enum judging how)
{
	for (u32 v = 0; v < VOLUMES; v++)
		for (u32 i = 0; i < VOLUME_BLOCKS; i++) {
			enum pool_status status = POOL_AGAIN;
			struct pool_request r = { .op = POOL_READ, .volume = ids[v], .sector = i * POOL_BLOCK_SECTORS,
				.sectors = POOL_BLOCK_SECTORS, .data = block_data, .done = read_done,
				.context = &status };

			if (pool_submit(p, &r) != POOL_OK)
				die("%s: volume %u is not there", what, (unsigned)v);
			while (status == POOL_AGAIN && trial_step(p))
				;
			if (status != POOL_OK)
				die("%s: volume %u, block %u: status %u", what, (unsigned)v, (unsigned)i,
					(unsigned)status);
			if (!may_be_torn(&oracle[v][i], block_data) ||
				(how == AS_SEEN && memcmp(seen[v][i], block_data, POOL_BLOCK) != 0))
				die("%s: volume %u, block %u has %x", what, (unsigned)v, (unsigned)i,
					*(u32 *)block_data);
			if (how == REMEMBER)
				memcpy(seen[v][i], block_data, POOL_BLOCK);
		}
}

static bool read_for_check(void *context, u64 block, void *to)
{
	memcpy(to, (u8 *)context + block * POOL_BLOCK, POOL_BLOCK);
	return true;
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	die("check of member %u: %s: block %lu, volume %u", (unsigned)(context == trial.image[1]),
		pool_check_text[fault], (unsigned long)block, (unsigned)id);
}

static void check_member(u32 member)
{
	struct pool_check c = { .context = trial.image[member], .read = read_for_check, .found = found,
		.device_sectors = SECTORS, .with_data = true };

	pool_check(&c, check_arena);
}

static void expect(const char *what, enum pool_status status)
{
	if (opened_as != status)
		die("%s: status %u", what, (unsigned)opened_as);
}

/* One alone is opened only if it has all. */
static void judge_alone(u32 member, bool is_good, enum judging how)
{
	struct pool *p = trial_open(BIT32(member), is_good);

	if (is_good)
		expect("a good member alone", POOL_OK);
	if (opened_as == POOL_OK) {
		judge_volumes(p, "one member", how);
		degraded++;
	} else if (opened_as == POOL_MISSING || opened_as == POOL_STALE) {
		refused++;
	} else {
		die("one member: status %u", (unsigned)opened_as);
	}
}

/* What is opened because the owner insists may be old; it is a pool all the same, and was not copied in part. */
static void judge_insisted(u32 member)
{
	struct pool *p = trial_open(BIT32(member), true);

	if (opened_as == POOL_STALE)
		return;
	expect("a member that is insisted on", POOL_OK);
	while (trial_step(p))
		;
	check_member(member);
}

/* Both are there. To the end of what one gets from the other, each has all. */
static void judge_both(void)
{
	struct pool *p = trial_open(3, false);
	struct pool_mirror m;

	expect("both members", POOL_OK);
	judge_volumes(p, "both members", REMEMBER);
	while (trial_step(p))
		;
	pool_mirror_get(p, &m);
	if (m.state[0] != POOL_MEMBER_GOOD || m.state[1] != POOL_MEMBER_GOOD)
		die("a member does not come back: %u %u", (unsigned)m.state[0], (unsigned)m.state[1]);
	judge_volumes(p, "both members, synced", AS_SEEN);
	check_member(0);
	check_member(1);
	judge_alone(below(2), true, AS_SEEN);
}

static u8 *before[POOL_MEMBERS], *middle[POOL_MEMBERS];

/* A node, a record of the log, or data that has a checksum. */
static bool is_summed(const u8 *block)
{
	u32 word;

	memcpy(&word, block, sizeof(word));
	return word == POOL_NODE_MAGIC || word == POOL_LOG_MAGIC ||
		(word != 0 && value_of(block, &word) && word < ARRAY_COUNT(written_to) && written_to[word] == 2);
}

/* It lies in a region that was being written. */
static bool is_open(const u8 *image, u32 block)
{
	const struct pool_label *l = (const struct pool_label *)image;
	u32 region = block >> l->region_shift;

	return (image[POOL_REGION_BLOCK * POOL_BLOCK + region / 8] >> region % 8 & 1) != 0;
}

/* Beside the power cut, one of the disks has changed a byte: the other one has it right. */
static void judge_rotten(void)
{
	u8 *image = trial.image[below(2)];

	copy_images(trial.image, before);
	for (u32 tries = 0; tries < 200; tries++) {
		u32 b = POOL_LOG_BLOCK + below(BLOCKS - POOL_LOG_BLOCK);

		if (!is_open(image, b) || !is_summed(image + b * POOL_BLOCK))
			continue;
		image[b * POOL_BLOCK + below(POOL_BLOCK)] ^= (u8)(1 + below(255));
		rotten++;
		judge_both();
		return;
	}
}

/* The power fails, or a disk, while the pool is opened, or one gets what it lacks. */
static void judge_nested(void)
{
	struct pool_device device[POOL_MEMBERS];
	u32 steps = below(400);
	struct pool *p;

	copy_images(trial.image, before);
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		device[k] = (struct pool_device){ &trial.context[k], SECTORS, 1, trial_submit };
		trial.is_off[k] = false;
	}
	trial.queued = 0;
	opened_as = POOL_AGAIN;
	p = pool_open_mirror(trial_arena, &memory, device, false, opened);
	while (steps-- > 0 && trial_step(p))
		;
	if (below(3) == 0) {
		trial.is_off[below(2)] = true;
		for (steps = below(200); steps-- > 0 && trial_step(p);)
			;
	}
	nested++;
	copy_images(middle, trial.image);
	judge_both();
	copy_images(trial.image, middle);
	judge_alone(below(2), false, MAY_BE);
	copy_images(trial.image, middle);
	judge_insisted(below(2));
}

static void judge_state(bool is_good)
{
	u32 alone = below(2);

	set_images(before);
	copy_images(trial.image, before);
	judge_alone(alone, is_good, MAY_BE);
	copy_images(trial.image, before);
	judge_both();
	if (below(3) == 0)
		judge_nested();
	if (is_good && below(3) == 0)
		judge_rotten();
	state++;
}

static bool is_in_sync(void)
{
	struct pool_mirror m;

	pool_mirror_get(pool, &m);
	return m.state[0] == POOL_MEMBER_GOOD && m.state[1] == POOL_MEMBER_GOOD && !is_dead[0] && !is_dead[1];
}

/* A read that fails is repeated. */
static bool may_fail(const struct pool_io *io)
{
	if (io->op != POOL_IO_READ)
		return false;
	if (opened_as == POOL_AGAIN)	/* not what it is chosen by */
		return pool->mirror->is_catching_up && io->sectors != MIRROR_HEAD * POOL_BLOCK_SECTORS;
	return is_in_sync();
}

/* ---- the pool that goes on ---- */

static bool step(void)
{
	u32 k = below(2);

	pool_run(pool);
	if (disks[k].queued == 0)
		k = 1 - k;
	if (disks[k].queued == 0)
		return false;
	if (k == (seed & 1) && below(30) == 0 && may_fail(disks[k].queue[0].io)) {
		disks[k].fail_after = 1;	/* that one read */
		sim_disk_end(&disks[k], 0);
		disks[k].fail_after = 0;
	} else {
		sim_disk_end(&disks[k], below(disks[k].queued));
	}
	pool_run(pool);
	return true;
}

static void open_real(void)
{
	struct pool_device device[POOL_MEMBERS];

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		device[k] = sim_device(&disks[k], 1);
		is_dead[k] = false;
	}
	opened_as = POOL_AGAIN;
	pool = pool_open_mirror(arena, &memory, device, false, opened);
	disks[0].pool = disks[1].pool = pool;
	while (opened_as == POOL_AGAIN && step())
		;
	expect("the pool", POOL_OK);
}

static void read_back(struct pool *p, u32 v, u32 i)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = POOL_READ, .volume = ids[v], .sector = i * POOL_BLOCK_SECTORS,
		.sectors = POOL_BLOCK_SECTORS, .data = block_data, .done = read_done, .context = &status };
	struct block *b = &oracle[v][i];

	if (pool_submit(p, &r) != POOL_OK)
		die("after a cut: volume %u is not there", (unsigned)v);
	while (status == POOL_AGAIN && step())
		;
	if (status != POOL_OK || !may_be_torn(b, block_data))
		die("after a cut: volume %u, block %u: status %u", (unsigned)v, (unsigned)i, (unsigned)status);
	if (!value_of(block_data, &b->stable)) {	/* torn: written anew, so that one number says what is there */
		b->stable = next_value++ & 0xffffff;
		fill(block_data, b->stable);
		status = POOL_AGAIN;
		r.op = POOL_WRITE;
		(void)pool_submit(p, &r);
		while (status == POOL_AGAIN && step())
			;
	}
	b->values = 0;
}

static void flush_now(void)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = POOL_FLUSH, .done = read_done, .context = &status };

	(void)pool_submit(pool, &r);
	while (status == POOL_AGAIN && step())
		;
	if (status != POOL_OK)
		die("a flush after a cut: status %u", (unsigned)status);
}

static void cut(void)
{
	set_images(before);
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		memcpy(disks[k].stable, before[k], SECTORS * POOL_SECTOR);
		sim_disk_cut(&disks[k]);
	}
	for (u32 i = 0; i < REQUESTS; i++)
		asked[i].is_used = false;
	open_real();
	for (u32 v = 0; v < VOLUMES; v++)
		for (u32 i = 0; i < VOLUME_BLOCKS; i++)
			read_back(pool, v, i);
	flush_now();
}

/* Of a chunk each, so that there are many. */
static void set_regions(struct sim_disk *d)
{
	struct pool_label *l = (struct pool_label *)d->now;

	l->region_shift = 4;
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
	memcpy(d->stable, l, sizeof(*l));
}

static void make(void)
{
	static const enum pool_kind kinds[VOLUMES] = { POOL_PLAIN, POOL_INTEGRITY };
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = 32, .dirty_max = 40, .is_mirror = true,
		.member_uuid = { { 1 }, { 2 } } };

	memset(oracle, 0, sizeof(oracle));
	memset(asked, 0, sizeof(asked));
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		sim_disk_make(&disks[k], SECTORS);
		spec.member = (u8)k;
		if (sim_disk_format(&disks[k], &spec) != POOL_OK)
			die("pool_make");
		set_regions(&disks[k]);
	}
	open_real();
	for (u32 v = 0; v < VOLUMES; v++) {
		struct pool_volume_spec volume = { .kind = kinds[v], .sectors = VOLUME_BLOCKS * POOL_BLOCK_SECTORS };

		snprintf(volume.name, sizeof(volume.name), "v%u", (unsigned)v);
		if (pool_volume_create(pool, &volume, &ids[v]) != POOL_OK)
			die("pool_volume_create");
		{
			enum pool_status status = POOL_AGAIN;
			struct pool_request r = { .op = POOL_COMMIT, .done = read_done, .context = &status };

			(void)pool_submit(pool, &r);
			while (status == POOL_AGAIN && step())
				;
		}
	}
}

/* Shortly after a disk has died, what is answered must not depend on it. */
static void world(u64 limit)
{
	u32 soon = 0;

	make();
	for (u32 i = 0; i < 600 && state < limit; i++) {
		u32 dice = below(200);

		if (dice < 90)
			ask();
		for (u32 k = below(6); k-- > 0;)
			(void)step();
		if (dice == 198 && is_in_sync()) {
			u32 k = below(2);

			is_dead[k] = true;
			disks[k].fail_after = 1;
			soon = 60;
		}
		if (dice == 199)
			cut();
		soon -= soon > 0;
		if ((dice > 190 && dice < 196) || (soon > 0 && dice % 4 == 0))
			judge_state(is_in_sync());
	}
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		sim_disk_free(&disks[k]);
}

#endif
