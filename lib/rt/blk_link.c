/* SPDX-License-Identifier: MIT */
/*
 * blk_link.c - see blk_link.h.
 */
#include "blk_link.h"

#include <string.h>

#include "range.h"

static u32 load_acquire(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store_release(u32 *p, u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* A wish that still stands need not be repeated: a peer that takes it back later has published before, and signals. */
static void set_wish(u32 *word, bool is_waiting)
{
	if (load_acquire(word) != is_waiting)
		__atomic_store_n(word, is_waiting, __ATOMIC_SEQ_CST);
}

static bool take_wish(u32 *word)
{
	return __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) != 0;
}

/* Foreign memory is read here alone: the copy is what the compiler has to use from then on. */
static void copy_once(void *to, const void *foreign, u32 bytes)
{
	memcpy(to, foreign, bytes);
	__asm__ volatile("" : : : "memory");
}

static struct blk_sqe *sq(const struct blk_link_shared *shared, u32 index)
{
	return (struct blk_sqe *)((u8 *)shared + BLK_SQ_OFFSET) + index % BLK_RING;
}

static struct blk_cqe *cq(const struct blk_link_shared *shared, u32 index)
{
	return (struct blk_cqe *)((u8 *)shared + BLK_CQ_OFFSET) + index % BLK_RING;
}

/* Entries that the peer has published, as far as that is possible. */
static u32 published(const u32 *head, u32 tail)
{
	u32 count = load_acquire(head) - tail;

	return count <= BLK_RING ? count : 0;
}

/* ---- Judging ---- */

static bool is_power_of_two(u32 x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

bool blk_info_ok(const struct blk_info *i)
{
	u32 unit = i->block_bytes / BLK_SECTOR_BYTES;
	bool can_zero = (i->features & (BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES)) != 0;

	return is_power_of_two(i->block_bytes) && is_power_of_two(i->physical_bytes) &&
	       i->block_bytes >= BLK_SECTOR_BYTES && i->physical_bytes >= i->block_bytes &&
	       i->physical_bytes <= BLK_BLOCK_MAX && (i->features & ~BLK_FEATURES) == 0 &&
	       i->sectors <= ~0ull / BLK_SECTOR_BYTES && aligned_ok(i->sectors, unit) &&
	       i->max_sectors != 0 && i->max_sectors <= BLK_MAX_SECTORS && aligned_ok(i->max_sectors, unit) &&
	       (i->max_zero_sectors != 0) == can_zero && aligned_ok(i->max_zero_sectors, unit) &&
	       memchr(i->model, 0, sizeof(i->model)) != NULL && memchr(i->serial, 0, sizeof(i->serial)) != NULL;
}

bool blk_is_same(const struct blk_info *info, const struct blk_info *known)
{
	return info->sectors >= known->sectors && info->block_bytes == known->block_bytes &&
	       memcmp(info->model, known->model, sizeof(info->model)) == 0 &&
	       memcmp(info->serial, known->serial, sizeof(info->serial)) == 0;
}

static enum blk_status judge_range(const struct blk_sqe *sqe, const struct blk_info *info, u32 most)
{
	u32 unit = info->block_bytes / BLK_SECTOR_BYTES;

	return sqe->sectors != 0 && sqe->sectors <= most && aligned_ok(sqe->sector, unit) &&
	       aligned_ok(sqe->sectors, unit) && range_ok(sqe->sector, sqe->sectors, info->sectors)
		       ? BLK_OK : BLK_INVAL;
}

static enum blk_status judge_data(const struct blk_sqe *sqe, const struct blk_info *info, u32 windows)
{
	u32 slots = 0;

	if (sqe->seg_count == 0 || sqe->seg_count > BLK_SEGS)
		return BLK_INVAL;
	for (u32 i = 0; i < sqe->seg_count; i++) {
		const struct blk_seg *seg = &sqe->seg[i];

		if (seg->zero != 0 || seg->count == 0 || !range_ok(seg->slot, seg->count, BLK_SLOTS))
			return BLK_INVAL;
		if (seg->window != BLK_WINDOW_OWN && seg->window >= windows)
			return BLK_INVAL;
		slots += seg->count;
	}
	if (slots != (sqe->sectors + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS)
		return BLK_INVAL;
	return judge_range(sqe, info, info->max_sectors);
}

static enum blk_status judge_survey(const struct blk_sqe *sqe, const struct blk_info *info)
{
	const struct blk_seg *seg = &sqe->seg[0];

	if ((info->features & BLK_CAN_SURVEY) == 0 || sqe->seg_count != 1 || seg->zero != 0 || seg->count != 1 ||
	    seg->window != BLK_WINDOW_OWN || seg->slot >= BLK_SLOTS || sqe->since > ~0u ||
	    !aligned_ok(sqe->sector, BLK_UNIT_SECTORS))
		return BLK_INVAL;
	return judge_range(sqe, info, BLK_SURVEY_SECTORS);
}

static enum blk_status judge_zero(const struct blk_sqe *sqe, const struct blk_info *info, u32 need)
{
	if (sqe->seg_count != 0 || (info->features & need) == 0)
		return BLK_INVAL;
	return judge_range(sqe, info, info->max_zero_sectors);
}

static u32 flags_of(const struct blk_sqe *sqe, const struct blk_info *info)
{
	if (sqe->op == BLK_WRITE && (info->features & BLK_CAN_FUA) != 0)
		return BLK_FUA;
	if (sqe->op == BLK_WRITE_ZEROES && (info->features & BLK_CAN_UNMAP) != 0)
		return BLK_UNMAP;
	return 0;
}

enum blk_status blk_judge(const struct blk_sqe *sqe, const struct blk_info *info, u32 windows)
{
	if ((sqe->op != BLK_SURVEY && sqe->since != 0) || (sqe->flags & ~flags_of(sqe, info)) != 0)
		return BLK_INVAL;
	if ((info->features & BLK_IS_READ_ONLY) != 0 && sqe->op != BLK_READ && sqe->op != BLK_FLUSH &&
	    sqe->op != BLK_SURVEY)
		return BLK_READONLY;
	switch (sqe->op) {
	case BLK_READ:
	case BLK_WRITE:
		return judge_data(sqe, info, windows);
	case BLK_FLUSH:
		return sqe->sector == 0 && sqe->sectors == 0 && sqe->seg_count == 0 ? BLK_OK : BLK_INVAL;
	case BLK_SURVEY:
		return judge_survey(sqe, info);
	case BLK_DISCARD:
		return judge_zero(sqe, info, BLK_CAN_DISCARD);
	case BLK_WRITE_ZEROES:
		return judge_zero(sqe, info, BLK_CAN_WRITE_ZEROES);
	default:
		return BLK_INVAL;
	}
}

/* ---- Client ---- */

void blk_client_init(struct blk_client *c, void *link)
{
	memset(c, 0, sizeof(*c));
	c->shared = link;
}

static void publish(struct blk_client *c, u32 number)
{
	*sq(c->shared, c->sq_head) = c->pending[number].sqe;
	c->sq_head++;
	store_release(&c->shared->sq_head, c->sq_head);
}

/* The server's epoch is new: the rings begin again, with everything that is not completed. */
static void follow(struct blk_client *c)
{
	c->cq_tail = 0;
	c->sq_head = 0;
	store_release(&c->shared->sq_head, 0);
	for (u32 i = 0; i < BLK_RING; i++)
		if (c->pending[i].is_used)
			publish(c, i);
	store_release(&c->shared->client_epoch, c->epoch);
}

static bool is_expected(struct blk_client *c)
{
	if (c->known.block_bytes == 0)
		c->known = c->info;
	return blk_is_same(&c->info, &c->known);
}

bool blk_client_poll(struct blk_client *c)
{
	u32 epoch = load_acquire(&c->shared->epoch), state;

	if (epoch == c->epoch)
		return false;
	c->epoch = epoch;
	copy_once(&c->info, &c->shared->info, sizeof(c->info));
	state = load_acquire(&c->shared->state);
	c->is_up = state == BLK_UP && blk_info_ok(&c->info);
	c->is_lost = state == BLK_LOST || (c->is_up && !is_expected(c));
	c->is_up = c->is_up && !c->is_lost;
	if (c->is_up)
		follow(c);
	return true;
}

static struct blk_sqe *find_free(struct blk_client *c, u32 *number)
{
	u32 at = c->free_hint;

	if (c->outstanding == BLK_RING)
		return NULL;
	while (c->pending[at].is_used)
		at = (at + 1) % BLK_RING;
	*number = at;
	return &c->pending[at].sqe;
}

struct blk_sqe *blk_client_next(struct blk_client *c, u32 *number)
{
	struct blk_sqe *sqe = find_free(c, number);

	if (sqe != NULL)
		*sqe = (struct blk_sqe){ 0 };
	return sqe;
}

void blk_client_submit_next(struct blk_client *c, u32 number)
{
	struct blk_pending *p = &c->pending[number];

	c->free_hint = (number + 1) % BLK_RING;
	c->outstanding++;
	p->is_used = true;
	p->generation++;
	p->sqe.cookie = (u64)p->generation << 32 | number;
	if (c->is_up)
		publish(c, number);
}

s32 blk_client_submit(struct blk_client *c, const struct blk_sqe *sqe)
{
	u32 number = 0;
	struct blk_sqe *next = find_free(c, &number);

	if (next == NULL)
		return -1;
	*next = *sqe;
	blk_client_submit_next(c, number);
	return (s32)number;
}

static void release(struct blk_client *c, u32 number)
{
	c->pending[number].is_used = false;
	c->outstanding--;
}

/* One of those that nobody will complete. */
static bool fail_one(struct blk_client *c, u32 *number, enum blk_status *status)
{
	u32 i = 0;

	if (c->outstanding == 0)
		return false;
	while (!c->pending[i].is_used)
		i++;
	release(c, i);
	*number = i;
	*status = BLK_GONE;
	return true;
}

bool blk_client_completed(struct blk_client *c, u32 *number, enum blk_status *status)
{
	if (c->is_lost)
		return fail_one(c, number, status);
	/* As many as there are entries: a peer that writes on and on does not keep its client here. */
	for (u32 n = 0; n < BLK_RING && c->is_up && published(&c->shared->cq_head, c->cq_tail) != 0; n++) {
		const struct blk_cqe *cqe = cq(c->shared, c->cq_tail++);
		u64 cookie = __atomic_load_n(&cqe->cookie, __ATOMIC_RELAXED);
		u32 status_of = __atomic_load_n(&cqe->status, __ATOMIC_RELAXED), at = (u32)(cookie % BLK_RING);

		if (!c->pending[at].is_used || cookie != c->pending[at].sqe.cookie)
			continue;
		release(c, at);
		*number = at;
		*status = status_of < BLK_STATUS_COUNT ? (enum blk_status)status_of : BLK_IOERR;
		return true;
	}
	return false;
}

void blk_client_drop(struct blk_client *c, u32 number)
{
	if (!c->is_up && c->pending[number].is_used)
		release(c, number);
}

bool blk_client_has_news(const struct blk_client *c)
{
	return load_acquire(&c->shared->epoch) != c->epoch ||
	       (c->is_lost && c->outstanding != 0) ||
	       (c->is_up && published(&c->shared->cq_head, c->cq_tail) != 0);
}

void blk_client_wait(struct blk_client *c, bool is_waiting)
{
	set_wish(&c->shared->cq_waiting, is_waiting);
}

bool blk_client_should_signal(struct blk_client *c)
{
	return take_wish(&c->shared->sq_waiting);
}

/* ---- Slots ---- */

static bool slot_is_used(const struct blk_slots *s, u32 slot)
{
	return (s->used[slot / 64] & BIT64(slot % 64)) != 0;
}

static void slots_mark(struct blk_slots *s, const struct blk_seg *seg, bool is_used)
{
	for (u32 i = seg->slot; i < (u32)seg->slot + seg->count; i++)
		if (is_used)
			s->used[i / 64] |= BIT64(i % 64);
		else
			s->used[i / 64] &= ~BIT64(i % 64);
}

/* The first free run at or behind `from`, of at most `count` slots. */
static bool next_run(const struct blk_slots *s, u32 from, u32 count, struct blk_seg *seg)
{
	u32 n = 0;

	while (from < BLK_SLOTS && slot_is_used(s, from))
		from++;
	while (n < count && from + n < BLK_SLOTS && !slot_is_used(s, from + n))
		n++;
	*seg = (struct blk_seg){ .window = BLK_WINDOW_OWN, .slot = (u16)from, .count = (u16)n };
	return n != 0;
}

static u32 take_from(struct blk_slots *s, u32 from, u32 count, struct blk_seg seg[BLK_SEGS])
{
	u32 n = 0;

	for (; n < BLK_SEGS && count != 0 && next_run(s, from, count, &seg[n]); n++) {
		from = (u32)seg[n].slot + seg[n].count;
		count -= seg[n].count;
	}
	if (count != 0)
		return 0;
	for (u32 i = 0; i < n; i++)
		slots_mark(s, &seg[i], true);
	s->hint = from;
	return n;
}

/* Round the window from where the last search ended; then from its beginning; then the longest run that there is, and
 * what is needed besides. */
static u32 longest_run(const struct blk_slots *s, u32 count)
{
	struct blk_seg seg;
	u32 best = 0, best_count = 0;

	for (u32 from = 0; next_run(s, from, count, &seg); from = (u32)seg.slot + seg.count)
		if (seg.count > best_count) {
			best = seg.slot;
			best_count = seg.count;
		}
	return best;
}

/* Those from `hint` on, if they are free and in one word: so it is with small requests most of the time. */
static bool take_next(struct blk_slots *s, u32 count, struct blk_seg *seg)
{
	u32 from = s->hint;
	u64 bits;

	if (from % 64 + count > 64 || from + count > BLK_SLOTS)
		return false;
	bits = ~0ull >> (64 - count) << from % 64;
	if ((s->used[from / 64] & bits) != 0)
		return false;
	s->used[from / 64] |= bits;
	s->hint = from + count;
	*seg = (struct blk_seg){ .window = BLK_WINDOW_OWN, .slot = (u16)from, .count = (u16)count };
	return true;
}

static __attribute__((noinline)) u32 take_scattered(struct blk_slots *s, u32 count, struct blk_seg seg[BLK_SEGS])
{
	u32 n = take_from(s, s->hint, count, seg);

	if (n == 0)
		n = take_from(s, 0, count, seg);
	return n != 0 ? n : take_from(s, longest_run(s, count), count, seg);
}

u32 blk_slots_take(struct blk_slots *s, u32 count, struct blk_seg seg[BLK_SEGS])
{
	if (count == 0 || count > BLK_SLOTS)
		return 0;
	return take_next(s, count, &seg[0]) ? 1 : take_scattered(s, count, seg);
}

void blk_slots_give(struct blk_slots *s, const struct blk_seg *seg, u32 seg_count)
{
	for (u32 i = 0; i < seg_count; i++)
		slots_mark(s, &seg[i], false);
}

/* ---- Server ---- */

void blk_server_begin(struct blk_server *s, void *link, const struct blk_info *info, enum blk_link_state state,
		      u32 windows)
{
	struct blk_link_shared *shared = link;
	u32 epoch = load_acquire(&shared->epoch) + 1;

	memset(s, 0, sizeof(*s));
	s->shared = shared;
	s->windows = windows;
	s->epoch = epoch != 0 ? epoch : 1;
	if (info != NULL)
		s->info = *info;
	shared->info = s->info;
	store_release(&shared->cq_head, 0);
	store_release(&shared->state, state);
	store_release(&shared->epoch, s->epoch);
}

/* The client writes client_epoch last: what it submitted before is then there. */
static bool is_open(struct blk_server *s)
{
	if (!s->is_open)
		s->is_open = load_acquire(&s->shared->client_epoch) == s->epoch;
	return s->is_open;
}

bool blk_server_has_work(struct blk_server *s)
{
	return is_open(s) && s->in_flight < BLK_RING && published(&s->shared->sq_head, s->sq_tail) != 0;
}

bool blk_server_take(struct blk_server *s, struct blk_sqe *out)
{
	enum blk_status status;

	for (u32 n = 0; n < BLK_RING && blk_server_has_work(s); n++) {
		copy_once(out, sq(s->shared, s->sq_tail), sizeof(*out));
		s->sq_tail++;
		s->in_flight++;
		status = blk_judge(out, &s->info, s->windows);
		if (status == BLK_OK)
			return true;
		s->refused++;
		blk_server_complete(s, out->cookie, status);
	}
	return false;
}

void blk_server_complete(struct blk_server *s, u64 cookie, enum blk_status status)
{
	*cq(s->shared, s->cq_head) = (struct blk_cqe){ .cookie = cookie, .status = status };
	s->cq_head++;
	s->in_flight--;
	store_release(&s->shared->cq_head, s->cq_head);
}

void blk_server_wait(struct blk_server *s, bool is_waiting)
{
	set_wish(&s->shared->sq_waiting, is_waiting);
}

bool blk_server_should_signal(struct blk_server *s)
{
	return take_wish(&s->shared->cq_waiting);
}
