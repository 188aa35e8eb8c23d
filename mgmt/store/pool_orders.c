/* SPDX-License-Identifier: MIT */
/*
 * pool_orders.c - see pool_orders.h. An order changes the pool's table, and a commit brings that to the disk. Where the
 * pool says POOL_AGAIN, a commit comes first. A snapshot's volumes take no requests until it is made.
 */
#include "pool_orders.h"

#include <string.h>

#include "cipher.h"
#include "gpt.h"
#include "key_orders.h"
#include "pool_answers.h"
#include "pool_origins.h"
#include "pool_volumes.h"
#include "range.h"
#include "vm_link.h"

/* Of an order that meets POOL_AGAIN each time: as guests free blocks as fast as others take them, or as what a revert
 * let go can't be read. The orders behind it, and the guests whose volumes it holds, do not wait for ever. */
#define TRIES 64u
#define FLAGS_KNOWN \
	(STORE_MARK | STORE_INTEGRITY | STORE_THICK | STORE_MORE | STORE_UNFINISHED | STORE_WITH_SNAPSHOTS | \
	 STORE_ENCRYPTED)

/* ---- groups that are not whole ---- */

static bool has_more(const struct store_order *order)
{
	bool is_of_group = order->op == STORE_SNAPSHOT || order->op == STORE_REVERT || order->op == STORE_CLONE ||
			   order->op == STORE_DELETE;

	return is_of_group && (order->flags & STORE_MORE) != 0;
}

/* The last order waits for more of its group. */
static bool is_waiting_for_more(const struct pool_queue *q)
{
	return q->count > q->group && has_more(&q->orders[q->count - 1]);
}

static void refuse_begun(struct store_pool *s, enum store_error error)
{
	struct pool_queue *q = &s->queue;

	while (is_waiting_for_more(q))
		pool_answer(s, q->orders[--q->count].id, error);
}

/* What is to come of the last group, as what has come is refused. */
static void refuse_rest(struct pool_queue *q)
{
	if (is_waiting_for_more(q))
		q->refused_op = q->orders[q->count - 1].op;
}

void pool_orders_refused(struct store_pool *s, const struct store_order *order, enum store_error error)
{
	refuse_begun(s, error);
	s->queue.refused_op = has_more(order) ? order->op : 0;
}

enum store_error pool_orders_queue(struct store_pool *s, const struct store_order *order)
{
	struct pool_queue *q = &s->queue;

	if (q->refused_op == order->op)
		return STORE_BAD_ORDER;
	q->refused_op = 0;
	if (is_waiting_for_more(q) && q->orders[q->count - 1].op != order->op)
		refuse_begun(s, STORE_BAD_ORDER);
	if (q->count + s->answer_count >= POOL_QUEUE)
		return STORE_BUSY;
	q->orders[q->count++] = *order;
	return STORE_OK;
}

/* ---- what an order is about ---- */

static const struct pool_record *record_of(const struct store_pool *s, const u8 guid[STORE_GUID_BYTES])
{
	for (u32 i = 0; i < STORE_POOL_VOLUMES; i++) {
		const struct pool_record *r = pool_volume(s->pool, i);

		if (r != NULL && (r->flags & POOL_VOLUME_DELETING) == 0 && memcmp(r->uuid, guid, sizeof(r->uuid)) == 0)
			return r;
	}
	return NULL;
}

static struct volume *volume_of_record(u32 slot, const struct pool_record *r)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		struct volume *v = volume_of_part(slot, number);

		if (v != NULL && v->pool_id == r->id)
			return v;
	}
	return NULL;
}

/* Until the order is answered. False: it has some. */
static bool keep_links_off(u32 slot, const struct pool_record *r)
{
	struct volume *v = volume_of_record(slot, r);

	if (v != NULL && v->links != 0)
		return false;
	if (v != NULL)
		v->is_going = true;
	return true;
}

/* ---- single orders: POOL_OK, POOL_AGAIN, or why not ---- */

static enum store_error later_or(enum pool_status status)
{
	return status == POOL_AGAIN ? STORE_ERROR_COUNT : pool_error_of(status);
}

static bool is_new_guid(const struct store_pool *s, const u8 from[STORE_GUID_BYTES], u8 guid[STORE_GUID_BYTES])
{
	memcpy(guid, from, STORE_GUID_BYTES);
	gpt_make_guid(guid);
	return record_of(s, guid) == NULL;
}

