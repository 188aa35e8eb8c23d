/* SPDX-License-Identifier: MIT */
/*
 * platform.h - where the devices of a guest's machine are: ports, addresses and interrupt inputs.
 *
 * The one list that the ACPI tables, the machine table and the devices share. "modern" is hardware-reduced ACPI
 * and mentions no legacy devices; "pc" adds them. Both have an HPET.
 */
#ifndef VOS_PLATFORM_H
#define VOS_PLATFORM_H

#include "types.h"

/* Both platforms. */
#define COM1_PORT 0x3f8u
#define COM1_PORTS 8u
#define COM1_GSI 4u
#define DEBUG_PORT 0xe9u
#define PVPANIC_PORT 0x505u
#define PCI_PORT 0xcf8u			/* CF8h-CFFh, CF9h (reset control) among them */
#define PCI_PORTS 8u
#define LAPIC_ADDRESS 0xfee00000ull
#define LAPIC_BYTES 0x1000ull
#define IOAPIC_ADDRESS 0xfec00000ull
#define IOAPIC_BYTES 0x1000ull
#define IOAPIC_INPUTS 24u
#define HPET_ADDRESS 0xfed00000ull
#define HPET_BYTES 0x400ull

/* acpi_pm: 16 ports; what they are depends on the platform (acpi_pm.h). */
#define ACPI_PORT 0x600u
#define ACPI_PORTS 16u
#define ACPI_GSI 9u			/* modern: the event device's edge; pc: SCI, level, active high */

/* acpi_hotplug, both platforms. */
#define ACPI_HOTPLUG_PORT 0x610u
#define ACPI_HOTPLUG_PORTS 8u
#define ACPI_HOTPLUG_GSI 10u		/* level, active high */

/* Platform pc. */
#define PIC_MASTER_PORT 0x20u		/* 2 ports */
#define PIC_SLAVE_PORT 0xa0u		/* 2 ports */
#define PIC_ELCR_PORT 0x4d0u		/* 2 ports */
#define PIC_PORTS 2u
#define PIT_PORT 0x40u			/* 4 ports */
#define PIT_PORTS 4u
#define PIT_CONTROL_PORT 0x61u		/* gate and speaker bits */
#define PIT_IRQ 0u			/* at the 8259; GSI 2 at the I/O APIC (MADT override) */
#define PIT_GSI 2u
#define RTC_PORT 0x70u			/* 2 ports */
#define RTC_PORTS 2u
#define RTC_GSI 8u
#define I8042_DATA_PORT 0x60u
#define I8042_COMMAND_PORT 0x64u
#define FAST_RESET_PORT 0x92u

/*
 * PCI: 32-bit window for devices' memory, between the RAM below 3 GiB and the I/O APIC; ports from 1000h; configuration
 * space of bus 0 behind the window (MCFG); lines of the interrupt pins, level.
 */
#define PCI_IO_ADDRESS 0x1000u
#define PCI_MEMORY_ADDRESS 0xe0000000u
#define PCI_MEMORY_BYTES 0x10000000u
#define PCI_ECAM_ADDRESS 0xf0000000u
#define PCI_ECAM_BYTES 0x100000u
#define PCI_GSI 16u
#define PCI_LINES 4u
#define PCI_SLOT_CHIPSET 1u		/* platform pc */
#define PCI_SLOT_RNG 2u
#define PCI_SLOT_CONSOLE 3u
#define PCI_SLOT_DISKS 4u
#define PCI_SLOT_NICS 12u
#define PCI_SLOT_CD 20u

#endif
