/* SPDX-License-Identifier: MIT */
/*
 * vm_link.c - see vm_link.h. A link whose VMM has signalled is busy until it was found empty after the VMM had been
 * asked to signal again; busy links are served in turn, a few requests each. A link that has used up its limits is late
 * until it may go on. Links that a disk had no room for take turns when it has.
 */
#include "vm_link.h"

#include <string.h>

#include "blk_link.h"
#include "bucket.h"
#include "pool_link.h"
#include "range.h"
#include "root_limits.h"
#include "vm_layout.h"
#include "work.h"

#define REQUESTS_PER_TURN 16u
#define BYTES_PER_TURN (1024u * 1024u)	/* and the request that goes beyond */
#define BADGES 32u
#define LINK_WORDS ((BLK_WINDOWS + 63) / 64)

static struct vm_link {
	struct volume *volume;		/* NULL: not attached */
	struct blk_server server;
	bool is_held;			/* a request was taken that the disk had no room for: */
	struct blk_sqe held;
	u64 begin_ns;			/* of the last request: its turn's begin, or the end of the one before */
	struct bucket requests, bytes;	/* its limits */
	bool holds_errors;
	bool is_stuck;			/* requests failed and are held: none is taken until vm_link_retry */
	bool is_retry_due;		/* when the disk has nothing of it any more */
	u32 failed;			/* how many are held */
	enum blk_status failure;	/* of the first */
} links[BLK_WINDOWS];

/* Links by number: to look for those in it costs little if they are few. */
struct link_set {
	u64 words[LINK_WORDS];
	u32 some;		/* bit for each word that is not 0 */
};
_Static_assert(LINK_WORDS <= 31 && 64 % VM_DEVICES == 0, "a bit for each word; a VM's links are in one");

static struct link_set busy, late, failures, rooms;
static u64 attached[LINK_WORDS];	/* and not being detached: others are never busy or late */
static u32 next_on_disk[DISKS + STORE_POOLS_MAX];	/* whose turn it is when the disk or pool has room */
static const struct vm_link_ops *ops;
static struct store_figures *figures;

void vm_link_init(const struct vm_link_ops *with, struct store_figures *to)
{
	memset(links, 0, sizeof(links));
	memset(&busy, 0, sizeof(busy));
	memset(&late, 0, sizeof(late));
	memset(&failures, 0, sizeof(failures));
	memset(&rooms, 0, sizeof(rooms));
	memset(attached, 0, sizeof(attached));
	memset(next_on_disk, 0, sizeof(next_on_disk));
	ops = with;
	figures = to;
}

/* Of those of one word. */
static void add(struct link_set *set, u32 word, u64 bits)
{
	set->words[word] |= bits & attached[word];
	set->some |= set->words[word] != 0 ? BIT32(word) : 0;
}

static void put(struct link_set *set, u32 number, bool is_in)
{
	u32 word = number / 64;

	if (is_in) {
		add(set, word, BIT64(number % 64));
		return;
	}
	set->words[word] &= ~BIT64(number % 64);
	if (set->words[word] == 0)
		set->some &= ~BIT32(word);
}

/* The next one from `number` on; BLK_WINDOWS: there is none. */
static u32 next_of(const struct link_set *set, u32 number)
{
	u32 word = number / 64, some = set->some >> word << word;

	if (number >= BLK_WINDOWS)
		return BLK_WINDOWS;
	if ((set->words[word] & ~0ull << number % 64) != 0)
		return word * 64 + (u32)__builtin_ctzll(set->words[word] & ~0ull << number % 64);
	some &= ~BIT32(word);
	if (some == 0)
		return BLK_WINDOWS;
	word = (u32)__builtin_ctz(some);
	return word * 64 + (u32)__builtin_ctzll(set->words[word]);
}

static bool is_attached(u32 number)
{
	return (attached[number / 64] & BIT64(number % 64)) != 0;
}

static void set_busy(u32 number, bool is_busy)
{
	put(&busy, number, is_busy && !links[number].is_stuck);
}

