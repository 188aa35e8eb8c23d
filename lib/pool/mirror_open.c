/* SPDX-License-Identifier: MIT */
/*
 * mirror_open.c - see mirror.h: reads label, superblocks and regions of each member, and decides.
 *
 *	both say that both are good
 *		the one with the newer superblock is the source. Each of them is a state that the power cut may have
 *		left, as a whole or mixed, until the pool goes on: so what is recovered is taken from the one that has
 *		it right, and before the pool is open the two are made equal (mirror_resync.c)
 *	one says that the other is stale
 *		it is the source; the other gets its regions while the pool is used
 *	one says so of itself
 *		a copy to it was under way: as above
 *	each says it of the other
 *		both have gone on alone: POOL_SPLIT
 *	one says that the other's disk was replaced
 *		the other is none of it any more, as if it were not there
 *	one is not there
 *		POOL_MISSING, unless the other says that it is stale, or the owner insists
 */
#include <string.h>

#include "layout.h"
#include "mirror.h"

#define ALL 0xffu

static const struct pool_label *label_of(const struct mirror *m, u32 member)
{
	return (const struct pool_label *)&m->open_block[member * MIRROR_HEAD];
}

static const struct pool_super *slot_of(const struct mirror *m, u32 member, u32 at)
{
	return (const struct pool_super *)&m->open_block[member * MIRROR_HEAD + POOL_SUPER_BLOCK + at];
}

static bool is_slot_ok(const struct mirror *m, u32 member, u32 at)
{
	return layout_super(slot_of(m, member, at), label_of(m, member)) &&
		(slot_of(m, member, at)->generation & 1) == at;
}

enum pool_status mirror_judge_member(struct pool *p, u32 member)
{
	struct mirror *m = p->mirror;
	const struct pool_label *l = label_of(m, member);
	enum pool_status status = layout_label(l, m->below[member].sectors);

	if (status != POOL_OK)
		return status;
	if (l->member_count != POOL_MEMBERS || l->member_index != member)
		return POOL_UNKNOWN;
	m->newest[member].generation = 0;
	for (u32 at = 0; at < 2; at++)
		if (is_slot_ok(m, member, at) && slot_of(m, member, at)->generation > m->newest[member].generation)
			m->newest[member] = *slot_of(m, member, at);
	return m->newest[member].generation != 0 ? POOL_OK : POOL_CORRUPT;
}

static void was_read(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 member = m->open_at++;

	m->open_status[member] = m->open_op.bad != 0 ? POOL_IO : mirror_judge_member(p, member);
	job_ready(p, &p->open.job);
}

/* ---- the decision ---- */

static bool says_stale(const struct mirror *m, u32 member, u32 of)
{
	return m->newest[member].stale_generation[of] != 0;
}

/* The disk of the other member was replaced: that one is a member no more. */
static bool disowns(const struct mirror *m, u32 member)
{
	u32 other = 1 - member;

	return memcmp(label_of(m, member)->member_uuid[other], label_of(m, other)->member_uuid[other],
		POOL_UUID_BYTES) != 0;
}

static enum pool_status choose_of_two(struct mirror *m)
{
	if (says_stale(m, 0, 1) && says_stale(m, 1, 0))
		return POOL_SPLIT;
	if (says_stale(m, 0, 0) && says_stale(m, 1, 1))
		return POOL_STALE;
	m->source = m->newest[1].generation > m->newest[0].generation;
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (says_stale(m, 1 - k, k) || says_stale(m, k, k))
			m->source = 1 - k;
	return POOL_OK;
}

static enum pool_status choose_of_one(struct mirror *m, u32 member)
{
	m->source = member;
	if (says_stale(m, member, member))
		return POOL_STALE;
	return says_stale(m, member, 1 - member) || m->is_forced ? POOL_OK : POOL_MISSING;
}

static enum pool_status choose(struct mirror *m)
{
	bool is_ok[POOL_MEMBERS] = { m->open_status[0] == POOL_OK, m->open_status[1] == POOL_OK };

	if (!is_ok[0] && !is_ok[1])
		return m->open_status[m->below[0].submit == NULL];
	if (!is_ok[0] || !is_ok[1])
		return choose_of_one(m, is_ok[1]);
	if (!layout_is_same_pool(label_of(m, 0), label_of(m, 1)) || (disowns(m, 0) && disowns(m, 1)))
		return POOL_SPLIT;
	if (!disowns(m, 0) && !disowns(m, 1))
		return choose_of_two(m);
	m->open_status[disowns(m, 0)] = POOL_NO_POOL;
	return choose_of_one(m, disowns(m, 1));
}

