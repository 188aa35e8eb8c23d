/* SPDX-License-Identifier: MIT */
/*
 * platform_parts.h - what the files of this room share.
 */
#ifndef VOS_PLATFORM_PARTS_H
#define VOS_PLATFORM_PARTS_H

#include "acpi_scan.h"
#include "mitigate.h"
#include "platform.h"
#include "ports.h"
#include "sys.h"

/* The firmware's tables (tables.c). Without them everything stays zero: no I/O APIC, no other pCPU, no S5. */
extern struct acpi_info acpi;
void tables_find(const struct info_page *info, const struct boot_page *boot);

/*
 * Physical memory that is not RAM of ours (platform_memory.c): map what is around [at, at + bytes), one place at a
 * time; NULL if it can't be. Valid until the next call, or platform_unmap.
 */
volatile u8 *platform_map(u64 at, u64 bytes, u32 rights);
void platform_unmap(void);
/* Copies from there; a struct acpi_source's read. */
bool platform_read(void *ctx, u64 at, void *to, u32 bytes);

/* The TSC's rate in Hz; 0: nothing to measure against (clock_calibrate.c). */
u64 clock_calibrate(void);
/* Seconds since 1970 by the RTC, taken as UTC; 0 = unknown (clock_rtc.c). */
u64 clock_rtc_seconds(void);
/* Busy waiting (clock_calibrate.c). */
void clock_wait_us(u64 us);

/* Below a hypervisor, or in QEMU (machine_power.c). */
bool platform_is_emulated(void);

/* Find the PCI functions (pci.c). */
void pci_start(void);

/* Start those of the MADT, as many as maxcpus= allows, and park the others (pcpu_start.c). */
void pcpu_start_all(struct info_page *info, u32 limit);

/* The words of the command line that concern root; says which ones nobody knows (cmdline.c). */
u32 cmdline_pcpu_limit(const char *cmdline);

/* What a value of com2= says (com.c): up to a blank or the end. first_port: of the first serial line, 0 = none. */
enum com_verdict { COM_OK, COM_BAD, COM_TAKEN };
enum com_verdict com_parse(const char *value, u32 first_port, struct platform_uart *out);
/* What mitigations= says, the last one if there are more; says in the log if it can't be read (cmdline.c). */
void cmdline_mitigations(const char *cmdline, struct mitigate_option *out);
/* In words, in the log, if com2= asks for a line that can't be had (cmdline.c). */
void cmdline_judge_com2(const struct info_page *info);

#endif
