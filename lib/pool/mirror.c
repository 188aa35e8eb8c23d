/* SPDX-License-Identifier: MIT */
/*
 * mirror.c - see mirror.h: the way of a request.
 */
#include "mirror.h"

#include "crc32c.h"
#include "layout.h"

/* ---- requests of the pool's ---- */

static struct pair *take_pair(struct mirror *m, struct pool_io *upper)
{
	struct pair *a = CONTAINER_OF(m->free.next, struct pair, link);

	list_remove(&a->link);
	list_insert_before(&m->active, &a->link);
	m->free_pairs--;
	a->upper = upper;
	a->left = a->bad = a->tried = 0;
	a->has_crc = a->is_mending = false;
	return a;
}

static void answer(struct pool *p, struct pair *a, bool is_ok)
{
	struct pool_io *upper = a->upper;

	list_remove(&a->link);
	list_insert_before(&p->mirror->free, &a->link);
	p->mirror->free_pairs++;
	upper->is_ok = is_ok;
	upper->done(p, upper);
}

static void read_from(struct mirror *m, struct pair *a, u32 member)
{
	const struct pool_io *u = a->upper;

	a->tried |= BIT32(member);
	a->left = 1;
	mirror_send(m, &a->io[member], member, POOL_IO_READ, (struct device_range){ u->sector, u->sectors }, u->data);
}

/* What was read is right, and the member has it wrong. While the two are made equal, nothing goes on before it has it:
 * the other one may be gone then. */
static void mend(struct pool *p, struct pair *a, u32 member)
{
	struct mirror *m = p->mirror;
	const struct pool_io *u = a->upper;

	a->is_mending = true;
	a->bad = 0;
	a->left = 1;
	mirror_send(m, &a->io[member], member, POOL_IO_WRITE, (struct device_range){ u->sector, u->sectors }, u->data);
}

static void mended(struct pool *p, struct pair *a)
{
	struct mirror *m = p->mirror;

	m->bad |= a->bad;
	m->repaired += a->bad == 0;
	answer(p, a, a->bad == 0);
}

/* The member that was asked last, and what it has given. */
static void read_ended(struct pool *p, struct pair *a, u32 member, bool is_ok)
{
	struct mirror *m = p->mirror;
	u32 other = 1 - member;
	bool is_good = is_ok && (!a->has_crc || crc32c(0, a->upper->data, POOL_BLOCK) == a->crc);

	if (!is_ok)
		m->read_errors[member]++;
	if (a->upper->only != 0) {
		answer(p, a, is_ok);
		return;
	}
	if (is_good && a->tried == BIT32(0) + BIT32(1) && mirror_is_read(m, other)) {
		if (m->is_catching_up && a->upper->sector >= POOL_LOG_BLOCK * POOL_BLOCK_SECTORS) {
			mend(p, a, other);
			return;
		}
		copy_repair(p, other, a->upper->sector, a->upper->sectors);
	}
	if (!is_ok && a->tried == BIT32(member) && mirror_is_read(m, other))
		read_from(m, a, other);
	else
		answer(p, a, is_good);
}

/* What a member has not got is answered when that is on the disk of the other. */
static void write_ended(struct pool *p, struct pair *a)
{
	struct mirror *m = p->mirror;

	m->bad |= a->bad;
	if (m->is_broken || (m->bad == 0 && !marks_are_due(m))) {
		answer(p, a, !m->is_broken);
		return;
	}
	list_remove(&a->link);
	list_insert_before(&m->held, &a->link);
}

static void pair_done(struct pool *p, struct pool_io *io)
{
	struct mirror *m = p->mirror;
	u64 at = (u64)((u8 *)io - (u8 *)m->pair);
	struct pair *a = &m->pair[at / sizeof(*a)];
	u32 member = io == &a->io[1];

	if (!io->is_ok)
		a->bad |= BIT32(member);
	mirror_retry(m, member);
	if (--a->left > 0)
		return;
	if (a->is_mending)
		mended(p, a);
	else if (a->upper->op == POOL_IO_READ)
		read_ended(p, a, member, io->is_ok);
	else
		write_ended(p, a);
	mirror_wake(p);
}

