/* SPDX-License-Identifier: MIT */
/*
 * quirks_cpu.h - workarounds for emulators' processors outside virtualization. docs/emulator-quirks.md lists all.
 */
#ifndef VOS_QUIRKS_CPU_H
#define VOS_QUIRKS_CPU_H

#include "types.h"

/* QEMU TCG says so in CPUID. The other workarounds for it run only then: cpu_features.is_tcg. */
bool quirk_is_tcg(void);

/*
 * A saved state whose x87 part is initial gets marked so, as processors do at XSAVE. QEMU TCG's XRSTOR of x87 state
 * from memory changes the *boot* pCPU's flags (IGNNE#) from another thread without a lock. Whatever that pCPU changes
 * there at the same time is lost: that it left the guest's second-level tables, and the next fetch is a #VMEXIT that
 * saves the host's state for the guest's; that it entered them; or that it set GIF, and it is deaf. What guests restore
 * themselves can still do that. Can go once QEMU's helper_xrstor changes no other processor's state.
 */
void quirk_tcg_mark_initial_x87(u64 *state);

#endif
