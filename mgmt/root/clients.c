/* SPDX-License-Identifier: MIT */
/*
 * clients.c - the table of clients; see client.h.
 */
#include "client.h"
#include "wires.h"

const struct client_row client_table[] = {
	{ SERVICE_CONSOLE, WIRE_REQUEST, WIRE_REPLY,
	  CLIENT_LOOK | CLIENT_MANAGE | CLIENT_POWER | CLIENT_EVENTS | CLIENT_SERVICE },
};

const u32 client_count = ARRAY_COUNT(client_table);
_Static_assert(ARRAY_COUNT(client_table) <= CLIENTS_MAX, "one table for each");
