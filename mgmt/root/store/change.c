/* SPDX-License-Identifier: MIT */
/*
 * change.c - see change.h: the course of a change.
 */
#include "change.h"

#include <string.h>

#include "change_kinds.h"
#include "change_volumes.h"
#include "client.h"
#include "definition_changes.h"
#include "definitions.h"
#include "error_info.h"
#include "hot_disks.h"
#include "pool_groups.h"
#include "pools.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "rt_log.h"
#include "spec.h"
#include "spec_fields.h"
#include "storage_report.h"
#include "store_client.h"
#include "upkeep.h"
#include "vm.h"
#include "vm_disks.h"
#include "volume_marks.h"
#include "volume_judge.h"
#include "volumes.h"

#define CHANGES 32u
#define EJECTS (CHANGES / 2)	/* thereof at most: how long a guest takes is not ours to say */
#define NO_CLIENT CLIENTS_MAX
#define DISKS_LIMIT_NS (15 * NS_PER_S)	/* for disks to come */
#define STORE_LIMIT_NS (30 * NS_PER_S)	/* for the store's answer */
#define EJECT_LIMIT_NS (10 * NS_PER_S)	/* for a guest to let a disk go, unless the request says */
#define LOOK_NS (50 * NS_PER_MS)	/* no signal tells that a driver has found no disk */

static struct change changes[CHANGES];

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

/* ---- answers ---- */

/* The VM that the answer tells of: as it is now, also where that was not asked for. */
static const struct vm *told_vm(const struct change *c)
{
	bool is_clone = c->request.op == REQ_CLONE_VM;
	bool has_one = c->request.op == REQ_SET || c->request.op == REQ_RESIZE_DISK || change_is_hot(c) ||
		       ((c->request.op == REQ_CREATE || is_clone) && c->info.error == ERR_NONE && !change_is_dry(c));

	return has_one ? vm_find(is_clone ? c->request.to : c->request.name) : NULL;
}

/* An answer that tells of something else than a VM. */
static bool has_report(u32 op)
{
	return op == REQ_CREATE_VOLUME || op == REQ_SNAPSHOT_VM || change_kinds[op].tells_pool;
}

static void fill_snapshot(const struct change *c, struct snapshot_report *out)
{
	const struct vm *vm = change_vm(c);

	strcpy(out->name, c->request.snapshot);
	out->disks = vm != NULL ? vm->spec.disk_count : 0;
}

static bool send_answer(const struct change *c)
{
	static struct reply reply;

	if (c->client == NO_CLIENT)
		return true;
	if (!has_report(c->request.op) || c->info.error != ERR_NONE || change_is_dry(c))
		return reply_send(c->client, c->request.id, &c->info, told_vm(c));
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = c->request.id;
	if (change_kinds[c->request.op].tells_pool)
		reply.pool = c->pool;
	else if (c->request.op == REQ_SNAPSHOT_VM)
		fill_snapshot(c, &reply.snapshot);
	else
		reply.volume = c->row;
	return client_send(c->client, &reply);
}

static void answer(struct change *c, struct error_info info)
{
	c->info = info;
	c->step = send_answer(c) ? STEP_FREE : STEP_ANSWER;
	if (change_kinds[c->request.op].has_secret)
		explicit_bzero(c->request.secret, sizeof(c->request.secret));
}

/* ---- the course of it ---- */

static void step_keep(struct change *c)
{
	struct error_info no;

	if (definitions_are_kept(c->changes, &no))
		answer(c, no);
}

/* It is done: what it has changed of a VM is written before it is answered. */
static void keep(struct change *c)
{
	if ((c->request.flags & REQ_FLAG_APPLIED) != 0 && definitions_are_read()) {
		answer(c, ERROR_INFO_NONE);
		return;
	}
	c->step = STEP_KEEP;
	c->changes = definitions_count();
	step_keep(c);
}

static bool changes_a_vm(const struct change *c)
{
	return change_kinds[c->request.op].has_vm || c->request.op == REQ_DETACH_DISK;
}

