/* SPDX-License-Identifier: MIT */
/*
 * wires.h - who among root and the services may signal whom, and through which rings bytes go: a row a wire. Adding one
 * is a row in wires.c; wiring.c connects them all.
 */
#ifndef VOS_WIRES_H
#define VOS_WIRES_H

#include "types.h"

enum service_id {
	SERVICE_SERIAL, SERVICE_CONSOLE, SERVICE_SCREEN, SERVICE_STORE, SERVICE_SERIAL2, SERVICE_GUARD, SERVICE_COUNT
};

/* Beside every enum service_id: root, and the driver of a PCI device whose kind says so (driver_parts.h). */
#define PARTY_ROOT 0xffu
#define PARTY_PORT 0xfeu

enum wire_id {
	WIRE_REQUEST, WIRE_REPLY, WIRE_SERIAL_RX, WIRE_SERIAL_TX, WIRE_CONSOLE_LOG, WIRE_SCREEN_LOG, WIRE_STORE_ORDERS,
	WIRE_STORE_REPORTS, WIRE_SERIAL2_RX, WIRE_SERIAL2_TX, WIRE_PORT_RX, WIRE_PORT_TX,
	WIRE_GUARD_ORDERS, WIRE_GUARD_REPORTS, WIRE_COUNT
};

struct wire {
	u8 from, to;		/* `from` may signal `to` */
	bool is_log;		/* the kernel signals in root's place, when its log grows; `to` sees the log */
	u32 slot;		/* in from's handle table; root's own is SLOT_WIRE + the wire's number */
	u64 badge;		/* the notification bit that `to` gets */
	u32 ring_bytes;		/* not 0: a ring that `from` writes and `to` reads */
	u64 from_at, to_at;	/* where a service has it; root's is ring_at() */
};

extern const struct wire wires[];
extern const u32 wire_count;	/* <= WIRES_MAX */

#endif
