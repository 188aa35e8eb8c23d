/* SPDX-License-Identifier: MIT */
/*
 * mirror_resync.c - see mirror.h: a power cut may have left writes on one of the members that the other lacks. What the
 * pool has recovered is on the source by now (recover.c, node.c). Before the pool is open:
 *
 *	compare		regions that were being written, what is in use of them; those that are equal are through
 *	walk		if not all are: nodes, and data with checksums, in those that are not. What only the other has
 *			right, the source gets
 *	copy		what is left of the regions, from the source to the other. Data without a checksum is as the
 *			source has it: until it was flushed, either was allowed
 *
 * Of a member whose state is not known nothing is taken: it gets all.
 */
#include <string.h>

#include "layout.h"
#include "mirror.h"

#define NO_REGION (~0ull)

static void set_region(u64 *bits, u64 region, bool is_set)
{
	if (is_set)
		bits[region / 64] |= BIT64(region % 64);
	else
		bits[region / 64] &= ~BIT64(region % 64);
}

/* ---- compare ---- */

static void end_region(struct mirror *m)
{
	if (m->compare_region != NO_REGION)
		set_region(m->sync, m->compare_region, m->is_region_kept);
	m->is_region_kept = false;
}

static void begin_compare(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->sync_at = POOL_LOG_BLOCK;
	m->sync_member = 1 - m->source;
	m->compare_region = NO_REGION;
	m->is_region_kept = m->is_data_different = false;
	m->compared = 0;
}

static void was_read(struct pool *p)
{
	if (++p->mirror->compared == POOL_MEMBERS)
		job_ready(p, &p->open.job);
}

static void begin_reads(struct pool *p)
{
	struct mirror *m = p->mirror;
	u64 region = m->copy.block >> p->label.region_shift;

	if (region != m->compare_region)
		end_region(m);
	m->compare_region = region;
	m->copy_op.then = m->compare_op.then = was_read;
	mirror_op_start(p, &m->copy_op, BIT32(m->source), POOL_IO_READ, device_blocks(m->copy.block, m->copy.count),
		m->copy_data);
	mirror_op_start(p, &m->compare_op, BIT32(m->sync_member), POOL_IO_READ,
		device_blocks(m->copy.block, m->copy.count), m->compare_data);
}

/* One difference is enough; those of the log are none: recovery has looked at its records. */
static void judge(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->compared = 0;
	if (m->copy_op.bad == 0 && m->compare_op.bad == 0 &&
		memcmp(m->copy_data, m->compare_data, m->copy.count * POOL_BLOCK) == 0)
		return;
	m->is_region_kept = true;
	if (m->copy.block + m->copy.count <= layout_first_block(&p->label))
		return;
	m->is_data_different = true;
	m->sync_at = (m->compare_region + 1) << p->label.region_shift;
}

/* POOL_AGAIN: reads are under way, or others have their turn. */
static enum pool_status compare(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->compared > 0)
		judge(p);
	if (copy_next(p)) {
		begin_reads(p);
		return POOL_AGAIN;
	}
	if (m->sync_at < p->label.blocks) {
		job_ready(p, &p->open.job);
		return POOL_AGAIN;
	}
	end_region(m);
	return POOL_OK;
}

/* ---- walk ---- */

/* What neither has right is found again by who wants it. */
static void found(struct pool *p, struct pool_scrub *s, enum check_fault fault, u64 block, u32 id)
{
	(void)p;
	(void)s;
	(void)fault;
	(void)block;
	(void)id;
}

static void walked(struct pool *p, struct pool_scrub *s, enum pool_status status)
{
	(void)s;
	(void)status;
	p->mirror->resync = RESYNC_WALKED;
	job_ready(p, &p->open.job);
}

static void walk(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_repair_lost = false;
	m->scrub = (struct pool_scrub){ .with_data = true, .found = found, .done = walked };
	scrub_resync(p, &m->scrub);
}

/* ---- the steps ---- */

/* POOL_OK: the next one. */
static enum pool_status go_on(struct pool *p)
{
	struct mirror *m = p->mirror;

	switch (m->resync) {
	case RESYNC_BEGIN:
		begin_compare(p);
		m->resync = RESYNC_COMPARE;
		return POOL_OK;
	case RESYNC_COMPARE:
		if (m->is_catching_up && compare(p) != POOL_OK)
			return POOL_AGAIN;
		m->resync = m->is_data_different ? RESYNC_WALK : RESYNC_COPY;
		return POOL_OK;
	case RESYNC_WALK:
		walk(p);
		return POOL_AGAIN;
	case RESYNC_WALKED:
		m->resync = m->is_repair_lost ? RESYNC_WALK : RESYNC_COPY;
		return POOL_OK;
	case RESYNC_COPY:
		copy_catch_up(p, 1 - m->source);
		return POOL_OK;
	}
	return POOL_OK;
}

enum pool_status device_resync(struct pool *p)
{
	struct mirror *m = p->mirror;
	enum pool_status status = m == NULL ? POOL_OK : mirror_open_wait(p);

	while (m != NULL && status == POOL_OK && m->state[1 - m->source] == MEMBER_SYNCING) {
		status = go_on(p);
		if (status == POOL_OK)
			status = mirror_open_wait(p);
	}
	if (m != NULL && status == POOL_OK)
		m->is_catching_up = false;
	return status;
}
