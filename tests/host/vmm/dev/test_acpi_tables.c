/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The ACPI tables as a guest finds them: pointers stay inside, checksums hold, fields are those of platform.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "acpi_pm.h"
#include "acpi_tables.h"
#include "hpet.h"
#include "platform.h"
#include "request.h"

#define BASE 0xe0000u

static u8 memory[ACPI_TABLES_BYTES];

static u64 get(const u8 *at, u32 bytes)
{
	u64 value = 0;

	memcpy(&value, at, bytes);
	return value;
}

static u8 sum(const u8 *at, u32 count)
{
	u8 total = 0;

	while (count--)
		total = (u8)(total + *at++);
	return total;
}

/* The table at a guest address, checked for signature, bounds and checksum. */
static const u8 *table(u64 gpa, const char *signature, u32 used)
{
	const u8 *t;

	assert_in_range(gpa, BASE, BASE + used - 36);
	t = memory + (gpa - BASE);
	assert_memory_equal(t, signature, 4);
	assert_in_range(get(t + 4, 4), 36, BASE + used - gpa);
	assert_int_equal(sum(t, (u32)get(t + 4, 4)), 0);
	return t;
}

static u32 build(u32 platform, u32 cpus)
{
	struct acpi_config config = { platform, cpus };
	u32 used;

	memset(memory, 0xcc, sizeof(memory));
	used = acpi_build(&config, memory, sizeof(memory), GPA(BASE));
	assert_int_not_equal(used, 0);
	assert_memory_equal(memory, "RSD PTR ", 8);
	assert_int_equal(sum(memory, 20), 0);
	assert_int_equal(sum(memory, 36), 0);
	return used;
}

static void check_hpet(const u8 *hpet)
{
	assert_int_equal(get(hpet + 4, 4), 56);
	assert_int_equal(get(hpet + 36, 4), HPET_ID);
	assert_int_equal(hpet[40], 0);
	assert_int_equal(get(hpet + 44, 8), HPET_ADDRESS);
}

static void check_mcfg(const u8 *mcfg)
{
	assert_int_equal(get(mcfg + 4, 4), 60);
	assert_int_equal(get(mcfg + 44, 8), PCI_ECAM_ADDRESS);
	assert_int_equal(get(mcfg + 52, 4), 0);		/* segment 0, buses 0 to 0 */
}

static void check_madt(const u8 *madt, u32 cpus, u32 overrides)
{
	u32 length = (u32)get(madt + 4, 4), at = 44, seen[3] = { 0, 0, 0 };

	assert_int_equal(get(madt + 36, 4), LAPIC_ADDRESS);
	while (at < length) {
		assert_in_range(madt[at], 0, 2);
		assert_in_range(madt[at + 1], 8, length - at);
		if (madt[at] == 0) {
			assert_int_equal(madt[at + 3], seen[0]);
			assert_int_equal(get(madt + at + 4, 4), seen[0] < cpus ? 1 : 0);	/* possible */
		}
		if (madt[at] == 1)
			assert_int_equal(get(madt + at + 4, 4), IOAPIC_ADDRESS);
		seen[madt[at]]++;
		at += madt[at + 1];
	}
	assert_int_equal(at, length);
	assert_int_equal(seen[0], cpus + 1);
	assert_int_equal(seen[1], 1);
	assert_int_equal(seen[2], overrides);
}