static bool may_begin(struct pool *p, const struct pool_io *io)
{
	struct mirror *m = p->mirror;

	if (m->is_broken || io->op == POOL_IO_FLUSH)
		return true;
	if (marks_is_super(io) && (m->marking != 0 || marks_are_due(m)))
		return false;
	return !copy_blocks(m, io) && regions_have(p, io);
}

/* A flush or a write, to all that take part. */
static void begin(struct pool *p, struct pool_io *io)
{
	struct mirror *m = p->mirror;
	struct pair *a = take_pair(m, io);

	if (marks_is_super(io))
		marks_take(p, io);
	a->left = (u32)__builtin_popcount(mirror_written_bits(m));
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (mirror_is_written(m, k))
			mirror_send(m, &a->io[k], k, io->op, (struct device_range){ io->sector, io->sectors },
				io->data);
}

/* No member has all: nothing succeeds any more. */
static void refuse(struct pool *p)
{
	struct mirror *m = p->mirror;

	while (!list_is_empty(&m->held))
		answer(p, CONTAINER_OF(m->held.next, struct pair, link), false);
	while (!list_is_empty(&m->blocked)) {
		struct pool_io *io = CONTAINER_OF(m->blocked.next, struct pool_io, link);

		list_remove(&io->link);
		io->is_ok = false;
		io->done(p, io);
	}
}

static void unblock(struct pool *p)
{
	struct mirror *m = p->mirror;
	struct list tried;

	list_init(&tried);
	while (!list_is_empty(&m->blocked)) {
		struct pool_io *io = CONTAINER_OF(m->blocked.next, struct pool_io, link);

		list_remove(&io->link);
		if (m->free_pairs > m->kept_pairs && may_begin(p, io))
			begin(p, io);
		else
			list_insert_before(&tried, &io->link);
	}
	while (!list_is_empty(&tried)) {
		struct list *l = tried.next;

		list_remove(l);
		list_insert_before(&m->blocked, l);
	}
}

/* Of one that is gone there may be no device any more. */
static u32 reader_of(const struct mirror *m, const struct pool_io *io)
{
	return io->only != 0 && mirror_is_written(m, io->only - 1u) ? io->only - 1u : m->source;
}

static bool submit(void *context, struct pool_io *io)
{
	struct pool *p = context;
	struct mirror *m = p->mirror;

	if (m->free_pairs <= m->kept_pairs)
		return false;
	io->is_reread = false;
	if (io->op == POOL_IO_READ)
		read_from(m, take_pair(m, io), reader_of(m, io));
	else if (!m->is_broken && may_begin(p, io))
		begin(p, io);
	else
		list_insert_before(&m->blocked, &io->link);
	if (m->is_broken)
		mirror_wake(p);
	return true;
}

bool device_reread(struct pool *p, struct pool_io *io, u32 crc)
{
	struct mirror *m = p->mirror;
	struct pair *a;

	if (m == NULL || io->is_reread || !mirror_is_read(m, 1 - m->source) || list_is_empty(&m->free))
		return false;
	io->is_reread = true;
	a = take_pair(m, io);
	a->tried = BIT32(m->source);
	a->has_crc = true;
	a->crc = crc;
	m->read_errors[m->source] += !m->is_catching_up;	/* the power cut's */
	read_from(m, a, 1 - m->source);
	return true;
}

bool device_is_pair(const struct pool *p)
{
	const struct mirror *m = p->mirror;

	return m != NULL && mirror_is_read(m, 0) && mirror_is_read(m, 1);
}

void device_repair(struct pool *p, u32 member, struct device_range range)
{
	struct mirror *m = p->mirror;

	if (m->is_catching_up && member != m->source)	/* it gets all that the source has */
		return;
	m->read_errors[member] += !m->is_catching_up;
	copy_repair(p, member, range.sector, range.sectors);
	mirror_wake(p);
}

bool device_has_other(const struct pool *p)
{
	return p->mirror != NULL && p->mirror->is_catching_up && mirror_is_read(p->mirror, device_other(p));
}

u32 device_other(const struct pool *p)
{
	return 1 - p->mirror->source;
}

