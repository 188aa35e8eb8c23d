/* SPDX-License-Identifier: MIT */
/*
 * Which machine checks VOS survives: Intel SDM Vol. 3 15.6, 15.9.3, 15.10.4, and AMD APM Vol. 2 9.3.2. The values of
 * MCi_STATUS are written out, not built from the code's names.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mce_judge.h"

/* MCG_STATUS: MCIP with RIPV and EIPV. */
#define NEITHER 4u
#define RIPV 5u
#define EIPV 6u
#define BOTH 7u

enum { USER, RING0, MODES };

static const struct {
	enum mce_kind kind;
	u64 status;
	u64 mcg_status;
	u8 verdict[MODES];
} rows[] = {
	/* Nothing valid. */
	{ MCE_SER_P, 0, RIPV, { MCE_NOTHING, MCE_NOTHING } },
	{ MCE_SER_P, 0x3d80000000000134, RIPV, { MCE_NOTHING, MCE_NOTHING } },
	/* Corrected, also with overflow and with an address. */
	{ MCE_SER_P, 0x9c00000000000134, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SER_P, 0xcc00000000010090, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_FATAL_ONLY, 0x9c00000000000134, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SUCCOR, 0x9c00000000000134, RIPV, { MCE_COUNT, MCE_COUNT } },
	/* PCC, whatever else is said. */
	{ MCE_SER_P, 0xbf80000000000134, NEITHER, { MCE_STOP, MCE_STOP } },
	{ MCE_SER_P, 0xbe00000000000000, RIPV, { MCE_STOP, MCE_STOP } },
	{ MCE_SER_P, 0x9e00000000000134, RIPV, { MCE_STOP, MCE_STOP } },
	{ MCE_SUCCOR_OVERFLOW, 0xbe00000000000000, RIPV, { MCE_STOP, MCE_STOP } },
	{ MCE_FATAL_ONLY, 0xbe00000000000000, RIPV, { MCE_STOP, MCE_STOP } },
	/* UCNA: uncorrected, not signaled. */
	{ MCE_SER_P, 0xbc00000000000090, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SER_P, 0xfc00000000000090, RIPV, { MCE_COUNT, MCE_COUNT } },
	/* Not enabled: not what #MC came for. */
	{ MCE_SER_P, 0xad80000000000134, BOTH, { MCE_COUNT, MCE_COUNT } },
	/* SRAO: patrol scrub, write-back; an overflow loses another one of the kind. */
	{ MCE_SER_P, 0xbd000000000000cf, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SER_P, 0xbd0000000000017a, BOTH, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SER_P, 0xfd000000000000cf, RIPV, { MCE_COUNT, MCE_COUNT } },
	/* SRAR: load and fetch; this processor's, or another one's. */
	{ MCE_SER_P, 0xbd80000000000134, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SER_P, 0xbd80000000000134, BOTH, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000000134, EIPV, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000000150, BOTH, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000001134, BOTH, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000010134, BOTH, { MCE_END_CONTEXT, MCE_STOP } },
	/* With an overflow, another one may be lost; other codes nobody knows. */
	{ MCE_SER_P, 0xfd80000000000134, BOTH, { MCE_STOP, MCE_STOP } },
	{ MCE_SER_P, 0xfd80000000000134, RIPV, { MCE_STOP, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000000135, BOTH, { MCE_STOP, MCE_STOP } },
	{ MCE_SER_P, 0xbd80000000000e0b, BOTH, { MCE_STOP, MCE_STOP } },
	/* Without MCG_SER_P these bits mean nothing. */
	{ MCE_FATAL_ONLY, 0xbd80000000000134, BOTH, { MCE_STOP, MCE_STOP } },
	{ MCE_FATAL_ONLY, 0xbc00000000000090, RIPV, { MCE_STOP, MCE_STOP } },
	/* AMD: deferred errors are not corrected, but harm nobody yet; poison that is used ends its user. */
	{ MCE_SUCCOR, 0x9c00100000000000, RIPV, { MCE_COUNT, MCE_COUNT } },
	{ MCE_SUCCOR, 0xbc00080000010135, RIPV, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SUCCOR, 0xbc80080000010135, RIPV, { MCE_END_CONTEXT, MCE_STOP } },
	{ MCE_SUCCOR, 0xfc00080000010135, RIPV, { MCE_STOP, MCE_STOP } },
	{ MCE_SUCCOR_OVERFLOW, 0xfc00080000010135, RIPV, { MCE_END_CONTEXT, MCE_STOP } },
};

static void test_banks(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		for (u32 mode = 0; mode < MODES; mode++)
			if (mce_judge_bank(rows[i].kind, rows[i].status, rows[i].mcg_status, mode == RING0) !=
			    (enum mce_verdict)rows[i].verdict[mode])
				fail_msg("row %u, mode %u", i, mode);
}

/* No bit beyond those that say so makes a fatal one harmless. */
static void test_fatal_stays(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 57; bit++)
		for (u32 kind = MCE_FATAL_ONLY; kind <= MCE_SUCCOR_OVERFLOW; kind++)
			assert_int_equal(mce_judge_bank((enum mce_kind)kind, 0xbe00000000000000 | BIT64(bit), BOTH,
							false), MCE_STOP);
}

static void test_context(void **state)
{
	(void)state;
	assert_int_equal(mce_judge_context(RIPV, true), MCE_COUNT);
	assert_int_equal(mce_judge_context(BOTH, true), MCE_COUNT);
	assert_int_equal(mce_judge_context(BOTH, false), MCE_COUNT);
	assert_int_equal(mce_judge_context(EIPV, true), MCE_STOP);
	assert_int_equal(mce_judge_context(EIPV, false), MCE_END_CONTEXT);
	assert_int_equal(mce_judge_context(NEITHER, true), MCE_STOP);
	assert_int_equal(mce_judge_context(NEITHER, false), MCE_STOP);
}

/* What #MC is about to come for stays where its handler looks. */
static void test_polls(void **state)
{
	(void)state;
	assert_true(mce_is_pollable(MCE_SER_P, 0x9c00000000000134));
	assert_true(mce_is_pollable(MCE_SER_P, 0xbc00000000000090));
	assert_true(mce_is_pollable(MCE_SUCCOR, 0x9c00100000000000));
	assert_false(mce_is_pollable(MCE_SER_P, 0));
	assert_false(mce_is_pollable(MCE_SER_P, 0x1c00000000000134));
	assert_false(mce_is_pollable(MCE_SER_P, 0xbd80000000000134));
	assert_false(mce_is_pollable(MCE_SER_P, 0xbe00000000000000));
	assert_false(mce_is_pollable(MCE_SER_P, 0x9e00000000000000));
	assert_false(mce_is_pollable(MCE_FATAL_ONLY, 0xbc00000000000090));
	assert_false(mce_is_pollable(MCE_SUCCOR, 0xbc00080000010135));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_banks), cmocka_unit_test(test_fatal_stays), cmocka_unit_test(test_context),
		cmocka_unit_test(test_polls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
