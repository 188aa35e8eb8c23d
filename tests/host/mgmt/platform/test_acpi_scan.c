/* SPDX-License-Identifier: MIT */
/*
 * The ACPI table scanner: old and new tables, each kind of content, and tables that are broken.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acpi_memory.h"

enum { RSDP = 0xf0010, RSDT = 0x100000, XSDT = 0x101000, MADT = 0x102000, FADT = 0x103000, DSDT = 0x104000,
       SSDT = 0x108000, HPET = 0x10c000 };

static struct acpi_info info;

static void put32(u64 at, u32 v)
{
	memcpy(memory_at(at), &v, sizeof(v));
}

static void put64(u64 at, u64 v)
{
	memcpy(memory_at(at), &v, sizeof(v));
}

static void put_gas(u64 at, u8 space, u64 address)
{
	*memory_at(at) = space;
	put64(at + 4, address);
}

static void make_madt(void)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,				/* processor, enabled */
		0, 8, 1, 1, 0, 0, 0, 0,				/* processor, not enabled */
		9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,	/* x2APIC, enabled */
		9, 16, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,	/* the first one once more */
		0, 8, 9, 0xff, 1, 0, 0, 0,			/* an ID that means everybody */
		1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,	/* I/O APIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,			/* ISA 0 -> GSI 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,		/* ISA 9: high, level */
		2, 10, 1, 3, 9, 0, 0, 0, 0x0d, 0,		/* not ISA */
		2, 10, 0, 99, 9, 0, 0, 0, 0x0d, 0,		/* no such ISA interrupt */
		4, 6, 0xff, 0, 0, 1,				/* NMI line: not for us */
	};

	put32(MADT + 36, 0xfee00000u);
	put32(MADT + 40, 1);
	memcpy(memory_at(MADT + 44), entries, sizeof(entries));
	seal_table(MADT, "APIC", 44 + sizeof(entries));
}

static void make_fadt(void)
{
	put32(FADT + 40, DSDT);
	put32(FADT + 48, 0xb2);
	*memory_at(FADT + 52) = 0xf1;
	put32(FADT + 64, 0x604);
	put32(FADT + 76, 0x608);
	*memory_at(FADT + 91) = 4;
	*memory_at(FADT + 108) = 0x32;
	put32(FADT + 112, BIT32(8) | BIT32(10));
	put_gas(FADT + 116, 1, 0xcf9);
	*memory_at(FADT + 128) = 0x0f;
	seal_table(FADT, "FACP", 244);
}

static const u8 s5_bytes[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x0a, 0x07, 0x00, 0x00 };

/* The package at this offset behind the header. */
static void make_aml(u64 at, const char *signature, const u8 *aml, u32 bytes, u32 offset)
{
	memset(memory_at(at), 0, TABLE_BYTES_MAX);
	memcpy(memory_at(at + 36 + offset), aml, bytes);
	seal_table(at, signature, 36 + offset + bytes);
}

static void make_rsdt(u32 with_hpet)
{
	put32(RSDT + 36, MADT);
	put32(RSDT + 40, FADT);
	put32(RSDT + 44, HPET);
	seal_table(RSDT, "RSDT", 36 + 8 + with_hpet * 4);
}

static int set_up(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	make_madt();
	make_fadt();
	make_aml(DSDT, "DSDT", s5_bytes, sizeof(s5_bytes), 100);
	*memory_at(HPET + 40) = 0;
	put64(HPET + 44, 0xfed00000u);
	seal_table(HPET, "HPET", 56);
	make_rsdt(1);
	seal_rsdp(RSDP, RSDT, 0);
	return 0;
}

static enum status scan(void)
{
	return acpi_scan(&source, memory_at(RSDP), ACPI_RSDP_BYTES, &info);
}