static void end(struct change *c, struct error_info info)
{
	change_volumes_release(c, info.error != ERR_NONE);
	if (info.error == ERR_NONE)
		info = change_kinds[c->request.op].finish(c);
	else if (change_kinds[c->request.op].give_up != NULL)
		change_kinds[c->request.op].give_up(c);
	if (info.error != ERR_NONE)
		change_volumes_drop_fresh(c);
	if (c->group != GROUP_NONE)
		group_end(c->group, info.error != ERR_NONE);
	if (info.error == ERR_NONE && changes_a_vm(c))
		keep(c);
	else
		answer(c, info);
}

/* An image may take its time: nothing but the disk limits it. */
static void step_copy(struct change *c)
{
	if (change_images_are_done(c, &c->info))
		end(c, c->info);
}

static void step_store(struct change *c)
{
	struct error_info no;

	if (!change_volumes_are_done(c, &no) && c->deadline_tsc > rt_time_tsc())
		return;
	if (no.error == ERR_NONE && change_images_begin(c, &c->info))
		c->step = STEP_COPY;
	else
		end(c, no.error == ERR_NONE ? c->info : no);
}

/* The guest is asked, until the disk's volume is free. */
static void begin_eject(struct change *c)
{
	u64 limit_ns = c->request.timeout_ms != 0 ? c->request.timeout_ms * NS_PER_MS : EJECT_LIMIT_NS;
	struct vm *vm = change_vm(c);

	c->step = STEP_EJECT;
	c->built_tsc = vm->built_tsc;
	c->deadline_tsc = rt_time_after(&root.time, limit_ns);
	hot_disks_ask(vm, change_volume(c)->volume, true);
}

static struct error_info not_ejected(const struct change *c, enum error error)
{
	struct error_info no = error_info_of(error, 0, 0);

	strcpy(no.text, change_volume(c)->volume);
	return no;
}

/* A volume that the store does not give back is the VM's disk no more, all the same. A run that is over has answered
 * nothing: the next one has the disk. */
static void step_eject(struct change *c)
{
	struct vm *vm = change_vm(c);
	bool is_late = c->deadline_tsc <= rt_time_tsc();
	enum hot_disk_state state;

	if (vm == NULL) {
		answer(c, error_info_of(ERR_NO_VM, 0, 0));
		return;
	}
	state = hot_disks_state(vm, change_volume(c)->volume);
	if (state == HOT_DISK_NONE || (state == HOT_DISK_LEAVING && is_late)) {
		keep(c);
	} else if (state == HOT_DISK_LEAVING) {
		return;
	} else if (!vm_is_alive(vm) || vm->built_tsc != c->built_tsc) {
		answer(c, not_ejected(c, ERR_VM_ENDED));
	} else if (is_late) {
		hot_disks_ask(vm, change_volume(c)->volume, false);
		answer(c, not_ejected(c, ERR_NOT_EJECTED));
	}
}

/* It goes on for as long as it takes. */
static void step_upkeep(struct change *c)
{
	struct error_info info;

	if (!upkeep_is_done(c, &info))
		return;
	if (info.error == ERR_NONE)
		info = change_kinds[c->request.op].finish(c);
	answer(c, info);
}

