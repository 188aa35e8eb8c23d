/* SPDX-License-Identifier: MIT */
/*
 * scrub.c - see scrub.h. A job with a cursor: the next thing to be read is found from the state of that moment, read,
 * and judged. If it is not what it should be, and is another one by then, it is looked for again; else that is a fault.
 *
 *	label and superblock -> nodes of the tables -> each volume: a node is judged before what is below it
 *
 * Of a mirror that is whole, both members are read. If one of them has not what it should have, and the other one has,
 * it is written anew, and that is no fault.
 *
 * What an older snapshot or the origin has (births say so) is that one's, and is left out, also as whole subtrees.
 */
#include "scrub.h"

#include <string.h>

#include "crc32c.h"
#include "entry.h"
#include "layout.h"
#include "meta.h"
#include "node.h"
#include "range.h"
#include "space.h"
#include "volume.h"

#define LABEL_BLOCKS (POOL_SUPER_BLOCK + 2)

enum reading { READ_NOTHING, READ_LABEL, READ_TABLE, READ_NODE, READ_DATA };

/* STARTED: a read is under way, or the job waits. */
enum outcome { GO_ON, STARTED, THROUGH };

static void fault(struct pool *p, enum check_fault what, u64 block, u32 id)
{
	struct pool_scrub *s = p->scrub.owner;

	s->faults++;
	s->found(p, s, what, block, id);
}

static void finish(struct pool *p, enum pool_status status)
{
	struct pool_scrub *s = p->scrub.owner;

	p->scrub.owner = NULL;
	s->done(p, s, status);
}

/* ---- reading ---- */

static void io_done(struct pool *p, struct pool_io *io)
{
	(void)io;
	job_ready(p, &p->scrub.job);
}

static enum outcome start(struct pool *p, enum reading what, u64 block, u32 count)
{
	struct scrub *c = &p->scrub;

	if (p->free_bounces == 0) {
		job_wait(&p->bounce_waiters, &c->job);
		return STARTED;
	}
	c->buffer = p->free_bounce[--p->free_bounces];
	c->reading = what;
	c->block = block;
	c->count = count;
	c->io.done = io_done;
	c->is_pair = what != READ_LABEL && device_is_pair(p);
	c->member = 0;
	if (c->is_pair)
		device_read_member(p, &c->io, 0, device_blocks(block, count), c->buffer);
	else
		device_submit(p, &c->io, POOL_IO_READ, device_blocks(block, count), c->buffer);
	return STARTED;
}

static bool is_wanted(const struct pool *p, u64 block)
{
	return !p->scrub.is_resync || device_is_disputed(p, block);
}

static void give_back(struct pool *p)
{
	struct scrub *c = &p->scrub;

	p->free_bounce[p->free_bounces++] = c->buffer;
	jobs_ready(p, &p->bounce_waiters);
}

/* ---- label and superblock ---- */

static bool is_label_good(const struct pool *p, enum check_fault *what)
{
	const struct pool_node *block = (const struct pool_node *)p->scrub.buffer;
	const struct pool_super *s = (const struct pool_super *)&block[POOL_SUPER_BLOCK + (p->super.generation & 1)];
	const struct pool_label label = device_label(p);

	*what = CHECK_LABEL;
	if (memcmp(block, &label, sizeof(label)) != 0)
		return false;
	*what = CHECK_SUPER;
	return layout_super(s, &p->label) && s->generation == p->super.generation;
}

static void judge_label(struct pool *p)
{
	struct scrub *c = &p->scrub;
	enum check_fault what = CHECK_READ;
	bool is_good = c->io.is_ok && is_label_good(p, &what);

	if (!is_good && (p->commit.is_frozen || c->generation != p->super.generation))	/* the next one is written */
		return;
	if (!is_good)
		fault(p, what, what == CHECK_SUPER ? POOL_SUPER_BLOCK + (p->super.generation & 1) : 0, 0);
	c->phase = SCRUB_TABLES;
	c->at = c->level = c->file = 0;
}

/* ---- the nodes of the tables ---- */

/* The next one that the disk has. */
static enum outcome next_table(struct pool *p)
{
	struct scrub *c = &p->scrub;

