/* SPDX-License-Identifier: MIT */
/*
 * vm_logs.c - see vm_logs.h. A row of steps; each judges anew what is asked for, for its VM or its pool may be gone.
 */
#include "vm_logs.h"

#include <string.h>
#include <sys/random.h>

#include "client.h"
#include "definition_changes.h"
#include "definition_volume.h"
#include "definitions.h"
#include "error_info.h"
#include "log_blocks.h"
#include "pools.h"
#include "reply.h"
#include "root.h"
#include "store_client.h"
#include "syscalls.h"
#include "vm.h"
#include "vm_disks.h"
#include "vm_records.h"
#include "volume_judge.h"
#include "volume_link.h"

#define AGAIN_NS (60 * NS_PER_S)	/* after a pool has refused the volume, or failed it */
#define FULL_PERCENT 95u		/* in a pool as full as that no log takes room */

enum step {
	STEP_IDLE,
	STEP_OPEN,		/* until the store serves the link */
	STEP_READ,		/* a slot */
	STEP_WRITE,		/* a block, */
	STEP_FLUSH,		/* or all that was written is made stable */
	STEP_DISCARD,		/* slots that no VM has */
	STEP_CLOSE,
	STEP_COUNT
};

static struct {
	enum step step;
	struct volume *volume;
	struct volume_link *link;	/* NULL: not open */
	bool has_failed;
	u64 again_tsc;			/* not before that */
	bool is_asked;
	u32 client;			/* whose: */
	struct request request;
	bool is_answer_due;		/* there was no room for it */
	struct reply reply;
	struct log_index index[VM_COUNT];	/* by slot */
	bool is_known[VM_COUNT];
	bool may_have_bytes[VM_COUNT];	/* on the disk */
	bool is_sweep_due;
	u32 slot;			/* STEP_READ, STEP_WRITE; STEP_DISCARD: the first */
	u32 slots;			/* STEP_DISCARD */
	u32 place;			/* STEP_WRITE */
	u64 blocks_log;			/* whose blocks these are; 0 = nobody's */
	struct log_block blocks[LOG_BLOCKS];
} l;

/* ---- answers ---- */

static void send(void)
{
	l.is_answer_due = !client_send(l.client, &l.reply);
	l.is_asked = l.is_answer_due;
}

static void begin_reply(enum error error)
{
	memset(&l.reply, 0, sizeof(l.reply));
	l.reply.kind = REPLY_ANSWER;
	l.reply.id = l.request.id;
	l.reply.result = error_info_result(error);
	l.reply.error = error;
}

static void answer(enum error error)
{
	if (!l.is_asked || l.is_answer_due)
		return;
	begin_reply(error);
	send();
}

static void answer_piece(const struct log_index *index)
{
	u32 i = log_index_next(index, l.request.log.start);

	begin_reply(ERR_NONE);
	if (i != LOG_BLOCKS) {
		l.reply.log.start = l.blocks[i].start;
		l.reply.log.count = l.blocks[i].count;
		memcpy(l.reply.log.bytes, l.blocks[i].bytes, l.blocks[i].count);
		l.reply.log.is_more = log_index_next(index, l.blocks[i].start + 1) != LOG_BLOCKS;
	}
	send();
}

void vm_logs_request(u32 client, const struct request *request)
{
	struct error_info busy = error_info_of(ERR_BUSY, 0, 0), bad = error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);

	if (l.is_asked) {
		(void)reply_send(client, request->id, &busy, NULL);
		return;
	}
	if (request->log.count > LOG_PIECE_BYTES || request->log.start > ~0ull - LOG_PIECE_BYTES) {
		(void)reply_send(client, request->id, &bad, NULL);
		return;
	}
	l.is_asked = true;
	l.client = client;
	l.request = *request;
}

void vm_logs_drop(u32 client)
{
	if (l.is_asked && l.client == client)
		l.is_asked = l.is_answer_due = false;
}

void vm_logs_sweep(void)
{
	l.is_sweep_due = true;
}

/* ---- requests of the link ---- */

