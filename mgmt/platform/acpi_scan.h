/* SPDX-License-Identifier: MIT */
/*
 * acpi_scan.h - what we want of the firmware's ACPI tables: interrupt controllers, clocks, IOMMUs, and how to switch
 * off. Pure.
 *
 * Tables are foreign: every length is bounded, every checksum checked, every byte read once through struct acpi_source.
 * There is no AML interpreter; the sleep type of S5 is found by its pattern, as loaders and small kernels commonly do.
 */
#ifndef VOS_ACPI_SCAN_H
#define VOS_ACPI_SCAN_H

#include "acpi_iommu.h"
#include "status.h"
#include "types.h"

#define ACPI_IOAPICS 16u
#define ACPI_OVERRIDES 16u
#define ACPI_CPUS 256u

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

struct acpi_register {
	u64 address;		/* 0 = there is none */
	u8 space;		/* enum acpi_space, or something we don't know */
};

struct acpi_ioapic {
	u64 address;
	u32 gsi_base;
	u8 id;			/* its APIC id */
};

struct acpi_override {
	u32 gsi;
	u16 flags;		/* ACPI 5.2.12.5: polarity in bits 0-1, trigger mode in bits 2-3 */
	u8 isa;
};

struct acpi_info {
	/* MADT */
	u64 lapic_address;	/* 0 = there is no MADT */
	u32 cpu_count;		/* enabled ones, also those beyond the table */
	u32 apic_ids[ACPI_CPUS];
	u32 ioapic_count, override_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS];
	struct acpi_override overrides[ACPI_OVERRIDES];
	/* FADT */
	bool has_fadt, is_hardware_reduced, is_pm_timer_32;
	u8 acpi_enable, reset_value, century;
	u16 smi_port, pm1a_control, pm1b_control, pm_timer;	/* I/O ports, 0 = none */
	struct acpi_register reset, sleep_control;
	/* DSDT, SSDTs */
	bool has_s5;
	u8 s5_a, s5_b;
	/* HPET */
	u64 hpet_address;
	/* DMAR, IVRS */
	struct acpi_iommu iommu;
};

struct acpi_source {
	/* Copy physical memory; false if it can't be. */
	bool (*read)(void *ctx, u64 at, void *to, u32 bytes);
	void *ctx;
};

#define ACPI_RSDP_BYTES 36u

/* Look for the RSDP in the BIOS areas. ST_INVAL: none. rsdp holds ACPI_RSDP_BYTES. */
enum status acpi_find_rsdp(const struct acpi_source *source, u8 *rsdp) MUST_CHECK;

/* Walk the tables from this RSDP (20 or 36 bytes). ST_INVAL: neither RSDT nor XSDT is any good. Broken tables are left
 * out. */
enum status acpi_scan(const struct acpi_source *source, const u8 *rsdp, u32 rsdp_bytes,
		      struct acpi_info *out) MUST_CHECK;

#endif
