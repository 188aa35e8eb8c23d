/* SPDX-License-Identifier: MIT */
/*
 * fpu_state.h - the x87 part of a saved extended state, in the format of FXSAVE and XSAVE (SDM Vol. 1 10.5.1, 13.4).
 */
#ifndef VOS_FPU_STATE_H
#define VOS_FPU_STATE_H

#include "types.h"

#define XCR0_X87 BIT64(0)
#define FPU_CONTROL_RESET 0x37fu

/* Offsets in bytes. */
enum { FPU_MXCSR_AT = 24, FPU_REGISTERS_AT = 32, FPU_REGISTERS_END = 160, FPU_XSTATE_BV_AT = 512 };

/*
 * AMD's older processors restore FOP, FIP and FDP only with an exception pending, and keep the last owner's otherwise
 * (CVE-2006-1056; APM Vol. 2 11.4.4.3). From here on they are this function's. The registers are the next owner's soon.
 */
static inline void fpu_forget_pointers(void)
{
	static const u32 zero;

	__asm__ volatile("fnclex\n\temms\n\tfildl %0" : : "m"(zero));
}

/* Is it what XRSTOR makes of a clear bit 0 in XSTATE_BV: as after FNINIT, and all registers 0 (SDM Vol. 1 13.6)? */
static inline bool fpu_x87_is_initial(const u64 *state)
{
	u64 difference = state[0] ^ FPU_CONTROL_RESET;

#pragma GCC unroll 32
	for (u32 i = 1; i < FPU_REGISTERS_END / 8; i++)
		difference |= i != FPU_MXCSR_AT / 8 ? state[i] : 0;
	return difference == 0;
}

#endif
