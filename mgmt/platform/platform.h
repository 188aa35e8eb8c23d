/* SPDX-License-Identifier: MIT */
/*
 * platform.h - what root knows of the machine, so that the kernel need not: the firmware's ACPI tables, the clocks, the
 * other processors, interrupt lines of old devices, and how to switch off. Part of root's program.
 */
#ifndef VOS_PLATFORM_H
#define VOS_PLATFORM_H

#include "info_page.h"
#include "status.h"
#include "types.h"

/*
 * First of all: reads the tables, measures the clock, brings up I/O APICs and the other pCPUs, and completes the info
 * page. ST_UNSUPPORTED: there is nothing to measure time against.
 */
enum status platform_start(struct info_page *info, const struct boot_page *boot) MUST_CHECK;

/* The GSI of an ISA interrupt, and in *flags what the firmware says of it (IRQ_LEVEL, IRQ_LOW). */
u32 platform_isa_irq(u32 isa, u32 *flags);

/* Where guest-physical addresses end: at the machine's own, or at 64 TiB. More than 4 GiB. */
u64 platform_guest_limit(void);

/* Does --no-driver= on the kernel's command line name this PCI function by its address ("02:1f.3"), by its driver, or
 * with "all"? */
bool platform_leaves_alone(const char *cmdline, const char *address, const char *driver);

/* Unless the kernel's command line has iommu=off. */
bool platform_wants_iommu(const char *cmdline);

/* The second serial line, if com2= on the kernel's command line asks for one that can be had. */
struct platform_uart { u32 port, irq, baud; };	/* I/O port; ISA interrupt, 0 = none */
bool platform_com2(const struct info_page *info, struct platform_uart *out);

/* Return only if it can't be done. */
enum status platform_power_off(void);
enum status platform_reboot(void);

#endif
