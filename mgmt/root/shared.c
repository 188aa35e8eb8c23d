/*
 * shared.c - the memory that root shares with other PDs; see root.h. Made once, so that no restart and no VM's end
 * takes it from under somebody.
 */
#include "root.h"

#include "range.h"
#include "request.h"
#include "ring.h"
#include "serial.h"
#include "sys.h"
#include "vm_layout.h"

static const struct {
	u64 bytes;
	u64 address;
} shared_table[SHARED_COUNT] = {
	[SHARED_REQUEST] = { RING_BYTES(REQUEST_RING_BYTES), 0x20000000 },
	[SHARED_REPLY] = { RING_BYTES(REPLY_RING_BYTES), 0x20100000 },
	[SHARED_SERIAL_RX] = { RING_BYTES(SERIAL_RX_BYTES), 0x20200000 },
	[SHARED_SERIAL_TX] = { RING_BYTES(SERIAL_TX_BYTES), 0x20300000 },
	[SHARED_CONSOLE_ARGS] = { sizeof(struct console_args), 0x20400000 },
	[SHARED_CONTROLS] = { VM_COUNT * PAGE_SIZE, 0x20600000 },
	[SHARED_VM_RINGS] = { (u64)VM_COUNT * VM_RINGS_BYTES, 0x21000000 },
};

void *shared_at(enum shared which)
{
	return (void *)shared_table[which].address;	/* mapped there by root_share */
}

u64 shared_bytes(enum shared which)
{
	return align_up(shared_table[which].bytes, PAGE_SIZE);
}

enum status root_share(void)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < SHARED_COUNT && st == ST_OK; i++) {
		st = sys_mem_create(HANDLE_ROOT, shared_bytes(i), 0, &root.shared[i]);
		if (st == ST_OK)
			st = sys_mem_map(HANDLE_SELF_PD, root.shared[i], shared_table[i].address, 0, shared_bytes(i),
					 RIGHT_R | RIGHT_W);
	}
	return st;
}
