/* SPDX-License-Identifier: MIT */
/*
 * bar.c - see bar.h.
 */
#include "bar.h"

bool bar_regs(const struct driver_args *args, u32 i, u32 offset, u32 need, struct regs *out)
{
	const struct driver_bar *bar = i < DRIVER_BARS_COUNT ? &args->bars[i] : NULL;
	struct regs whole;

	if (bar == NULL)
		return false;
	if (bar->address != 0)
		whole = regs_memory(bar->address, bar->bytes);
	else
		whole = regs_ports(bar->port, bar->port_count);
	if (offset > whole.bytes || whole.bytes - offset < need)
		return false;
	*out = regs_part(&whole, offset, whole.bytes - offset);
	return true;
}
