/* SPDX-License-Identifier: MIT */
/*
 * quirks.c - see quirks.h.
 */
#include "quirks.h"

#include "memory_layout.h"
#include "virt_bits.h"
#include "x86.h"

bool quirk_tcg_leaves_breakpoints(hpa_t frame)
{
	bool is_left;

	dr7_write(DR7_FIXED | DR7_IO_0);
	vmrun_refused(frame);
	is_left = (dr7_read() & DR7_ENABLES) != 0;
	dr7_write(DR7_FIXED);
	return is_left;
}

/* 8 bytes is the most that one watches. */
u64 quirk_tcg_armable_dr7(const struct vcpu_page *page)
{
	u64 dr7 = page->dr7 & ~DR7_GD;

	for (u32 i = 0; i < 4; i++)
		if (page->dr[i] > USER_LIMIT - 8)
			dr7 &= ~(3ull << 2 * i);
	return dr7;
}

void quirk_tcg_present_interrupts(void)
{
	cr8_write(0);
}
