/* SPDX-License-Identifier: MIT */
/*
 * machine_power.c - switching off and starting again: what ACPI says first, then what emulators understand anyway.
 */
#include <cpuid.h>
#include <string.h>

#include "platform_parts.h"

#define PM1_SCI_ENABLE 0x0001u
#define PM1_SLEEP_TYPE 0x1c00u
#define PM1_SLEEP_ENABLE 0x2000u
#define SLEEP_ENABLE 0x20u	/* hardware-reduced: type in bits 2-4 */

#define SETTLE_US 100000u
#define MODE_POLLS 300u		/* of 10 ms: the specification allows 3 s */

static void register_write(const struct acpi_register *r, u8 value)
{
	volatile u8 *p;
	u32 device, function;

	switch (r->space) {
	case ACPI_SPACE_IO:
		if (r->address <= 0xffff)
			port_out((u32)r->address, 1, value);
		break;
	case ACPI_SPACE_MEMORY:
		p = platform_map(r->address, 1, RIGHT_R | RIGHT_W);
		if (p != NULL)
			*p = value;
		break;
	case ACPI_SPACE_PCI:	/* bus 0; device, function, offset in 16 bits each */
		device = r->address >> 32 & 31;
		function = r->address >> 16 & 7;
		port_out(0xcf8, 4, 0x80000000u | device << 11 | function << 8 | (r->address & 0xfc));
		port_out(0xcfc + (r->address & 3), 1, value);
		break;
	default:
		break;
	}
}

/* Hand the PM registers from the BIOS to us, if that has not been done. */
static void acpi_mode(void)
{
	if (!acpi.smi_port || !acpi.acpi_enable || (port_in(acpi.pm1a_control, 2) & PM1_SCI_ENABLE))
		return;
	port_out(acpi.smi_port, 1, acpi.acpi_enable);
	for (u32 i = 0; i < MODE_POLLS && !(port_in(acpi.pm1a_control, 2) & PM1_SCI_ENABLE); i++)
		clock_wait_us(10000);
}

static void pm1_sleep(u16 port, u8 type)
{
	u32 keep = port_in(port, 2) & ~(PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);

	port_out(port, 2, keep | (u32)type << 10 | PM1_SLEEP_ENABLE);
}

static void acpi_s5(void)
{
	if (!acpi.has_s5)
		return;
	if (acpi.is_hardware_reduced) {
		register_write(&acpi.sleep_control, (u8)((u32)acpi.s5_a << 2 | SLEEP_ENABLE));
	} else if (acpi.pm1a_control) {
		acpi_mode();
		pm1_sleep(acpi.pm1a_control, acpi.s5_a);
		if (acpi.pm1b_control)
			pm1_sleep(acpi.pm1b_control, acpi.s5_b);
	}
	clock_wait_us(SETTLE_US);
}

/* Bochs ends at this string. Nothing else is known to listen to the port. */
static void bochs_shutdown(void)
{
	static const char word[] = "Shutdown";

	for (u32 i = 0; i + 1 < sizeof(word); i++)
		port_out(0x8900, 1, (u8)word[i]);
}

bool platform_is_emulated(void)
{
	u32 a = 0, b = 0, c = 0, d = 0;

	__cpuid(1, a, b, c, d);
	return (c & BIT32(31)) != 0;
}

enum status platform_power_off(void)
{
	acpi_s5();
	bochs_shutdown();
	if (platform_is_emulated()) {	/* QEMU's two chipsets */
		port_out(0x604, 2, 0x2000);
		port_out(0xb004, 2, 0x2000);
	}
	clock_wait_us(SETTLE_US);
	return ST_UNSUPPORTED;
}

static void reset_port_cf9(void)
{
	u32 keep = port_in(0xcf9, 1) & ~0x0eu;

	port_out(0xcf9, 1, keep | 0x02);
	clock_wait_us(50);
	port_out(0xcf9, 1, keep | 0x06);
	clock_wait_us(SETTLE_US);
}

static void reset_8042(void)
{
	for (u32 i = 0; i < 100 && (port_in(0x64, 1) & 2); i++)
		clock_wait_us(1000);
	port_out(0x64, 1, 0xfe);
	clock_wait_us(SETTLE_US);
}

/* The firmware's reset register if there is one, a PC's two other ways, and the kernel's. */
enum status platform_reboot(void)
{
	if (acpi.reset.address != 0) {
		register_write(&acpi.reset, acpi.reset_value);
		clock_wait_us(SETTLE_US);
	}
	reset_port_cf9();
	reset_8042();
	return sys_system_ctl(HANDLE_ROOT, SYSTEM_REBOOT, 0, 0, NULL);
}