static enum store_error mark_new(struct store_pool *s, u32 id, const struct store_order *order)
{
	u32 marks = ((order->flags & STORE_MARK) != 0 ? POOL_VOLUME_MARKED : 0) |
		    ((order->flags & STORE_UNFINISHED) != 0 ? POOL_VOLUME_UNFINISHED : 0);

	return marks != 0 ? later_or(pool_volume_mark(s->pool, id, marks, true)) : STORE_OK;
}

static enum pool_kind kind_of(u32 flags)
{
	return (flags & STORE_ENCRYPTED) != 0 ? POOL_ENCRYPTED
		: (flags & STORE_INTEGRITY) != 0 ? POOL_INTEGRITY : POOL_PLAIN;
}

static enum store_error create(struct store_pool *s, u32 slot, const struct store_order *order)
{
	struct pool_volume_spec spec = {
		.kind = kind_of(order->flags), .cipher = cipher_best(),
		.sectors = order->bytes / BLK_SECTOR_BYTES, .is_thick = (order->flags & STORE_THICK) != 0,
	};
	enum store_error error;
	u32 id;

	(void)slot;
	if (order->bytes == 0 || order->bytes > VOLUME_BYTES_MAX || !aligned_ok(order->bytes, VOLUME_UNIT))
		return STORE_BAD_ORDER;
	if (volume_find(order->volume) != NULL || !is_new_guid(s, order->guid, spec.uuid))
		return STORE_EXISTS;
	strcpy(spec.name, order->volume);
	error = later_or(pool_volume_create(s->pool, &spec, &id));
	return error == STORE_OK ? mark_new(s, id, order) : error;
}

struct id_list { u32 count, id[STORE_POOL_VOLUMES]; };

/* False: there is no room, for one of them is there twice. */
static bool add_id(struct id_list *list, u32 id)
{
	if (list->count == STORE_POOL_VOLUMES)
		return false;
	list->id[list->count++] = id;
	return true;
}

/* What goes by one order. */
static enum store_error add_going(struct store_pool *s, u32 slot, const struct store_order *order, struct id_list *list)
{
	bool is_all = (order->flags & STORE_WITH_SNAPSHOTS) != 0;
	const struct pool_record *r = record_of(s, order->guid);
	bool is_added;

	if (r == NULL)
		return STORE_NO_VOLUME;
	if (!keep_links_off(slot, r))
		return STORE_BUSY;
	is_added = add_id(list, r->id);
	for (u32 i = 0; is_all && i < STORE_POOL_VOLUMES; i++) {
		const struct pool_record *snapshot = pool_volume(s->pool, i);

		if (snapshot != NULL && snapshot->head == r->id && (snapshot->flags & POOL_VOLUME_DELETING) == 0)
			is_added = add_id(list, snapshot->id) && is_added;
	}
	return is_added ? STORE_OK : STORE_BAD_ORDER;
}

static enum store_error delete_all(struct store_pool *s, u32 slot, const struct store_order *order)
{
	static struct id_list going;		/* large for the stack */
	enum pool_status status;

	going.count = 0;
	for (u32 i = 0; i < s->queue.group; i++) {
		enum store_error error = add_going(s, slot, &order[i], &going);

		if (error != STORE_OK)
			return error;
	}
	status = pool_delete(s->pool, going.id, going.count);
	return status == POOL_EXISTS ? STORE_NEEDED : later_or(status);
}

static enum store_error clear(struct store_pool *s, const struct store_order *order, u32 mark)
{
	const struct pool_record *r = record_of(s, order->guid);

	return r != NULL ? later_or(pool_volume_mark(s->pool, r->id, mark, false)) : STORE_NO_VOLUME;
}

static enum store_error unmark(struct store_pool *s, u32 slot, const struct store_order *order)
{
	(void)slot;
	return clear(s, order, POOL_VOLUME_MARKED);
}

static enum store_error finish(struct store_pool *s, u32 slot, const struct store_order *order)
{
	(void)slot;
	return clear(s, order, POOL_VOLUME_UNFINISHED);
}

static enum store_error rename_one(struct store_pool *s, u32 slot, const struct store_order *order)
{
	const struct pool_record *r = record_of(s, order->guid);
	char name[sizeof(r->name)];

