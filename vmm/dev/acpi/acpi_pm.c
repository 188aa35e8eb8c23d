/* SPDX-License-Identifier: MIT */
/*
 * acpi_pm.c - ACPI power management registers (ACPI 6.4, 4.8.3 fixed hardware and 4.8.3.7 hardware-reduced sleep
 * registers).
 *
 * On pc the SCI is the level of (status & enable). SMI_CMD is 0 in the FADT: the machine is always in ACPI mode, so
 * SCI_EN always reads 1.
 */
#include "acpi_pm.h"

#include "byte_region.h"
#include "mul_div.h"
#include "platform.h"

#define SLEEP_ENABLE BIT32(5)		/* modern */
#define SLEEP_TYPE(value) ((value) >> 2 & 7)

#define PM1_TIMER BIT32(0)
#define PM1_GLOBAL BIT32(5)
#define PM1_BUTTON BIT32(8)
#define PM1_RTC BIT32(10)
#define PM1_WAKE BIT32(15)
#define PM1_EVENTS (PM1_TIMER | PM1_GLOBAL | PM1_BUTTON | PM1_RTC)
#define PM1_SCI_ENABLE BIT32(0)
#define PM1_SLEEP_ENABLE BIT32(13)
#define PM1_SLEEP_TYPE(value) ((value) >> 10 & 7)

#define PM_TIMER_HALF_SHIFT 31u

/* ---- Suspend ---- */

static void pc_sync(struct acpi_pm *a);

static u8 idle_read(const struct acpi_pm *a)
{
	return a->is_suspended && !a->is_woken;
}

static void idle_write(struct acpi_pm *a, u8 value)
{
	bool is_suspended = value & 1;

	if (is_suspended == a->is_suspended)	/* an entry within an entry takes back no event */
		return;
	if (a->is_woken)
		a->pm1_status &= (u16)~PM1_BUTTON;
	a->is_woken = false;
	a->is_suspended = is_suspended;
	a->power.suspend(a->power.ctx, is_suspended);
}

void acpi_pm_wake(struct acpi_pm *a)
{
	if (!a->is_suspended)
		return;
	a->is_woken = true;
	if (!a->is_pc)
		return;
	a->pm1_status |= PM1_BUTTON;
	pc_sync(a);
}

/* ---- modern ---- */

static u8 modern_read(void *device, u32 reg)
{
	const struct acpi_pm *a = device;

	switch (reg) {
	case ACPI_SLEEP_CONTROL:
		return a->sleep_control;
	case ACPI_SLEEP_STATUS:
	case ACPI_RESET:
		return 0;
	case ACPI_IDLE:
		return idle_read(a);
	default:
		return 0xff;
	}
}

static void modern_write(void *device, u32 reg, u8 value)
{
	struct acpi_pm *a = device;

	if (reg == ACPI_RESET && value == ACPI_RESET_VALUE)
		a->power.reset(a->power.ctx);
	if (reg == ACPI_IDLE)
		idle_write(a, value);
	if (reg != ACPI_SLEEP_CONTROL)
		return;
	a->sleep_control = (u8)(value & ~SLEEP_ENABLE);
	if ((value & SLEEP_ENABLE) && SLEEP_TYPE(value) == ACPI_S5_TYPE)
		a->power.poweroff(a->power.ctx);
}

/* ---- pc ---- */

static u64 timer_ticks(const struct acpi_pm *a)
{
	return mul_div(a->clock.ns(a->clock.ctx), PM_TIMER_HZ, NS_PER_SECOND);
}

/* Notice toggles of the timer's top bit, and drive the SCI. */
static void pc_sync(struct acpi_pm *a)
{
	u64 halves = timer_ticks(a) >> PM_TIMER_HALF_SHIFT;

	if (halves != a->timer_halves)
		a->pm1_status |= PM1_TIMER;
	a->timer_halves = halves;
	irq_line_set(&a->irq, a->pm1_status & a->pm1_enable & PM1_EVENTS);
}

static u64 pc_read(struct acpi_pm *a, u64 offset, u32 size)
{
	u64 words[3];
	u64 value;

	pc_sync(a);
	words[0] = a->pm1_status | (u64)a->pm1_enable << 16 | (u64)(a->pm1_control | PM1_SCI_ENABLE) << 32 |
		   0xffffull << 48;
	words[1] = (u32)timer_ticks(a) | 0xffff00ull << 32 | (u64)idle_read(a) << 56;	/* the reset register reads 0 */
	words[2] = ~0ull;
	if (offset >= ACPI_PORTS)
		return ~0ull;
	value = words[offset / 8] >> (offset % 8 * 8);
	if (offset % 8)
		value |= words[offset / 8 + 1] << (64 - offset % 8 * 8);
	return size < 8 ? value & (BIT64(size * 8) - 1) : value;
}

