/* SPDX-License-Identifier: MIT */
/*
 * probe_wait.h - echo requests that routers send for clients (REQ_PROBE). A router has one under way, others wait for
 * it.
 */
#ifndef VOS_PROBE_WAIT_H
#define VOS_PROBE_WAIT_H

#include "request.h"

/* The answer comes later, a refusal at once. All of the request is foreign. */
void probe_wait_request(u32 client, const struct request *want);
void probe_wait_drop(u32 client);
/* Sends, answers what has come or whose time is over. Returns when to look again. */
u64 probe_wait_step(void);

#endif
