/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The SMBIOS tables as a guest walks them: checksum, every structure and its strings inside, an end, no string number
 * without its string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "smbios.h"

#define ENTRY 24u

static u8 memory[SMBIOS_BYTES];

static u32 build(void)
{
	u32 used;

	memset(memory, 0xcc, sizeof(memory));
	used = smbios_build(memory, sizeof(memory), GPA(SMBIOS_GPA));
	assert_in_range(used, ENTRY, sizeof(memory));
	return used;
}

/* String `number` of the structure at `at`; NULL if it has fewer. */
static const char *string(const u8 *at, u32 number)
{
	const char *s = (const char *)at + at[1];

	for (; *s; s += strlen(s) + 1)
		if (--number == 0)
			return s;
	return NULL;
}

/* The one after `at`, as dmidecode and Linux find it. */
static const u8 *next(const u8 *at, const u8 *end)
{
	const u8 *p = at + at[1];

	while (p + 1 < end && (p[0] || p[1]))
		p++;
	assert_true(p + 2 <= end);
	return p + 2;
}

static void entry(void **state)
{
	u32 used = build(), bytes;
	u64 table;
	u8 sum = 0;

	(void)state;
	assert_memory_equal(memory, "_SM3_", 5);
	assert_int_equal(memory[6], ENTRY);
	for (u32 i = 0; i < ENTRY; i++)
		sum = (u8)(sum + memory[i]);
	assert_int_equal(sum, 0);
	assert_int_equal(memory[7], 3);
	memcpy(&bytes, memory + 12, sizeof(bytes));
	memcpy(&table, memory + 16, sizeof(table));
	assert_int_equal(table, SMBIOS_GPA + ENTRY);
	assert_int_equal(bytes, used - ENTRY);
}

static void structures(void **state)
{
	const u8 *at = memory + ENTRY, *end = memory + build();
	static const u8 types[] = { 0, 1, 127 };

	(void)state;
	for (u32 i = 0; i < sizeof(types); i++) {
		assert_true(at + 4 <= end);
		assert_int_equal(at[0], types[i]);
		assert_int_equal(at[2] | at[3] << 8, i);
		at = next(at, end);
	}
	assert_ptr_equal(at, end);
}

static void words(void **state)
{
	const u8 *end = memory + build(), *bios = memory + ENTRY, *system = next(bios, end);

	(void)state;
	assert_string_equal(string(bios, bios[4]), "VOS");
	assert_string_equal(string(bios, bios[5]), VOS_VERSION);
	assert_int_equal(strlen(string(bios, bios[8])), strlen("mm/dd/yyyy"));
	assert_null(string(bios, 4));
	assert_string_equal(string(system, system[4]), "VOS");
	assert_string_equal(string(system, system[5]), "Virtual machine");
	assert_string_equal(string(system, system[6]), VOS_VERSION);
	assert_null(string(system, 4));
}

static void too_small(void **state)
{
	u32 used = build();

	(void)state;
	for (u32 capacity = 0; capacity < used; capacity++) {
		memset(memory, 0xcc, sizeof(memory));
		assert_int_equal(smbios_build(memory, capacity, GPA(SMBIOS_GPA)), 0);
		assert_int_equal(memory[0], 0xcc);
	}
	assert_int_equal(smbios_build(memory, used, GPA(SMBIOS_GPA)), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry),
		cmocka_unit_test(structures),
		cmocka_unit_test(words),
		cmocka_unit_test(too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
