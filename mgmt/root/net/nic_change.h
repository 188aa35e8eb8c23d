/* SPDX-License-Identifier: MIT */
/*
 * nic_change.h - REQ_ATTACH_NIC and REQ_DETACH_NIC: of a VM that is at rest a change of its definition, of one that
 * runs a card that comes at once, or one that the guest is asked to let go.
 */
#ifndef VOS_NIC_CHANGE_H
#define VOS_NIC_CHANGE_H

#include "request.h"
#include "types.h"

/* Of a VM that is there: a private copy. There is room for an answer. */
void nic_change_begin(u32 client, const struct request *request);
/* Go on with those that wait, as far as there is room for answers. Returns when to call again at the latest. */
u64 nic_change_step(void);
/* The client's request with that id is answered with ERR_CANCELED, if its guest is asked: it need not any more. */
void nic_change_cancel(u32 client, u32 request_id);
/* Nobody waits for the answers to that client's requests any more. */
void nic_change_drop(u32 client);

#endif
