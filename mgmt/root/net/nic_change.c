/* SPDX-License-Identifier: MIT */
/*
 * nic_change.c - see nic_change.h.
 */
#include "nic_change.h"

#include <string.h>

#include "definition_changes.h"
#include "definitions.h"
#include "error_info.h"
#include "hot_nics.h"
#include "reply.h"
#include "root.h"
#include "spec.h"
#include "vm.h"

#define CHANGES 16u
#define NO_CLIENT CLIENTS_MAX
#define EJECT_LIMIT_NS (10 * NS_PER_S)	/* for a guest to let a card go, unless the request says */

/* EJECT: a guest is asked to let a card go. KEEP: what has changed is being written (definitions.h). */
enum step { STEP_FREE, STEP_EJECT, STEP_KEEP, STEP_ANSWER };

static struct nic_change {
	enum step step;
	u32 client, request_id;	/* NO_CLIENT: nobody waits */
	char name[VM_NAME_BYTES];
	u64 vm_id, built_tsc;	/* which VM of that name; EJECT: and which of its runs */
	u32 card;		/* EJECT: its number when it was asked for */
	struct hot_nic nic;
	u64 deadline_tsc;
	u64 changes;		/* KEEP: up to that count (definition_changes.h) */
	struct error_info info;	/* ANSWER */
} changes[CHANGES];

static struct vm *vm_of(const struct nic_change *c)
{
	struct vm *vm = vm_find(c->name);

	return vm != NULL && vm->id == c->vm_id ? vm : NULL;
}

static void answer(struct nic_change *c, struct error_info info)
{
	bool is_sent = c->client == NO_CLIENT || reply_send(c->client, c->request_id, &info, vm_of(c));

	c->info = info;
	c->step = is_sent ? STEP_FREE : STEP_ANSWER;
}

static void step_keep(struct nic_change *c)
{
	struct error_info no;

	if (definitions_are_kept(c->changes, &no))
		answer(c, no);
}

static void keep(struct nic_change *c)
{
	c->step = STEP_KEEP;
	c->changes = definitions_count();
	step_keep(c);
}

/* ---- attach ---- */

static bool has_mac(const struct vm *vm, u64 mac)
{
	for (u32 n = 0; n < vm->spec.nic_count; n++)
		if (vm->nics[n].mac == mac)
			return true;
	return false;
}

/* Its own cards, and those of the request behind them. */
static struct error_info add_cards(const struct vm *vm, const struct request *r, struct vm_spec *next)
{
	u32 count = r->spec.nic_count;

	if (count == 0 || count > VM_DEVICES)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_NIC);
	if (vm->spec.disk_count + vm->spec.nic_count + count > VM_DEVICES)
		return error_info_limit(VM_DEVICES, "disks and network cards of a VM");
	*next = vm->spec;
	for (u32 i = 0; i < count; i++) {
		if (!spec_nic_ok(&r->spec.nics[i]))
			return error_info_of(ERR_BAD_FIELD, 0, FIELD_NIC);
		if (has_mac(vm, r->spec.nics[i].mac))
			return error_info_about(ERR_MAC_TAKEN, vm->name);
		next->nics[next->nic_count++] = r->spec.nics[i];
	}
	return ERROR_INFO_NONE;
}

static struct error_info attach(struct vm *vm, const struct request *r)
{
	bool is_dry_run = (r->flags & REQ_FLAG_DRY_RUN) != 0;
	static struct vm_spec next;	/* too large for the stack */
	struct error_info no = vm->phase == VM_PHASE_IDLE ? ERROR_INFO_NONE : hot_nics_judge(vm, false);

	if (no.error == ERR_NONE)
		no = add_cards(vm, r, &next);
	if (no.error != ERR_NONE)
		return no;
	return vm->phase == VM_PHASE_IDLE ? vm_set(vm, &next, BIT32(FIELD_NIC), is_dry_run) :
					    hot_nics_attach(vm, &next, is_dry_run);
}

/* ---- detach ---- */

static struct error_info no_card(enum error error, u32 card)
{
	return error_info_of(error, 0, card);
}

static struct error_info detach_at_rest(struct vm *vm, const struct request *r)
{
	static struct vm_spec next;	/* too large for the stack */

	hot_nics_without(vm, r->index, &next);
	return vm_set(vm, &next, BIT32(FIELD_NIC), (r->flags & REQ_FLAG_DRY_RUN) != 0);
}