	(void)slot;
	if (r == NULL)
		return STORE_NO_VOLUME;
	if (!volume_name_ok(order->volume))
		return STORE_BAD_ORDER;
	pool_volumes_name(name, order->volume, r->head);
	if (strcmp(r->name, name) == 0)		/* ordered again */
		return STORE_OK;
	if (r->head == 0 && volume_find(order->volume) != NULL)
		return STORE_EXISTS;
	return later_or(pool_volume_rename(s->pool, r->id, name));
}

static enum store_error resize(struct store_pool *s, u32 slot, const struct store_order *order)
{
	const struct pool_record *r = record_of(s, order->guid);
	enum pool_status status;

	(void)slot;
	if (r == NULL)
		return STORE_NO_VOLUME;
	if (r->head != 0 || order->bytes > VOLUME_BYTES_MAX || !aligned_ok(order->bytes, VOLUME_UNIT))
		return STORE_BAD_ORDER;
	status = pool_resize(s->pool, r->id, order->bytes / BLK_SECTOR_BYTES);
	return later_or(status);
}

static enum store_error reserve(struct store_pool *s, u32 slot, const struct store_order *order)
{
	const struct pool_record *r = record_of(s, order->guid);

	(void)slot;
	if (r == NULL)
		return STORE_NO_VOLUME;
	if ((r->flags & POOL_VOLUME_THICK) != 0 || !aligned_ok(order->bytes, VOLUME_UNIT))
		return STORE_BAD_ORDER;
	return later_or(pool_reserve(s->pool, r->id, order->bytes / BLK_SECTOR_BYTES));
}

/* ---- snapshots of one moment ---- */

static void hold(u32 slot, const struct pool_record *r, bool is_waiting)
{
	struct volume *v = r != NULL ? volume_of_record(slot, r) : NULL;

	if (v == NULL)
		return;
	v->is_waiting = is_waiting || pool_is_locked(v->pool, r);
	if (!v->is_waiting)
		vm_link_go_on(v);
}

static void hold_group(const struct store_pool *s, u32 slot, bool is_waiting)
{
	for (u32 i = 0; i < s->queue.group; i++)
		hold(slot, record_of(s, s->queue.orders[i].guid), is_waiting);
}

static bool is_guid_repeated(const struct store_order *orders, u32 i)
{
	for (u32 k = 0; k < i; k++)
		if (memcmp(orders[k].new_guid, orders[i].new_guid, STORE_GUID_BYTES) == 0)
			return true;
	return false;
}

static enum store_error spec_of(const struct store_pool *s, u32 i, struct pool_snapshot_spec *spec)
{
	const struct store_order *order = &s->queue.orders[i];
	const struct pool_record *r = record_of(s, order->guid);

	if (r == NULL)
		return STORE_NO_VOLUME;
	if (!volume_name_ok(order->volume))
		return STORE_BAD_ORDER;
	if (is_guid_repeated(s->queue.orders, i) || !is_new_guid(s, order->new_guid, spec->uuid))
		return STORE_EXISTS;
	spec->volume = r->id;
	pool_volumes_name(spec->name, order->volume, r->id);
	return STORE_OK;
}

static enum store_error snapshot(struct store_pool *s, u32 slot, const struct store_order *order)
{
	static struct pool_snapshot_spec specs[POOL_QUEUE];

	(void)order;
	hold_group(s, slot, true);
	for (u32 i = 0; i < s->queue.group; i++) {
		enum store_error error = spec_of(s, i, &specs[i]);

		if (error != STORE_OK)
			return error;
	}
	return later_or(pool_snapshot(s->pool, specs, s->queue.group));
}

/* ---- clones, of snapshots or with a snapshot of now ---- */

static u32 unused_records(const struct store_pool *s)
{
	u32 count = 0;

	for (u32 i = 0; i < STORE_POOL_VOLUMES; i++)
		count += pool_volume(s->pool, i) == NULL;
	return count;
}

static bool is_name_repeated(const struct store_order *orders, u32 i)
{
	for (u32 k = 0; k < i; k++)
		if (strcmp(orders[k].volume, orders[i].volume) == 0)
			return true;
	return false;
}

static enum store_error may_clone(const struct store_pool *s, u32 i)
{
	const struct store_order *order = &s->queue.orders[i];
	u8 guid[STORE_GUID_BYTES];