/* ---- limits ---- */

static bool has_limits(const struct vm_link *l)
{
	return (l->requests.rate | l->bytes.rate) != 0;
}

static u64 limit_wait_ns(const struct vm_link *l)
{
	u64 now_ns, requests, bytes;

	if (!has_limits(l))
		return 0;
	now_ns = ops->now_ns();
	requests = bucket_wait_ns(&l->requests, now_ns);
	bytes = bucket_wait_ns(&l->bytes, now_ns);
	return requests > bytes ? requests : bytes;
}

static bool moves_data(const struct blk_sqe *sqe)
{
	return sqe->op == BLK_READ || sqe->op == BLK_WRITE;
}

static u64 bytes_of(const struct blk_sqe *sqe)
{
	return (u64)sqe->sectors * BLK_SECTOR_BYTES;
}

static void pay(struct vm_link *l, const struct blk_sqe *sqe)
{
	if (!has_limits(l))
		return;
	bucket_take(&l->requests, l->begin_ns, 1);
	bucket_take(&l->bytes, l->begin_ns, moves_data(sqe) ? bytes_of(sqe) : 0);
}

enum store_error vm_link_limit(u32 number, u32 iops, u64 bytes)
{
	if (number >= BLK_WINDOWS)
		return STORE_BAD_ORDER;
	bucket_set(&links[number].requests, iops);
	bucket_set(&links[number].bytes, bytes);
	return STORE_OK;
}

/* Those that may go on. */
static void take_late(void)
{
	for (u32 number = next_of(&late, 0); number < BLK_WINDOWS; number = next_of(&late, number + 1)) {
		if (limit_wait_ns(&links[number]) != 0)
			continue;
		put(&late, number, false);
		set_busy(number, true);
	}
}

u64 vm_link_wait_ns(void)
{
	u64 next = VM_LINK_NEVER;

	for (u32 number = next_of(&late, 0); number < BLK_WINDOWS; number = next_of(&late, number + 1)) {
		u64 wait = limit_wait_ns(&links[number]);

		next = wait < next ? wait : next;
	}
	return next;
}

/* ---- attaching ---- */

enum store_error vm_link_attach(u32 number, struct volume *volume, bool is_read_only, const char *serial)
{
	struct blk_info info;

	if (number >= BLK_WINDOWS)
		return STORE_BAD_ORDER;
	if (links[number].volume != NULL)
		return STORE_EXISTS;
	volume_info(volume, is_read_only, serial, &info);
	if (number >= VM_COUNT * VM_DEVICES && volume->kind == VOLUME_IN_POOL)
		info.features |= BLK_CAN_SURVEY;
	links[number].volume = volume;
	attached[number / 64] |= BIT64(number % 64);
	volume->links++;
	figures[number].counts.in_flight = 0;	/* what the store before had taken comes again */
	blk_server_begin(&links[number].server, ops->at(number), &info, BLK_UP, 0);
	set_busy(number, true);
	ops->signal(number / VM_DEVICES);
	return STORE_OK;
}

bool vm_link_detach(u32 number)
{
	struct vm_link *l = number < BLK_WINDOWS ? &links[number] : NULL;
	u32 dropped;

	if (l == NULL || l->volume == NULL)
		return true;
	attached[number / 64] &= ~BIT64(number % 64);
	set_busy(number, false);
	put(&late, number, false);
	if (l->is_held) {		/* nobody waits for it any more */
		l->is_held = false;
		l->server.in_flight--;
	}
	l->server.in_flight -= l->failed;
	l->failed = 0;
	l->is_stuck = l->is_retry_due = false;
	put(&failures, number, false);
	put(&rooms, number, false);
	dropped = l->volume->kind == VOLUME_ON_DISK ? disk_drop(l->volume->disk, number) : 0;
	l->server.in_flight -= dropped;
	figures[number].counts.in_flight -= dropped;
	if (l->server.in_flight != 0)
		return false;
	l->volume->links--;
	if (l->volume->kind == VOLUME_IN_POOL)
		pool_link_gone(l->volume->disk - STORE_POOL_SLOT);
	l->volume = NULL;
	l->holds_errors = false;
	return vm_link_limit(number, 0, 0) == STORE_OK;
}

