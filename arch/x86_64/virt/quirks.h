/* SPDX-License-Identifier: MIT */
/*
 * quirks.h - what emulators do wrong, and a function for each workaround that can stand apart. On a processor none
 * runs: svm_features has a flag for each, set by cpu_features.is_tcg. docs/emulator-quirks.md lists all.
 */
#ifndef VOS_QUIRKS_H
#define VOS_QUIRKS_H

#include "types.h"
#include "vcpu_page.h"

/*
 * Whether this QEMU changes DR7 without a change of what is armed: 7.2 does, 10.0 does not. The second disables
 * the host's breakpoints at #VMEXIT, as processors do (APM Vol. 2 15.6); the first leaves them in DR7. The breakpoint
 * of the trial is on port 0, which nothing accesses meanwhile. Needs EFER.SVME, and VM_HSAVE_PA set; `frame` holds
 * zeros, and is written to.
 */
bool quirk_tcg_leaves_breakpoints(hpa_t frame);

/*
 * QEMU 7.2: VMRUN and #VMEXIT change DR7, but not what is armed. The guest's DR7, with those breakpoints only that the
 * host can't meet from the MOV to DR7 before VMRUN to the one behind it: there it runs and touches nothing but the
 * upper half, and no port. Can go with 7.2, as svm_switch_armed can: test_breakpoints_on_the_host then passes without.
 */
u64 quirk_tcg_armable_dr7(const struct vcpu_page *page);

/*
 * QEMU 7.2: at an entry with V_IRQ it sets a bit in a word of the pCPU's without an atomic operation. An interrupt of
 * the host that another of its threads notes there at this moment, the timer's or an IPI, is forgotten: it stays in the
 * APIC's IRR until something else makes the APIC look. Writing the TPR does. No test shows it reliably: it can go once
 * QEMU's svm_helper.c sets that bit under its lock (docs/decisions/0019-poll-after-virq-on-tcg.md).
 */
void quirk_tcg_present_interrupts(void);

#endif
