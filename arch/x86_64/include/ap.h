/* SPDX-License-Identifier: MIT */
/*
 * ap.h - what boot/, cpu/ and irq/ share to bring up the other pCPUs (application processors, SDM Vol. 3 8.4).
 */
#ifndef VOS_AP_H
#define VOS_AP_H

#include "arch.h"

/* ap_entry.S: the code to be copied below 1 MiB; the space it goes to; the stack that is there for the taking, at whose
 * top the address of the pCPU's data lies (0 = none). */
extern const u8 ap_trampoline[], ap_trampoline_end[];
extern u64 ap_space, ap_stack;

/* Data and stack of another pCPU (cpu_init.c); the stack pointer for ap_stack in *stack. NULL: no frames. */
struct pcpu *cpu_ap_alloc(u32 id, u64 *stack);
void cpu_ap_free(struct pcpu *pcpu);
/* On that pCPU: what arch_init has set on the boot pCPU. */
void cpu_ap_init(struct pcpu *pcpu);

/* Called by ap_entry.S on the new pCPU (ap_start.c). */
_Noreturn void ap_main(struct pcpu *pcpu);

#endif