/* ---- requests ---- */

static u32 bucket_of(u64 ns)
{
	u32 bucket = ns != 0 ? 63u - (u32)__builtin_clzll(ns) : 0;

	return bucket < STORE_LATENCY_BUCKETS ? bucket : STORE_LATENCY_BUCKETS - 1;
}

static void count(u32 number, u8 op, u64 bytes, enum blk_status status, u64 ns)
{
	struct io_counts *f = &figures[number].counts;

	switch (op) {
	case BLK_READ:
		f->reads++;
		f->read_bytes += bytes;
		break;
	case BLK_WRITE:
		f->writes++;
		f->written_bytes += bytes;
		break;
	case BLK_FLUSH:
		f->flushes++;
		break;
	default:
		f->discards++;
	}
	f->errors += status != BLK_OK;
	figures[number].latency[bucket_of(ns)]++;
}

/* ---- errors that are held ---- */

void vm_link_hold_errors(u32 number, bool is_held)
{
	links[number].holds_errors = is_held;
}

/* A pool that is full is no fault of the disk: there may be room later. */
static bool is_held_status(const struct vm_link *l, enum blk_status status)
{
	if (status == BLK_NOSPACE && l->volume->kind == VOLUME_IN_POOL)
		return true;
	return l->holds_errors && (status == BLK_IOERR || status == BLK_NOSPACE || status == BLK_GONE);
}

static void hold(u32 number, enum blk_status status)
{
	struct vm_link *l = &links[number];

	figures[number].counts.errors++;
	l->failed++;
	if (l->is_stuck)
		return;
	l->is_stuck = true;
	l->failure = status;
	put(&failures, number, true);
	set_busy(number, false);
	put(&late, number, false);
}

bool vm_link_failure(u32 *number, enum blk_status *status)
{
	*number = next_of(&failures, 0);
	if (*number == BLK_WINDOWS)
		return false;
	*status = links[*number].failure;
	put(&failures, *number, false);
	return true;
}

static bool is_full(const struct vm_link *l, u32 slot)
{
	return l->is_stuck && l->failure == BLK_NOSPACE && l->volume->kind == VOLUME_IN_POOL && l->volume->disk == slot;
}

void vm_link_pool_has_room(u32 slot)
{
	for (u32 number = 0; number < BLK_WINDOWS; number++)
		if (is_attached(number) && is_full(&links[number], slot))
			put(&rooms, number, true);
}

bool vm_link_room(u32 *number)
{
	*number = next_of(&rooms, 0);
	if (*number == BLK_WINDOWS)
		return false;
	put(&rooms, *number, false);
	return true;
}

/* In a new epoch, in which the VMM submits all that was not completed. */
static void retry_if_quiet(u32 number)
{
	struct vm_link *l = &links[number];
	struct blk_info info = l->server.info;

	if (!l->is_retry_due || l->server.in_flight != l->failed + l->is_held)
		return;
	l->is_stuck = l->is_retry_due = l->is_held = false;
	l->failed = 0;
	blk_server_begin(&l->server, ops->at(number), &info, BLK_UP, 0);
	set_busy(number, true);
	ops->signal(number / VM_DEVICES);
}

/* One that is stuck is told when it is served again. */
void vm_link_resized(const struct volume *volume)
{
	for (u32 number = 0; number < BLK_WINDOWS; number++) {
		struct vm_link *l = &links[number];

		if (!is_attached(number) || l->volume != volume)
			continue;
		l->server.info.sectors = volume->sectors;
		if (l->is_stuck)
			continue;
		l->is_stuck = l->is_retry_due = true;
		l->failure = BLK_OK;
		set_busy(number, false);
		put(&late, number, false);
		retry_if_quiet(number);
	}
}

