/* SPDX-License-Identifier: MIT */
/*
 * quirks_cpu.c - see quirks_cpu.h.
 */
#include "quirks_cpu.h"

#include "fpu_state.h"
#include "x86.h"

bool quirk_is_tcg(void)
{
	struct cpuid r = cpuid(0x40000000u, 0);

	return (cpuid(1, 0).ecx & BIT32(31)) && r.ebx == 0x54474354u && r.ecx == 0x43544743u && r.edx == 0x47435447u;
}

void quirk_tcg_mark_initial_x87(u64 *state)
{
	u64 *xstate_bv = &state[FPU_XSTATE_BV_AT / 8];

	if ((*xstate_bv & XCR0_X87) && fpu_x87_is_initial(state))
		*xstate_bv &= ~XCR0_X87;
}