static void submit(enum blk_op op, u64 offset, u64 bytes, u32 window_slot)
{
	struct blk_sqe sqe = { .op = (u8)op, .sector = offset / BLK_SECTOR_BYTES,
		.sectors = (u32)(bytes / BLK_SECTOR_BYTES) };

	if (op == BLK_READ || op == BLK_WRITE) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){ .window = BLK_WINDOW_OWN, .slot = (u16)window_slot,
			.count = (u16)(bytes / BLK_SLOT_BYTES) };
	}
	l.has_failed = blk_client_submit(&l.link->client, &sqe) < 0 || l.has_failed;
}

/* All requests are completed. */
static bool has_come(void)
{
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(&l.link->client);
	while (blk_client_completed(&l.link->client, &number, &status))
		l.has_failed = l.has_failed || status != BLK_OK;
	l.has_failed = l.has_failed || l.link->client.is_lost || l.link->is_full;
	return l.link->client.outstanding == 0 || l.has_failed;
}

/* ---- the volume ---- */

static const struct pool *pool_of_logs(void)
{
	u32 p = definition_volume_of() != NULL ? definition_volume_pool() : STORE_POOLS_MAX;

	return pool_is_usable(p) && !pool_at(p)->partition->is_going ? pool_at(p) : NULL;
}

static struct volume *volume_in(const struct pool *pool)
{
	struct volume *v = volume_find(VOLUME_OF_LOGS);

	return v != NULL && v->kind == VOLUME_ROW_THIN && pool_at(v->pool) == pool ? v : NULL;
}

static bool is_encrypted(const struct volume *v)
{
	return (v->traits & DISK_TRAIT(TRAIT_ENCRYPT, true)) != 0;
}

/* A VM prints what may be on its disks: where one is encrypted, its log is not written in plain. */
static bool may_be_plain(const struct vm *vm)
{
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		if (vm_disk_volume(vm, i) != NULL && is_encrypted(vm_disk_volume(vm, i)))
			return false;
	return true;
}

static void make_volume(const struct pool *pool)
{
	struct disk_spec want = { .bytes = LOG_VOLUME_BYTES };
	struct volume *v;

	want.flags = DISK_TRAIT(TRAIT_ENCRYPT, pool->key != POOL_KEY_NONE);
	strcpy(want.on, pool->partition->name);
	v = volume_new(VOLUME_OF_LOGS, &want);
	if (v == NULL || store_create(v) != ST_OK)
		l.again_tsc = rt_time_after(&root.time, AGAIN_NS);
}

/* Whose blocks are where, nobody knows any more. */
static void forget(void)
{
	memset(l.is_known, 0, sizeof(l.is_known));
	memset(l.may_have_bytes, 1, sizeof(l.may_have_bytes));
	l.blocks_log = 0;
	l.is_sweep_due = true;
}

static enum step open_link(struct volume *v)
{
	enum status st;

	l.link = volume_link_open(v, false, &st);
	if (l.link == NULL) {
		l.again_tsc = rt_time_after(&root.time, AGAIN_NS);
		return STEP_IDLE;
	}
	l.volume = v;
	v->is_busy = true;
	l.has_failed = false;
	forget();
	return STEP_OPEN;
}

/* Made before the pool had a secret: what is in it is plain. */
static bool is_out_of_date(const struct pool *pool, const struct volume *v)
{
	return pool->key != POOL_KEY_NONE && !is_encrypted(v);
}

/* True: it is open. Else *error says why it is not, ERR_NONE: not yet. */
static bool find_volume(enum step *next, enum error *error)
{
	const struct pool *pool = pool_of_logs();
	struct volume *v = pool != NULL ? volume_in(pool) : NULL;

	*error = ERR_NO_POOL;
	if (pool == NULL || rt_time_tsc() < l.again_tsc)
		return false;
	*error = ERR_POOL_LOCKED;
	if (pool->key == POOL_KEY_LOCKED)
		return false;
	*error = ERR_NONE;
	if (l.link != NULL)
		return true;
	if (v == NULL) {
		*error = pool->percent < FULL_PERCENT ? ERR_NONE : ERR_NO_POOL;
		if (*error == ERR_NONE && volume_find(VOLUME_OF_LOGS) == NULL)
			make_volume(pool);
		return false;
	}
	if (v->is_making && v->error == STORE_OK)
		return false;
	if (v->error != STORE_OK || is_out_of_date(pool, v)) {
		l.again_tsc = v->error != STORE_OK ? rt_time_after(&root.time, AGAIN_NS) : 0;
		store_delete(v);
		return false;
	}
	if (!volume_is_in_use(v) && v->is_there && !v->needs_key)
		*next = open_link(v);
	return false;
}

