/*
 * platform_irq.h - what the files of arch/x86_64/irq share.
 */
#ifndef VOS_PLATFORM_IRQ_H
#define VOS_PLATFORM_IRQ_H

#include "acpi_scan.h"
#include "arch.h"
#include "cpu_features.h"
#include "x86.h"

/* The firmware's tables; all zero if there are none. */
extern struct acpi_info acpi;

/* Local APIC (apic_local.c). */
enum status apic_local_init(void) MUST_CHECK;
void apic_local_eoi(void);
u32 apic_local_id(void);
/* Interrupt command to one APIC: vector and delivery mode (SDM Vol. 3 10.6.1). */
void apic_local_command(u32 apic_id, u32 command);
/* As memory, a local APIC can name but 255 others. */
bool apic_local_can_reach(u32 apic_id);
/* Raw timer count, counting down from 2^32 - 1, for calibration. */
void apic_local_timer_free_run(void);
u32 apic_local_timer_count(void);
/* From now on arch_timer_set works. */
void apic_local_timer_start(u64 tsc_hz, u64 timer_hz);
/* On another pCPU, in the same way. */
void apic_local_timer_start_ap(void);

/* I/O APICs and the 8259s they replace (apic_io.c). The 8259s go first: a request of theirs that is pending while the
 * local APIC's LINT0 is being masked stays pending in QEMU, and is delivered without a vector (as #GP) when ring 3
 * first enables interrupts. */
void apic_8259_mask(void);
void apic_io_init(void);

/* Rates of the TSC and of the local APIC's timer, in Hz (clock_calibrate.c). ST_UNSUPPORTED: nothing to measure
 * against. */
enum status clock_calibrate(u64 *tsc_hz, u64 *timer_hz) MUST_CHECK;
/* Seconds since 1970 by the RTC, taken as UTC; 0 = unknown (clock_rtc.c). */
u64 clock_rtc_seconds(void);

/* What arch_reboot will need (power_off.c). */
void power_init(void);

/* Busy waiting; only while the machine comes up or goes down. */
void clock_wait_us(u64 us);

#endif
