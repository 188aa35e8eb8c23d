/* SPDX-License-Identifier: MIT */
/*
 * acpi_pm.h - the ACPI registers of both platforms: power off, reset, power button, suspend, and on pc the PM timer.
 *
 * modern (hardware-reduced): SLEEP_CONTROL, SLEEP_STATUS and RESET at fixed offsets; the button is an edge on the
 * event device's interrupt. pc: PM1 event and control blocks, PM timer (3.579545 MHz, 32 bits), reset register; the
 * button is PM1's fixed event, signalled by the SCI (level).
 *
 * Firmware lets time pass by reading the PM timer over and over. As long as no system has taken the registers over,
 * which shows by an event that is enabled, a vCPU that does so may sleep between its reads (vcpu_nap.c).
 *
 * ACPI_IDLE is VOS' own register behind the low-power idle device (dsdt-idle.inc), which tells when a guest suspends
 * itself to idle (Linux: `freeze`). While a guest is suspended, an event only wakes it: a guest that gets the power
 * button's press in that state does not take it for a request to power off either. On pc the event is PM1's button
 * status, whose SCI wakes the guest; it is cleared when the guest works again. On modern no interrupt wakes Linux, so
 * the device's method polls the register.
 */
#ifndef VOS_ACPI_PM_H
#define VOS_ACPI_PM_H

#include "device.h"
#include "power.h"

/* Offsets from ACPI_PORT. */
#define ACPI_SLEEP_CONTROL 0u	/* modern, 1 byte */
#define ACPI_SLEEP_STATUS 1u	/* modern, 1 byte */
#define ACPI_RESET 2u		/* modern, 1 byte: ACPI_RESET_VALUE resets */
#define ACPI_PM1_EVENT 0u	/* pc, 4 bytes: status, enable */
#define ACPI_PM1_CONTROL 4u	/* pc, 2 bytes */
#define ACPI_PM_TIMER 8u	/* pc, 4 bytes */
#define ACPI_PC_RESET 12u	/* pc, 1 byte */
#define ACPI_IDLE 15u		/* both, 1 byte. Write 1: suspended, 0: not. Read: 1 = suspended and nothing wakes it */
#define ACPI_RESET_VALUE 0x06u
#define ACPI_S5_TYPE 5u		/* SLP_TYP of S5, as in the DSDT's \_S5 */
#define PM_TIMER_HZ 3579545u

struct acpi_pm {
	struct power_ops power;
	struct clock clock;
	struct irq_line irq;	/* ACPI_GSI */
	bool is_pc;
	bool is_suspended;	/* as the guest says */
	bool is_woken;		/* there was an event since */
	u8 sleep_control;
	u16 pm1_status, pm1_enable, pm1_control;
	u64 timer_halves;	/* toggles of the PM timer's top bit seen so far */
};

void acpi_pm_init(struct acpi_pm *a, bool is_pc, const struct clock *clock, const struct irq_line *irq,
		  const struct power_ops *power);
/* Somebody presses the power button: wakes a guest that is suspended, is a request to power off for any other. */
void acpi_pm_press_button(struct acpi_pm *a);
/* Wakes the guest if it is suspended. */
void acpi_pm_wake(struct acpi_pm *a);
/* The real-time clock raised its interrupt (PM1's RTC status); on platform pc, which has one. */
void acpi_pm_rtc_alarm(struct acpi_pm *a);

extern const struct region_ops acpi_pm_region;	/* ACPI_PORTS ports; device = struct acpi_pm */
extern const struct timer_ops acpi_pm_timer;	/* pc: the PM timer's carry status */

#endif
