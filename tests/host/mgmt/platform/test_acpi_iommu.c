/* SPDX-License-Identifier: MIT */
/*
 * DMAR and IVRS: units, who is behind them, regions; and tables that are broken, which nobody may rely on by half.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acpi_memory.h"

enum { RSDP = 0xf0010, RSDT = 0x100000, TABLE = 0x101000 };

static struct acpi_info info;
static u8 bytes[TABLE_BYTES_MAX];
static u32 used;

static void add(const void *what, u32 count)
{
	memcpy(bytes + used, what, count);
	used += count;
}

#define ADD(...) add((const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

/* 16 bytes of the table's own behind the header, of which nothing is used here. */
static void begin(void)
{
	memset(memory, 0, sizeof(memory));
	memset(bytes, 0, sizeof(bytes));
	used = 48;
}

static const struct acpi_iommu *scan(const char *signature)
{
	u32 at = TABLE;

	memcpy(memory_at(TABLE), bytes, used);
	seal_table(TABLE, signature, used);
	memcpy(memory_at(RSDT + 36), &at, sizeof(at));
	seal_table(RSDT, "RSDT", 40);
	seal_rsdp(RSDP, RSDT, 0);
	assert_int_equal(acpi_scan(&source, memory_at(RSDP), ACPI_RSDP_BYTES, &info), ST_OK);
	return &info.iommu;
}

static bool covers(u32 bdf)
{
	u16 alias;

	return acpi_iommu_covers(&info.iommu, bdf, false, &alias);
}

static void dmar(void **state)
{
	const struct acpi_iommu *iommu;
	u16 alias;

	(void)state;
	begin();
	/* A unit for two devices, one of them behind bridges, and for what is behind a bridge. */
	ADD(0, 0, 16 + 8 + 10 + 8, 0, 0, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0);
	ADD(1, 8, 0, 0, 0, 0, 2, 0, 1, 10, 0, 0, 0, 0, 5, 0, 6, 0, 2, 8, 0, 0, 0, 0, 0x1c, 1);
	iommu = scan("DMAR");
	assert_int_equal(iommu->kind, ACPI_IOMMU_VTD);
	assert_false(iommu->is_cut || iommu->covers_all || iommu->has_other_segment);
	assert_int_equal(iommu->unit_count, 1);
	assert_int_equal(iommu->units[0], 0xfed90000);
	assert_true(covers(0x10) && covers(0xe1));
	assert_false(covers(0x28) || covers(0x11) || covers(0x100));
	assert_true(acpi_iommu_covers(iommu, 0xe1, true, &alias));
	assert_false(acpi_iommu_covers(iommu, 0x10, true, &alias));
	assert_false(iommu->remaps_interrupts || acpi_iommu_ioapic(iommu, 2, &alias));
	/* A unit for I/O APICs, one of which is named by a path, and an HPET. */
	bytes[37] = 1;
	ADD(0, 0, 16 + 8 + 10 + 8, 0, 0, 0, 0, 0, 0, 0x20, 0xd9, 0xfe, 0, 0, 0, 0);
	ADD(3, 8, 0, 0, 2, 0xf0, 0x1f, 7, 3, 10, 0, 0, 3, 0, 5, 0, 6, 0, 4, 8, 0, 0, 4, 0xf0, 0x0f, 0);
	iommu = scan("DMAR");
	assert_true(iommu->remaps_interrupts && acpi_iommu_ioapic(iommu, 2, &alias));
	assert_int_equal(alias, 0xf0ff);
	assert_false(acpi_iommu_ioapic(iommu, 3, &alias) || acpi_iommu_ioapic(iommu, 4, &alias));
	/* The unit for all others, and a region for one of them. */
	ADD(0, 0, 16, 0, 1, 0, 0, 0, 0, 0x10, 0xd9, 0xfe, 0, 0, 0, 0);
	ADD(1, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0x7e, 0, 0, 0, 0, 0xff, 0xff, 0x1f, 0x7e, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0,
	    0x14, 0);
	ADD(4, 0, 8, 0, 1, 2, 3, 4);				/* something else */
	iommu = scan("DMAR");
	assert_int_equal(iommu->unit_count, 3);
	assert_true(iommu->covers_all && covers(0xff00));
	assert_int_equal(iommu->region_count, 1);
	assert_int_equal(iommu->regions[0].start, 0x7e000000);
	assert_int_equal(iommu->regions[0].end, 0x7e200000);
	assert_int_equal(iommu->regions[0].first, 0xa0);
	assert_false(iommu->is_cut);
	ADD(0, 0, 16, 0, 0, 0, 1, 0, 0, 0x20, 0xd9, 0xfe, 0, 0, 0, 0);
	iommu = scan("DMAR");
	assert_int_equal(iommu->unit_count, 3);
	assert_true(iommu->has_other_segment);
}

