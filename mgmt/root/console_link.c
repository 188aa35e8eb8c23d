/*
 * console_link.c - see console_link.h.
 */
#include "console_link.h"

#include <string.h>

#include "root.h"
#include "rt_ring.h"
#include "wires.h"

static struct ring requests, replies;

void console_link_reset(void)
{
	memset(ring_at(WIRE_REQUEST), 0, sizeof(struct ring_shared));
	memset(ring_at(WIRE_REPLY), 0, sizeof(struct ring_shared));
	ring_attach_consumer(&requests, ring_at(WIRE_REQUEST), REQUEST_RING_BYTES);
	ring_attach_producer(&replies, ring_at(WIRE_REPLY), REPLY_RING_BYTES);
}

static bool has_room(void)
{
	if (ring_room(&replies) >= sizeof(struct reply))
		return true;
	ring_producer_wait(&replies, true);
	return ring_room(&replies) >= sizeof(struct reply);
}

u32 console_link_room(void)
{
	return ring_room(&replies) / (u32)sizeof(struct reply);
}

bool console_link_receive(struct request *out)
{
	if (!has_room() || !ring_get(&requests, out, sizeof(*out)))
		return false;
	rt_ring_took(&requests, SLOT_WIRE + WIRE_REPLY);
	return true;
}

bool console_link_send(const struct reply *reply)
{
	if (!has_room())
		return false;
	if (!ring_put(&replies, reply, sizeof(*reply)))
		return false;
	if (reply->more == 0)	/* else the next one comes at once, and one signal does for all */
		rt_ring_wrote(&replies, SLOT_WIRE + WIRE_REPLY);
	return true;
}

bool console_link_may_sleep(void)
{
	ring_consumer_wait(&requests, true);
	return ring_used(&requests) < sizeof(struct request) || ring_room(&replies) < sizeof(struct reply);
}
