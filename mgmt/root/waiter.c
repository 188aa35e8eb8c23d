/*
 * waiter.c - see waiter.h. An answer that is due keeps its place until the console has room for it.
 */
#include "waiter.h"

#include "answer.h"
#include "vm.h"

#define WAITER_COUNT (VM_COUNT + 64u)	/* one for each VM, and some more */

static struct waiter {
	bool is_used, is_due;
	u32 request_id;
	u32 vm_index;
	enum goal goal;
	struct refusal answer;
} waiters[WAITER_COUNT];

bool waiter_room(void)
{
	for (u32 i = 0; i < WAITER_COUNT; i++)
		if (!waiters[i].is_used)
			return true;
	return false;
}

void waiter_add(u32 request_id, u32 vm_index, enum goal goal)
{
	for (u32 i = 0; i < WAITER_COUNT; i++) {
		if (waiters[i].is_used)
			continue;
		waiters[i] = (struct waiter){
			.is_used = true, .request_id = request_id, .vm_index = vm_index, .goal = goal,
		};
		return;
	}
}

void waiter_resolve(u32 vm_index, enum goal goal, const struct refusal *answer)
{
	for (u32 i = 0; i < WAITER_COUNT; i++) {
		struct waiter *w = &waiters[i];

		if (!w->is_used || w->is_due || w->vm_index != vm_index || w->goal != goal)
			continue;
		w->is_due = true;
		w->answer = *answer;
	}
}

static bool is_awaited(u32 vm_index, enum goal goal)
{
	for (u32 i = 0; i < WAITER_COUNT; i++)
		if (waiters[i].is_used && !waiters[i].is_due && waiters[i].vm_index == vm_index &&
		    waiters[i].goal == goal)
			return true;
	return false;
}

u32 waiter_cancel(u32 request_id)
{
	for (u32 i = 0; i < WAITER_COUNT; i++) {
		struct waiter *w = &waiters[i];

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
	for (u32 i = 0; i < WAITER_COUNT; i++)
		if (waiters[i].vm_index == vm_index)
			waiters[i].vm_index = VM_COUNT;
}

bool waiter_flush(void)
{
	for (u32 i = 0; i < WAITER_COUNT; i++) {
		struct waiter *w = &waiters[i];

		if (!w->is_used || !w->is_due)
			continue;
		if (!answer_send(w->request_id, &w->answer, vm_at(w->vm_index)))
			return false;
		w->is_used = false;
	}
	return true;
}

void waiter_drop_all(void)
{
	for (u32 i = 0; i < WAITER_COUNT; i++)
		waiters[i].is_used = false;
}
