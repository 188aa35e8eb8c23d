/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The files of fw_cfg as SeaBIOS uses them: the commands of the loader put the ACPI tables together anywhere, as if
 * they had been built for that place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bios_files.h"
#include "request.h"

#define RAM_BYTES (2 * MIB)
#define RSDP_AT 0xf5a00u
#define TABLES_AT 0x123400u
#define BUFFER 0x1000u

static u8 ram[RAM_BYTES];
static struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };
static struct fw_cfg f;
static struct bios_files files;

static void start_with(struct bios_config config)
{
	memset(ram, 0, sizeof(ram));
	fw_cfg_init(&f, &memory);
	assert_true(bios_files_add(&files, &f, &memory, &config));
}

static void start(u32 platform, u32 cpus, u32 disks)
{
	start_with((struct bios_config){ .platform = platform, .cpus = cpus, .disks = BIT32(disks) - 1 });
}

static u32 be32(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static void read_item(u16 key, u8 *to, u32 bytes)
{
	fw_cfg_region.write(&f, 0, 2, key);
	for (u32 i = 0; i < bytes; i++)
		to[i] = (u8)fw_cfg_region.read(&f, 1, 1);
}

/* Returns its bytes. */
static u32 read_file(const char *name, u8 *to)
{
	u8 directory[4 + FW_CFG_FILES * FW_CFG_FILE_BYTES];

	read_item(FW_CFG_DIRECTORY, directory, sizeof(directory));
	for (u32 i = 0; i < be32(directory); i++) {
		const u8 *entry = directory + 4 + i * FW_CFG_FILE_BYTES;

		if (strcmp((const char *)entry + 8, name) == 0) {
			read_item((u16)(entry[4] << 8 | entry[5]), to, be32(entry));
			return be32(entry);
		}
	}
	fail_msg("there is no %s", name);
	return 0;
}

static u8 *place_of(const char *name)
{
	bool is_rsdp = strcmp(name, "etc/acpi/rsdp") == 0;

	assert_true(is_rsdp || strcmp(name, "etc/acpi/tables") == 0);
	return ram + (is_rsdp ? RSDP_AT : TABLES_AT);
}

/* The field at an offset in a command. */
static u32 field(const u8 *command, u32 at)
{
	u32 value;

	memcpy(&value, command + at, 4);
	return value;
}

/* SeaBIOS' src/fw/romfile_loader.c in short. */
static void run_command(const u8 *c)
{
	u8 *place = place_of((const char *)c + 4), sum = 0;
	u64 value = 0;

	switch (field(c, 0)) {
	case 1:
		assert_in_range(c[64], 1, 2);
		read_file((const char *)c + 4, place);
		break;
	case 2:
		memcpy(&value, place + field(c, 116), c[120]);
		value += (u64)(place_of((const char *)c + 60) - ram);
		memcpy(place + field(c, 116), &value, c[120]);
		break;
	case 3:
		/* OVMF puts the new sum there, and counts the old one. */
		assert_int_equal(place[field(c, 60)], 0);
		for (u32 i = 0; i < field(c, 68); i++)
			sum = (u8)(sum + place[field(c, 64) + i]);
		place[field(c, 60)] = (u8)(place[field(c, 60)] - sum);
		break;
	default:
		fail_msg("no such command");
	}
}

static void check_acpi(u32 platform)
{
	static u8 commands[4096], expected[ACPI_TABLES_BYTES];
	struct acpi_config config = { .platform = platform, .cpus = 3 };
	u32 bytes, used;

	start(platform, 3, 1);
	bytes = read_file("etc/table-loader", commands);
	assert_int_equal(bytes % 128, 0);
	for (u32 at = 0; at < bytes; at += 128)
		run_command(commands + at);
	used = acpi_build(&config, expected, sizeof(expected), GPA(TABLES_AT));
	assert_true(used != 0);
	assert_memory_equal(ram + RSDP_AT, expected, ACPI_RSDP_BYTES);
	assert_memory_equal(ram + TABLES_AT + ACPI_RSDP_BYTES, expected + ACPI_RSDP_BYTES, used - ACPI_RSDP_BYTES);
	assert_int_equal(ram[TABLES_AT], 0);
}

static void test_acpi(void **state)
{
	(void)state;
	check_acpi(PLATFORM_PC);
	check_acpi(PLATFORM_MODERN);
}

static void test_memory(void **state)
{
	static const u32 high[] = { 0, 0, 0xc0000000, 0, 1, 0, 1, 0x40000000, 1, 1 };

	(void)state;
	start(PLATFORM_PC, 1, 1);
	assert_int_equal(read_file("etc/e820", ram + BUFFER), 20);
	assert_int_equal(*(u32 *)(void *)(ram + BUFFER + 8), RAM_BYTES);
	memory.bytes = 8 * GIB;		/* of which nothing is touched */
	start(PLATFORM_PC, 1, 1);
	memory.bytes = RAM_BYTES;
	assert_int_equal(read_file("etc/e820", ram + BUFFER), 40);
	assert_memory_equal(ram + BUFFER, high, sizeof(high));
}

static void test_order(void **state)
{
	u8 order[BIOS_BOOT_ORDER_BYTES];

	(void)state;
	start(PLATFORM_PC, 1, 0);
	assert_int_equal(read_file("bootorder", order), 1);
	start(PLATFORM_PC, 1, 8);
	read_file("bootorder", order);
	assert_memory_equal(order, "/pci@i0cf8/scsi@4/disk@0,0\n/pci@i0cf8/scsi@5/disk@0,0\n", 54);
	assert_non_null(strstr((char *)order, "scsi@b/disk@0,0\n"));
	start_with((struct bios_config){ .cpus = 1, .disks = 0xff, .has_cd = true });
	assert_int_equal(read_file("bootorder", order), 8 * 27 + 38 + 1);
	assert_memory_equal(order + 8 * 27, "/pci@i0cf8/scsi@14/channel@0/disk@0,0\n", 39);
	start_with((struct bios_config){ .cpus = 1, .disks = 1, .has_cd = true, .is_cd_first = true });
	read_file("bootorder", order);
	assert_memory_equal(order, "/pci@i0cf8/scsi@14/channel@0/disk@0,0\n/pci@i0cf8/scsi@4/disk@0,0\n", 65);
}

static void test_others(void **state)
{
	u8 bytes[SMBIOS_BYTES];

	(void)state;
	start(PLATFORM_PC, 16, 1);
	read_item(FW_CFG_CPUS, bytes, 2);
	assert_int_equal(bytes[0], 16);
	assert_int_equal(read_file("etc/sercon-port", bytes), 2);
	assert_memory_equal(bytes, "\xf8\x03", 2);
	assert_int_equal(read_file("etc/smbios/smbios-anchor", bytes), 24);
	assert_memory_equal(bytes, "_SM3_", 5);
	read_file("etc/smbios/smbios-tables", bytes);
	assert_int_equal(bytes[0], 0);		/* BIOS information comes first */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acpi), cmocka_unit_test(test_memory), cmocka_unit_test(test_order),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