/* What the other lacks; all, if it is not known since when: then it says so, for the case that the copy is cut. */
static void set_sync(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 s = m->source, other = 1 - s;
	u64 since = m->newest[s].stale_generation[other];
	bool is_known = since != 0 ? m->newest[other].generation <= since || says_stale(m, other, other) :
		m->newest[s].generation - m->newest[other].generation <= 1;

	m->is_catching_up = since == 0 && is_known && !says_stale(m, other, other);
	if (since != POOL_STALE_ALL && is_known) {
		const u64 *others = (const u64 *)&m->open_block[other * MIRROR_HEAD + POOL_REGION_BLOCK];

		for (u32 i = 0; i < REGION_BITS / 64; i++)	/* the block has no checksum */
			m->sync[i] = m->have[i] | (m->is_catching_up ? others[i] : 0);
		return;
	}
	memset(m->sync, ALL, POOL_BLOCK);
	if (since == 0 || since == POOL_STALE_ALL)	/* 0: it catches up before the pool is open */
		return;
	p->super.stale_generation[other] = POOL_STALE_ALL;
	m->version++;
	mirror_wake(p);
}

/* The source is known: what it has counts. */
static void take_source(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 s = m->source, other = 1 - s;

	p->label = *label_of(m, s);
	p->super = m->newest[s];
	for (u32 at = 0; at < 2; at++) {
		m->is_slot[at] = is_slot_ok(m, s, at);
		m->slot[at] = *slot_of(m, s, at);
	}
	memcpy(m->have, &m->open_block[s * MIRROR_HEAD + POOL_REGION_BLOCK], POOL_BLOCK);
	memcpy(m->want, m->have, POOL_BLOCK);
	m->state[s] = MEMBER_GOOD;
	m->state[other] = MEMBER_GONE;
	m->is_usable_other = m->open_status[other] == POOL_OK;
	if (m->is_usable_other)
		set_sync(p);
}

/* One that the owner does without has to be marked before anything is written. */
static void settle_other(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 other = 1 - m->source;

	if (m->is_usable_other && p->super.stale_generation[other] == 0 && !says_stale(m, other, other)) {
		m->is_usable_other = false;	/* it has all when the pool is open */
		m->state[other] = MEMBER_SYNCING;
		m->durable[other] = m->version;
		memset(m->have, 0, POOL_BLOCK);	/* its block 3 may be another one */
	} else if (p->super.stale_generation[other] == 0) {
		p->super.stale_generation[other] = p->super.generation;
		m->version++;
		mirror_wake(p);
	}
}

enum pool_status mirror_open_step(struct pool *p)
{
	struct mirror *m = p->mirror;
	enum pool_status status;

	for (; m->open_at < POOL_MEMBERS; m->open_at++) {
		if (m->below[m->open_at].submit == NULL) {
			m->open_status[m->open_at] = POOL_NO_POOL;
			continue;
		}
		m->open_op.then = was_read;
		mirror_op_start(p, &m->open_op, BIT32(m->open_at), POOL_IO_READ, device_blocks(0, MIRROR_HEAD),
			&m->open_block[m->open_at * MIRROR_HEAD]);
		return POOL_AGAIN;
	}
	if (!m->is_chosen) {
		status = choose(m);
		if (status != POOL_OK)
			return status;
		m->is_chosen = true;
		take_source(p);
		settle_other(p);
	}
	return mirror_open_wait(p);
}

static bool is_busy(const struct mirror *m)
{
	return m->is_sync || m->is_copying || m->is_window || m->repairs > 0 || marks_are_due(m);
}

enum pool_status mirror_open_wait(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->is_broken)
		return POOL_IO;
	m->is_opening = is_busy(m);
	return m->is_opening ? POOL_AGAIN : POOL_OK;
}

void mirror_open_wake(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (!m->is_opening || (!m->is_broken && is_busy(m)))
		return;
	m->is_opening = false;
	job_ready(p, &p->open.job);
}

void mirror_opened(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->is_usable_other && !m->is_broken)
		copy_sync(p, 1 - m->source);
	m->is_usable_other = false;
}
