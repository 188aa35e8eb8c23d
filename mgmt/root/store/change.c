/* SPDX-License-Identifier: MIT */
/*
 * change.c - see change.h. A change owns the volumes that it makes or deletes (volume.change) until it ends: nobody
 * else gets them meanwhile. One that fails takes back what it made.
 */
#include "change.h"

#include <string.h>

#include "accounts.h"
#include "client.h"
#include "error_info.h"
#include "hot_disks.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "rt_log.h"
#include "spec.h"
#include "storage_report.h"
#include "store_client.h"
#include "vm.h"
#include "vm_disks.h"
#include "volume_marks.h"
#include "volumes.h"

#define CHANGES 32u
#define EJECTS (CHANGES / 2)	/* thereof at most: how long a guest takes is not ours to say */
#define NO_CLIENT CLIENTS_MAX
#define DISKS_LIMIT_NS (15 * NS_PER_S)	/* for disks to come */
#define STORE_LIMIT_NS (30 * NS_PER_S)	/* for the store's answer */
#define EJECT_LIMIT_NS (10 * NS_PER_S)	/* for a guest to let a disk go, unless the request says */
#define LOOK_NS (50 * NS_PER_MS)	/* no signal tells that a driver has found no disk */

/* EJECT: a guest is asked to let a disk go. */
enum step { STEP_FREE, STEP_DISKS, STEP_STORE, STEP_EJECT, STEP_ANSWER };

static struct change {
	enum step step;
	u32 client;		/* NO_CLIENT: nobody waits */
	u64 deadline_tsc;
	struct error_info info;		/* STEP_ANSWER */
	struct volume_row row;		/* of REQ_CREATE_VOLUME */
	u64 vm_id;			/* of a VM that is to change: which of those that have had that name */
	u64 built_tsc;			/* STEP_EJECT: which of its runs */
	u32 disk_count;			/* REQ_ATTACH_DISK: that it had when `spec` was made */
	struct request request;
} changes[CHANGES];

static struct change *free_place(void)
{
	for (u32 i = 0; i < CHANGES; i++)
		if (changes[i].step == STEP_FREE)
			return &changes[i];
	return NULL;
}

static u32 count_at(enum step step)
{
	u32 count = 0;

	for (u32 i = 0; i < CHANGES; i++)
		count += changes[i].step == step;
	return count;
}

static u32 number_of(const struct change *c)
{
	return (u32)(c - changes);
}

static const struct disk_spec *volume_of(const struct change *c)
{
	return &c->request.spec.disks[0];
}

static bool is_dry_run(const struct change *c)
{
	return (c->request.flags & REQ_FLAG_DRY_RUN) != 0;
}

/* Of a VM that ran when the request came: the disks of others are a REQ_SET. */
static bool is_hot(const struct change *c)
{
	return c->request.op == REQ_ATTACH_DISK || c->request.op == REQ_DETACH_DISK;
}

/* The VM that it is to change; NULL: that is no more. */
static struct vm *set_vm(const struct change *c)
{
	struct vm *vm = vm_find(c->request.name);

	return vm != NULL && vm->id == c->vm_id ? vm : NULL;
}

/* ---- answers ---- */

/* The VM that the answer tells of: as it is now, also where that was not asked for. */
static const struct vm *told_vm(const struct change *c)
{
	bool has_one = c->request.op == REQ_SET || is_hot(c) ||
		       (c->request.op == REQ_CREATE && c->info.error == ERR_NONE && !is_dry_run(c));

	return has_one ? vm_find(c->request.name) : NULL;
}

static bool send_answer(const struct change *c)
{
	static struct reply reply;

	if (c->client == NO_CLIENT)
		return true;
	if (c->request.op != REQ_CREATE_VOLUME || c->info.error != ERR_NONE || is_dry_run(c))
		return reply_send(c->client, c->request.id, &c->info, told_vm(c));
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = c->request.id;
	reply.volume = c->row;
	return client_send(c->client, &reply);
}

static void answer(struct change *c, struct error_info info)
{
	c->info = info;
	c->step = send_answer(c) ? STEP_FREE : STEP_ANSWER;
}

/* ---- what each request is ---- */

