/* SPDX-License-Identifier: MIT */
/*
 * debug_port.c - port E9h, as Bochs and QEMU have it.
 */
#include "debug_port.h"

#include "platform.h"

static u64 debug_port_read(void *device, u64 offset, u32 size)
{
	(void)device;
	return offset == 0 && size == 1 ? DEBUG_PORT : ~0ull;
}

static void debug_port_write(void *device, u64 offset, u32 size, u64 value)
{
	struct debug_port *d = device;

	if (offset == 0 && size == 1)
		d->put(d->ctx, (u8)value);
}

const struct region_ops debug_port_region = { .read = debug_port_read, .write = debug_port_write };

void debug_port_init(struct debug_port *d, void (*put)(void *ctx, u8 byte), void *ctx)
{
	*d = (struct debug_port){ .put = put, .ctx = ctx };
}
