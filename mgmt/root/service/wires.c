/* SPDX-License-Identifier: MIT */
/*
 * wires.c - the table of wires; see wires.h. A ring needs the signal of the other direction too, for "there is room".
 */
#include "wires.h"

#include "limits.h"
#include "request.h"
#include "serial.h"
#include "store.h"
#include "vm_layout.h"

const struct wire wires[] = {
	[WIRE_REQUEST] = {
		.from = SERVICE_CONSOLE, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL, .badge = ROOT_BIT_REQUEST,
		.ring_bytes = REQUEST_RING_BYTES, .from_at = CONSOLE_REQUEST_RING,
	},
	[WIRE_REPLY] = {
		.from = PARTY_ROOT, .to = SERVICE_CONSOLE, .badge = CONSOLE_BIT_REPLY,
		.ring_bytes = REPLY_RING_BYTES, .to_at = CONSOLE_REPLY_RING,
	},
	[WIRE_SERIAL_RX] = {
		.from = SERVICE_SERIAL, .to = SERVICE_CONSOLE, .slot = SERIAL_H_CONSOLE, .badge = CONSOLE_BIT_SERIAL,
		.ring_bytes = SERIAL_RX_BYTES, .from_at = SERIAL_RX, .to_at = CONSOLE_SERIAL_RX,
	},
	[WIRE_SERIAL_TX] = {
		.from = SERVICE_CONSOLE, .to = SERVICE_SERIAL, .slot = CONSOLE_H_SERIAL, .badge = SERIAL_BIT_CONSOLE,
		.ring_bytes = SERIAL_TX_BYTES, .from_at = CONSOLE_SERIAL_TX, .to_at = SERIAL_TX,
	},
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
};

const u32 wire_count = WIRE_COUNT;
_Static_assert(WIRE_COUNT <= WIRES_MAX && SERVICE_COUNT <= SERVICES_MAX, "root has a handle to everything");