static struct error_info judge_create(struct change *c)
{
	struct request *r = &c->request;
	struct error_info no = spec_judge(&r->spec, r->fields, &root.images, INFO->pcpu_count);
	struct vm *none;

	return no.error == ERR_NONE ? vm_define(r->name, &r->spec, true, &none) : no;
}

static struct error_info judge_set(struct change *c)
{
	struct vm *vm = set_vm(c);

	return vm != NULL ? vm_set(vm, &c->request.spec, c->request.fields, true) : error_info_of(ERR_NO_VM, 0, 0);
}

/* A VM that has stopped meanwhile gets them too; from one that has lost a disk meanwhile, the list is out of date. */
static struct error_info attach(struct change *c, bool is_dry)
{
	struct vm *vm = set_vm(c);

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	if (vm->spec.disk_count != c->disk_count)
		return error_info_of(ERR_BUSY, 0, 0);
	return vm->phase == VM_PHASE_IDLE ? vm_set(vm, &c->request.spec, BIT32(FIELD_DISK), is_dry)
					  : hot_disks_attach(vm, &c->request.spec, is_dry);
}

static struct error_info judge_attach(struct change *c)
{
	return attach(c, true);
}

static struct error_info finish_attach(struct change *c)
{
	return attach(c, false);
}

/* All of it was judged just before: make_set. */
static struct error_info judge_detach(struct change *c)
{
	(void)c;
	return ERROR_INFO_NONE;
}

static struct error_info judge_volume(struct change *c)
{
	const struct disk_spec *want = volume_of(c);

	if (!spec_disk_ok(want) || want->volume[0] == '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (c->request.op == REQ_DELETE_VOLUME)
		return volume_judge_delete(want->volume);
	return want->bytes != 0 ? volume_judge_new(want->volume, want) : error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
}

static struct error_info finish_create(struct change *c)
{
	struct request *r = &c->request;
	/* Once more: while it waited for its volumes an image may have been deleted. */
	struct error_info no = spec_judge(&r->spec, r->fields, &root.images, INFO->pcpu_count);
	struct vm *made;

	return no.error == ERR_NONE ? vm_define(r->name, &r->spec, false, &made) : no;
}

static struct error_info finish_set(struct change *c)
{
	struct vm *vm = set_vm(c);

	return vm != NULL ? vm_set(vm, &c->request.spec, c->request.fields, false) : error_info_of(ERR_NO_VM, 0, 0);
}

static struct error_info finish_volume(struct change *c)
{
	const struct volume *v = volume_find(volume_of(c)->volume);

	if (v != NULL && c->request.op == REQ_CREATE_VOLUME)
		volume_row_fill(v, &c->row);
	return ERROR_INFO_NONE;
}

static const struct {
	struct error_info (*judge)(struct change *c);
	struct error_info (*finish)(struct change *c);
	bool has_vm;		/* its disks are those of a VM's spec */
} kinds[REQ_OP_COUNT] = {
	[REQ_CREATE] = { judge_create, finish_create, true },
	[REQ_SET] = { judge_set, finish_set, true },
	[REQ_ATTACH_DISK] = { judge_attach, finish_attach, true },
	[REQ_DETACH_DISK] = { .judge = judge_detach },
	[REQ_CREATE_VOLUME] = { judge_volume, finish_volume, false },
	[REQ_DELETE_VOLUME] = { judge_volume, finish_volume, false },
};

static bool concerns_disks(const struct change *c)
{
	return c->request.op != REQ_SET || (c->request.fields & BIT32(FIELD_DISK)) != 0;
}

/* Some volume is to be made on the best of all disks. Only of a request whose fields were judged. */
static bool needs_choice(const struct change *c)
{
	if (kinds[c->request.op].has_vm)
		return volumes_need_choice(c->request.name, &c->request.spec);
	return c->request.op == REQ_CREATE_VOLUME && volume_of(c)->on[0] == '\0';
}

/* ---- volumes ---- */

static struct error_info make(struct change *c, const char *name, const struct disk_spec *want)
{
	struct volume *v = volume_new(name, want);
	struct error_info no;
	enum status st;