void device_take_other(struct pool *p, struct pool_io *io)
{
	struct mirror *m = p->mirror;

	mend(p, take_pair(m, io), m->source);
}

struct pool_label device_label(const struct pool *p)
{
	struct pool_label l = p->label;

	if (p->mirror == NULL)
		return l;
	l.member_index = (u8)p->mirror->source;
	l.crc = layout_sum(&l, sizeof(l), offsetof(struct pool_label, crc));
	return l;
}

/* ---- failures ---- */

/* A member takes no part any more. */
static void fail(struct pool *p, u32 member)
{
	struct mirror *m = p->mirror;
	u32 other = 1 - member;
	bool was_good = m->state[member] == MEMBER_GOOD;

	if (m->state[member] == MEMBER_GONE)
		return;
	m->state[member] = MEMBER_GONE;
	copy_stop(p);
	if (was_good && m->state[other] != MEMBER_GOOD) {
		m->state[other] = MEMBER_GONE;
		m->is_broken = true;
		return;
	}
	m->source = other;
	if (p->super.stale_generation[member] != 0)
		return;
	p->super.stale_generation[member] = p->super.generation;
	m->version++;
}

/* Something has ended, or failed: whatever can go on does. */
static void run(struct pool *p, struct job *j)
{
	struct mirror *m = p->mirror;
	u32 bad = m->bad;

	(void)j;
	m->bad = 0;
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if ((bad >> k & 1) != 0)
			fail(p, k);
	if (m->is_broken) {
		refuse(p);
		join_end(p);
	} else {
		copy_settle(p);
		marks_step(p);
		while (!marks_are_due(m) && !list_is_empty(&m->held))
			answer(p, CONTAINER_OF(m->held.next, struct pair, link), true);
		join_step(p);
		copy_step(p);
		unblock(p);
	}
	mirror_open_wake(p);
}

void mirror_init(struct pool *p, const struct pool_device below[POOL_MEMBERS], bool is_forced)
{
	struct mirror *m = p->mirror;

	m->is_forced = is_forced;
	list_init(&m->free);
	list_init(&m->active);
	list_init(&m->blocked);
	list_init(&m->held);
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		m->below[k] = below[k];
		list_init(&m->waiting[k]);
	}
	m->kept_pairs = p->memory.tasks + MIRROR_KEPT;
	m->pairs = m->free_pairs = MIRROR_PAIRS + m->kept_pairs;
	for (u32 i = 0; i < m->pairs; i++) {
		for (u32 k = 0; k < POOL_MEMBERS; k++)
			m->pair[i].io[k].done = pair_done;
		list_init(&m->pair[i].link);
		list_insert_before(&m->free, &m->pair[i].link);
	}
	job_init(&m->job, run);
}

struct pool_device mirror_device(struct pool *p)
{
	const struct pool_device *a = &p->mirror->below[0], *b = &p->mirror->below[1];
	struct pool_device d = { .context = p, .submit = submit, .sectors = ~0ull, .block_sectors = 1 };

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		const struct pool_device *below = k == 0 ? a : b;

		if (below->submit == NULL)
			continue;
		d.sectors = below->sectors < d.sectors ? below->sectors : d.sectors;
		d.block_sectors = below->block_sectors > d.block_sectors ? below->block_sectors : d.block_sectors;
	}
	return d;
}

bool pool_mirror_get(const struct pool *p, struct pool_mirror *out)
{
	const struct mirror *m = p->mirror;

	if (m == NULL)
		return false;
	*out = (struct pool_mirror){ .percent = 100, .repaired = m->repaired,
		.join = m->join_status };
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		out->state[k] = (enum pool_member)m->state[k];
		out->read_errors[k] = m->read_errors[k];
		out->is_none[k] = m->below[k].submit != NULL && m->open_status[k] != POOL_OK &&
			m->open_status[k] != POOL_IO;
	}
	if (m->is_sync)
		out->percent = (u32)(m->sync_at * 100 / p->label.blocks);
	return true;
}

void pool_member_lost(struct pool *p, u32 member)
{
	if (p->mirror == NULL)
		return;
	p->mirror->bad |= BIT32(member);
	mirror_wake(p);
}
