/* SPDX-License-Identifier: MIT */
/*
 * more_services.c - see more_services.h. Nothing but rows: root's code is the product's. All run the same program, for
 * root does not look into it.
 */
#include "more_services.h"

#include "client.h"
#include "request.h"
#include "serial.h"
#include "services.h"
#include "syscalls.h"
#include "vm_layout.h"

#define AT(i) (0x20000000ull + (i) * 0x100000ull)
#define PAIR(a, b, slot_a, slot_b, bit, bytes, at)                                                                     \
	{ .from = (a), .to = (b), .slot = (slot_a), .badge = BIT64(bit), .ring_bytes = (bytes), .from_at = AT(at),     \
	  .to_at = AT(at) },                                                                                           \
	{ .from = (b), .to = (a), .slot = (slot_b), .badge = BIT64((bit) + 1), .ring_bytes = (bytes),                  \
	  .from_at = AT((at) + 1), .to_at = AT((at) + 1) }

#define LINE(rx, tx, driver, line)                                                                                     \
	[rx] = { .from = (driver), .to = SERVICE_CONSOLE, .slot = LINE_H_CONSOLE, .badge = CONSOLE_BIT_LINE,           \
		 .ring_bytes = 4096, .from_at = LINE_RX, .to_at = CONSOLE_LINE_RX(line) },                             \
	[tx] = { .from = SERVICE_CONSOLE, .to = (driver), .slot = CONSOLE_H_LINE + (line), .badge = LINE_BIT_CONSOLE,  \
		 .ring_bytes = 4096, .from_at = CONSOLE_LINE_TX(line), .to_at = LINE_TX }

static bool find_disk(struct service_device *out)
{
	*out = (struct service_device){
		.port = 0x1f0, .port_count = 8, .memory = 0xfe000000, .memory_bytes = 16 * KIB, .has_irq = true,
		.gsi = 14,
	};
	return true;
}

static bool find_nothing(struct service_device *out)
{
	(void)out;
	return false;
}

static const struct map_row console_maps[] = {
	{ SHARED_CONSOLE_ARGS, CONSOLE_ARGS, RIGHT_R },
	{ SHARED_VM_RINGS, CONSOLE_VM_RINGS, RIGHT_R | RIGHT_W },
};

#define PLAIN .program = "screen", .heap_bytes = 64 * KIB

const struct service_row service_table[] = {
	[SERVICE_SERIAL] = { .program = "serial", .heap_bytes = 64 * KIB, .class = SCHED_CLASS_DRIVER },
	[SERVICE_CONSOLE] = { .program = "console", .heap_bytes = 64 * KIB, .class = SCHED_CLASS_SYSTEM,
			      .maps = console_maps, .map_count = 2 },
	[SERVICE_SCREEN] = { PLAIN },
	[SERVICE_STORE] = { .program = "store", .heap_bytes = 64 * KIB, .class = SCHED_CLASS_RT },
	[SERVICE_SERIAL2] = { PLAIN, .name = "serial2", .class = SCHED_CLASS_DRIVER },
	[SERVICE_GUARD] = { PLAIN },
	[MORE_DISK] = { PLAIN, .class = SCHED_CLASS_DRIVER, .affinity = BIT64(0), .find_device = find_disk,
			.device_at = MORE_DEVICE_AT, .irq_slot = MORE_IRQ_SLOT, .irq_badge = MORE_IRQ_BADGE },
	[MORE_NET] = { PLAIN, .class = SCHED_CLASS_DRIVER },
	[MORE_STORAGE] = { PLAIN, .cap = 50 },
	[MORE_USERS] = { PLAIN, .cap = 20 },
	[MORE_LOGS] = { PLAIN, .cap = 20 },
	[MORE_SERVICES] = { .program = "absent", .heap_bytes = 64 * KIB },
	[MORE_SERVICES + 1] = { PLAIN, .find_device = find_nothing },
};

const u32 service_count = MORE_ROWS;

enum status service_prepare(u32 id, u64 h_pd)
{
	(void)id;
	(void)h_pd;
	return ST_OK;
}