	if (v == NULL)
		return error_info_limit(STORE_RAM_SLOTS, "volumes");
	v->change = number_of(c);
	v->is_marked = kinds[c->request.op].has_vm && volume_is_on_disk(v) && volume_is_named_after(v, c->request.name);
	if (v->was_blank)
		rt_log("root: disk %s is blank and is taken into use for volume %s", v->on, v->name);
	st = store_create(v);
	if (st == ST_OK)
		return ERROR_INFO_NONE;
	no = error_info_of(st == ST_NOMEM ? ERR_DISK_MEMORY : ERR_INTERNAL, want->bytes,
			   st == ST_NOMEM ? stats_of_memory()[MEM_STAT_FREE] : st);
	strcpy(no.text, name);
	return no;
}

/* It was there before: nobody else gets or deletes it meanwhile. */
static void hold(const struct change *c, struct volume *v)
{
	v->change = number_of(c);
	v->is_held = true;
}

static struct error_info make_missing(struct change *c)
{
	struct error_info no = ERROR_INFO_NONE;
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < c->request.spec.disk_count && no.error == ERR_NONE; i++) {
		struct volume *v;

		volume_name_of(name, c->request.name, &c->request.spec, i);
		v = volume_find(name);
		if (v == NULL)
			no = make(c, name, &c->request.spec.disks[i]);
		else if (v->vm == VOLUME_NOBODY)
			hold(c, v);
	}
	return no;
}

static struct error_info begin_volumes(struct change *c)
{
	struct volume *v;

	if (!concerns_disks(c))
		return ERROR_INFO_NONE;
	if (kinds[c->request.op].has_vm)
		return make_missing(c);
	if (c->request.op == REQ_CREATE_VOLUME)
		return make(c, volume_of(c)->volume, volume_of(c));
	v = volume_find(volume_of(c)->volume);
	v->change = number_of(c);
	store_delete(v);
	return ERROR_INFO_NONE;
}

/* What it made goes again; what could not be deleted stays. */
static void release_volumes(struct change *c, bool is_failed)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || v->change != number_of(c))
			continue;
		v->change = CHANGE_NONE;
		if (v->is_held) {
			v->is_held = false;
			continue;
		}
		v->is_fresh = !is_failed && kinds[c->request.op].has_vm;
		if (is_failed && c->request.op != REQ_DELETE_VOLUME)
			store_delete(v);
	}
}

/* The VM did not come to be after all: nobody took them. */
static void drop_fresh(const struct change *c)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || !v->is_fresh || !kinds[c->request.op].has_vm)
			continue;
		v->is_fresh = false;
		store_delete(v);
	}
}

static struct error_info store_error(const struct volume *v)
{
	static const u8 errors[STORE_ERROR_COUNT] = {
		[STORE_EXISTS] = ERR_VOLUME_EXISTS, [STORE_FULL] = ERR_DISK_FULL, [STORE_NO_DISK] = ERR_DISK_COMING,
		[STORE_NOT_EMPTY] = ERR_DISK_CONTENTS, [STORE_WRITE_PROTECTED] = ERR_DISK_READ_ONLY,
		[STORE_IO] = ERR_DISK_IO, [STORE_BUSY] = ERR_DISK_BUSY, [STORE_NOT_VOS] = ERR_VOLUME_FOREIGN,
	};
	enum error error = v->error < STORE_ERROR_COUNT && errors[v->error] != 0 ? errors[v->error] : ERR_INTERNAL;
	bool is_about_volume = error == ERR_VOLUME_EXISTS || error == ERR_VOLUME_FOREIGN;
	struct error_info no = error_info_of(error, v->bytes, error == ERR_INTERNAL ? v->error : 0);

	strcpy(no.text, is_about_volume ? v->name : v->on);
	if (error == ERR_DISK_FULL && volume_is_on_disk(v))
		no.have = disk_at(v->slot)->largest_bytes;
	return no;
}