static void begin(struct change *c)
{
	struct error_info no = change_images_judge(c);
	bool may_wait = change_concerns_disks(c) && (disks_are_coming() || pools_are_coming()) &&
			c->deadline_tsc > rt_time_tsc();

	if (no.error == ERR_NONE)
		no = change_kinds[c->request.op].judge(c);
	if (may_wait && (volume_may_come(&no, false) || (volume_may_come(&no, true) && change_needs_choice(c)))) {
		c->step = STEP_DISKS;
		return;
	}
	if (no.error != ERR_NONE || change_is_dry(c)) {
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
	if (change_kinds[c->request.op].reads_pool) {
		upkeep_begin(c);
		c->step = STEP_UPKEEP;
		store_groups();
		return;
	}
	c->step = STEP_STORE;
	c->deadline_tsc = rt_time_after(&root.time, STORE_LIMIT_NS);
	no = change_volumes_begin(c);
	if (no.error != ERR_NONE)
		end(c, no);
	else
		step_store(c);
}

/* Of a VM that is there. */
static bool is_of_vm(const struct change *c)
{
	return c->request.op == REQ_SET || change_is_hot(c) || change_kinds[c->request.op].is_of_vm;
}

/* Another change of that VM's disks would be undone by one that began with the disks as they are now. */
static bool is_changing(const struct change *c)
{
	for (u32 i = 0; i < CHANGES; i++) {
		const struct change *other = &changes[i];

		if (other != c && other->step != STEP_FREE && other->step < STEP_KEEP &&
		    is_of_vm(other) && change_concerns_disks(other) && !change_is_dry(other) &&
		    other->vm_id == c->vm_id)
			return true;
	}
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

	if (!is_of_vm(c))
		return no;
	c->vm_id = vm->id;
	if (!change_is_hot(c))
		return change_concerns_disks(c) && is_changing(c) ? error_info_of(ERR_BUSY, 0, 0) : no;
	is_idle = vm->phase == VM_PHASE_IDLE;
	c->disk_count = vm->spec.disk_count;
	if (!is_idle)
		no = hot_disks_judge(vm, r->op == REQ_DETACH_DISK);
	if (no.error != ERR_NONE)
		return no;
	if (r->op == REQ_ATTACH_DISK)
		no = vm_disks_add(vm, &r->spec, &next);
	else if (spec_disk_ok(change_volume(c)))
		no = vm_disks_remove(vm, change_volume(c)->volume, &next);
	else
		no = error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (no.error == ERR_NONE && is_changing(c))
		no = error_info_of(ERR_BUSY, 0, 0);
	if (no.error == ERR_NONE && !is_idle && spec_nvram_count(&next) != spec_nvram_count(&vm->spec))
		no = error_info_of(ERR_NVRAM_LIVE, 0, 0);
	if (is_idle || r->op == REQ_ATTACH_DISK)
		r->spec = next;
	if (is_idle) {
		r->op = REQ_SET;
		r->fields = BIT32(FIELD_DISK);
	}
	return no;
}

/* What waits for definitions that are being applied leaves a place to those. */
static struct change *place_for(const struct request *r)
{
	bool is_waiting = definitions_are_read() && (r->flags & REQ_FLAG_APPLIED) == 0;

	return is_waiting && count_at(STEP_FREE) == 1 ? NULL : free_place();
}

void change_begin(u32 client, const struct request *request)
{
	struct change *c = place_for(request);
	struct error_info busy = error_info_of(ERR_BUSY, 0, 0), no;

	if (c == NULL) {
		(void)reply_send(client, request->id, &busy, NULL);
		return;
	}
	c->number = (u32)(c - changes);
	c->sized = 0;
	c->client = client;
	c->request = *request;
	c->group = GROUP_NONE;
	c->deadline_tsc = rt_time_after(&root.time, DISKS_LIMIT_NS);
	no = make_set(c);
	if (no.error != ERR_NONE) {
		answer(c, no);
		return;
	}
	begin(c);
	if (c->step == STEP_DISKS)
		rt_log("root: a request for %s waits for disks that are starting",
		       change_kinds[c->request.op].has_vm ? c->request.name : change_volume(c)->volume);
}

static u64 step_one(struct change *c)
{
	if (c->step == STEP_DISKS)
		begin(c);
	else if (c->step == STEP_STORE)
		step_store(c);
	else if (c->step == STEP_COPY)
		step_copy(c);
	else if (c->step == STEP_EJECT)
		step_eject(c);
	else if (c->step == STEP_UPKEEP)
		step_upkeep(c);
	else if (c->step == STEP_KEEP)
		step_keep(c);
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
	struct vm *vm = change_vm(c);

	c->client = NO_CLIENT;
	if (c->step != STEP_EJECT)
		return;
	if (vm != NULL)
		hot_disks_ask(vm, change_volume(c)->volume, false);
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