const struct wire wires[] = {
	[WIRE_REQUEST] = { .from = SERVICE_CONSOLE, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL,
			   .badge = ROOT_BIT_REQUEST, .ring_bytes = REQUEST_RING_BYTES,
			   .from_at = CONSOLE_REQUEST_RING },
	[WIRE_REPLY] = { .from = PARTY_ROOT, .to = SERVICE_CONSOLE, .badge = CONSOLE_BIT_REPLY,
			 .ring_bytes = REPLY_RING_BYTES, .to_at = CONSOLE_REPLY_RING },
	LINE(WIRE_SERIAL_RX, WIRE_SERIAL_TX, SERVICE_SERIAL, LINE_SERIAL),
	LINE(WIRE_SERIAL2_RX, WIRE_SERIAL2_TX, SERVICE_SERIAL2, LINE_SERIAL2),
	LINE(WIRE_PORT_RX, WIRE_PORT_TX, PARTY_PORT, LINE_PORT),
	[WIRE_CONSOLE_LOG] = { .from = PARTY_ROOT, .to = SERVICE_CONSOLE, .badge = CONSOLE_BIT_LOG, .is_log = true },
	[WIRE_SCREEN_LOG] = { .from = PARTY_ROOT, .to = SERVICE_SCREEN, .badge = SCREEN_BIT_LOG, .is_log = true },
	[WIRE_STORE_ORDERS] = { .from = PARTY_ROOT, .to = SERVICE_STORE, .badge = STORE_BIT_ROOT,
				.ring_bytes = STORE_ORDER_RING_BYTES, .to_at = STORE_ORDERS },
	[WIRE_STORE_REPORTS] = { .from = SERVICE_STORE, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL,
				 .badge = ROOT_BIT_STORE, .ring_bytes = STORE_REPORT_RING_BYTES,
				 .from_at = STORE_REPORTS },
	[WIRE_GUARD_ORDERS] = { .from = PARTY_ROOT, .to = SERVICE_GUARD, .badge = GUARD_BIT_ROOT,
				.ring_bytes = GUARD_ORDER_RING_BYTES, .to_at = GUARD_ORDERS },
	[WIRE_GUARD_REPORTS] = { .from = SERVICE_GUARD, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL,
				 .badge = ROOT_BIT_GUARD, .ring_bytes = GUARD_REPORT_RING_BYTES,
				 .from_at = GUARD_REPORTS },
	[MORE_USERS_REQUEST] = { .from = MORE_USERS, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL,
				 .badge = ROOT_BIT_REQUEST, .ring_bytes = REQUEST_RING_BYTES, .from_at = AT(0) },
	[MORE_USERS_REPLY] = { .from = PARTY_ROOT, .to = MORE_USERS, .badge = BIT64(20),
			       .ring_bytes = REPLY_RING_BYTES, .to_at = AT(1) },
	[MORE_LOGS_REQUEST] = { .from = MORE_LOGS, .to = PARTY_ROOT, .slot = H_ROOT_SIGNAL,
				.badge = ROOT_BIT_REQUEST, .ring_bytes = REQUEST_RING_BYTES, .from_at = AT(0) },
	[MORE_LOGS_REPLY] = { .from = PARTY_ROOT, .to = MORE_LOGS, .badge = BIT64(20),
			      .ring_bytes = REPLY_RING_BYTES, .to_at = AT(1) },
	{ .from = PARTY_ROOT, .to = MORE_LOGS, .badge = BIT64(0), .is_log = true },
	PAIR(MORE_STORAGE, MORE_DISK, 3, 3, 0, 65536, 0),
	PAIR(SERVICE_CONSOLE, MORE_USERS, 8, 3, 10, 4096, 7),
	PAIR(MORE_LOGS, MORE_STORAGE, 3, 4, 2, 32768, 2),
	PAIR(MORE_STORAGE, MORE_NET, 5, 3, 4, 131072, 4),
};

const u32 wire_count = ARRAY_COUNT(wires);

const struct client_row client_table[] = {
	[CLIENT_CONSOLE] = { SERVICE_CONSOLE, WIRE_REQUEST, WIRE_REPLY,
			     CLIENT_LOOK | CLIENT_MANAGE | CLIENT_POWER | CLIENT_EVENTS | CLIENT_SERVICE },
	[CLIENT_USERS] = { MORE_USERS, MORE_USERS_REQUEST, MORE_USERS_REPLY, CLIENT_LOOK | CLIENT_EVENTS },
	[CLIENT_LOGS] = { MORE_LOGS, MORE_LOGS_REQUEST, MORE_LOGS_REPLY, CLIENT_LOOK | CLIENT_MANAGE },
};

const u32 client_count = ARRAY_COUNT(client_table);
