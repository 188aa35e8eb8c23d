/* SPDX-License-Identifier: MIT */
/*
 * reply.h - builds and sends replies.
 */
#ifndef VOS_REPLY_H
#define VOS_REPLY_H

#include "error_info.h"
#include "request.h"
#include "types.h"

struct vm;

/* The answer to a client's request, with the VM's report if vm is not NULL. False: no room. */
bool reply_send(u32 client, u32 request_id, const struct error_info *answer, const struct vm *vm);

/* Events for all VMs whose state changed since, to all clients that want them, as far as there is room. */
void reply_flush_events(void);

#endif
