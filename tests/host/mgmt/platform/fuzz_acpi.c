/* SPDX-License-Identifier: MIT */
/*
 * acpi_scan stays within tables whose contents are arbitrary; headers and checksums are made good, so that the contents
 * are reached.
 */
/* links: root */
#include <stdlib.h>

#include "acpi_memory.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { RSDP = 0xf0010, RSDT = 0x100000, TABLES = 0x101000, TABLE_COUNT = 7 };

/* The next table's contents: a length, then that many bytes of the input. */
static void make_table(u32 index, const char *signature, const u8 **data, size_t *left)
{
	u64 at = TABLES + index * TABLE_BYTES_MAX;
	u32 bytes = 0, dsdt = TABLES;

	if (*left >= 2) {
		bytes = (u32)((*data)[0] | (*data)[1] << 8) % (TABLE_BYTES_MAX - 36);
		*data += 2;
		*left -= 2;
	}
	if (bytes > *left)
		bytes = (u32)*left;
	memcpy(memory_at(at + 36), *data, bytes);
	*data += bytes;
	*left -= bytes;
	if (index == 1 && bytes >= 8)
		memcpy(memory_at(at + 40), &dsdt, sizeof(dsdt));
	seal_table(at, signature, 36 + bytes);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char signatures[TABLE_COUNT][5] = { "DSDT", "FACP", "APIC", "HPET", "SSDT", "DMAR", "IVRS" };
	struct acpi_info info;
	u8 rsdp[ACPI_RSDP_BYTES];
	u32 i, at;

	memset(memory, 0, sizeof(memory));
	for (i = 0; i < TABLE_COUNT; i++) {
		make_table(i, signatures[i], &data, &size);
		at = TABLES + i * TABLE_BYTES_MAX;
		memcpy(memory_at(RSDT + 36 + i * 4), &at, sizeof(at));
	}
	seal_table(RSDT, "RSDT", 36 + 4 * TABLE_COUNT);
	seal_rsdp(RSDP, RSDT, 0);
	if (acpi_find_rsdp(&source, rsdp) != ST_OK || acpi_scan(&source, rsdp, sizeof(rsdp), &info) != ST_OK)
		abort();
	if (info.ioapic_count > ACPI_IOAPICS || info.override_count > ACPI_OVERRIDES)
		abort();
	if (info.has_s5 && (info.s5_a > 7 || info.s5_b > 7))
		abort();
	if (info.iommu.unit_count > ACPI_IOMMU_UNITS || info.iommu.range_count > ACPI_IOMMU_RANGES ||
	    info.iommu.region_count > ACPI_IOMMU_REGIONS)
		abort();
	for (i = 0; i < info.iommu.unit_count; i++)
		if (info.iommu.units[i] == 0 || info.iommu.units[i] % PAGE_SIZE != 0)
			abort();
	for (i = 0; i < info.iommu.region_count; i++)
		if (info.iommu.regions[i].start >= info.iommu.regions[i].end)
			abort();
	return 0;
}
