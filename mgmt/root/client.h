/* SPDX-License-Identifier: MIT */
/*
 * client.h - who may ask root: each client is the service at the other end of two rings, and has rights. No client is
 * trusted: a request is a private copy of whatever it wrote. Adding one is a row in clients.c, and its wires.
 */
#ifndef VOS_CLIENT_H
#define VOS_CLIENT_H

#include "request.h"
#include "root_limits.h"
#include "types.h"

/* What a client may do, as a set. */
#define CLIENT_LOOK BIT32(0)	/* read states and figures */
#define CLIENT_MANAGE BIT32(1)	/* make, change, start and stop VMs */
#define CLIENT_POWER BIT32(2)	/* switch the machine off */
#define CLIENT_EVENTS BIT32(3)	/* is told when a VM's state changes */
#define CLIENT_SERVICE BIT32(4)	/* start services and drivers again */

struct client_row {
	u32 service;			/* enum service_id */
	u32 request_wire, reply_wire;	/* enum wire_id */
	u32 rights;
};

extern const struct client_row client_table[];
extern const u32 client_count;		/* <= CLIENTS_MAX */

/* A client is its row's number. */

/* Forget what is in the rings: a new one begins. */
void client_reset(u32 client);

bool client_may(u32 client, u32 rights);

/* The next request, if there is one and room for an answer. */
bool client_receive(u32 client, struct request *out);

/* Replies that there is room for now. */
u32 client_room(u32 client);

/* False: no room now; the client will signal when there is. */
bool client_send(u32 client, const struct reply *reply);

/* Before root sleeps. False: somebody has a request after all. */
bool clients_may_sleep(void);

#endif