static void test_modern(void **state)
{
	const u8 *xsdt, *fadt;
	u32 used;

	(void)state;
	for (u32 cpus = 1; cpus <= VM_VCPUS; cpus++) {
		used = build(PLATFORM_MODERN, cpus);
		xsdt = table(get(memory + 24, 8), "XSDT", used);
		fadt = table(get(xsdt + 36, 8), "FACP", used);
		check_madt(table(get(xsdt + 44, 8), "APIC", used), cpus, 0);
		assert_int_equal(get(table(get(xsdt + 44, 8), "APIC", used) + 40, 4), 0);
		table(get(fadt + 140, 8), "DSDT", used);
		check_hpet(table(get(xsdt + 52, 8), "HPET", used));
		check_mcfg(table(get(xsdt + 60, 8), "MCFG", used));
		assert_int_equal(get(fadt + 40, 4), get(fadt + 140, 8));
	}
	assert_int_equal(get(fadt + 4, 4), 276);
	assert_int_equal(fadt[8], 6);
	assert_true(get(fadt + 112, 4) & BIT32(20));		/* hardware-reduced */
	assert_true(get(fadt + 112, 4) & BIT32(21));		/* suspends to idle */
	assert_true(get(fadt + 112, 4) & BIT32(4));		/* no fixed power button */
	assert_int_equal(fadt[116], 1);
	assert_int_equal(get(fadt + 120, 8), ACPI_PORT + ACPI_RESET);
	assert_int_equal(fadt[128], ACPI_RESET_VALUE);
	assert_int_equal(get(fadt + 248, 8), ACPI_PORT + ACPI_SLEEP_CONTROL);
	assert_int_equal(get(fadt + 260, 8), ACPI_PORT + ACPI_SLEEP_STATUS);
	assert_int_equal(get(fadt + 46, 2), 0);
}

static void test_pc(void **state)
{
	u32 used = build(PLATFORM_PC, 2);
	const u8 *xsdt = table(get(memory + 24, 8), "XSDT", used);
	const u8 *fadt = table(get(xsdt + 36, 8), "FACP", used);
	const u8 *madt = table(get(xsdt + 44, 8), "APIC", used);
	u64 facs = get(fadt + 36, 4);

	(void)state;
	check_mcfg(table(get(xsdt + 60, 8), "MCFG", used));
	check_madt(madt, 2, 2);
	check_hpet(table(get(xsdt + 52, 8), "HPET", used));
	assert_int_equal(get(madt + 40, 4), 1);
	table(get(fadt + 140, 8), "DSDT", used);
	assert_in_range(facs, BASE, BASE + used - 64);
	assert_int_equal(facs % 64, 0);
	assert_memory_equal(memory + (facs - BASE), "FACS", 4);
	assert_int_equal(get(fadt + 46, 2), ACPI_GSI);
	assert_int_equal(get(fadt + 48, 4), 0);
	assert_int_equal(get(fadt + 56, 4), ACPI_PORT);
	assert_int_equal(get(fadt + 64, 4), ACPI_PORT + ACPI_PM1_CONTROL);
	assert_int_equal(get(fadt + 76, 4), ACPI_PORT + ACPI_PM_TIMER);
	assert_false(get(fadt + 112, 4) & (BIT32(20) | BIT32(4) | BIT32(6)));	/* fixed button, fixed alarm */
	assert_true(get(fadt + 112, 4) & BIT32(21));
	assert_int_equal(get(fadt + 120, 8), ACPI_PORT + ACPI_PC_RESET);
	assert_int_equal(get(fadt + 212, 8), ACPI_PORT + ACPI_PM_TIMER);
}

static void test_refusals(void **state)
{
	struct acpi_config config = { PLATFORM_MODERN, 1 };
	u8 small[ACPI_TABLES_BYTES];
	u32 used = build(PLATFORM_MODERN, 1);

	(void)state;
	for (u32 capacity = 0; capacity < used; capacity++) {
		memset(small, 0xcc, sizeof(small));
		assert_int_equal(acpi_build(&config, small, capacity, GPA(BASE)), 0);
		for (u32 i = capacity; i < used; i++)
			assert_int_equal(small[i], 0xcc);
	}
	assert_int_equal(acpi_build(&config, small, used, GPA(BASE)), used);
	assert_int_equal(acpi_build(&config, small, sizeof(small), GPA(BASE + 16)), 0);
	assert_int_equal(acpi_build(&config, small, sizeof(small), GPA(4 * GIB - 4096)), 0);
	config.cpus = 0;
	assert_int_equal(acpi_build(&config, small, sizeof(small), GPA(BASE)), 0);
	config.cpus = VM_VCPUS + 1;
	assert_int_equal(acpi_build(&config, small, sizeof(small), GPA(BASE)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modern),
		cmocka_unit_test(test_pc),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
