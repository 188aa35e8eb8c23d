/* SPDX-License-Identifier: MIT */
/*
 * node.c - see node.h. A node is known by volume, level and index, so a node that a clone shares with its origin is in
 * memory twice when both use it.
 */
#include "node.h"

#include <string.h>

#include "crc32c.h"
#include "layout.h"
#include "space.h"
#include "volume.h"

u64 node_span(const struct volume *v, u32 level)
{
	return layout_capacity(v->r.kind, level + 1);
}

u64 node_index(const struct volume *v, u64 granule, u32 level)
{
	return granule / node_span(v, level);
}

void nodes_init(struct pool *p)
{
	list_init(&p->unused_nodes);
	list_init(&p->evictable);
	list_init(&p->dirty);
	list_init(&p->node_waiters);
	for (u32 i = 0; i < p->memory.nodes; i++) {
		list_init(&p->node[i].waiters);
		list_init(&p->node[i].link);
		list_insert_before(&p->unused_nodes, &p->node[i].link);
	}
}

static struct node **bucket(struct pool *p, const struct volume *v, u32 level, u64 index)
{
	u64 key = (index * 8 + level) * 0x9e3779b97f4a7c15u + v->at * 0xc2b2ae3d27d4eb4fu;

	return &p->hash[key >> 32 & p->hash_mask];
}

struct node *node_cached(struct pool *p, const struct volume *v, u32 level, u64 index)
{
	struct node *n = *bucket(p, v, level, index);

	while (n != NULL && (n->volume != v || n->level != level || n->index != index))
		n = n->hash_next;
	return n;
}

static void unhash(struct pool *p, struct node *n)
{
	struct node **at = bucket(p, n->volume, n->level, n->index);

	while (*at != n)
		at = &(*at)->hash_next;
	*at = n->hash_next;
}

void node_pin(struct node *n)
{
	if (n->refs++ == 0 && n->state == NODE_CLEAN)
		list_remove(&n->link);
}

static void make_evictable(struct pool *p, struct node *n)
{
	list_remove(&n->link);
	list_insert_before(&p->evictable, &n->link);
	jobs_ready(p, &p->node_waiters);
}

void node_unpin(struct pool *p, struct node *n)
{
	if (--n->refs == 0 && n->state == NODE_CLEAN)
		make_evictable(p, n);
}

static void forget(struct pool *p, struct node *n)
{
	unhash(p, n);
	n->state = NODE_UNUSED;
	list_remove(&n->link);
	list_insert_before(&p->unused_nodes, &n->link);
	if (n->parent != NULL)
		node_unpin(p, n->parent);
	n->parent = NULL;
	jobs_ready(p, &p->node_waiters);
}

/* An unused node; the least recently used clean one makes room. */
static struct node *take(struct pool *p)
{
	struct node *n;

	if (list_is_empty(&p->unused_nodes)) {
		if (list_is_empty(&p->evictable))
			return NULL;
		forget(p, CONTAINER_OF(p->evictable.next, struct node, link));
	}
	n = CONTAINER_OF(p->unused_nodes.next, struct node, link);
	list_remove(&n->link);
	return n;
}

static struct pool_ref *ref_in_parent(struct node *n)
{
	return n->parent == NULL ? &n->volume->r.root : &n->parent->bytes->ref[n->index % POOL_FANOUT];
}

static void loaded(struct pool *p, struct pool_io *io)
{
	struct node *n = CONTAINER_OF(io, struct node, io);
	enum pool_kind kind = n->volume->r.kind;
	struct layout_node as = { POOL_NODE_MAP, n->level, n->index,
		n->level > 0 ? sizeof(struct pool_ref) : entry_bytes(kind) };
	enum pool_status status = !io->is_ok ? POOL_IO : POOL_OK;

	if (status == POOL_OK && (!layout_node(n->bytes, &n->ref, &as, &p->label) ||
		(n->level == 0 && !layout_granules(n->bytes, &p->label, kind))))
		status = POOL_CORRUPT;
	if (status == POOL_CORRUPT && device_reread(p, io, n->ref.crc))
		return;
	for (struct list *l = n->waiters.next; status != POOL_OK && l != &n->waiters; l = l->next)
		CONTAINER_OF(l, struct job, link)->error = status;
	jobs_ready(p, &n->waiters);
	if (status != POOL_OK) {
		forget(p, n);
		return;
	}
	n->state = NODE_CLEAN;
	make_evictable(p, n);
}

/* The node below `parent`, loaded from the disk, or new and empty. NULL = there is no memory. */
static struct node *bring(struct pool *p, struct volume *v, struct node *parent, u32 level, u64 index)
{
	struct node *n, **at;

