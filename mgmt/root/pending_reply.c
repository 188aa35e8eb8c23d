/* SPDX-License-Identifier: MIT */
/*
 * pending_reply.c - see pending_reply.h. A reply that is due keeps its place until its client has room for it.
 */
#include "pending_reply.h"

#include "client.h"
#include "reply.h"
#include "vm.h"

#define PENDING_EACH (VM_COUNT + 64u)	/* of a client: one for each VM, and some more */

static struct pending_reply {
	bool is_used, is_due;
	u32 request_id;
	u32 vm_index;
	enum wait_for_state wait_for;
	struct error_info error;
} pending[CLIENTS_MAX][PENDING_EACH];

static struct pending_reply *free_place(u32 client)
{
	for (u32 i = 0; i < PENDING_EACH; i++)
		if (!pending[client][i].is_used)
			return &pending[client][i];
	return NULL;
}

bool pending_reply_room(u32 client)
{
	return free_place(client) != NULL;
}

void pending_reply_add(u32 client, u32 request_id, u32 vm_index, enum wait_for_state state)
{
	*free_place(client) = (struct pending_reply){
		.is_used = true, .request_id = request_id, .vm_index = vm_index, .wait_for = state,
	};
}

static bool is_for(const struct pending_reply *p, u32 vm_index, enum wait_for_state state)
{
	return p->is_used && !p->is_due && p->vm_index == vm_index && p->wait_for == state;
}

void pending_reply_resolve(u32 vm_index, enum wait_for_state state, const struct error_info *error)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < PENDING_EACH; i++)
			if (is_for(&pending[client][i], vm_index, state)) {
				pending[client][i].is_due = true;
				pending[client][i].error = *error;
			}
}

static bool is_awaited(u32 vm_index, enum wait_for_state state)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < PENDING_EACH; i++)
			if (is_for(&pending[client][i], vm_index, state))
				return true;
	return false;
}

u32 pending_reply_cancel(u32 client, u32 request_id)
{
	for (u32 i = 0; i < PENDING_EACH; i++) {
		struct pending_reply *p = &pending[client][i];

		if (!p->is_used || p->is_due || p->request_id != request_id)
			continue;
		p->is_due = true;
		p->error = error_info_of(ERR_CANCELED, 0, 0);
		if (p->wait_for == WAIT_FOR_STOPPED && !is_awaited(p->vm_index, WAIT_FOR_STOPPED))
			return p->vm_index;
		return VM_COUNT;
	}
	return VM_COUNT;
}

void pending_reply_forget_vm(u32 vm_index)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < PENDING_EACH; i++)
			if (pending[client][i].vm_index == vm_index)
				pending[client][i].vm_index = VM_COUNT;
}

static void flush(u32 client)
{
	for (u32 i = 0; i < PENDING_EACH; i++) {
		struct pending_reply *p = &pending[client][i];

		if (!p->is_used || !p->is_due)
			continue;
		if (!reply_send(client, p->request_id, &p->error, vm_at(p->vm_index)))
			return;
		p->is_used = false;
	}
}

void pending_reply_flush(void)
{
	for (u32 client = 0; client < client_count; client++)
		flush(client);
}

void pending_reply_drop(u32 client)
{
	for (u32 i = 0; i < PENDING_EACH; i++)
		pending[client][i].is_used = false;
}
