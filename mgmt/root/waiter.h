/*
 * waiter.h - requests whose answer comes later: each waits for a VM to reach a goal.
 */
#ifndef VOS_WAITER_H
#define VOS_WAITER_H

#include "refusal.h"
#include "types.h"

enum goal { GOAL_NONE, GOAL_RUNNING, GOAL_PAUSED, GOAL_STOPPED, GOAL_DELETED };

/* True if another request may wait. */
bool waiter_room(void);

/* Only after waiter_room(). */
void waiter_add(u32 request_id, u32 vm_index, enum goal goal);

/* Everybody who waits for that goal of that VM gets this answer. */
void waiter_resolve(u32 vm_index, enum goal goal, const struct refusal *answer);

/* The request with that id is answered with ERR_CANCELED, if it waits. Returns the VM that nobody wants stopped any
 * more because of that, or VM_COUNT. */
u32 waiter_cancel(u32 request_id);

/* The VM is no more: answers that are due go out without a report of it. */
void waiter_forget_vm(u32 vm_index);

/* Send the answers that are due; false: the console has no room for some of them. */
bool waiter_flush(void);

void waiter_drop_all(void);

#endif
