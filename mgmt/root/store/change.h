/* SPDX-License-Identifier: MIT */
/*
 * change.h - requests that may need volumes to be made or deleted, or disks that are still coming: they are judged when
 * they come, and carried out and answered when the store has answered. What can be done at once is done at once.
 */
#ifndef VOS_CHANGE_H
#define VOS_CHANGE_H

#include "request.h"
#include "types.h"

/* REQ_CREATE, REQ_CREATE_VOLUME, REQ_DELETE_VOLUME, or of a VM that is there REQ_SET, REQ_ATTACH_DISK, REQ_DETACH_DISK:
 * a private copy. There is room for an answer. */
void change_begin(u32 client, const struct request *request);

/* Go on with those that wait, as far as there is room for answers. Returns when to call again at the latest; the
 * store's signal is an occasion too. */
u64 change_step(void);

/* The client's request with that id is answered with ERR_CANCELED, if it waits. The change goes on, except that a guest
 * is not asked for its disk any more. */
void change_cancel(u32 client, u32 request_id);

/* Nobody waits for the answers to that client's requests any more: the same, without an answer. */
void change_drop(u32 client);

#endif
