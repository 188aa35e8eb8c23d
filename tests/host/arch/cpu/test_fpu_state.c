/* SPDX-License-Identifier: MIT */
/* links: arch */
/*
 * When saved x87 state is the initial one, so that it need not be restored from memory: exactly then, as the processor
 * under the test saves it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fpu_state.h"

static u64 area[64] __attribute__((aligned(64)));

static void test_initial(void **state)
{
	(void)state;
	memset(area, 0, sizeof(area));
	area[0] = FPU_CONTROL_RESET;
	assert_true(fpu_x87_is_initial(area));
	area[FPU_MXCSR_AT / 8] = 0xffff00001f80ull;	/* MXCSR and its mask, and XMM registers, are SSE's */
	memset((u8 *)area + FPU_REGISTERS_END, 0xa5, sizeof(area) - FPU_REGISTERS_END);
	assert_true(fpu_x87_is_initial(area));
}

/* Any other bit of the control word, status, tags, opcode, pointers or registers is state. */
static void test_each_bit(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < FPU_REGISTERS_END * 8; bit++) {
		memset(area, 0, sizeof(area));
		area[0] = FPU_CONTROL_RESET;
		area[bit / 64] ^= 1ull << (bit % 64);
		assert_int_equal(fpu_x87_is_initial(area), bit / 64 == FPU_MXCSR_AT / 8);
	}
}

static void test_as_saved(void **state)
{
	double one = 1;

	(void)state;
	__asm__ volatile("fninit\n\tfxsaveq %0" : "=m"(area));
	memset((u8 *)area + FPU_REGISTERS_AT, 0, FPU_REGISTERS_END - FPU_REGISTERS_AT);	/* FNINIT leaves these alone */
	assert_true(fpu_x87_is_initial(area));
	__asm__ volatile("fldl %1\n\tfxsaveq %0\n\tfninit" : "=m"(area) : "m"(one));
	assert_false(fpu_x87_is_initial(area));
}

static __attribute__((noinline)) void forget(void)
{
	fpu_forget_pointers();
}

/*
 * Whatever ran before, with an exception pending or without: where that was does not show. AMD's processors never show
 * it without an exception (APM Vol. 2 11.4.4.3).
 */
static void test_forget_pointers(void **state)
{
	static const u16 unmasked = 0x340, masked = 0x37f;
	static u64 first[64] __attribute__((aligned(64)));
	double zero = 0, one = 1;

	(void)state;
	__asm__ volatile("fninit\n\tfldl %1\n\tfxsaveq %0" : "=m"(area) : "m"(one));
	forget();
	__asm__ volatile("fxsaveq %0\n\tfninit" : "=m"(first));
	assert_true(area[1] == 0 || first[1] != area[1]);
	__asm__ volatile("fldl %1\n\tfldcw %2\n\tfdivl %3\n\tfxsaveq %0" : "=m"(area)
			 : "m"(one), "m"(unmasked), "m"(zero));
	assert_int_not_equal(first[1], area[1]);
	forget();
	__asm__ volatile("fldcw %1\n\tfxsaveq %0\n\tfninit" : "=m"(area) : "m"(masked));
	assert_int_equal(area[1], first[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_as_saved),
		cmocka_unit_test(test_forget_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