static void broken_dmar(void **state)
{
	static const u8 rows[][16] = {
		{ 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },			/* no address */
		{ 0, 0, 16, 0, 1, 0, 0, 0, 1, 0, 0xd9, 0xfe, 0, 0, 0, 0 },		/* not aligned */
		{ 0, 0, 16, 0, 1, 0, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },	/* too high */
		{ 0, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 9, 0, 4, 0 },		/* too short */
		{ 9, 0, 0, 0 }, { 9, 0, 200, 0 },					/* no end, or beyond it */
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		begin();
		add(rows[i], sizeof(rows[i]));
		assert_true(scan("DMAR")->is_cut);
		assert_int_equal(info.iommu.unit_count, 0);
	}
	begin();	/* a scope that has no length */
	ADD(0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0);
	assert_true(scan("DMAR")->is_cut);
	begin();	/* more units than there is room for */
	for (u32 i = 0; i <= ACPI_IOMMU_UNITS; i++)
		ADD(0, 0, 16, 0, 0, 0, 0, 0, 0, (u8)(i << 4), 0xd9, 0xfe, (u8)(i >> 4), 0, 0, 0);
	assert_true(scan("DMAR")->is_cut);
	assert_int_equal(info.iommu.unit_count, ACPI_IOMMU_UNITS);
}

/* An IVHD of that type, up to its entries. */
static void ivhd(u8 type, u8 entries)
{
	u8 head[40] = { type, 0, (u8)((type == 0x10 ? 24 : 40) + entries), 0, 2, 0, 0x40, 0, 0, 0, 0xd8, 0xfe };

	add(head, type == 0x10 ? 24 : 40);
}

static void ivrs(void **state)
{
	const struct acpi_iommu *iommu;
	u16 alias;

	(void)state;
	begin();
	ivhd(0x10, 20);
	ADD(3, 8, 0, 0, 4, 0xff, 0, 0);				/* 00:01.0 .. 00:1f.7 */
	ADD(2, 0, 1, 0);					/* 01:00.0 */
	ADD(0x42, 0, 2, 0, 0, 0xa4, 0, 0);			/* 02:00.0 by way of 00:14.4 */
	ivhd(0x11, 24);						/* the same unit once more */
	ADD(3, 8, 0, 0, 4, 0xff, 0, 0);
	ADD(0x48, 0, 0, 0, 5, 0xa0, 0, 1);			/* an I/O APIC */
	ADD(0x48, 0, 0, 0, 0, 0xa1, 0, 2);			/* an HPET */
	ADD(0x21, 0, 32, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ADD(0, 0, 0, 0x70, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0);
	iommu = scan("IVRS");
	assert_int_equal(iommu->kind, ACPI_IOMMU_AMD);
	assert_false(iommu->is_cut);
	assert_int_equal(iommu->unit_count, 1);
	assert_int_equal(iommu->units[0], 0xfed80000);
	assert_int_equal(iommu->range_count, 3);
	assert_int_equal(iommu->ioapic_count, 1);
	assert_true(iommu->remaps_interrupts && acpi_iommu_ioapic(iommu, 5, &alias));
	assert_int_equal(alias, 0xa0);
	assert_false(acpi_iommu_ioapic(iommu, 0, &alias));
	assert_true(covers(8) && covers(0xff) && covers(0x100) && covers(0x200));
	assert_false(covers(7) || covers(0x101) || covers(0x201));
	assert_true(acpi_iommu_covers(iommu, 0x200, false, &alias));
	assert_int_equal(alias, 0xa4);
	assert_true(acpi_iommu_covers(iommu, 0x18, false, &alias));
	assert_int_equal(alias, 0x18);
	assert_int_equal(iommu->regions[0].start, 0x70000000);
	assert_int_equal(iommu->regions[0].end, 0x70100000);
	begin();
	ivhd(0x40, 4 + 25 + 4);
	ADD(1, 0, 0, 0);					/* everything */
	ADD(0xf0, 0x80, 0, 'A', 'M', 'D', 'I', '0', '0', '2', '0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 'a', 'b', 'c');
	ADD(2, 0, 3, 0);
	iommu = scan("IVRS");
	assert_true(covers(0) && covers(0xffff) && !iommu->is_cut);
	assert_int_equal(iommu->range_count, 2);
}

static void broken_ivrs(void **state)
{
	(void)state;
	begin();
	ivhd(0x11, 4);
	ADD(0xf0, 0, 0, 0);			/* an entry that is longer than its block */
	assert_true(scan("IVRS")->is_cut);
	begin();
	ivhd(0x10, 8);
	ADD(3, 0xff, 0, 0, 4, 8, 0, 0);		/* a range that ends before it begins */
	assert_true(scan("IVRS")->is_cut);
	for (u32 i = 0; i < 3; i++) {		/* one that does not begin, or does not end */
		begin();
		ivhd(0x10, i == 2 ? 12 : 8);
		if (i == 0)
			ADD(2, 0, 1, 0, 4, 8, 0, 0);
		else if (i == 1)
			ADD(2, 0, 1, 0, 3, 8, 0, 0);
		else
			ADD(3, 8, 0, 0, 0x47, 9, 0, 0, 0, 0, 0, 0);
		assert_true(scan("IVRS")->is_cut);
		assert_false(covers(0));
	}
	begin();
	ADD(0x11, 0, 24, 0, 2, 0, 0x40, 0, 0, 0, 0xd8, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_true(scan("IVRS")->is_cut);
	begin();
	ivhd(0x10, 0);
	bytes[48 + 16] = 1;			/* another segment */
	assert_true(scan("IVRS")->has_other_segment);
	assert_int_equal(info.iommu.unit_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dmar), cmocka_unit_test(broken_dmar), cmocka_unit_test(ivrs),
		cmocka_unit_test(broken_ivrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