	if (record_of(s, order->guid) == NULL)
		return STORE_NO_VOLUME;
	if (!volume_name_ok(order->volume))
		return STORE_BAD_ORDER;
	if (volume_find(order->volume) != NULL || pool_volume_find(s->pool, order->volume) != NULL ||
	    is_name_repeated(s->queue.orders, i) || is_guid_repeated(s->queue.orders, i) ||
	    !is_new_guid(s, order->new_guid, guid))
		return STORE_EXISTS;
	return STORE_OK;
}

/* What a clone of a volume begins as: its UUID is the clone's but for one byte. */
static enum store_error origin_of(const struct store_pool *s, u32 i, struct pool_snapshot_spec *spec)
{
	const struct store_order *order = &s->queue.orders[i];
	const struct pool_record *r = record_of(s, order->guid);

	if (!volume_name_ok(order->snapshot))
		return STORE_BAD_ORDER;
	(void)is_new_guid(s, order->new_guid, spec->uuid);
	spec->uuid[STORE_GUID_BYTES - 1] ^= 0xff;
	if (record_of(s, spec->uuid) != NULL)
		return STORE_EXISTS;
	spec->volume = r->id;
	pool_volumes_name(spec->name, order->snapshot, r->id);
	return STORE_OK;
}

/* Of each order the snapshot that is cloned: those of volumes are made. */
static enum store_error make_origins(struct store_pool *s, u32 from[POOL_QUEUE])
{
	static struct pool_snapshot_spec specs[POOL_QUEUE];
	u32 group = s->queue.group, count = 0;
	enum store_error error = STORE_OK;
	enum pool_status status;

	for (u32 i = 0; i < group && error == STORE_OK; i++) {
		const struct pool_record *r = record_of(s, s->queue.orders[i].guid);

		from[i] = r->head != 0 ? r->id : 0;
		if (r->head == 0)
			error = origin_of(s, i, &specs[count++]);
	}
	if (error != STORE_OK)
		return error;
	if (unused_records(s) < group + count)
		return STORE_FULL;
	status = count != 0 ? pool_snapshot(s->pool, specs, count) : POOL_OK;
	for (u32 i = 0; i < count && status == POOL_OK; i++)
		status = pool_origins_mark(s, specs[i].snapshot);
	for (u32 i = 0, k = 0; i < group && status == POOL_OK; i++)
		if (from[i] == 0)
			from[i] = specs[k++].snapshot;
	return later_or(status);
}

static enum store_error clone(struct store_pool *s, u32 slot, const struct store_order *order)
{
	enum store_error error = STORE_OK;
	u32 id, from[POOL_QUEUE];
	u8 guid[STORE_GUID_BYTES];

	hold_group(s, slot, true);
	for (u32 i = 0; i < s->queue.group && error == STORE_OK; i++)
		error = may_clone(s, i);
	if (error == STORE_OK)
		error = make_origins(s, from);
	for (u32 i = 0; i < s->queue.group && error == STORE_OK; i++) {
		(void)is_new_guid(s, order[i].new_guid, guid);
		error = later_or(pool_clone(s->pool, from[i], order[i].volume, guid, &id));
		if (error == STORE_OK)
			error = mark_new(s, id, &order[i]);
	}
	return error;
}

/* ---- reverts ---- */

static enum store_error may_revert(const struct store_pool *s, u32 slot, const struct store_order *order, u32 *snapshot)
{
	const struct pool_record *r = record_of(s, order->guid), *to = record_of(s, order->new_guid);

	if (r == NULL || to == NULL)
		return STORE_NO_VOLUME;
	if (to->head != r->id)
		return STORE_BAD_ORDER;
	*snapshot = to->id;
	return keep_links_off(slot, r) ? STORE_OK : STORE_BUSY;
}

static enum store_error revert(struct store_pool *s, u32 slot, const struct store_order *order)
{
	u32 snapshots[POOL_QUEUE];
	enum pool_status status;

	for (u32 i = 0; i < s->queue.group; i++) {
		enum store_error error = may_revert(s, slot, &order[i], &snapshots[i]);

		if (error != STORE_OK)
			return error;
	}
	status = pool_revert(s->pool, snapshots, s->queue.group);
	return status == POOL_EXISTS ? STORE_NEEDED : later_or(status);
}

/* ---- one after the other ---- */