	if (parent != NULL)
		node_pin(parent);
	n = take(p);
	if (n == NULL) {
		if (parent != NULL)
			node_unpin(p, parent);
		return NULL;
	}
	n->parent = parent;
	n->volume = v;
	n->level = (u8)level;
	n->index = index;
	n->refs = 0;
	n->ref = *ref_in_parent(n);
	at = bucket(p, v, level, index);
	n->hash_next = *at;
	*at = n;
	if (n->ref.block != 0) {
		n->state = NODE_LOADING;
		n->io.done = loaded;
		device_submit(p, &n->io, POOL_IO_READ, device_blocks(n->ref.block, 1), n->bytes);
		return n;
	}
	memset(n->bytes, 0, sizeof(*n->bytes));
	for (u32 i = 0; n->level > 0 && i < POOL_FANOUT; i++)
		n->bytes->ref[i].birth = n->ref.birth;
	for (u32 i = 0; n->level == 0 && i < entry_fanout(v->r.kind); i++)
		node_granule(n, i)->birth = n->ref.birth;
	n->state = NODE_CLEAN;
	make_evictable(p, n);
	return n;
}

/* A checkpoint makes dirty nodes evictable; recovery can't write one before it has ended. */
static enum node_found wait_for_node(struct pool *p, struct job *j)
{
	if (p->is_failed || !p->is_open) {
		j->error = p->is_failed ? POOL_FAILED : POOL_MEMORY;
		return NODE_BAD;
	}
	job_wait(&p->node_waiters, j);
	if (p->dirty_count > 0 && !p->commit.is_frozen) {
		p->commit.wants_checkpoint = true;
		job_ready(p, &p->commit.job);
	}
	return NODE_LATER;
}

static void touch(struct pool *p, struct node *n)
{
	if (n->state == NODE_CLEAN && n->refs == 0) {
		list_remove(&n->link);
		list_insert_before(&p->evictable, &n->link);
	}
}

struct node *node_leaf_cached(struct pool *p, const struct volume *v, u64 granule)
{
	struct node *n = node_cached(p, v, 0, granule / POOL_FANOUT);

	if (n == NULL || n->state == NODE_LOADING)
		return NULL;
	touch(p, n);
	return n;
}

enum node_found node_at(struct pool *p, struct volume *v, const struct node_place *at, struct job *j,
	struct node **out)
{
	struct node *n = node_cached(p, v, at->level, node_index(v, at->granule, at->level)), *parent = NULL;

	if (j->error != POOL_OK)
		return NODE_BAD;
	if (n != NULL && n->state != NODE_LOADING) {
		touch(p, n);
		*out = n;
		return NODE_FOUND;
	}
	for (u32 level = v->r.levels; level-- > at->level; parent = n) {
		u64 index = node_index(v, at->granule, level);

		n = node_cached(p, v, level, index);
		if (n == NULL && !at->creates &&
			(parent == NULL ? &v->r.root : &parent->bytes->ref[index % POOL_FANOUT])->block == 0)
			return NODE_NONE;
		if (n == NULL)
			n = bring(p, v, parent, level, index);
		if (n == NULL)
			return wait_for_node(p, j);
		if (n->state == NODE_LOADING) {
			job_wait(&n->waiters, j);
			return NODE_LATER;
		}
	}
	*out = n;
	return NODE_FOUND;
}

bool nodes_raise(struct pool *p, struct volume *v)
{
	struct node *below = node_cached(p, v, v->r.levels - 1u, 0), *n;
	const struct pool_ref old = v->r.root;

	if (below != NULL)
		node_pin(below);
	v->r.root = (struct pool_ref){ .birth = p->super.birth };
	n = bring(p, v, NULL, v->r.levels, 0);
	if (n == NULL) {
		v->r.root = old;
		if (below != NULL)
			node_unpin(p, below);
		return false;
	}
	v->r.levels++;
	n->bytes->ref[0] = old;
	if (below != NULL) {
		node_pin(n);
		below->parent = n;
		node_unpin(p, below);
	}
	node_change(p, n);
	return true;
}

bool nodes_forget(struct pool *p, const struct volume *v)
{
	bool is_again, is_left;

	do {
		is_again = is_left = false;
		for (u32 i = 0; i < p->memory.nodes; i++) {
			struct node *n = &p->node[i];

			if (n->volume != v || n->state == NODE_UNUSED)
				continue;
			if (n->state != NODE_CLEAN || n->refs > 0) {
				is_left = true;
				continue;
			}
			forget(p, n);
			is_again = true;
		}
	} while (is_again && is_left);
	return !is_left;
}

bool nodes_are_clean(const struct pool *p, const struct volume *v)
{
	for (const struct list *l = p->dirty.next; l != &p->dirty; l = l->next)
		if (CONTAINER_OF(l, struct node, link)->volume == v)
			return false;
	return true;
}

