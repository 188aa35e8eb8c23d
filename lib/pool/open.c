/* SPDX-License-Identifier: MIT */
/*
 * open.c - opens a pool: label, superblocks, tables, log, checkpoint.
 */
#include <string.h>

#include "commit.h"
#include "crypt.h"
#include "layout.h"
#include "memory.h"
#include "meta.h"
#include "mirror.h"
#include "node.h"
#include "reap.h"
#include "range.h"
#include "recover.h"
#include "pool_request.h"
#include "space.h"
#include "task.h"
#include "volume.h"

enum step {
	STEP_MEMBERS, STEP_LABEL, STEP_JUDGE_LABEL, STEP_GROW, STEP_GROWN, STEP_TABLES, STEP_LOG, STEP_RESYNC,
	STEP_CHECKPOINT
};

static void finish(struct pool *p, enum pool_status status)
{
	p->is_failed = status != POOL_OK;
	p->open.opened(p, status);
}

static void io_done(struct pool *p, struct pool_io *io)
{
	(void)io;
	job_ready(p, &p->open.job);
}

static void read_blocks(struct pool *p, u64 block, u32 count, void *to)
{
	p->open.io.done = io_done;
	device_submit(p, &p->open.io, POOL_IO_READ, device_blocks(block, count), to);
}

/* The newer of the two that is right. */
static enum pool_status choose_super(struct pool *p)
{
	const struct pool_super *s[2];
	bool is_ok[2];

	for (u32 i = 0; i < 2; i++) {
		s[i] = (const struct pool_super *)&p->commit.record[POOL_SUPER_BLOCK + i];
		is_ok[i] = layout_super(s[i], &p->label) && (s[i]->generation & 1) == i;
	}
	if (!is_ok[0] && !is_ok[1])
		return POOL_CORRUPT;
	p->super = is_ok[1] && (!is_ok[0] || s[1]->generation > s[0]->generation) ? *s[1] : *s[0];
	return POOL_OK;
}

static enum pool_status judge_label(struct pool *p)
{
	enum pool_status status;

	memcpy(&p->label, p->commit.record, sizeof(p->label));
	status = layout_label(&p->label, p->device.sectors);
	if (status != POOL_OK)
		return status;
	if (p->label.member_count != (p->mirror != NULL ? POOL_MEMBERS : 1))
		return POOL_UNKNOWN;
	if (!memory_fits(p))
		return POOL_MEMORY;
	status = choose_super(p);
	if (status != POOL_OK)
		return status;
	crypt_begin(p);
	space_init(p);
	p->files[FILE_VOLUMES].root = p->super.volumes;
	p->files[FILE_FREE].root = p->super.free_map;
	p->open.level = META_LEVELS - 1;
	p->commit.seq = p->open.seq = p->super.log_seq;
	return POOL_OK;
}

/* The next node of a table, from the root to the leaves; NULL = none is left. */
static struct pool_ref *next_table_node(struct pool *p)
{
	struct open *o = &p->open;

	for (; o->file < ARRAY_COUNT(p->files); o->file++, o->level = META_LEVELS - 1, o->at = 0) {
		struct meta_file *f = &p->files[o->file];

		for (; o->at < meta_count(f, o->level) || o->level > 0; o->at++) {
			if (o->at == meta_count(f, o->level)) {
				o->level--;
				o->at = 0;
			}
			if (meta_ref(f, o->level, o->at)->block != 0)
				return meta_ref(f, o->level, o->at);
		}
	}
	return NULL;
}

/* Takes the node that was read, if there was one, and reads the next. */
static enum pool_status load_tables(struct pool *p, bool is_first)
{
	struct open *o = &p->open;
	const struct pool_ref *ref;

	if (!is_first && !o->io.is_ok)
		return POOL_IO;
	if (!is_first && !meta_load(p, &p->files[o->file], o->level, o->at, p->commit.buffer))
		return device_reread(p, &o->io, meta_ref(&p->files[o->file], o->level, o->at)->crc) ? POOL_AGAIN :
			POOL_CORRUPT;
	o->at += !is_first;
	ref = next_table_node(p);
	if (ref != NULL) {
		read_blocks(p, ref->block, 1, p->commit.buffer);
		return POOL_AGAIN;
	}
	if (p->space.used_blocks != p->super.used_blocks || !volumes_relate(p))
		return POOL_CORRUPT;
	p->space.promised = meta_missing(&p->files[FILE_VOLUMES]) + meta_missing(&p->files[FILE_FREE]);
	for (u32 i = 0; i < p->memory.volumes; i++)
		volume_keep(p, &p->volume[i]);
	return POOL_OK;
}

static void checkpointed(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)r;
	job_ready(p, &p->reap.job);
	p->is_direct = p->mirror == NULL;
	if (status == POOL_OK && p->mirror != NULL)
		mirror_opened(p);
	finish(p, status);
}

/* Writes come after it, so that what a record of the old generation named is never reused while it is valid. */
static void checkpoint(struct pool *p)
{
	p->is_open = true;
	p->open.checkpoint = (struct pool_request){ .op = POOL_COMMIT, .done = checkpointed };
	if (pool_submit(p, &p->open.checkpoint) != POOL_OK)
		finish(p, POOL_FAILED);
}

