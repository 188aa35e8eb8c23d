/* SPDX-License-Identifier: MIT */
/*
 * mirror_copy.c - see mirror.h: one copy at a time, of a chunk at most. What is copied is not written to by requests
 * meanwhile: those under way end first, and others wait.
 */
#include <string.h>

#include "mirror.h"
#include "range.h"

#define SKIPS 4096u		/* chunks that are looked at before others have their turn */

void copy_repair(struct pool *p, u32 member, u64 sector, u32 sectors)
{
	struct mirror *m = p->mirror;
	u64 block = sector / POOL_BLOCK_SECTORS, end = (sector + sectors - 1) / POOL_BLOCK_SECTORS + 1;

	/* Label and superblocks are each member's own. What is left out is met again. */
	if (block < POOL_LOG_BLOCK || end - block > POOL_CHUNK_BLOCKS || !mirror_is_read(m, member) ||
		!mirror_is_read(m, 1 - member))
		return;
	if (m->repairs == MIRROR_REPAIRS) {
		m->is_repair_lost = true;
		return;
	}
	m->repair[m->repairs++] = (struct mirror_range){ block, (u32)(end - block), member };
}

bool copy_blocks(const struct mirror *m, const struct pool_io *io)
{
	u64 first = m->copy.block * POOL_BLOCK_SECTORS, count = (u64)m->copy.count * POOL_BLOCK_SECTORS;

	return m->is_window && io->sector < first + count && first < io->sector + io->sectors;
}

/* ---- a copy ---- */

static void end_copy(struct pool *p)
{
	p->mirror->is_copying = p->mirror->is_window = false;
	mirror_wake(p);
}

static void was_written(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->copy_op.bad != 0)
		m->bad |= BIT32(m->copy.member);
	else if (!m->is_sync)
		m->repaired++;
	end_copy(p);
}

static void begin_copy(struct pool *p);

/* After a power cut, the other has a state of its own, as good as the source's: of what the source can't read, it gets
 * that. */
static bool turn_round(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (!m->is_sync || !m->is_catching_up || m->copy.member == m->source)
		return false;
	if (m->copy.count == 1) {
		m->copy.member = m->source;
		begin_copy(p);
		return true;
	}
	m->by_block_end = m->copy.block + m->copy.count;
	m->sync_at = m->copy.block;
	end_copy(p);
	return true;
}

/* A source that can't be read leaves the other what it was: stale. */
static void was_read(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->copy_op.bad == 0 && m->state[m->copy.member] != MEMBER_GONE) {
		m->copy_op.then = was_written;
		mirror_op_start(p, &m->copy_op, BIT32(m->copy.member), POOL_IO_WRITE,
			device_blocks(m->copy.block, m->copy.count), m->copy_data);
		return;
	}
	if (m->copy_op.bad != 0 && turn_round(p))
		return;
	if (m->copy_op.bad != 0 && m->is_sync && !m->is_catching_up)
		m->bad |= BIT32(m->sync_member);
	end_copy(p);
}

static void begin_copy(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_copying = true;
	m->copy_op.then = was_read;
	mirror_op_start(p, &m->copy_op, BIT32(1 - m->copy.member), POOL_IO_READ,
		device_blocks(m->copy.block, m->copy.count), m->copy_data);
}

/* ---- all that one lacks ---- */

bool device_is_disputed(const struct pool *p, u64 block)
{
	u64 r = block >> p->label.region_shift;

	return (p->mirror->sync[r / 64] >> r % 64 & 1) != 0;
}

bool copy_next(struct pool *p)
{
	struct mirror *m = p->mirror;
	u64 region = BIT64(p->label.region_shift);

	for (u32 i = 0; i < SKIPS && m->sync_at < p->label.blocks; i++) {
		u64 at = m->sync_at, next = (at / POOL_CHUNK_BLOCKS + 1) * POOL_CHUNK_BLOCKS;

		if (at < m->by_block_end)
			next = at + 1;
		if (!device_is_disputed(p, at)) {
			m->sync_at = (at / region + 1) * region;
			continue;
		}
		m->sync_at = next;
		if (p->space.busy[at / POOL_CHUNK_BLOCKS] == 0)
			continue;
		m->copy = (struct mirror_range){ at, (u32)(min_u64(next, p->label.blocks) - at), m->sync_member };
		return true;
	}
	if (m->sync_at < p->label.blocks)
		mirror_wake(p);
	return false;
}

static void flushed(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_copying = false;
	m->bad |= m->copy_op.bad;
	mirror_wake(p);
	if (m->copy_op.bad != 0 || !m->is_sync)
		return;
	m->is_sync_end = true;
	p->super.stale_generation[m->sync_member] = 0;
	m->version++;
}

static void begin_flush(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_copying = true;
	m->copy_op.then = flushed;
	mirror_op_start(p, &m->copy_op, BIT32(m->sync_member), POOL_IO_FLUSH, (struct device_range){ 0, 0 }, NULL);
}

void copy_settle(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (!m->is_sync_end || m->durable[m->sync_member] != m->version)
		return;
	m->is_sync = m->is_sync_end = false;
	m->state[m->sync_member] = MEMBER_GOOD;
}

void copy_catch_up(struct pool *p, u32 member)
{
	struct mirror *m = p->mirror;

	m->is_sync = true;
	m->is_sync_end = false;
	m->sync_member = member;
	m->sync_at = POOL_LOG_BLOCK;
	m->by_block_end = 0;
	m->state[member] = MEMBER_SYNCING;
	mirror_wake(p);
}

void copy_sync(struct pool *p, u32 member)
{
	struct mirror *m = p->mirror;

	/* Since it was seen what the member lacks, more may have been written; and its block 3 is an old one. */
	for (u32 i = 0; i < REGION_BITS / 64; i++) {
		m->sync[i] |= m->want[i];
		m->have[i] = 0;
	}
	m->durable[member] = m->version - 1;
	copy_catch_up(p, member);
}

void copy_stop(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_sync = m->is_sync_end = false;
	m->repairs = 0;
}

static bool choose(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->repairs > 0) {
		m->copy = m->repair[--m->repairs];
		return true;
	}
	if (!m->is_sync || m->is_sync_end || marks_are_due(m))
		return false;
	if (copy_next(p))
		return true;
	if (m->sync_at >= p->label.blocks)
		begin_flush(p);
	return false;
}

void copy_step(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->is_copying || m->is_broken)
		return;
	if (!m->is_window)
		m->is_window = choose(p);
	if (m->is_window && !mirror_is_active(m, m->copy.block * POOL_BLOCK_SECTORS,
		m->copy.count * POOL_BLOCK_SECTORS))
		begin_copy(p);
}
