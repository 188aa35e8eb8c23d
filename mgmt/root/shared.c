/* SPDX-License-Identifier: MIT */
/*
 * shared.c - the memory that root shares with other PDs; see root.h. Made once, so that no restart and no VM's end
 * takes it from under somebody.
 */
#include "root.h"

#include "driver.h"
#include "range.h"
#include "ring.h"
#include "sys.h"
#include "vm_layout.h"
#include "wires.h"

#define RINGS_ADDRESS 0x20000000ull
#define RING_STRIDE (1 * MIB)

static const struct {
	u64 bytes;
	u64 address;
} shared_table[SHARED_COUNT] = {
	[SHARED_CONSOLE_ARGS] = { sizeof(struct console_args), 0x24000000 },
	[SHARED_SERIAL_ARGS] = { sizeof(struct serial_args), 0x24010000 },
	[SHARED_SERIAL2_ARGS] = { sizeof(struct serial_args), 0x24020000 },
	[SHARED_NICS] = { DRIVER_COUNT * PAGE_SIZE, 0x24030000 },
	[SHARED_CONTROLS] = { VM_COUNT * PAGE_SIZE, 0x24100000 },
	[SHARED_DRIVER_ARGS] = { DRIVER_COUNT * PAGE_SIZE, 0x24200000 },
	[SHARED_DRIVER_WINDOWS] = { DRIVER_COUNT * DRIVER_WINDOWS_BYTES, 0x24300000 },
	[SHARED_STORE_FIGURES] = { BLK_WINDOWS * sizeof(struct store_figures), 0x24400000 },
	[SHARED_UPLOADS] = { (u64)UPLOADS * UPLOAD_WINDOW_BYTES, 0x24500000 },
	[SHARED_DEFINITIONS] = { DEFINITIONS_BYTES, 0x24600000 },
	[SHARED_STORE_WORK] = { sizeof(struct store_work), 0x24480000 },
	[SHARED_GUARD] = { sizeof(struct guard_state), 0x24490000 },
	[SHARED_AUDIT] = { sizeof(struct audit_log), 0x24700000 },
	[SHARED_VM_RINGS] = { (u64)VM_COUNT * VM_RINGS_BYTES, 0x25000000 },
};
_Static_assert(RINGS_ADDRESS + WIRES_MAX * RING_STRIDE <= 0x24000000, "room for all rings");

struct root root;

void *shared_at(enum shared which)
{
	return (void *)shared_table[which].address;	/* mapped there by root_share */
}

u64 shared_bytes(enum shared which)
{
	return align_up(shared_table[which].bytes, PAGE_SIZE);
}

struct ring_shared *ring_at(u32 wire)
{
	return (struct ring_shared *)(RINGS_ADDRESS + wire * RING_STRIDE);	/* likewise */
}

u64 ring_bytes(u32 wire)
{
	return align_up(RING_BYTES(wires[wire].ring_bytes), PAGE_SIZE);
}

static enum status share(u64 bytes, u64 address, u64 *h_mem)
{
	enum status st = sys_mem_create(HANDLE_ROOT, bytes, 0, h_mem);

	return st == ST_OK ? sys_mem_map(HANDLE_SELF_PD, *h_mem, address, 0, bytes, RIGHT_R | RIGHT_W) : st;
}

enum status root_share(void)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < SHARED_COUNT && st == ST_OK; i++)
		st = share(shared_bytes(i), shared_table[i].address, &root.shared[i]);
	for (u32 i = 0; i < wire_count && st == ST_OK; i++) {
		if (wires[i].ring_bytes == 0)
			continue;
		st = ring_bytes(i) <= RING_STRIDE ? share(ring_bytes(i), (u64)ring_at(i), &root.rings[i]) : ST_INVAL;
	}
	return st;
}