enum store_error vm_link_retry(u32 number)
{
	if (number >= BLK_WINDOWS)
		return STORE_BAD_ORDER;
	if (is_attached(number) && links[number].is_stuck) {
		put(&failures, number, false);
		put(&rooms, number, false);
		links[number].is_retry_due = true;
		retry_if_quiet(number);
	}
	return STORE_OK;
}

void vm_link_completed(const struct disk_tag *tag, enum blk_status status)
{
	struct vm_link *l = &links[tag->link];

	figures[tag->link].counts.in_flight--;
	if (is_attached(tag->link) && is_held_status(l, status)) {
		hold(tag->link, status);
		retry_if_quiet(tag->link);
		work_for(tag->link / VM_DEVICES);
		return;
	}
	count(tag->link, tag->op, tag->bytes, status, ops->now_ns() - tag->begin_ns);
	blk_server_complete(&l->server, tag->cookie, status);
	retry_if_quiet(tag->link);
	if (blk_server_should_signal(&l->server))
		ops->signal(tag->link / VM_DEVICES);
	if (blk_server_has_work(&l->server))
		set_busy(tag->link, true);
	work_for(tag->link / VM_DEVICES);
}

static void do_in_ram(u32 number, const struct blk_sqe *sqe)
{
	struct vm_link *l = &links[number];
	enum blk_status status = volume_ram_do(l->volume, ops->at(number), sqe);
	u64 now_ns = ops->now_ns();

	count(number, sqe->op, bytes_of(sqe), status, now_ns - l->begin_ns);
	l->begin_ns = now_ns;		/* of the next one */
	blk_server_complete(&l->server, sqe->cookie, status);
}

static struct disk_tag tag_of(u32 number, const struct blk_sqe *sqe)
{
	return (struct disk_tag){
		.cookie = sqe->cookie, .begin_ns = links[number].begin_ns, .link = (u16)number, .op = sqe->op,
		.bytes = bytes_of(sqe),
	};
}

/* To the disk, with the data where it is: in this link's window. False: the disk has no room; the request is held. */
static bool hand_on(u32 number, const struct blk_sqe *sqe)
{
	struct vm_link *l = &links[number];
	const struct disk_tag tag = tag_of(number, sqe);
	struct blk_sqe to = *sqe;

	to.sector += sqe->op != BLK_FLUSH ? l->volume->first : 0;
	for (u32 i = 0; i < to.seg_count; i++)
		to.seg[i].window = (u16)number;
	l->is_held = !disk_submit(l->volume->disk, &to, &tag);
	if (l->is_held)
		l->held = *sqe;
	else
		figures[number].counts.in_flight++;
	return !l->is_held;
}

/* To the pool, which may complete it at once. False: it has no room; the request is held. */
static bool hand_to_pool(u32 number, const struct blk_sqe *sqe)
{
	struct vm_link *l = &links[number];
	const struct volume *v = l->volume;
	const struct disk_tag tag = tag_of(number, sqe);

	l->is_held = false;
	figures[number].counts.in_flight++;
	if (pool_link_submit(v->disk - STORE_POOL_SLOT, v->pool, v->pool_id, ops->at(number), sqe, &tag))
		return true;
	figures[number].counts.in_flight--;
	l->is_held = true;
	l->held = *sqe;
	return false;
}

/* What is written to a disk without a cache is stable. */
static bool is_done_already(const struct volume *v, const struct blk_sqe *sqe)
{
	return sqe->op == BLK_FLUSH && (v->info.features & BLK_CAN_FLUSH) == 0;
}

static bool carry_out(u32 number, const struct blk_sqe *sqe)
{
	const struct volume *v = links[number].volume;

	if (v->kind == VOLUME_ON_DISK && !is_done_already(v, sqe))
		return hand_on(number, sqe);
	if (v->kind == VOLUME_IN_POOL)
		return hand_to_pool(number, sqe);
	do_in_ram(number, sqe);
	return true;
}