/* True: the store has answered about all of its volumes. *no: the first that failed. */
static bool are_volumes_done(const struct change *c, struct error_info *no)
{
	bool is_done = true;

	*no = ERROR_INFO_NONE;
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		const struct volume *v = volume_at(i);

		if (v == NULL || v->change != number_of(c) || v->is_held)
			continue;
		if (v->error == STORE_OK && (v->is_making || v->is_going)) {
			is_done = false;
			*no = error_info_of(ERR_DISK_SILENT, 0, 0);
			strcpy(no->text, v->on);
		} else if (v->error != STORE_OK && no->error == ERR_NONE) {
			*no = store_error(v);
		}
	}
	return is_done;
}

/* ---- the course of it ---- */

static void end(struct change *c, struct error_info info)
{
	release_volumes(c, info.error != ERR_NONE);
	if (info.error == ERR_NONE)
		info = kinds[c->request.op].finish(c);
	if (info.error != ERR_NONE)
		drop_fresh(c);
	answer(c, info);
}

static void step_store(struct change *c)
{
	struct error_info no;

	if (are_volumes_done(c, &no) || c->deadline_tsc <= rt_time_tsc())
		end(c, no);
}

/* The guest is asked, until the disk's volume is free. */
static void begin_eject(struct change *c)
{
	u64 limit_ns = c->request.timeout_ms != 0 ? c->request.timeout_ms * NS_PER_MS : EJECT_LIMIT_NS;
	struct vm *vm = set_vm(c);

	c->step = STEP_EJECT;
	c->built_tsc = vm->built_tsc;
	c->deadline_tsc = rt_time_after(&root.time, limit_ns);
	hot_disks_ask(vm, volume_of(c)->volume, true);
}

static struct error_info not_ejected(const struct change *c, enum error error)
{
	struct error_info no = error_info_of(error, 0, 0);

	strcpy(no.text, volume_of(c)->volume);
	return no;
}

/* A volume that the store does not give back is the VM's disk no more, all the same. A run that is over has answered
 * nothing: the next one has the disk. */
static void step_eject(struct change *c)
{
	struct vm *vm = set_vm(c);
	bool is_late = c->deadline_tsc <= rt_time_tsc();
	enum hot_disk_state state;

	if (vm == NULL) {
		answer(c, error_info_of(ERR_NO_VM, 0, 0));
		return;
	}
	state = hot_disks_state(vm, volume_of(c)->volume);
	if (state == HOT_DISK_NONE || (state == HOT_DISK_LEAVING && is_late)) {
		answer(c, ERROR_INFO_NONE);
	} else if (state == HOT_DISK_LEAVING) {
		return;
	} else if (!vm_is_alive(vm) || vm->built_tsc != c->built_tsc) {
		answer(c, not_ejected(c, ERR_VM_ENDED));
	} else if (is_late) {
		hot_disks_ask(vm, volume_of(c)->volume, false);
		answer(c, not_ejected(c, ERR_NOT_EJECTED));
	}
}

static void begin(struct change *c)
{
	struct error_info no = kinds[c->request.op].judge(c);
	bool may_wait = concerns_disks(c) && disks_are_coming() && c->deadline_tsc > rt_time_tsc();

	if (may_wait && (volume_may_come(&no, false) || (volume_may_come(&no, true) && needs_choice(c)))) {
		c->step = STEP_DISKS;
		return;
	}
	if (no.error != ERR_NONE || is_dry_run(c)) {
		answer(c, no);
		return;
	}
	if (c->request.op == REQ_DETACH_DISK) {
		if (count_at(STEP_EJECT) < EJECTS)
			begin_eject(c);
		else
			answer(c, error_info_limit(EJECTS, "disks that guests are asked for"));
		return;
	}
	c->step = STEP_STORE;
	c->deadline_tsc = rt_time_after(&root.time, STORE_LIMIT_NS);
	no = begin_volumes(c);
	if (no.error != ERR_NONE)
		end(c, no);
	else
		step_store(c);
}

/* Another change of that VM's disks would be undone by one that began with the disks as they are now. */
static bool is_changing(const struct change *c)
{
	for (u32 i = 0; i < CHANGES; i++)
		if (&changes[i] != c && changes[i].step != STEP_FREE && changes[i].step != STEP_ANSWER &&
		    (changes[i].request.op == REQ_SET || is_hot(&changes[i])) && concerns_disks(&changes[i]) &&
		    !is_dry_run(&changes[i]) && changes[i].vm_id == c->vm_id)
			return true;
	return false;
}

