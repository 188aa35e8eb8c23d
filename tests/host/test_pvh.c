/*
 * The PVH parser: structures scattered over a small physical memory, and pointers that lead nowhere.
 */
/* sources: boot/pvh.c boot/parse.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "boot_info.h"
#include "range.h"

#define MEMORY_BYTES 0x4000u

static u8 memory[MEMORY_BYTES];
static struct boot_info info;
static u32 dropped;
static struct hvm_start_info start;

static const void *read_memory(void *ctx, hpa_t at, u64 bytes)
{
	(void)ctx;
	return range_ok(at.raw, bytes, MEMORY_BYTES) ? memory + at.raw : NULL;
}

static enum status parse(void)
{
	return boot_parse_pvh(&start, sizeof(start), read_memory, NULL, &info, &dropped);
}

static int set_up(void **state)
{
	const struct hvm_memmap_table_entry map[] = {
		{ .addr = 0, .size = 0x9fc00, .type = XEN_HVM_MEMMAP_TYPE_RAM },
		{ .addr = 0x100000, .size = 0x3fe00000, .type = XEN_HVM_MEMMAP_TYPE_RAM },
		{ .addr = 0x3ff00000, .size = 0x100000, .type = XEN_HVM_MEMMAP_TYPE_ACPI },
	};
	const struct hvm_modlist_entry modules[] = {
		{ .paddr = 0x1000000, .size = 0x1234, .cmdline_paddr = 0 },
		{ .paddr = 0x2000000, .size = 0x10, .cmdline_paddr = 0x600 },
	};

	(void)state;
	memset(memory, 0, sizeof(memory));
	memcpy(memory + 0x400, map, sizeof(map));
	memcpy(memory + 0x500, modules, sizeof(modules));
	memcpy(memory + 0x600, "second one", 11);
	memcpy(memory + 0x700, "console=com1 safe", 18);
	start = (struct hvm_start_info){
		.magic = XEN_HVM_START_MAGIC_VALUE, .version = 1, .nr_modules = 2, .modlist_paddr = 0x500,
		.cmdline_paddr = 0x700,
		.rsdp_paddr = 0xf5a00, .memmap_paddr = 0x400, .memmap_entries = 3,
	};
	return 0;
}

static void a_whole_boot(void **state)
{
	(void)state;
	assert_int_equal(parse(), ST_OK);
	assert_int_equal(dropped, 0);
	assert_int_equal(info.firmware, BOOT_PVH);
	assert_string_equal(info.cmdline, "console=com1 safe");
	assert_int_equal(info.rsdp.raw, 0xf5a00);
	assert_int_equal(info.range_count, 3);
	assert_int_equal(info.ranges[2].type, BOOT_MEMORY_ACPI);
	assert_int_equal(info.module_count, 2);
	assert_string_equal(info.modules[0].string, "bundle");
	assert_string_equal(info.modules[1].string, "second one");
	assert_int_equal(info.modules[1].bytes, 0x10);
	assert_int_equal(info.screen.type, SCREEN_TEXT);
}

static void without_modules_and_options(void **state)
{
	(void)state;
	start.nr_modules = 0;
	start.modlist_paddr = ~0ull;
	start.cmdline_paddr = 0;
	assert_int_equal(parse(), ST_OK);
	assert_int_equal(info.module_count, 0);
	assert_string_equal(info.cmdline, "");
}

static void an_empty_name_is_no_name(void **state)
{
	(void)state;
	memory[0x600] = '\0';
	assert_int_equal(parse(), ST_OK);
	assert_string_equal(info.modules[1].string, "bundle");
}

static void malformed(void **state)
{
	(void)state;
	assert_int_equal(boot_parse_pvh(&start, sizeof(start) - 1, read_memory, NULL, &info, &dropped), ST_INVAL);
	start.magic++;
	assert_int_equal(parse(), ST_INVAL);
	start.magic--;
	start.version = 0;		/* no memory map in that version */
	assert_int_equal(parse(), ST_INVAL);
	start.version = 1;
	start.memmap_entries = 0;
	assert_int_equal(parse(), ST_INVAL);
	start.memmap_entries = 3;
	start.memmap_paddr = MEMORY_BYTES - 24;	/* the second entry is out */
	assert_int_equal(parse(), ST_INVAL);
	start.memmap_paddr = ~0ull - 23;
	assert_int_equal(parse(), ST_INVAL);
	start.memmap_paddr = 0x400;
	start.modlist_paddr = MEMORY_BYTES;
	assert_int_equal(parse(), ST_INVAL);
	start.modlist_paddr = 0x500;
	start.cmdline_paddr = ~0ull;
	assert_int_equal(parse(), ST_INVAL);
	start.cmdline_paddr = 0x700;
	assert_int_equal(parse(), ST_OK);
}

/* A string that runs up to the end of memory. */
static void endless_strings(void **state)
{
	(void)state;
	memset(memory + 0x1000, 'x', MEMORY_BYTES - 0x1000);
	start.cmdline_paddr = 0x1000;
	assert_int_equal(parse(), ST_OK);
	assert_int_equal(strlen(info.cmdline), sizeof(info.cmdline) - 1);
	start.cmdline_paddr = MEMORY_BYTES - 10;
	assert_int_equal(parse(), ST_INVAL);
}

static void modules_that_wrap(void **state)
{
	const struct hvm_modlist_entry bad = { .paddr = ~0ull - 10, .size = 100 };

	(void)state;
	memcpy(memory + 0x500, &bad, sizeof(bad));
	assert_int_equal(parse(), ST_INVAL);
}

static void too_many(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memory[0x1008] = 1;		/* one range of one byte */
	memory[0x1010] = 1;
	start.memmap_paddr = 0x1000;
	start.nr_modules = 0xffffffffu;
	start.modlist_paddr = 0;	/* zero modules, as many as one likes */
	start.cmdline_paddr = 0;
	assert_int_equal(parse(), ST_OK);
	assert_int_equal(info.module_count, BOOT_INFO_MODULES);
	assert_int_equal(dropped, 0xffffffffu - BOOT_INFO_MODULES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_whole_boot, set_up),
		cmocka_unit_test_setup(without_modules_and_options, set_up),
		cmocka_unit_test_setup(an_empty_name_is_no_name, set_up),
		cmocka_unit_test_setup(malformed, set_up),
		cmocka_unit_test_setup(endless_strings, set_up),
		cmocka_unit_test_setup(modules_that_wrap, set_up),
		cmocka_unit_test_setup(too_many, set_up),
	};

	return cmocka_run_group_tests_name("pvh", tests, NULL, NULL);
}
