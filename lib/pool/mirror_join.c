/* SPDX-License-Identifier: MIT */
/*
 * mirror_join.c - see mirror.h: a member that was gone, while the pool is open.
 *
 *	its own disk	it gets what it lacks by its regions, or all
 *	another disk	that the old one has nothing is marked on the source, then the source's label names the new
 *			disk, and then that becomes a member that has nothing: each of these states can be opened
 */
#include <string.h>

#include "layout.h"
#include "mirror.h"

static void answer(struct pool *p, enum pool_status status)
{
	p->mirror->join = JOIN_NOTHING;
	p->mirror->join_status = status;
	mirror_wake(p);
}

static struct pool_node *head_of(struct mirror *m, u32 member)
{
	return &m->open_block[member * MIRROR_HEAD];
}

static void set_label(struct pool *p, u32 member)
{
	struct pool_node *head = head_of(p->mirror, member);
	struct pool_label *l = (struct pool_label *)head;

	memset(head, 0, MIRROR_HEAD * sizeof(*head));
	*l = p->label;
	l->member_index = (u8)member;
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
}

/* ---- another disk ---- */

static void new_written(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->open_op.bad != 0) {
		answer(p, POOL_IO);
		return;
	}
	memset(m->sync, 0xff, POOL_BLOCK);
	answer(p, POOL_OK);
	copy_sync(p, m->join_member);
}

static void write_new(struct pool *p)
{
	struct mirror *m = p->mirror;
	struct pool_node *head = head_of(m, m->join_member);

	if (m->open_op.bad != 0) {
		m->bad |= m->open_op.bad;
		answer(p, POOL_IO);
		return;
	}
	set_label(p, m->join_member);
	for (u32 at = 0; at < 2; at++)
		if (m->is_slot[at])
			memcpy(&head[POOL_SUPER_BLOCK + at], &m->slot[at], sizeof(m->slot[at]));
	m->open_op.then = new_written;
	mirror_op_start(p, &m->open_op, BIT32(m->join_member), POOL_IO_WRITE, device_blocks(0, MIRROR_HEAD), head);
}

static void flush_label(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->open_op.bad != 0) {
		write_new(p);
		return;
	}
	m->open_op.then = write_new;
	mirror_op_start(p, &m->open_op, BIT32(m->source), POOL_IO_FLUSH, (struct device_range){ 0, 0 }, NULL);
}

/* It is on the disk by now that the member has nothing. */
static void write_label(struct pool *p)
{
	struct mirror *m = p->mirror;

	memcpy(p->label.member_uuid[m->join_member], m->join_uuid, POOL_UUID_BYTES);
	set_label(p, m->source);
	p->label = *(struct pool_label *)head_of(m, m->source);
	m->join = JOIN_IO;
	m->open_op.then = flush_label;
	mirror_op_start(p, &m->open_op, BIT32(m->source), POOL_IO_WRITE, device_blocks(POOL_LABEL_BLOCK, 1),
		head_of(m, m->source));
}

/* ---- its own disk ---- */

static void join_again(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 member = m->join_member, source = 1 - member;
	const struct pool_super *other = &m->newest[member];
	u64 since = p->super.stale_generation[member];

	if (other->stale_generation[source] != 0) {
		answer(p, POOL_SPLIT);
		return;
	}
	if (since != POOL_STALE_ALL && (other->generation <= since || other->stale_generation[member] != 0)) {
		memcpy(m->sync, m->want, POOL_BLOCK);
	} else {
		memset(m->sync, 0xff, POOL_BLOCK);
		p->super.stale_generation[member] = POOL_STALE_ALL;
		m->version++;
	}
	answer(p, POOL_OK);
	copy_sync(p, member);
}

/* One that was to be made a member, and was not before the power failed, is made one. */
static bool is_new(const struct pool *p, enum pool_status status)
{
	const struct mirror *m = p->mirror;
	bool has_nothing = p->super.stale_generation[m->join_member] == POOL_STALE_ALL;

	return memcmp(p->label.member_uuid[m->join_member], m->join_uuid, POOL_UUID_BYTES) != 0 ||
		(has_nothing && status != POOL_OK);
}

static void head_read(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 member = m->join_member;
	enum pool_status status = m->open_op.bad != 0 ? POOL_IO : mirror_judge_member(p, member);
	const struct pool_label *l = (const struct pool_label *)head_of(m, member);

	if (m->is_broken || m->state[1 - member] != MEMBER_GOOD || status == POOL_IO) {
		answer(p, POOL_IO);
	} else if (is_new(p, status)) {
		p->super.stale_generation[member] = POOL_STALE_ALL;
		m->version++;
		m->join = JOIN_MARK;
		mirror_wake(p);
	} else if (status != POOL_OK) {
		answer(p, status);
	} else if (!layout_is_same_pool(&p->label, l) ||
		memcmp(p->label.member_uuid, l->member_uuid, sizeof(l->member_uuid)) != 0) {
		answer(p, POOL_SPLIT);
	} else {
		join_again(p);
	}
}

void join_step(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->join != JOIN_MARK || marks_are_due(m))
		return;
	write_label(p);
}

void join_end(struct pool *p)
{
	if (p->mirror->join == JOIN_MARK)
		answer(p, POOL_IO);
}

void pool_member_join(struct pool *p, u32 member, const struct pool_device *device, const u8 uuid[POOL_UUID_BYTES])
{
	struct mirror *m = p->mirror;

	if (m->join != JOIN_NOTHING)
		return;
	m->join_status = POOL_AGAIN;
	if (m->state[member] != MEMBER_GONE || m->is_broken) {
		m->join_status = m->is_broken ? POOL_FAILED : POOL_EXISTS;
		return;
	}
	if (device->block_sectors > p->device.block_sectors ||
		device->sectors / POOL_BLOCK_SECTORS < p->label.blocks) {
		m->join_status = POOL_INVAL;
		return;
	}
	m->below[member] = *device;
	m->join = JOIN_IO;
	m->join_member = member;
	memcpy(m->join_uuid, uuid, POOL_UUID_BYTES);
	m->open_op.then = head_read;
	mirror_op_start(p, &m->open_op, BIT32(member), POOL_IO_READ, device_blocks(0, MIRROR_HEAD),
		head_of(m, member));
	mirror_wake(p);
}
