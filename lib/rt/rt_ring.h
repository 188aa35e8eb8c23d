/* SPDX-License-Identifier: MIT */
/*
 * rt_ring.h - the sleeping half of ring.h for PDs: tell the other side after publishing, if it asked to be told.
 */
#ifndef VOS_RT_RING_H
#define VOS_RT_RING_H

#include "ring.h"
#include "sys.h"

/* After writing: wake the consumer if it sleeps. A peer that is gone (ST_HANDLE) needs no signal. */
static inline void rt_ring_wrote(struct ring *r, u64 h_peer)
{
	if (ring_consumer_take_waiting(r))
		(void)sys_notify_signal(h_peer);
}

/* After reading: wake the producer if it waits for room. */
static inline void rt_ring_took(struct ring *r, u64 h_peer)
{
	if (ring_producer_take_waiting(r))
		(void)sys_notify_signal(h_peer);
}

#endif
