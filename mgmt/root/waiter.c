/*
 * waiter.c - see waiter.h. An answer that is due keeps its place until its client has room for it.
 */
#include "waiter.h"

#include "answer.h"
#include "client.h"
#include "vm.h"

#define WAITERS_EACH (VM_COUNT + 64u)	/* of a client: one for each VM, and some more */

static struct waiter {
	bool is_used, is_due;
	u32 request_id;
	u32 vm_index;
	enum goal goal;
	struct refusal answer;
} waiters[CLIENTS_MAX][WAITERS_EACH];

static struct waiter *free_waiter(u32 client)
{
	for (u32 i = 0; i < WAITERS_EACH; i++)
		if (!waiters[client][i].is_used)
			return &waiters[client][i];
	return NULL;
}

bool waiter_room(u32 client)
{
	return free_waiter(client) != NULL;
}

void waiter_add(u32 client, u32 request_id, u32 vm_index, enum goal goal)
{
	*free_waiter(client) = (struct waiter){
		.is_used = true, .request_id = request_id, .vm_index = vm_index, .goal = goal,
	};
}

static bool is_for(const struct waiter *w, u32 vm_index, enum goal goal)
{
	return w->is_used && !w->is_due && w->vm_index == vm_index && w->goal == goal;
}

void waiter_resolve(u32 vm_index, enum goal goal, const struct refusal *answer)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < WAITERS_EACH; i++)
			if (is_for(&waiters[client][i], vm_index, goal)) {
				waiters[client][i].is_due = true;
				waiters[client][i].answer = *answer;
			}
}

static bool is_awaited(u32 vm_index, enum goal goal)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < WAITERS_EACH; i++)
			if (is_for(&waiters[client][i], vm_index, goal))
				return true;
	return false;
}

u32 waiter_cancel(u32 client, u32 request_id)
{
	for (u32 i = 0; i < WAITERS_EACH; i++) {
		struct waiter *w = &waiters[client][i];

		if (!w->is_used || w->is_due || w->request_id != request_id)
			continue;
		w->is_due = true;
		w->answer = refusal_of(ERR_CANCELED, 0, 0);
		return w->goal == GOAL_STOPPED && !is_awaited(w->vm_index, GOAL_STOPPED) ? w->vm_index : VM_COUNT;
	}
	return VM_COUNT;
}

void waiter_forget_vm(u32 vm_index)
{
	for (u32 client = 0; client < client_count; client++)
		for (u32 i = 0; i < WAITERS_EACH; i++)
			if (waiters[client][i].vm_index == vm_index)
				waiters[client][i].vm_index = VM_COUNT;
}

static void flush(u32 client)
{
	for (u32 i = 0; i < WAITERS_EACH; i++) {
		struct waiter *w = &waiters[client][i];

		if (!w->is_used || !w->is_due)
			continue;
		if (!answer_send(client, w->request_id, &w->answer, vm_at(w->vm_index)))
			return;
		w->is_used = false;
	}
}

void waiter_flush(void)
{
	for (u32 client = 0; client < client_count; client++)
		flush(client);
}

void waiter_drop(u32 client)
{
	for (u32 i = 0; i < WAITERS_EACH; i++)
		waiters[client][i].is_used = false;
}