	for (; c->file < ARRAY_COUNT(p->files); c->file++, c->level = c->at = 0) {
		struct meta_file *f = &p->files[c->file];

		for (; c->level < META_LEVELS; c->level++, c->at = 0) {
			while (c->at < meta_count(f, c->level) && meta_ref(f, c->level, c->at)->block == 0)
				c->at++;
			if (c->at == meta_count(f, c->level))
				continue;
			c->ref = *meta_ref(f, c->level, c->at);
			return start(p, READ_TABLE, c->ref.block, 1);
		}
	}
	c->phase = SCRUB_MAPS;
	c->volume = 0;
	c->id = 0;
	return GO_ON;
}

static bool is_same_ref(const struct pool_ref *a, const struct pool_ref *b)
{
	return a->block == b->block && a->crc == b->crc;
}

static bool is_table_good(struct pool *p)
{
	return crc32c(0, p->scrub.buffer, POOL_BLOCK) == p->scrub.ref.crc;
}

static bool is_table_there(struct pool *p)
{
	const struct scrub *c = &p->scrub;

	return !p->commit.is_frozen && is_same_ref(&c->ref, meta_ref(&p->files[c->file], c->level, c->at));
}

static void judge_table(struct pool *p)
{
	struct scrub *c = &p->scrub;

	if (!c->is_good) {
		if (!is_table_there(p))
			return;
		fault(p, c->io.is_ok ? CHECK_NODE : CHECK_READ, c->ref.block, 0);
	}
	c->at++;
}

/* ---- maps ---- */

/* The cursor goes to a granule; `below`: of so many levels the node that begins there is still to be judged. */
static void go_to(const struct volume *v, struct scrub *c, u64 granule)
{
	c->granule = granule;
	c->below = 0;
	while (c->below < v->r.levels && granule % layout_capacity(v->r.kind, c->below + 1) == 0)
		c->below++;
}

static void skip(const struct volume *v, struct scrub *c)
{
	u64 size = layout_capacity(v->r.kind, c->below);

	go_to(v, c, (c->granule / size + 1) * size);
}

/* A node is done, and comes what is below it. The leaves of a plain volume have no checksums. */
static void descend(const struct volume *v, struct scrub *c)
{
	if (c->is_resync && c->below == 1 && v->r.kind == POOL_PLAIN)
		skip(v, c);
	else
		c->below--;
}

/* The reference to the node at the cursor, as it is now; NULL: what has it is not in memory. */
static const struct pool_ref *ref_now(struct pool *p, const struct volume *v)
{
	const struct scrub *c = &p->scrub;
	const struct node *n;

	if (c->below == v->r.levels)
		return &v->r.root;
	n = node_cached(p, v, c->below, c->granule / layout_capacity(v->r.kind, c->below + 1));
	return n != NULL && n->state != NODE_LOADING
		? &n->bytes->ref[c->granule / layout_capacity(v->r.kind, c->below) % POOL_FANOUT] : NULL;
}

/* Brings it into memory. */
static enum node_found find_ref(struct pool *p, struct volume *v)
{
	struct node_place above = { p->scrub.granule, p->scrub.below, false };
	struct node *n;

	return p->scrub.below == v->r.levels ? NODE_FOUND : node_at(p, v, &above, &p->scrub.job, &n);
}

/* A node that was judged just before can't be had any more. */
static enum outcome no_node(struct pool *p, const struct volume *v, enum node_found found)
{
	struct scrub *c = &p->scrub;
	enum pool_status error = c->job.error;

	if (found == NODE_LATER)
		return STARTED;
	c->job.error = POOL_OK;
	if (found == NODE_BAD)
		fault(p, error == POOL_IO ? CHECK_READ : CHECK_NODE, 0, v->r.id);
	skip(v, c);
	return GO_ON;
}

static enum outcome next_node(struct pool *p, struct volume *v)
{
	struct scrub *c = &p->scrub;
	enum node_found found = find_ref(p, v);
	const struct pool_ref *ref;
	const struct node *n;

	if (found != NODE_FOUND)
		return no_node(p, v, found);
	n = node_cached(p, v, c->below - 1, c->granule / layout_capacity(v->r.kind, c->below));
	if (n != NULL && n->state == NODE_DIRTY) {	/* the next checkpoint writes it */
		descend(v, c);
		return GO_ON;
	}
	ref = ref_now(p, v);
	if (ref->block == 0 || ref->birth <= volume_owned_after(v, c->granule)) {
		skip(v, c);
		return GO_ON;
	}
	if (!space_is_used(p, ref->block))
		fault(p, CHECK_FREE, ref->block, v->r.id);
	if (!is_wanted(p, ref->block)) {
		descend(v, c);
		return GO_ON;
	}
	c->ref = *ref;
	return start(p, READ_NODE, ref->block, 1);
}