/* ---- slots ---- */

/* One that no VM has and that has nothing on the disk. VM_COUNT: there is none. */
static u32 free_slot(void)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (!l.may_have_bytes[i] && !vm_records_have_log(i))
			return i;
	return VM_COUNT;
}

static bool begin_log(struct vm *vm)
{
	u32 slot = free_slot();

	if (slot == VM_COUNT)
		return false;
	vm->log_slot = slot;
	if (getrandom(&vm->log, sizeof(vm->log), 0) != (ssize_t)sizeof(vm->log) || vm->log == 0)
		vm->log = rt_time_tsc();
	memset(&l.index[slot], 0, sizeof(l.index[slot]));
	l.is_known[slot] = true;
	records_begin_log();
	return true;
}

static bool is_idle_slot(u32 slot)
{
	return l.may_have_bytes[slot] && !vm_records_have_log(slot);
}

/* As many at a time as the store takes. */
static enum step sweep(void)
{
	u64 most = (u64)l.link->client.info.max_zero_sectors * BLK_SECTOR_BYTES / LOG_SLOT_BYTES;
	u32 first = 0;

	while (first < VM_COUNT && !is_idle_slot(first))
		first++;
	l.slot = first;
	l.slots = 0;
	while (l.slots < most && first + l.slots < VM_COUNT && is_idle_slot(first + l.slots))
		l.slots++;
	l.is_sweep_due = l.slots != 0;
	if (l.slots == 0)
		return STEP_IDLE;
	submit(BLK_DISCARD, (u64)l.slot * LOG_SLOT_BYTES, (u64)l.slots * LOG_SLOT_BYTES, 0);
	return STEP_DISCARD;
}

/* ---- steps ---- */

static enum step begin_read(u32 slot)
{
	l.slot = slot;
	l.blocks_log = 0;
	submit(BLK_READ, (u64)slot * LOG_SLOT_BYTES, LOG_SLOT_BYTES, 0);
	return STEP_READ;
}

static enum step begin_write(const struct vm *vm)
{
	const struct log_piece *piece = &l.request.log;

	l.slot = vm->log_slot;
	l.place = log_index_place(&l.index[l.slot]);
	l.may_have_bytes[l.slot] = true;
	log_block_fill(volume_link_slot(l.link, LOG_BLOCKS), vm->log, piece->start, piece->bytes, piece->count);
	l.index[l.slot].count[l.place] = 0;	/* if it fails, there is nothing */
	submit(BLK_WRITE, (u64)l.slot * LOG_SLOT_BYTES + l.place * LOG_BLOCK_BYTES, LOG_BLOCK_BYTES, LOG_BLOCKS);
	return STEP_WRITE;
}

/* The volume is open. */
static enum step serve(struct vm *vm)
{
	bool is_write = l.request.op == REQ_LOG_WRITE;

	if (is_write && l.request.log.count == 0) {
		submit(BLK_FLUSH, 0, 0, 0);
		return STEP_FLUSH;
	}
	if (is_write && !is_encrypted(l.volume) && !may_be_plain(vm)) {
		answer(ERR_DENIED);
		return STEP_IDLE;
	}
	if (is_write && vm->log == 0 && !begin_log(vm)) {
		answer(ERR_BUSY);
		return STEP_IDLE;
	}
	if (!l.is_known[vm->log_slot] || (!is_write && l.blocks_log != vm->log))
		return begin_read(vm->log_slot);
	if (is_write)
		return begin_write(vm);
	answer_piece(&l.index[vm->log_slot]);
	return STEP_IDLE;
}

