/* SPDX-License-Identifier: MIT */
/*
 * acpi_tables.h - builds the ACPI tables of a guest's machine: RSDP, XSDT, FADT, MADT, HPET, MCFG, DSDT.
 *
 * modern: hardware-reduced FADT revision 6, x2APIC-ready MADT; pc: full FADT with PM1 blocks, PM timer and SCI, MADT
 * with PCAT_COMPAT and the timer's override. The DSDTs are ASL (dsdt-*.asl), compiled by the build.
 */
#ifndef VOS_ACPI_TABLES_H
#define VOS_ACPI_TABLES_H

#include "types.h"

struct acpi_config {
	u32 platform;		/* enum vm_platform */
	u32 cpus;		/* APIC IDs 0 .. cpus - 1; the MADT has one more, not enabled */
};

#define ACPI_TABLES_BYTES 8192u	/* always enough */

/*
 * Build into `buffer`, which the guest will see at `gpa` (a multiple of 64, below 4 GiB); the RSDP comes first.
 * Returns the bytes used, 0 if they don't fit.
 */
u32 acpi_build(const struct acpi_config *config, u8 *buffer, u32 capacity, gpa_t gpa);

#define ACPI_RSDP_BYTES 36u

/* The fields of the tables that hold addresses in them, besides the RSDP's; and the tables that these are in. */
#define ACPI_POINTERS 8u
struct acpi_pointers {
	struct { u32 at, bytes; } pointer[ACPI_POINTERS];
	u32 count;
	struct { u32 at, bytes; } table[2];
	u32 table_count;
};

/* Of tables that acpi_build() has built for address 0. */
void acpi_find_pointers(const u8 *tables, struct acpi_pointers *out);

#endif