static bool is_node_good(struct pool *p)
{
	struct scrub *c = &p->scrub;
	struct volume *v = &p->volume[c->volume];
	u32 level = c->below - 1;
	struct layout_node as = { POOL_NODE_MAP, level, c->granule / layout_capacity(v->r.kind, c->below),
		level > 0 ? sizeof(struct pool_ref) : entry_bytes(v->r.kind) };
	struct pool_node *n = (struct pool_node *)c->buffer;

	return layout_node(n, &c->ref, &as, &p->label) && (level > 0 || layout_granules(n, &p->label, v->r.kind));
}

static bool is_node_there(struct pool *p)
{
	const struct pool_ref *now = ref_now(p, &p->volume[p->scrub.volume]);

	return now != NULL && is_same_ref(&p->scrub.ref, now);
}

static void judge_node(struct pool *p)
{
	struct scrub *c = &p->scrub;
	struct volume *v = &p->volume[c->volume];

	if (c->is_good) {
		descend(v, c);
		return;
	}
	if (!is_node_there(p))
		return;
	fault(p, c->io.is_ok ? CHECK_NODE : CHECK_READ, c->ref.block, v->r.id);
	skip(v, c);
}

static enum outcome next_granule(struct pool *p, struct volume *v)
{
	struct scrub *c = &p->scrub;
	struct node *leaf;
	enum node_found found = node_leaf(p, v, c->granule, false, &c->job, &leaf);
	u32 mask, first;
	u64 block;

	if (found != NODE_FOUND)
		return no_node(p, v, found);
	c->old = *node_granule(leaf, c->granule);
	block = pool_place_block(c->old.place);
	mask = pool_place_mask(c->old.place);
	if (c->old.place == 0 || c->old.birth <= volume_owned_after(v, c->granule)) {
		go_to(v, c, c->granule + 1);
		return GO_ON;
	}
	if (!space_is_used(p, block))
		fault(p, CHECK_FREE, block, v->r.id);
	if (!p->scrub.owner->with_data || mask == 0 || !is_wanted(p, block)) {
		go_to(v, c, c->granule + 1);
		return GO_ON;
	}
	first = (u32)__builtin_ctz(mask);
	return start(p, READ_DATA, block + first, 32u - (u32)__builtin_clz(mask) - first);
}

/* What the cursor is at has not moved since it was looked up; false also if that is not in memory any more. */
static bool is_data_there(struct pool *p)
{
	const struct scrub *c = &p->scrub;
	struct node *leaf = node_leaf_cached(p, &p->volume[c->volume], c->granule);
	const struct pool_granule *g = leaf != NULL ? node_granule(leaf, c->granule) : NULL;

	return g != NULL && leaf->state != NODE_LOADING && g->place == c->old.place && g->crc == c->old.crc &&
		g->birth == c->old.birth;
}

static bool is_data_good(struct pool *p)
{
	const struct scrub *c = &p->scrub;

	return p->volume[c->volume].r.kind == POOL_PLAIN || crc32c(0, c->buffer, POOL_BLOCK) == c->old.crc;
}

static void judge_data(struct pool *p)
{
	struct scrub *c = &p->scrub;
	struct volume *v = &p->volume[c->volume];

	if (!c->is_good && !is_data_there(p))
		return;
	if (!c->is_good)
		fault(p, c->io.is_ok ? CHECK_DATA : CHECK_READ, c->block, v->r.id);
	go_to(v, c, c->granule + 1);
}

/* The next one is begun where this is through, or is another one by now. */
static enum outcome next_in_maps(struct pool *p)
{
	struct scrub *c = &p->scrub;
	struct volume *v;

	if (c->volume == p->memory.volumes)
		return THROUGH;
	v = &p->volume[c->volume];
	if (c->id == 0 && v->r.id != 0) {
		c->id = v->r.id;
		go_to(v, c, 0);
	}
	if (c->below > v->r.levels)		/* it has gone back to a smaller snapshot */
		go_to(v, c, c->granule);
	if (v->r.id == 0 || v->r.id != c->id || c->granule >= layout_capacity(v->r.kind, v->r.levels)) {
		c->volume++;
		c->id = 0;
		return GO_ON;
	}
	return c->below > 0 ? next_node(p, v) : next_granule(p, v);
}

/* ---- the job ---- */

