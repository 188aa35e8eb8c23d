/* SPDX-License-Identifier: MIT */
/*
 * station_wait.h - requests for the addresses that a switch knows. A switch lists them when root asks; until then its
 * figures hold the list of an earlier request.
 */
#ifndef VOS_STATION_WAIT_H
#define VOS_STATION_WAIT_H

#include "error_info.h"
#include "request.h"

/* Have the switch list its addresses for that client's request, which waits. The name is judged; ERR_NO_SWITCH;
 * ERR_BUSY: too many requests wait. */
struct error_info station_wait_begin(u32 client, const struct request *request);
/* A request that can be answered now, with room for the answer: the switch has listed its addresses, is down or gone,
 * or has not answered for 100 ms. False: none. */
bool station_wait_take(u32 *client, struct request *request);
/* The time, of the time stamp counter, until which one of them waits for its switch at most; DEADLINE_NONE: none
 * does. */
u64 station_wait_limit(void);
/* Nobody waits for the answers to that client's requests any more. */
void station_wait_drop(u32 client);

#endif