static void begin_eject(struct nic_change *c, struct vm *vm, const struct request *r)
{
	u64 limit_ns = r->timeout_ms != 0 ? r->timeout_ms * NS_PER_MS : EJECT_LIMIT_NS;

	c->step = STEP_EJECT;
	c->built_tsc = vm->built_tsc;
	c->card = r->index;
	c->nic = hot_nic_of(vm, r->index);
	c->deadline_tsc = rt_time_after(&root.time, limit_ns);
	hot_nic_ask(vm, c->nic, true);
}

/* A run that is over has answered nothing: the next one has the card. */
static void step_eject(struct nic_change *c)
{
	struct vm *vm = vm_of(c);

	if (vm == NULL) {
		answer(c, error_info_of(ERR_NO_VM, 0, 0));
	} else if (!vm_is_alive(vm) || vm->built_tsc != c->built_tsc) {
		answer(c, no_card(ERR_VM_ENDED_NIC, c->card));
	} else if (!hot_nic_is_there(vm, c->nic)) {
		keep(c);
	} else if (c->deadline_tsc <= rt_time_tsc()) {
		hot_nic_ask(vm, c->nic, false);
		answer(c, no_card(ERR_NIC_NOT_EJECTED, c->card));
	}
}

/* ---- all of them ---- */

static void begin(struct nic_change *c, struct vm *vm, const struct request *r)
{
	struct error_info no = ERROR_INFO_NONE;
	bool is_idle = vm->phase == VM_PHASE_IDLE, is_dry_run = (r->flags & REQ_FLAG_DRY_RUN) != 0;

	if (r->op == REQ_ATTACH_NIC) {
		no = attach(vm, r);
	} else {
		if (!is_idle)
			no = hot_nics_judge(vm, true);
		if (no.error == ERR_NONE && r->index >= vm->spec.nic_count)
			no = error_info_of(ERR_NO_CARD, vm->spec.nic_count, r->index);
		if (no.error == ERR_NONE && is_idle)
			no = detach_at_rest(vm, r);
		else if (no.error == ERR_NONE && !is_dry_run) {
			begin_eject(c, vm, r);
			return;
		}
	}
	if (no.error != ERR_NONE || is_dry_run)
		answer(c, no);
	else
		keep(c);
}

void nic_change_begin(u32 client, const struct request *request)
{
	struct error_info busy = error_info_of(ERR_BUSY, 0, 0);
	struct vm *vm = vm_find(request->name);
	u32 i = 0;

	while (i < CHANGES && changes[i].step != STEP_FREE)
		i++;
	if (i == CHANGES) {
		(void)reply_send(client, request->id, &busy, NULL);
		return;
	}
	changes[i] = (struct nic_change){ .client = client, .request_id = request->id, .vm_id = vm->id };
	memcpy(changes[i].name, vm->name, sizeof(vm->name));
	begin(&changes[i], vm, request);
}

u64 nic_change_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < CHANGES; i++) {
		struct nic_change *c = &changes[i];

		if (c->step == STEP_EJECT)
			step_eject(c);
		else if (c->step == STEP_KEEP)
			step_keep(c);
		else if (c->step == STEP_ANSWER)
			answer(c, c->info);
		if (c->step == STEP_EJECT && c->deadline_tsc < next)
			next = c->deadline_tsc;
	}
	return next;
}

static void stop_asking(struct nic_change *c)
{
	struct vm *vm = vm_of(c);

	if (vm_is_alive(vm) && vm->built_tsc == c->built_tsc)
		hot_nic_ask(vm, c->nic, false);
}

void nic_change_cancel(u32 client, u32 request_id)
{
	for (u32 i = 0; i < CHANGES; i++) {
		struct nic_change *c = &changes[i];

		if (c->step != STEP_EJECT || c->client != client || c->request_id != request_id)
			continue;
		stop_asking(c);
		answer(c, error_info_of(ERR_CANCELED, 0, 0));
	}
}

void nic_change_drop(u32 client)
{
	for (u32 i = 0; i < CHANGES; i++) {
		struct nic_change *c = &changes[i];

		if (c->step == STEP_FREE || c->client != client)
			continue;
		if (c->step == STEP_EJECT)
			stop_asking(c);
		c->client = NO_CLIENT;
		if (c->step != STEP_KEEP)
			c->step = STEP_FREE;
	}
}
