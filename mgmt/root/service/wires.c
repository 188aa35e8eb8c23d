/* SPDX-License-Identifier: MIT */
/*
 * wires.c - the table of wires; see wires.h. A ring needs the signal of the other direction too, for "there is room".
 */
#include "wires.h"

#include "request.h"
#include "root_limits.h"
#include "serial.h"
#include "store.h"
#include "vm_layout.h"

/* A line of the console's, and back. */
#define LINE_RX_WIRE(driver, line, bytes)                                                                              \
	{ .from = (driver), .to = SERVICE_CONSOLE, .slot = LINE_H_CONSOLE, .badge = CONSOLE_BIT_LINE,                  \
	  .ring_bytes = (bytes), .from_at = LINE_RX, .to_at = CONSOLE_LINE_RX(line) }
#define LINE_TX_WIRE(driver, line, bytes)                                                                              \
	{ .from = SERVICE_CONSOLE, .to = (driver), .slot = CONSOLE_H_LINE + (line), .badge = LINE_BIT_CONSOLE,         \
	  .ring_bytes = (bytes), .from_at = CONSOLE_LINE_TX(line), .to_at = LINE_TX }

const struct wire wires[] = {
	[WIRE_REQUEST] = {
		.from = SERVICE_CONSOLE, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL, .badge = ROOT_BIT_REQUEST,
		.ring_bytes = REQUEST_RING_BYTES, .from_at = CONSOLE_REQUEST_RING,
	},
	[WIRE_REPLY] = {
		.from = PARTY_ROOT, .to = SERVICE_CONSOLE, .badge = CONSOLE_BIT_REPLY,
		.ring_bytes = REPLY_RING_BYTES, .to_at = CONSOLE_REPLY_RING,
	},
	[WIRE_SERIAL_RX] = LINE_RX_WIRE(SERVICE_SERIAL, LINE_SERIAL, SERIAL_RX_BYTES),
	[WIRE_SERIAL_TX] = LINE_TX_WIRE(SERVICE_SERIAL, LINE_SERIAL, SERIAL_TX_BYTES),
	[WIRE_SERIAL2_RX] = LINE_RX_WIRE(SERVICE_SERIAL2, LINE_SERIAL2, SERIAL_RX_BYTES),
	[WIRE_SERIAL2_TX] = LINE_TX_WIRE(SERVICE_SERIAL2, LINE_SERIAL2, SERIAL_TX_BYTES),
	[WIRE_PORT_RX] = LINE_RX_WIRE(PARTY_PORT, LINE_PORT, PORT_RX_BYTES),
	[WIRE_PORT_TX] = LINE_TX_WIRE(PARTY_PORT, LINE_PORT, PORT_TX_BYTES),
	[WIRE_CONSOLE_LOG] = { .from = PARTY_ROOT, .to = SERVICE_CONSOLE, .badge = CONSOLE_BIT_LOG, .is_log = true },
	[WIRE_SCREEN_LOG] = { .from = PARTY_ROOT, .to = SERVICE_SCREEN, .badge = SCREEN_BIT_LOG, .is_log = true },
	[WIRE_STORE_ORDERS] = {
		.from = PARTY_ROOT, .to = SERVICE_STORE, .badge = STORE_BIT_ROOT,
		.ring_bytes = STORE_ORDER_RING_BYTES, .to_at = STORE_ORDERS,
	},
	[WIRE_STORE_REPORTS] = {
		.from = SERVICE_STORE, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL, .badge = ROOT_BIT_STORE,
		.ring_bytes = STORE_REPORT_RING_BYTES, .from_at = STORE_REPORTS,
	},
	[WIRE_GUARD_ORDERS] = {
		.from = PARTY_ROOT, .to = SERVICE_GUARD, .badge = GUARD_BIT_ROOT,
		.ring_bytes = GUARD_ORDER_RING_BYTES, .to_at = GUARD_ORDERS,
	},
	[WIRE_GUARD_REPORTS] = {
		.from = SERVICE_GUARD, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL, .badge = ROOT_BIT_GUARD,
		.ring_bytes = GUARD_REPORT_RING_BYTES, .from_at = GUARD_REPORTS,
	},
};

const u32 wire_count = WIRE_COUNT;
_Static_assert(WIRE_COUNT <= WIRES_MAX && SERVICE_COUNT <= SERVICES_MAX, "root has a handle to everything");
