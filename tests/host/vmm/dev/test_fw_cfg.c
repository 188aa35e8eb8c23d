/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * fw_cfg as SeaBIOS uses it, and as a guest uses it that wants to reach what is not its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fw_cfg.h"

#define RAM_BYTES 16384u
#define COMMAND 64u		/* where the command is */
#define TARGET 4096u

/* RAM ends where the sanitizer looks. */
static u8 ram[RAM_BYTES];
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };
static struct fw_cfg f;
static const u8 file[] = "0123456789";

static int setup(void **state)
{
	(void)state;
	memset(ram, 0xcc, sizeof(ram));
	fw_cfg_init(&f, &memory);
	assert_int_equal(fw_cfg_add_file(&f, "etc/test", file, 10), ST_OK);
	return 0;
}

static void select_key(u16 key)
{
	fw_cfg_region.write(&f, 0, 2, key);
}

static u8 next(void)
{
	return (u8)fw_cfg_region.read(&f, 1, 1);
}

static void put_command(u32 control, u32 length, u64 address)
{
	control = __builtin_bswap32(control);
	length = __builtin_bswap32(length);
	address = __builtin_bswap64(address);
	memcpy(ram + COMMAND, &control, 4);
	memcpy(ram + COMMAND + 4, &length, 4);
	memcpy(ram + COMMAND + 8, &address, 8);
}

static void start_at(u64 gpa)
{
	fw_cfg_region.write(&f, 4, 4, __builtin_bswap32((u32)(gpa >> 32)));
	fw_cfg_region.write(&f, 8, 4, __builtin_bswap32((u32)gpa));
}

/* The control word afterwards. */
static u32 command(u32 control, u32 length, u64 address)
{
	u32 result;

	put_command(control, length, address);
	start_at(COMMAND);
	memcpy(&result, ram + COMMAND, 4);
	return __builtin_bswap32(result);
}

static void test_ports(void **state)
{
	static const u8 directory[] = "\0\0\0\1" "\0\0\0\12" "\0\40" "\0\0" "etc/test";
	u8 word[4];

	(void)state;
	select_key(FW_CFG_SIGNATURE);
	for (u32 i = 0; i < 4; i++)
		word[i] = next();
	assert_memory_equal(word, "QEMU", 4);
	assert_int_equal(next(), 0);
	select_key(FW_CFG_ID);
	assert_int_equal(next(), 3);
	select_key(FW_CFG_DIRECTORY);
	for (u32 i = 0; i < sizeof(directory); i++)
		assert_int_equal(next(), directory[i]);
	select_key(0x20);
	for (u32 i = 0; i < 10; i++)
		assert_int_equal(next(), file[i]);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(next(), 0);
	select_key(0x8000);
	assert_int_equal(next(), 0);
	assert_int_equal(fw_cfg_region.read(&f, 4, 4), 0x554d4551);
	assert_int_equal(fw_cfg_region.read(&f, 8, 4), 0x47464320);
}

static void test_other_accesses(void **state)
{
	(void)state;
	select_key(0x20);
	fw_cfg_region.write(&f, 0, 1, FW_CFG_ID);	/* not 16 bits: nothing is selected */
	fw_cfg_region.write(&f, 1, 1, 'x');		/* items are read only */
	assert_int_equal(next(), '0');
	for (u64 offset = 0; offset < 24; offset++)
		for (u32 size = 1; size <= 8; size *= 2) {
			bool is_known = (offset == 1 && size == 1) || ((offset == 4 || offset == 8) && size == 4);

			assert_int_equal(fw_cfg_region.read(&f, offset, size) != ~0ull, is_known);
			if (!is_known && offset != 0)
				fw_cfg_region.write(&f, offset, size, 0);
		}
	assert_int_equal(fw_cfg_region.read(&f, ~0ull, 4), ~0ull);
}

static void test_dma(void **state)
{
	(void)state;
	assert_int_equal(command(0x00200000 | 8 | 2, 4, TARGET), 0);
	assert_memory_equal(ram + TARGET, "0123\xcc", 5);
	assert_int_equal(command(4, 3, 0), 0);			/* skips 456 */
	assert_int_equal(command(2, 8, TARGET), 0);
	assert_memory_equal(ram + TARGET, "789\0\0\0\0\0\xcc", 9);
	assert_int_equal(command(0x00200000 | 8, 0, 0), 0);	/* selects only */
	assert_int_equal(next(), '0');
	assert_int_equal(command(4, 0xffffffff, 0), 0);
	assert_int_equal(next(), 0);
	assert_int_equal(command(0x77770000 | 8 | 2, 2, TARGET), 0);
	assert_memory_equal(ram + TARGET, "\0\09", 3);
	assert_int_equal(command(0x00200000 | 8 | 16, 4, TARGET), 1);	/* writes are refused */
	assert_memory_equal(file, "0123456789", 10);
}

static void test_dma_outside(void **state)
{
	static const struct { u64 address; u32 length; } bad[] = {
		{ RAM_BYTES - 1, 2 }, { RAM_BYTES, 1 }, { ~0ull, 1 }, { ~0ull - 3, 8 }, { 4 * GIB, 1 },
		{ TARGET, 0xffffffff }, { 0, RAM_BYTES + 1 }, { 0xfffc0000, 16 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(command(0x00200000 | 8 | 2, bad[i].length, bad[i].address), 1);
		assert_int_equal(next(), '0');		/* nothing was taken */
		assert_int_equal(ram[TARGET], 0xcc);
	}
	assert_int_equal(command(0x00200000 | 8 | 2, 1, RAM_BYTES - 1), 0);
	assert_int_equal(command(0x00200000 | 8 | 2, 0, RAM_BYTES), 0);
	start_at(RAM_BYTES - 15);	/* not all in RAM: nothing happens */
	start_at(~0ull);
	start_at(1ull << 40);
	assert_int_equal(ram[RAM_BYTES - 15], 0xcc);
}

/* The item lands on the command itself: it is judged by its copy, and the result comes last. */
static void test_dma_over_command(void **state)
{
	(void)state;
	assert_int_equal(command(0x00200000 | 8 | 2, 10, COMMAND), 0);
	assert_memory_equal(ram + COMMAND + 4, "456789", 6);
}

static void test_limits(void **state)
{
	char name[FW_CFG_NAME_BYTES + 1];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[FW_CFG_NAME_BYTES] = 0;
	assert_int_equal(fw_cfg_add_file(&f, name, file, 1), ST_INVAL);
	name[FW_CFG_NAME_BYTES - 1] = 0;
	assert_int_equal(fw_cfg_add_file(&f, name, file, 1), ST_OK);
	assert_int_equal(fw_cfg_add(&f, FW_CFG_ID, file, 1), ST_EXISTS);
	for (u32 i = 2; i < FW_CFG_FILES; i++)
		assert_int_equal(fw_cfg_add_file(&f, "f", file, i), ST_OK);
	assert_int_equal(fw_cfg_add_file(&f, "f", file, 1), ST_FULL);
	for (u16 key = 0x100; f.item_count < FW_CFG_ITEMS; key++)
		assert_int_equal(fw_cfg_add(&f, key, file, 1), ST_OK);
	assert_int_equal(fw_cfg_add(&f, 0x300, file, 1), ST_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports, setup),
		cmocka_unit_test_setup(test_other_accesses, setup),
		cmocka_unit_test_setup(test_dma, setup),
		cmocka_unit_test_setup(test_dma_outside, setup),
		cmocka_unit_test_setup(test_dma_over_command, setup),
		cmocka_unit_test_setup(test_limits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
