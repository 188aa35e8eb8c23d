/* SPDX-License-Identifier: MIT */
/*
 * power.c - system control port A (92h).
 */
#include "power.h"

#define FAST_RESET BIT32(0)
#define FAST_A20 BIT32(1)

static u64 fast_reset_read(void *device, u64 offset, u32 size)
{
	const struct fast_reset *f = device;

	return offset == 0 && size == 1 ? f->value : ~0ull;
}

static void fast_reset_write(void *device, u64 offset, u32 size, u64 value)
{
	struct fast_reset *f = device;
	bool is_reset;

	if (offset != 0 || size != 1)
		return;
	is_reset = (value & FAST_RESET) && !(f->value & FAST_RESET);
	f->value = (u8)value;
	if (is_reset)
		f->power.reset(f->power.ctx);
}

const struct region_ops fast_reset_region = { .read = fast_reset_read, .write = fast_reset_write };

void fast_reset_init(struct fast_reset *f, const struct power_ops *power)
{
	*f = (struct fast_reset){ .power = *power, .value = FAST_A20 };
}