/* It is going to have a block, and no other one becomes free for it. */
static bool is_added(const struct node *n)
{
	return n->ref.block == 0 ||
		n->ref.birth <= volume_owned_after(n->volume, n->index * node_span(n->volume, n->level));
}

u32 node_added(const struct node *n)
{
	u32 count = 0;

	for (; n != NULL && n->state != NODE_DIRTY; n = n->parent)
		count += is_added(n);
	return count;
}

void node_change(struct pool *p, struct node *n)
{
	for (; n != NULL && n->state != NODE_DIRTY; n = n->parent) {
		n->is_added = is_added(n);
		p->space.promised += n->is_added;
		n->state = NODE_DIRTY;
		list_remove(&n->link);
		list_insert_before(&p->dirty, &n->link);
		p->dirty_count++;
		if (n->parent == NULL)
			volume_changed(p, n->volume);
	}
}

u64 node_hole_end(struct pool *p, const struct volume *v, u64 granule)
{
	const struct node *n = NULL, *parent;

	for (u32 level = v->r.levels; level-- > 0;) {
		u64 index = node_index(v, granule, level);

		parent = n;
		n = node_cached(p, v, level, index);
		if (n == NULL && (parent == NULL ? &v->r.root : &parent->bytes->ref[index % POOL_FANOUT])->block == 0)
			return (index + 1) * node_span(v, level);
		if (n == NULL || n->state == NODE_LOADING)
			return granule + 1;
	}
	do
		granule++;
	while (granule % entry_fanout(v->r.kind) != 0 &&
		entry_granule(n->bytes, v->r.kind, granule)->place == 0);
	return granule;
}

u64 node_old_end(struct pool *p, const struct volume *v, u64 granule, u32 birth)
{
	const struct pool_ref *ref = &v->r.root;

	for (u32 level = v->r.levels; level-- > 0;) {
		u64 index = node_index(v, granule, level);
		const struct node *n;

		if (ref->birth <= birth)
			return (index + 1) * node_span(v, level);
		n = level > 0 ? node_cached(p, v, level, index) : NULL;
		if (n == NULL || n->state == NODE_LOADING)
			return granule;
		ref = &n->bytes->ref[granule / node_span(v, level - 1) % POOL_FANOUT];
	}
	return granule;
}

static bool is_empty(const struct node *n)
{
	enum pool_kind kind = n->volume->r.kind;

	for (u32 i = 0; i < (n->level > 0 ? POOL_FANOUT : entry_fanout(kind)); i++)
		if (n->level > 0 ? n->bytes->ref[i].block != 0 : entry_granule(n->bytes, kind, i)->place != 0)
			return false;
	return true;
}

/* Nodes without anything in them are not written. */
static void place(struct pool *p, struct node *n)
{
	struct pool_ref *ref = ref_in_parent(n);
	u64 granule = n->index * node_span(n->volume, n->level);

	p->space.promised -= n->is_added;
	n->is_added = false;
	if (n->ref.block != 0 && n->ref.birth > volume_owned_after(n->volume, granule))
		space_free(p, n->ref.block, 1);
	n->ref = (struct pool_ref){ .birth = p->super.birth };
	if (!is_empty(n)) {
		n->ref.block = space_take_block(p);
		n->bytes->h = (struct pool_node_header){
			.magic = POOL_NODE_MAGIC, .kind = POOL_NODE_MAP, .level = n->level,
			.entry_bytes = (u16)(n->level > 0 ? sizeof(struct pool_ref) : entry_bytes(n->volume->r.kind)),
			.index = n->index, .birth = p->super.birth, .volume = n->volume->r.id,
		};
		n->ref.crc = crc32c(0, n->bytes, sizeof(*n->bytes));
		if (n->ref.block == 0)
			p->is_failed = true;	/* the reserve is for this, so it can't happen */
		else
			space_use(p, n->ref.block, 1);
	}
	*ref = n->ref;
}

void nodes_place(struct pool *p)
{
	for (u32 level = 0; level < POOL_LEVELS_MAX; level++)
		for (struct list *l = p->dirty.next; l != &p->dirty; l = l->next) {
			struct node *n = CONTAINER_OF(l, struct node, link);

			if (n->level == level)
				place(p, n);
		}
}

void nodes_settle(struct pool *p)
{
	while (!list_is_empty(&p->dirty)) {
		struct node *n = CONTAINER_OF(p->dirty.next, struct node, link);

		list_remove(&n->link);
		n->state = NODE_CLEAN;
		if (n->refs == 0)
			make_evictable(p, n);
	}
	p->dirty_count = 0;
}