static void rsdt_only(void **state)
{
	(void)state;
	assert_int_equal(acpi_scan(&source, memory_at(RSDP), 20, &info), ST_OK);
	assert_int_equal(info.lapic_address, 0xfee00000u);
	assert_int_equal(info.cpu_count, 2);
	assert_int_equal(info.apic_ids[0], 0);
	assert_int_equal(info.apic_ids[1], 0x100);
	assert_int_equal(info.ioapic_count, 1);
	assert_int_equal(info.ioapics[0].address, 0xfec00000u);
	assert_int_equal(info.override_count, 2);
	assert_int_equal(info.overrides[0].gsi, 2);
	assert_int_equal(info.overrides[1].isa, 9);
	assert_int_equal(info.overrides[1].flags, 0x0d);
	assert_true(info.has_fadt && info.is_pm_timer_32 && !info.is_hardware_reduced);
	assert_int_equal(info.smi_port, 0xb2);
	assert_int_equal(info.acpi_enable, 0xf1);
	assert_int_equal(info.pm1a_control, 0x604);
	assert_int_equal(info.pm1b_control, 0);
	assert_int_equal(info.pm_timer, 0x608);
	assert_int_equal(info.century, 0x32);
	assert_int_equal(info.reset.address, 0xcf9);
	assert_int_equal(info.reset.space, ACPI_SPACE_IO);
	assert_int_equal(info.reset_value, 0x0f);
	assert_true(info.has_s5);
	assert_int_equal(info.s5_a, 5);
	assert_int_equal(info.s5_b, 7);
	assert_int_equal(info.hpet_address, 0xfed00000u);
}

static void xsdt_first(void **state)
{
	(void)state;
	put64(XSDT + 36, HPET);
	seal_table(XSDT, "XSDT", 44);
	seal_rsdp(RSDP, RSDT, XSDT);
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_fadt);		/* the XSDT has only the HPET */
	assert_int_equal(info.hpet_address, 0xfed00000u);
	*memory_at(XSDT + 9) ^= 1;		/* broken: the RSDT then */
	assert_int_equal(scan(), ST_OK);
	assert_true(info.has_fadt);
}

static void found_in_the_bios_area(void **state)
{
	u8 rsdp[ACPI_RSDP_BYTES];

	(void)state;
	memcpy(memory_at(0xe8000), "RSD PTR ", 8);	/* a decoy without a checksum */
	assert_int_equal(acpi_find_rsdp(&source, rsdp), ST_OK);
	assert_memory_equal(rsdp, memory_at(RSDP), sizeof(rsdp));
	*memory_at(RSDP + 8) ^= 1;
	assert_int_equal(acpi_find_rsdp(&source, rsdp), ST_INVAL);
}

static void broken_roots(void **state)
{
	(void)state;
	assert_int_equal(acpi_scan(&source, memory_at(RSDP), 19, &info), ST_INVAL);
	*memory_at(RSDT + 9) ^= 1;
	assert_int_equal(scan(), ST_INVAL);
	seal_table(RSDT, "RSDT", 35);
	put32(RSDT + 4, 35);
	assert_int_equal(scan(), ST_INVAL);
	seal_rsdp(RSDP, 0, 0);
	assert_int_equal(scan(), ST_INVAL);
	seal_rsdp(RSDP, 0x10000000, 0);		/* unreadable */
	assert_int_equal(scan(), ST_INVAL);
	seal_rsdp(RSDP, RSDT, ~0ull - 10);
	make_rsdt(1);
	assert_int_equal(scan(), ST_OK);	/* the RSDT is still good */
}

static void a_broken_table_is_left_out(void **state)
{
	(void)state;
	*memory_at(FADT + 9) ^= 1;
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_fadt);
	assert_int_equal(info.ioapic_count, 1);
	put32(MADT + 4, 0xffffffffu);
	assert_int_equal(scan(), ST_OK);
	assert_int_equal(info.ioapic_count, 0);
}

static void madt_entries_that_lie(void **state)
{
	(void)state;
	/* Length 0 would never end; a length past the end is not read. Entries before count. */
	*memory_at(MADT + 44 + 9) = 0;
	seal_table(MADT, "APIC", 44 + 40);
	assert_int_equal(scan(), ST_OK);
	assert_int_equal(info.cpu_count, 1);
	assert_int_equal(info.ioapic_count, 0);
	*memory_at(MADT + 44 + 9) = 200;
	seal_table(MADT, "APIC", 44 + 40);
	assert_int_equal(scan(), ST_OK);
	assert_int_equal(info.cpu_count, 1);
	/* Too short for what it says it is. */
	*memory_at(MADT + 44) = 1;
	seal_table(MADT, "APIC", 44 + 8);
	assert_int_equal(scan(), ST_OK);
	assert_int_equal(info.ioapic_count, 0);
}