/* The next request: one that the disk had no room for comes first. */
static bool next_request(struct vm_link *l, struct blk_sqe *out, u64 turn_ns)
{
	if (l->is_held) {
		*out = l->held;
		return true;
	}
	if (!blk_server_take(&l->server, out))
		return false;
	l->begin_ns = max_u64(l->begin_ns, turn_ns);
	pay(l, out);
	return true;
}

enum served { SERVED_SOME, SERVED_ALL, SERVED_LATE, SERVED_HELD };

/* Some requests of one link; *done: how many. */
static enum served serve_some(u32 number, u32 *done)
{
	struct vm_link *l = &links[number];
	u64 turn_ns = ops->now_ns(), moved = 0;
	struct blk_sqe sqe;

	*done = 0;
	if (l->volume->is_waiting)
		return SERVED_HELD;
	for (; !l->is_stuck && *done < REQUESTS_PER_TURN && moved < BYTES_PER_TURN; ++*done) {
		if (!l->is_held && has_limits(l) && limit_wait_ns(l) != 0)
			return SERVED_LATE;
		if (!next_request(l, &sqe, turn_ns))
			return SERVED_ALL;
		if (!carry_out(number, &sqe))
			return SERVED_HELD;
		moved += bytes_of(&sqe);
	}
	if (l->is_stuck)
		return SERVED_HELD;
	return blk_server_has_work(&l->server) ? SERVED_SOME : SERVED_ALL;
}

/* Returns how many. */
static u32 serve(u32 number)
{
	struct vm_link *l = &links[number];
	enum served served;
	u32 done;

	blk_server_wait(&l->server, false);
	served = serve_some(number, &done);
	if (served == SERVED_ALL)
		blk_server_wait(&l->server, true);
	put(&late, number, served == SERVED_LATE);
	set_busy(number, served == SERVED_SOME || (served == SERVED_ALL && blk_server_has_work(&l->server)));
	if (blk_server_should_signal(&l->server))
		ops->signal(number / VM_DEVICES);
	work_for(number / VM_DEVICES);
	return done;
}

/* A link whose volume is held takes no room: it goes on by itself, and must not stand before the others. */
static bool waits_for(u32 number, u32 disk)
{
	const struct vm_link *l = &links[number];

	return is_attached(number) && l->is_held && !l->is_stuck && !l->volume->is_waiting && l->volume->disk == disk;
}

/* One after the other, a few requests each; next time it goes on with the first that had none. */
void vm_link_disk_has_room(u32 disk)
{
	u32 begin = next_on_disk[disk];

	for (u32 i = 0; i < BLK_WINDOWS; i++) {
		u32 number = (begin + i) % BLK_WINDOWS;
		u32 done;

		if (!waits_for(number, disk))
			continue;
		done = serve(number);
		if (!links[number].is_held)
			continue;
		next_on_disk[disk] = done == 0 ? number : (number + 1) % BLK_WINDOWS;
		return;
	}
}

void vm_link_go_on(const struct volume *volume)
{
	for (u32 number = 0; number < BLK_WINDOWS && volume->links != 0; number++)
		if (is_attached(number) && links[number].volume == volume)
			set_busy(number, true);
}

void vm_link_woken(u64 bits)
{
	if ((bits & STORE_BIT_ROOT) != 0)	/* its links are behind those of the VMs */
		add(&busy, VM_COUNT * VM_DEVICES / 64, (BIT64(VM_DEVICES) - 1) << VM_COUNT * VM_DEVICES % 64);
	for (u64 left = bits / STORE_BIT_VM; left != 0; left &= left - 1)
		for (u32 vm = (u32)__builtin_ctzll(left); vm < VM_COUNT; vm += BADGES)
			add(&busy, vm * VM_DEVICES / 64, (BIT64(VM_DEVICES) - 1) << vm * VM_DEVICES % 64);
}

bool vm_link_turn(void)
{
	take_late();
	for (u32 number = next_of(&busy, 0); number < BLK_WINDOWS; number = next_of(&busy, number + 1))
		serve(number);
	return busy.some != 0;
}
