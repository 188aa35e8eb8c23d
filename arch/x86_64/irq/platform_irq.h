/* SPDX-License-Identifier: MIT */
/*
 * platform_irq.h - what the files of arch/x86_64/irq share.
 */
#ifndef VOS_PLATFORM_IRQ_H
#define VOS_PLATFORM_IRQ_H

#include "arch.h"
#include "cpu_features.h"
#include "x86.h"

/* Ticks a second, as far as it is known yet. */
extern u64 clock_tsc_hz;

/* Local APIC (apic_local.c). */
enum status apic_local_init(void) MUST_CHECK;
void apic_local_eoi(void);
u32 apic_local_id(void);
/* Interrupt command to one APIC: vector and delivery mode (SDM Vol. 3 10.6.1). */
void apic_local_command(u32 apic_id, u32 command);
/* As memory, a local APIC can name but 255 others. */
bool apic_local_can_reach(u64 apic_id);
/* The timer off, and of the kind that was found to work: after arch_clock_start also on another pCPU. */
void apic_local_timer_mode(void);

#endif