static enum store_error (*const doers[STORE_OP_COUNT])(struct store_pool *s, u32 slot,
						       const struct store_order *order) = {
	[STORE_CREATE] = create,
	[STORE_DELETE] = delete_all,
	[STORE_UNMARK] = unmark,
	[STORE_FINISH] = finish,
	[STORE_RENAME] = rename_one,
	[STORE_CLONE] = clone,
	[STORE_SNAPSHOT] = snapshot,
	[STORE_REVERT] = revert,
	[STORE_RESIZE] = resize,
	[STORE_SET_KEY] = key_order_set,
	[STORE_UNLOCK] = key_order_unlock,
	[STORE_RESERVE] = reserve,
};

static enum store_error carry_out(struct store_pool *s, u32 slot)
{
	const struct store_order *order = &s->queue.orders[0];

	if ((order->flags & ~FLAGS_KNOWN) != 0)
		return STORE_BAD_ORDER;
	return doers[order->op] != NULL ? doers[order->op](s, slot, order) : STORE_BAD_ORDER;
}

static void answer_group(struct store_pool *s, u32 slot, enum store_error error)
{
	struct pool_queue *q = &s->queue;

	hold_group(s, slot, false);
	pool_volumes_stay(slot);
	for (u32 i = 0; i < q->group; i++)
		pool_answer(s, q->orders[i].id, error);
	q->count -= q->group;
	memmove(q->orders, q->orders + q->group, q->count * sizeof(q->orders[0]));
	explicit_bzero(q->orders + q->count, q->group * sizeof(q->orders[0]));	/* there may be a secret */
	q->group = q->tries = 0;
	q->is_changed = false;
}

static void committed(struct pool *pool, struct pool_request *r, enum pool_status status)
{
	struct pool_queue *q = r->context;

	(void)pool;
	q->is_committing = false;
	q->committed = status;
}

static void commit(struct store_pool *s, u32 slot)
{
	struct pool_queue *q = &s->queue;
	enum pool_status status;

	q->commit = (struct pool_request){ .op = POOL_COMMIT, .done = committed, .context = q };
	status = pool_submit(s->pool, &q->commit);
	q->is_committing = status == POOL_OK;
	if (status != POOL_OK)
		answer_group(s, slot, pool_error_of(status));
}

/* The orders of the first group, if all of them are there; 0: not yet. */
static u32 group_of(const struct pool_queue *q)
{
	u32 count = 1;

	while (count <= q->count && has_more(&q->orders[count - 1]))
		count++;
	return count <= q->count ? count : 0;
}

static void try_group(struct store_pool *s, u32 slot)
{
	struct pool_queue *q = &s->queue;
	enum store_error error = carry_out(s, slot);

	if (error == STORE_ERROR_COUNT && ++q->tries == TRIES)
		error = STORE_BUSY;
	if (error != STORE_OK && error != STORE_ERROR_COUNT) {
		answer_group(s, slot, error);
		return;
	}
	q->is_changed = error == STORE_OK;
	if (q->is_changed)
		hold_group(s, slot, false);
	commit(s, slot);
}

bool pool_orders_turn(struct store_pool *s, u32 slot)
{
	struct pool_queue *q = &s->queue;

	if (q->is_committing)
		return false;
	if (q->count == 0) {
		if (s->close_id != 0 || !pool_origins_let_go(s, slot))
			return false;
		pool_volumes_sync(s, slot);
		commit(s, slot);
		return true;
	}
	if (q->group == 0) {
		q->group = group_of(q);
		if (q->group == 0)
			return false;
		q->committed = POOL_OK;
	}
	if (q->committed != POOL_OK) {
		answer_group(s, slot, pool_error_of(q->committed));
	} else if (q->is_changed) {
		pool_volumes_sync(s, slot);
		answer_group(s, slot, STORE_OK);
	} else {
		try_group(s, slot);
	}
	return true;
}

void pool_orders_end(struct store_pool *s, u32 slot, enum store_error error)
{
	struct pool_queue *q = &s->queue;

	refuse_rest(q);
	for (u32 i = 0; i < q->count; i++)
		pool_answer(s, q->orders[i].id, error);
	explicit_bzero(q->orders, sizeof(q->orders));
	q->count = q->group = q->tries = 0;
	q->is_committing = q->is_changed = false;
	q->committed = POOL_OK;
	pool_volumes_stay(slot);
}
