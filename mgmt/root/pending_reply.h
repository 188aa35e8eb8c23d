/* SPDX-License-Identifier: MIT */
/*
 * pending_reply.h - requests whose reply comes later: each waits for a VM to reach a state.
 */
#ifndef VOS_PENDING_REPLY_H
#define VOS_PENDING_REPLY_H

#include "error_info.h"
#include "types.h"

enum wait_for_state { WAIT_FOR_NONE, WAIT_FOR_RUNNING, WAIT_FOR_PAUSED, WAIT_FOR_STOPPED, WAIT_FOR_DELETED };

/* True if another request of that client may wait. */
bool pending_reply_room(u32 client);

/* Only after pending_reply_room(). */
void pending_reply_add(u32 client, u32 request_id, u32 vm_index, enum wait_for_state state);

/* Everybody who waits for that VM to be in that state gets this reply. */
void pending_reply_resolve(u32 vm_index, enum wait_for_state state, const struct error_info *error);

/* The client's request with that id is answered with ERR_CANCELED, if it waits. Returns the VM that nobody wants
 * stopped any more because of that, or VM_COUNT. */
u32 pending_reply_cancel(u32 client, u32 request_id);

/* The VM is no more: replies that are due go out without a report of it. */
void pending_reply_forget_vm(u32 vm_index);

/* Send the replies that are due, as far as there is room. */
void pending_reply_flush(void);

/* Nobody waits for the answers to that client's requests any more. */
void pending_reply_drop(u32 client);

#endif