static void read_label(struct pool *p)
{
	p->open.step = STEP_JUDGE_LABEL;
	read_blocks(p, POOL_LABEL_BLOCK, POOL_SUPER_BLOCK + 2, p->commit.record);
}

/* ---- growing ---- */

static u64 blocks_there(const struct pool *p)
{
	return min_u64(p->device.sectors / POOL_BLOCK_SECTORS, POOL_BLOCKS_MAX);
}

static bool is_to_grow(const struct pool *p)
{
	return p->memory.grows && p->mirror == NULL && p->label.blocks < blocks_there(p);
}

/* Nothing but the label says how large the pool is: the free map has no nodes where all is free. Its sector is written
 * wholly or not at all, and is stable before anything behind the old end is used. */
static void write_label(struct pool *p)
{
	struct pool_label *l = (struct pool_label *)p->commit.record;

	l->blocks = blocks_there(p);
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
	p->open.step = STEP_GROW;
	p->open.io.done = io_done;
	device_submit(p, &p->open.io, POOL_IO_WRITE, device_blocks(POOL_LABEL_BLOCK, 1), p->commit.record);
}

/* Written, then stable; then the pool is opened as it is now. */
static enum pool_status grow_step(struct pool *p)
{
	if (!p->open.io.is_ok)
		return POOL_IO;
	if (p->open.step == STEP_GROWN) {
		read_label(p);
		return POOL_AGAIN;
	}
	p->open.step = STEP_GROWN;
	device_submit(p, &p->open.io, POOL_IO_FLUSH, (struct device_range){ 0 }, NULL);
	return POOL_AGAIN;
}

static void step(struct pool *p, struct job *j)
{
	struct open *o = &p->open;
	enum pool_status status = POOL_OK;

	(void)j;
	switch ((enum step)o->step) {
	case STEP_MEMBERS:
		status = mirror_open_step(p);
		if (status != POOL_OK)
			break;
		read_label(p);
		return;
	case STEP_LABEL:
		read_label(p);
		return;
	case STEP_JUDGE_LABEL:
		status = o->io.is_ok ? judge_label(p) : POOL_IO;
		if (status == POOL_OK && is_to_grow(p)) {
			write_label(p);
			return;
		}
		o->step = STEP_TABLES;
		if (status == POOL_OK)
			status = load_tables(p, true);
		break;
	case STEP_GROW: case STEP_GROWN:
		status = grow_step(p);
		break;
	case STEP_TABLES:
		status = load_tables(p, false);
		break;
	case STEP_LOG:
		status = recover_step(p);
		break;
	case STEP_RESYNC:
		status = device_resync(p);
		break;
	case STEP_CHECKPOINT:
		return;
	}
	if (status == POOL_OK && o->step == STEP_TABLES) {
		o->step = STEP_LOG;
		recover_begin(p);
		status = recover_step(p);
	}
	if (status == POOL_OK && o->step == STEP_LOG) {
		o->step = STEP_RESYNC;
		status = device_resync(p);
	}
	if (status == POOL_OK) {
		o->step = STEP_CHECKPOINT;
		checkpoint(p);
	} else if (status != POOL_AGAIN) {
		finish(p, status);
	}
}

static bool is_device_ok(const struct pool_device *d)
{
	return d->block_sectors == 1 || d->block_sectors == POOL_BLOCK_SECTORS;
}

static void begin(struct pool *p, enum step first, void (*opened)(struct pool *p, enum pool_status status))
{
	p->open.step = first;
	nodes_init(p);
	tasks_init(p);
	requests_init(p);
	commit_init(p);
	reap_init(p);
	crypt_init(p);
	p->open.opened = opened;
	job_init(&p->open.job, step);
	job_ready(p, &p->open.job);
}

struct pool *pool_open(void *arena, const struct pool_memory *memory, const struct pool_device *device,
	void (*opened)(struct pool *p, enum pool_status status))
{
	struct pool *p = !memory->is_mirror && is_device_ok(device) ? memory_carve(arena, memory, device->sectors)
		: NULL;

	if (p == NULL)
		return NULL;
	p->device = *device;
	begin(p, STEP_LABEL, opened);
	return p;
}

struct pool *pool_open_mirror(void *arena, const struct pool_memory *memory,
	const struct pool_device device[POOL_MEMBERS], bool is_forced,
	void (*opened)(struct pool *p, enum pool_status status))
{
	u64 sectors = 0;
	struct pool *p;

	for (u32 i = 0; i < POOL_MEMBERS; i++) {
		if (device[i].submit == NULL)
			continue;
		if (!is_device_ok(&device[i]))
			return NULL;
		sectors = sectors == 0 ? device[i].sectors : min_u64(sectors, device[i].sectors);
	}
	p = memory->is_mirror && sectors != 0 ? memory_carve(arena, memory, sectors) : NULL;
	if (p == NULL)
		return NULL;
	mirror_init(p, device, is_forced);
	p->device = mirror_device(p);
	begin(p, STEP_MEMBERS, opened);
	return p;
}
