/* SPDX-License-Identifier: MIT */
/* links: vmm */
/* The flash memory of UEFI's variables, as OVMF uses it, and what no driver does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "flash.h"

enum { BYTES = 4 * FLASH_BLOCK_BYTES };

static u8 bytes[BYTES + 8];
static struct flash f;
static u32 changed_blocks, settled;

static void note_change(void *ctx, u64 offset, u32 count)
{
	(void)ctx;
	for (u64 i = offset / FLASH_BLOCK_BYTES; i <= (offset + count - 1) / FLASH_BLOCK_BYTES; i++)
		changed_blocks |= BIT32(i);
}

static void note_settled(void *ctx)
{
	(void)ctx;
	settled++;
}

static int setup(void **state)
{
	const struct flash_ops ops = { .changed = note_change, .settled = note_settled };

	(void)state;
	changed_blocks = settled = 0;
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7);
	flash_init(&f, bytes, BYTES, &ops);
	return 0;
}

static void put(u64 offset, u32 size, u64 value)
{
	flash_region.write(&f, offset, size, value);
}

static u64 get(u64 offset, u32 size)
{
	return flash_region.read(&f, offset, size);
}

/* QemuFlash.c, QemuFlashDetected: neither RAM nor ROM. */
static void test_detected(void **state)
{
	(void)state;
	assert_int_equal(get(1, 1), 7);
	put(1, 1, 0x50);
	assert_int_equal(get(1, 1), 7);
	put(1, 1, 0x70);
	assert_int_equal(get(1, 1), 0);
	put(1, 1, 0xff);
	assert_int_equal(get(1, 1), 7);
}

static void test_program(void **state)
{
	u64 eight;

	(void)state;
	put(3, 1, 0x10);
	put(3, 1, 0x11);
	assert_int_equal(get(3, 1), 0x80);
	put(3, 1, 0xff);
	assert_int_equal(get(3, 1), 21 & 0x11);		/* bits are cleared only */
	assert_int_equal(changed_blocks, 1);
	assert_int_equal(settled, 1);
	put(0, 1, 0x40);
	put(FLASH_BLOCK_BYTES, 2, 0);
	put(0, 1, 0xff);
	assert_int_equal(get(FLASH_BLOCK_BYTES, 4), (u32)bytes[FLASH_BLOCK_BYTES + 2] << 16 |
						    (u32)bytes[FLASH_BLOCK_BYTES + 3] << 24);
	memcpy(&eight, bytes + 16, 8);
	assert_true(get(16, 8) == eight);
}

static void test_erase(void **state)
{
	(void)state;
	put(FLASH_BLOCK_BYTES + 5, 1, 0x20);
	put(FLASH_BLOCK_BYTES + 5, 1, 0xd0);
	assert_int_equal(get(0, 1), 0x80);
	assert_int_equal(changed_blocks, 2);
	assert_int_equal(settled, 0);
	put(0, 1, 0xff);
	for (u32 i = 0; i < BYTES; i++)
		assert_int_equal(get(i, 1), i / FLASH_BLOCK_BYTES == 1 ? 0xff : (u8)(i * 7));
}

/* Nothing changes, and the status says that it was no command. */
static void test_bad(void **state)
{
	static const u8 unknown[] = { 0x00, 0x90, 0x98, 0xd0, 0xe8 };
	static u8 before[sizeof(bytes)];

	(void)state;
	memcpy(before, bytes, sizeof(bytes));
	put(0, 1, 0x20);
	put(0, 1, 0xff);
	assert_int_equal(get(0, 1), 0xb0);
	put(0, 1, 0x50);
	for (u32 i = 0; i < sizeof(unknown); i++) {
		put(0, 1, unknown[i]);
		assert_int_equal(get(0, 1), 0xb0);
		put(0, 1, 0x50);
		assert_int_equal(get(1, 1), 7);
	}
	/* Over the end, and behind it. */
	assert_true(get(BYTES - 4, 8) == ~0ull && get(BYTES, 1) == ~0ull && get(~0ull, 1) == ~0ull);
	put(0, 1, 0x10);
	put(BYTES - 1, 2, 0);
	put(BYTES, 1, 0);
	assert_memory_equal(bytes, before, sizeof(bytes));
	assert_int_equal(changed_blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_detected, setup),
		cmocka_unit_test_setup(test_program, setup),
		cmocka_unit_test_setup(test_erase, setup),
		cmocka_unit_test_setup(test_bad, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