static enum step step_idle(void)
{
	struct vm *vm = l.is_asked ? vm_find(l.request.name) : NULL;
	enum step next = STEP_IDLE;
	enum error error;

	if (l.is_answer_due)
		send();
	if (l.is_sweep_due && l.link != NULL && !definitions_are_read())
		next = sweep();
	if (next != STEP_IDLE || !l.is_asked || l.is_answer_due)
		return next;
	if (vm == NULL)
		answer(ERR_NO_VM);
	else if (l.request.op == REQ_LOG_READ && vm->log == 0)
		answer_piece(&(const struct log_index){ .count = { 0 } });
	else if (find_volume(&next, &error))
		return serve(vm);
	else if (error != ERR_NONE)
		answer(error);
	return next;
}

static enum step step_open(void)
{
	return has_come() && l.link->client.is_up ? STEP_IDLE : STEP_OPEN;
}

/* A private copy. Blocks of another log, as of a VM that was deleted, are none. */
static enum step step_read(void)
{
	const struct vm *vm = vm_find(l.request.name);

	if (!has_come())
		return STEP_READ;
	memcpy(l.blocks, volume_link_slot(l.link, 0), sizeof(l.blocks));
	if (l.is_asked && vm != NULL && vm->log_slot == l.slot && !l.has_failed) {
		log_index_read(&l.index[l.slot], l.blocks, vm->log);
		l.is_known[l.slot] = true;
		l.blocks_log = vm->log;
	}
	return STEP_IDLE;
}

static enum step step_write(void)
{
	if (!has_come())
		return STEP_WRITE;
	if (!l.has_failed) {
		l.index[l.slot].start[l.place] = l.request.log.start;
		l.index[l.slot].count[l.place] = l.request.log.count;
		l.blocks_log = 0;
		answer(ERR_NONE);
	}
	return STEP_IDLE;
}

static enum step step_flush(void)
{
	if (!has_come())
		return STEP_FLUSH;
	if (!l.has_failed)
		answer(ERR_NONE);
	return STEP_IDLE;
}

static enum step step_discard(void)
{
	if (!has_come())
		return STEP_DISCARD;
	memset(l.may_have_bytes + l.slot, 0, l.slots);
	return STEP_IDLE;
}

static enum step step_close(void)
{
	if (!volume_link_close(l.link))
		return STEP_CLOSE;
	store_release(l.volume);
	l.link = NULL;
	l.volume = NULL;
	return STEP_IDLE;
}

static enum step (*const steps[STEP_COUNT])(void) = {
	[STEP_IDLE] = step_idle, [STEP_OPEN] = step_open, [STEP_READ] = step_read, [STEP_WRITE] = step_write,
	[STEP_FLUSH] = step_flush, [STEP_DISCARD] = step_discard, [STEP_CLOSE] = step_close,
};

/* ---- all of it ---- */

/* What may end any step of a volume that has a link. */
static void look_for_end(void)
{
	const struct pool *pool = pool_of_logs();
	bool is_going = pool == NULL || pool_at(l.volume->pool) != pool || l.volume->is_going ||
			is_out_of_date(pool, l.volume);

	(void)has_come();
	if (l.step == STEP_CLOSE || (!is_going && !l.has_failed))
		return;
	if (l.has_failed)
		l.again_tsc = rt_time_after(&root.time, AGAIN_NS);
	answer(ERR_NO_POOL);
	l.step = STEP_CLOSE;
}

u64 vm_logs_step(void)
{
	enum step before;

	if (l.link != NULL)
		look_for_end();
	before = l.step;
	l.step = steps[before]();
	if (l.link != NULL && l.step != STEP_CLOSE)
		volume_link_kick(l.link);
	return l.step != before ? 0 : DEADLINE_NONE;
}

bool vm_logs_may_sleep(void)
{
	return l.link == NULL || l.step == STEP_IDLE || l.step == STEP_CLOSE || !volume_link_wait(l.link);
}