/* is_good: what was read; is_there: the pool still says the same of that place. */
static const struct {
	void (*judge)(struct pool *p);
	bool (*is_good)(struct pool *p);
	bool (*is_there)(struct pool *p);
} readings[] = {
	[READ_LABEL] = { .judge = judge_label },
	[READ_TABLE] = { judge_table, is_table_good, is_table_there },
	[READ_NODE] = { judge_node, is_node_good, is_node_there },
	[READ_DATA] = { judge_data, is_data_good, is_data_there },
};

/* What has it has not gone meanwhile. */
static bool is_owner_there(const struct pool *p)
{
	return p->scrub.reading < READ_NODE || p->volume[p->scrub.volume].r.id == p->scrub.id;
}

static bool is_read_good(struct pool *p)
{
	const struct scrub *c = &p->scrub;

	return c->io.is_ok && is_owner_there(p) && readings[c->reading].is_good != NULL &&
		readings[c->reading].is_good(p);
}

/* The second one has been read, too. */
static void repair(struct pool *p, bool is_second_good)
{
	struct scrub *c = &p->scrub;

	if (c->is_good == is_second_good || !is_owner_there(p) || !readings[c->reading].is_there(p)) {
		c->is_good = c->is_good && is_second_good;
		return;
	}
	if (device_is_pair(p))
		device_repair(p, c->is_good, device_blocks(c->block, c->count));
	c->is_good = true;
}

/* True: the other member is read. */
static bool read_other(struct pool *p)
{
	struct scrub *c = &p->scrub;
	bool is_good = is_read_good(p);

	if (c->member == 1) {
		repair(p, is_good);
		return false;
	}
	c->is_good = is_good;
	if (!c->is_pair)
		return false;
	c->member = 1;
	device_read_member(p, &c->io, 1, device_blocks(c->block, c->count), c->buffer);
	return true;
}

/* A volume that went while it was read is not judged. */
static void take_read(struct pool *p)
{
	struct scrub *c = &p->scrub;
	enum reading what = (enum reading)c->reading;
	bool is_there = is_owner_there(p);

	c->owner->blocks += c->count;
	c->reading = READ_NOTHING;
	if (is_there)
		readings[what].judge(p);
	give_back(p);
}

static enum outcome next(struct pool *p)
{
	p->scrub.generation = p->super.generation;
	if (p->scrub.phase == SCRUB_LABEL)
		return start(p, READ_LABEL, POOL_LABEL_BLOCK, LABEL_BLOCKS);
	return p->scrub.phase == SCRUB_TABLES ? next_table(p) : next_in_maps(p);
}

static void step(struct pool *p, struct job *j)
{
	enum outcome outcome = GO_ON;

	(void)j;
	if (p->scrub.reading != READ_NOTHING && read_other(p))
		return;
	if (p->scrub.reading != READ_NOTHING)
		take_read(p);
	while (outcome == GO_ON && !p->is_failed)
		outcome = next(p);
	if (p->is_failed && outcome != STARTED)
		finish(p, POOL_FAILED);
	else if (outcome == THROUGH)
		finish(p, POOL_OK);
}

static void begin(struct pool *p, struct pool_scrub *s, const struct scrub *as)
{
	struct scrub *c = &p->scrub;

	*c = *as;
	c->owner = s;
	s->blocks = s->faults = 0;
	job_init(&c->job, step);
	job_ready(p, &c->job);
}

enum pool_status pool_scrub_begin(struct pool *p, struct pool_scrub *s)
{
	if (!p->is_open || p->is_failed)
		return POOL_FAILED;
	if (p->scrub.owner != NULL)
		return POOL_AGAIN;
	begin(p, s, &(struct scrub){ .phase = SCRUB_LABEL });
	return POOL_OK;
}

void scrub_resync(struct pool *p, struct pool_scrub *s)
{
	begin(p, s, &(struct scrub){ .phase = SCRUB_MAPS, .is_resync = true });
}

u32 pool_scrub_percent(const struct pool *p)
{
	const struct scrub *c = &p->scrub;
	u64 all = 0, done = 0;

	for (u32 i = 0; i < p->memory.volumes; i++) {
		const struct pool_record *r = &p->volume[i].r;
		u64 granules = r->id != 0 ? layout_granules_of(r->kind, r->sectors) : 0;

		all += granules;
		if (i < c->volume)
			done += granules;
		else if (i == c->volume && c->id != 0)
			done += min_u64(granules, c->granule);
	}
	return all == 0 || c->phase != SCRUB_MAPS ? 0 : (u32)(done * 100 / all);
}
