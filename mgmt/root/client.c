/* SPDX-License-Identifier: MIT */
/*
 * client.c - see client.h.
 */
#include "client.h"

#include <string.h>

#include "audit_log.h"
#include "root.h"
#include "rt_ring.h"
#include "wires.h"

static struct client {
	struct ring requests, replies;
} clients[CLIENTS_MAX];

void client_reset(u32 client)
{
	const struct client_row *row = &client_table[client];
	struct ring_shared *requests = ring_at(row->request_wire), *replies = ring_at(row->reply_wire);

	memset(requests, 0, sizeof(*requests));
	memset(replies, 0, sizeof(*replies));
	ring_attach_consumer(&clients[client].requests, requests, wires[row->request_wire].ring_bytes);
	ring_attach_producer(&clients[client].replies, replies, wires[row->reply_wire].ring_bytes);
}

bool client_may(u32 client, u32 rights)
{
	return (rights & ~client_table[client].rights) == 0;
}

static u64 signal_slot(u32 client)
{
	return SLOT_WIRE + client_table[client].reply_wire;
}

static bool has_room(struct client *c)
{
	if (ring_room(&c->replies) >= sizeof(struct reply))
		return true;
	ring_producer_wait(&c->replies, true);
	return ring_room(&c->replies) >= sizeof(struct reply);
}

u32 client_room(u32 client)
{
	return ring_room(&clients[client].replies) / (u32)sizeof(struct reply);
}

bool client_receive(u32 client, struct request *out)
{
	struct client *c = &clients[client];

	if (!has_room(c) || !ring_take(&c->requests, out, sizeof(*out)))
		return false;
	rt_ring_took(&c->requests, signal_slot(client));
	return true;
}

bool client_send(u32 client, const struct reply *reply)
{
	struct client *c = &clients[client];

	if (!has_room(c))
		return false;
	if (reply->kind == REPLY_ANSWER && reply->more == 0)
		audit_log_answered(client, reply->id, reply->error);
	if (!ring_put(&c->replies, reply, sizeof(*reply)))
		return false;
	if (reply->more == 0)	/* else the next one comes at once, and one signal does for all */
		rt_ring_wrote(&c->replies, signal_slot(client));
	return true;
}

static bool may_sleep(struct client *c)
{
	ring_consumer_wait(&c->requests, true);
	return ring_used(&c->requests) < sizeof(struct request) || ring_room(&c->replies) < sizeof(struct reply);
}

bool clients_may_sleep(void)
{
	bool may = true;

	for (u32 i = 0; i < client_count; i++)
		may = may_sleep(&clients[i]) && may;
	return may;
}
