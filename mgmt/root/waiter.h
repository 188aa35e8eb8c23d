/*
 * waiter.h - requests whose answer comes later: each waits for a VM to reach a goal.
 */
#ifndef VOS_WAITER_H
#define VOS_WAITER_H

#include "refusal.h"
#include "types.h"

enum goal { GOAL_NONE, GOAL_RUNNING, GOAL_PAUSED, GOAL_STOPPED, GOAL_DELETED };

/* True if another request of that client may wait. */
bool waiter_room(u32 client);

/* Only after waiter_room(). */
void waiter_add(u32 client, u32 request_id, u32 vm_index, enum goal goal);

/* Everybody who waits for that goal of that VM gets this answer. */
void waiter_resolve(u32 vm_index, enum goal goal, const struct refusal *answer);

/* The client's request with that id is answered with ERR_CANCELED, if it waits. Returns the VM that nobody wants
 * stopped any more because of that, or VM_COUNT. */
u32 waiter_cancel(u32 client, u32 request_id);

/* The VM is no more: answers that are due go out without a report of it. */
void waiter_forget_vm(u32 vm_index);

/* Send the answers that are due, as far as there is room. */
void waiter_flush(void);

/* Nobody waits for the answers to that client's requests any more. */
void waiter_drop(u32 client);

#endif