/* To attach and to detach a disk is to set all of them; of a VM that lives, to ask its guest. */
static struct error_info make_set(struct change *c)
{
	static struct vm_spec next;	/* too large for the stack */
	struct request *r = &c->request;
	const struct vm *vm = vm_find(r->name);
	struct error_info no = ERROR_INFO_NONE;
	bool is_idle;

	if (r->op != REQ_SET && !is_hot(c))
		return no;
	c->vm_id = vm->id;
	if (r->op == REQ_SET)
		return concerns_disks(c) && is_changing(c) ? error_info_of(ERR_BUSY, 0, 0) : no;
	is_idle = vm->phase == VM_PHASE_IDLE;
	c->disk_count = vm->spec.disk_count;
	if (!is_idle)
		no = hot_disks_judge(vm, r->op == REQ_DETACH_DISK);
	if (no.error != ERR_NONE)
		return no;
	if (r->op == REQ_ATTACH_DISK)
		no = vm_disks_add(vm, &r->spec, &next);
	else if (spec_disk_ok(volume_of(c)))
		no = vm_disks_remove(vm, volume_of(c)->volume, &next);
	else
		no = error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (no.error == ERR_NONE && is_changing(c))
		no = error_info_of(ERR_BUSY, 0, 0);
	if (is_idle || r->op == REQ_ATTACH_DISK)
		r->spec = next;
	if (is_idle) {
		r->op = REQ_SET;
		r->fields = BIT32(FIELD_DISK);
	}
	return no;
}

void change_begin(u32 client, const struct request *request)
{
	struct change *c = free_place();
	struct error_info busy = error_info_of(ERR_BUSY, 0, 0), no;

	if (c == NULL) {
		(void)reply_send(client, request->id, &busy, NULL);
		return;
	}
	c->client = client;
	c->request = *request;
	c->deadline_tsc = rt_time_after(&root.time, DISKS_LIMIT_NS);
	no = make_set(c);
	if (no.error != ERR_NONE) {
		answer(c, no);
		return;
	}
	begin(c);
	if (c->step == STEP_DISKS)
		rt_log("root: a request for %s waits for disks that are starting",
		       kinds[c->request.op].has_vm ? c->request.name : volume_of(c)->volume);
}

static u64 step_one(struct change *c)
{
	if (c->step == STEP_DISKS)
		begin(c);
	else if (c->step == STEP_STORE)
		step_store(c);
	else if (c->step == STEP_EJECT)
		step_eject(c);
	else if (c->step == STEP_ANSWER)
		answer(c, c->info);
	if (c->step == STEP_DISKS)
		return rt_time_after(&root.time, LOOK_NS);
	return c->step == STEP_STORE || c->step == STEP_EJECT ? c->deadline_tsc : DEADLINE_NONE;
}

u64 change_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < CHANGES; i++)
		if (changes[i].step != STEP_FREE)
			next = min_u64(next, step_one(&changes[i]));
	return next;
}

/* Nobody waits for it any more. It goes on, but a guest is not asked for a disk any more. */
static void leave_alone(struct change *c)
{
	struct vm *vm = set_vm(c);

	c->client = NO_CLIENT;
	if (c->step != STEP_EJECT)
		return;
	if (vm != NULL)
		hot_disks_ask(vm, volume_of(c)->volume, false);
	c->step = STEP_FREE;
}

void change_cancel(u32 client, u32 request_id)
{
	struct error_info canceled = error_info_of(ERR_CANCELED, 0, 0);

	for (u32 i = 0; i < CHANGES; i++) {
		struct change *c = &changes[i];

		if (c->step == STEP_FREE || c->step == STEP_ANSWER || c->client != client ||
		    c->request.id != request_id || !reply_send(client, request_id, &canceled, NULL))
			continue;
		leave_alone(c);
	}
}

void change_drop(u32 client)
{
	for (u32 i = 0; i < CHANGES; i++)
		if (changes[i].step != STEP_FREE && changes[i].client == client)
			leave_alone(&changes[i]);
}