/*
 * Status bits are cleared by writing ones; a control write with SLP_EN acts when its high byte arrives, after the low
 * one.
 */
static void pc_write(void *device, u32 reg, u8 value)
{
	struct acpi_pm *a = device;
	u32 shift = (reg & 1) * 8;
	u16 mask = (u16)(0xff << shift), shifted = (u16)(value << shift);

	switch (reg) {
	case ACPI_PM1_EVENT:
	case ACPI_PM1_EVENT + 1:
		a->pm1_status &= (u16)~(shifted & (PM1_EVENTS | PM1_WAKE));
		break;
	case ACPI_PM1_EVENT + 2:
	case ACPI_PM1_EVENT + 3:
		a->pm1_enable = (u16)(((a->pm1_enable & ~mask) | shifted) & PM1_EVENTS);
		break;
	case ACPI_PM1_CONTROL:
	case ACPI_PM1_CONTROL + 1:
		a->pm1_control = (u16)(((a->pm1_control & ~mask) | shifted) & ~PM1_SLEEP_ENABLE);
		if ((shifted & PM1_SLEEP_ENABLE) && PM1_SLEEP_TYPE(shifted) == ACPI_S5_TYPE)
			a->power.poweroff(a->power.ctx);
		break;
	case ACPI_PC_RESET:
		if (value == ACPI_RESET_VALUE)
			a->power.reset(a->power.ctx);
		break;
	case ACPI_IDLE:
		idle_write(a, value);
		break;
	default:
		break;
	}
}

static u64 acpi_pm_read(void *device, u64 offset, u32 size)
{
	struct acpi_pm *a = device;

	return a->is_pc ? pc_read(a, offset, size) : byte_region_read(a, offset, size, ACPI_PORTS, modern_read);
}

static void acpi_pm_write(void *device, u64 offset, u32 size, u64 value)
{
	struct acpi_pm *a = device;

	if (a->is_pc)
		pc_sync(a);
	byte_region_write(a, offset, size, ACPI_PORTS, value, a->is_pc ? pc_write : modern_write);
	if (a->is_pc)
		pc_sync(a);
}

static bool acpi_pm_may_nap(void *device, u64 offset)
{
	const struct acpi_pm *a = device;

	return a->is_pc && offset == ACPI_PM_TIMER && !a->pm1_enable;
}

const struct region_ops acpi_pm_region = {
	.read = acpi_pm_read, .write = acpi_pm_write, .sets_timer = SETS_TIMER_BY_WRITE, .may_nap = acpi_pm_may_nap,
};

static u64 pm_deadline_ns(void *device)
{
	const struct acpi_pm *a = device;

	if (!a->is_pc || !(a->pm1_enable & PM1_TIMER) || (a->pm1_status & PM1_TIMER))
		return DEADLINE_NONE;
	return mul_div_up((a->timer_halves + 1) << PM_TIMER_HALF_SHIFT, NS_PER_SECOND, PM_TIMER_HZ);
}

static void pm_run(void *device)
{
	struct acpi_pm *a = device;

	if (a->is_pc)
		pc_sync(a);
}

const struct timer_ops acpi_pm_timer = { .deadline_ns = pm_deadline_ns, .run = pm_run };

void acpi_pm_rtc_alarm(struct acpi_pm *a)
{
	a->pm1_status |= PM1_RTC;
	pc_sync(a);
}

void acpi_pm_press_button(struct acpi_pm *a)
{
	if (a->is_suspended) {
		acpi_pm_wake(a);
	} else if (a->is_pc) {
		a->pm1_status |= PM1_BUTTON;
		pc_sync(a);
	} else {
		irq_line_set(&a->irq, true);
		irq_line_set(&a->irq, false);
	}
}

void acpi_pm_init(struct acpi_pm *a, bool is_pc, const struct clock *clock, const struct irq_line *irq,
		  const struct power_ops *power)
{
	*a = (struct acpi_pm){ .power = *power, .clock = *clock, .irq = *irq, .is_pc = is_pc };
}
