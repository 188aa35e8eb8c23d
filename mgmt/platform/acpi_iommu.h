/* SPDX-License-Identifier: MIT */
/*
 * acpi_iommu.h - what the firmware's tables say of IOMMUs: DMAR (Intel VT-d specification 4.0, chapter 8) and IVRS (AMD
 * I/O Virtualization Technology specification 3.07, 5.2). Pure. Tables are foreign: every length is bounded, and what
 * makes no sense is left out; what there is no room for is said (is_cut), so that nobody relies on half of a list.
 */
#ifndef VOS_ACPI_IOMMU_H
#define VOS_ACPI_IOMMU_H

#include "types.h"

struct acpi_source;

#define ACPI_IOMMU_UNITS 16u
#define ACPI_IOMMU_RANGES 128u
#define ACPI_IOMMU_REGIONS 16u
#define ACPI_IOMMU_IOAPICS 16u

enum acpi_iommu_kind { ACPI_IOMMU_NONE, ACPI_IOMMU_VTD, ACPI_IOMMU_AMD };

/* A unit translates for these requesters. */
struct acpi_iommu_range {
	u16 first, last;	/* bus << 8 | device << 3 | function */
	u16 alias;		/* IVRS, with has_alias: their requests carry that id instead */
	bool has_alias;
	bool is_bridge;		/* DMAR: and for all that is behind this bridge */
	bool is_open;		/* while the table is read: its end was not seen yet */
};

/* Memory that the firmware wants devices to reach always: RMRR, IVMD. */
struct acpi_iommu_region {
	u64 start, end;		/* bytes; the end is not in it */
	u16 first, last;	/* requesters; DMAR: the first one that it names, or 0 */
};

/* An I/O APIC of that APIC id sends its interrupts as this requester. */
struct acpi_iommu_ioapic {
	u16 bdf;
	u8 id;
};

struct acpi_iommu {
	u8 kind;		/* enum acpi_iommu_kind; of the first table of either kind */
	bool is_cut;		/* there was more than there is room for */
	bool has_other_segment;	/* a unit serves a PCI segment beyond the first: not among the units */
	bool covers_all;	/* DMAR: a unit serves all devices that no other names */
	bool remaps_interrupts;	/* the platform supports it; IVRS: always */
	u32 unit_count, range_count, region_count, ioapic_count;
	u64 units[ACPI_IOMMU_UNITS];	/* where their registers are: multiples of PAGE_SIZE */
	struct acpi_iommu_range ranges[ACPI_IOMMU_RANGES];
	struct acpi_iommu_region regions[ACPI_IOMMU_REGIONS];
	struct acpi_iommu_ioapic ioapics[ACPI_IOMMU_IOAPICS];
};

/* A table whose header and checksum are good: `bytes` of it from `at` on. */
void acpi_scan_dmar(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out);
void acpi_scan_ivrs(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out);

/* Does a unit translate for that requester (for all behind that bridge)? Then *alias is the id that its requests carry.
 * DMAR: a device behind bridges that is named by its path is not found; such a table is rare. */
bool acpi_iommu_covers(const struct acpi_iommu *iommu, u32 bdf, bool is_bridge, u16 *alias);

/* The requester that the I/O APIC of that APIC id is. False: the table does not name it. DMAR: one that is named by a
 * path through bridges is not found. */
bool acpi_iommu_ioapic(const struct acpi_iommu *iommu, u8 id, u16 *bdf);

#endif