static void many_entries(void **state)
{
	static const u8 ioapic[] = { 1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0 };
	u32 i;

	(void)state;
	for (i = 0; i < 100; i++)
		memcpy(memory_at(MADT + 44 + i * sizeof(ioapic)), ioapic, sizeof(ioapic));
	seal_table(MADT, "APIC", 44 + 100 * sizeof(ioapic));
	assert_int_equal(scan(), ST_OK);
	assert_int_equal(info.ioapic_count, ACPI_IOAPICS);
}

static void hardware_reduced(void **state)
{
	(void)state;
	put32(FADT + 112, BIT32(20) | BIT32(10));
	put_gas(FADT + 244, 1, 0x600);
	put64(FADT + 140, DSDT);
	put32(FADT + 40, 0);
	put_gas(FADT + 172, 1, 0x700);		/* the newer structure wins */
	put_gas(FADT + 208, 0, 0xfed80000u);	/* but not if it isn't a port */
	seal_table(FADT, "FACP", 276);
	assert_int_equal(scan(), ST_OK);
	assert_true(info.is_hardware_reduced && info.has_s5);
	assert_int_equal(info.sleep_control.address, 0x600);
	assert_int_equal(info.pm1a_control, 0x700);
	assert_int_equal(info.pm_timer, 0x608);
}

static void short_fadt(void **state)
{
	(void)state;
	/* Revision 1 ends at 116: no reset register, whatever bytes follow. */
	put32(FADT + 112, 0);
	seal_table(FADT, "FACP", 116);
	assert_int_equal(scan(), ST_OK);
	assert_true(info.has_fadt && info.has_s5);
	assert_int_equal(info.reset.address, 0);
	assert_int_equal(info.sleep_control.address, 0);
	seal_table(FADT, "FACP", 115);
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_fadt);
}

/* Wherever it lies, also across the pieces it is read in; in an SSDT; with root prefix; as ZeroOp and OneOp. */
static void s5_anywhere(void **state)
{
	static const u8 prefixed[] = { 0x08, '\\', '_', 'S', '5', '_', 0x12, 0x40, 0x06, 0x04, 0x01, 0x00, 0, 0, 0 };
	static const u8 garbage[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0b, 0x05, 0x0a, 0x07, 0x00, 0x00 };
	static const u8 no_name[] = { 0x10, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x0a, 0x07, 0x00, 0x00 };
	u32 offset;

	(void)state;
	for (offset = 1; offset < 700; offset++) {
		make_aml(DSDT, "DSDT", s5_bytes, sizeof(s5_bytes), offset);
		assert_int_equal(scan(), ST_OK);
		assert_true(info.has_s5 && info.s5_a == 5 && info.s5_b == 7);
	}
	make_aml(DSDT, "DSDT", prefixed, sizeof(prefixed), 30);
	assert_int_equal(scan(), ST_OK);
	assert_true(info.has_s5 && info.s5_a == 1 && info.s5_b == 0);
	make_aml(DSDT, "DSDT", garbage, sizeof(garbage), 30);
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_s5);
	make_aml(DSDT, "DSDT", no_name, sizeof(no_name), 30);
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_s5);
	make_aml(DSDT, "DSDT", s5_bytes, 8, 30);	/* cut off */
	assert_int_equal(scan(), ST_OK);
	assert_false(info.has_s5);
	make_aml(SSDT, "SSDT", s5_bytes, sizeof(s5_bytes), 30);
	put32(RSDT + 44, SSDT);
	seal_table(RSDT, "RSDT", 48);
	assert_int_equal(scan(), ST_OK);
	assert_true(info.has_s5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rsdt_only, set_up),
		cmocka_unit_test_setup(xsdt_first, set_up),
		cmocka_unit_test_setup(found_in_the_bios_area, set_up),
		cmocka_unit_test_setup(broken_roots, set_up),
		cmocka_unit_test_setup(a_broken_table_is_left_out, set_up),
		cmocka_unit_test_setup(madt_entries_that_lie, set_up),
		cmocka_unit_test_setup(many_entries, set_up),
		cmocka_unit_test_setup(hardware_reduced, set_up),
		cmocka_unit_test_setup(short_fadt, set_up),
		cmocka_unit_test_setup(s5_anywhere, set_up),
	};

	return cmocka_run_group_tests_name("acpi_scan", tests, NULL, NULL);
}
