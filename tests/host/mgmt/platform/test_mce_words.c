/* SPDX-License-Identifier: MIT */
/*
 * What records of machine checks mean, by Intel SDM Vol. 3 15.9 and AMD APM Vol. 2 9.3.2.
 */
/* links: root rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mce_words.h"

static const struct {
	enum mce_kind kind;
	u64 status, address, misc;
	enum mce_weight weight;
	const char *place;
	u64 frame;		/* 0: none */
} rows[] = {
	{ MCE_SER_P, 0x9c00000000000134, 0x1000, 0x8c, MCE_CORRECTED, "cache", 0 },
	{ MCE_SER_P, 0xbd80000000000134, 0x12345678, 0x8c, MCE_UNCORRECTED, "cache", 0x12345000 },
	{ MCE_SER_P, 0xbd80000000000134, 0x12345678, 0x86, MCE_UNCORRECTED, "cache", 0x12345000 },
	/* Bits of the address that no memory has. */
	{ MCE_SER_P, 0xbd80000000000134, 0xfff0000012345678, 0x8c, MCE_UNCORRECTED, "cache", 0x12345000 },
	/* A linear address; a piece of 8 KiB; no MISC that says what it is; no address. */
	{ MCE_SER_P, 0xbd80000000000134, 0x12345678, 0x4c, MCE_UNCORRECTED, "cache", 0 },
	{ MCE_SER_P, 0xbd80000000000134, 0x12345678, 0x8d, MCE_UNCORRECTED, "cache", 0 },
	{ MCE_SER_P, 0xb580000000000134, 0x12345678, 0x8c, MCE_UNCORRECTED, "cache", 0 },
	{ MCE_SER_P, 0xb980000000000134, 0x12345678, 0x8c, MCE_UNCORRECTED, "cache", 0 },
	/* Patrol scrub. */
	{ MCE_SER_P, 0xbd000000000000cf, 0x7000, 0x8c, MCE_UNCORRECTED, "memory", 0x7000 },
	{ MCE_SER_P, 0x8c00004000010091, 0x7000, 0x8c, MCE_CORRECTED, "memory", 0 },
	/* A count of 0x400 corrected errors is not AMD's bit for deferred ones. */
	{ MCE_SER_P, 0x9c00100000000090, 0x7000, 0x8c, MCE_CORRECTED, "memory", 0 },
	{ MCE_SUCCOR, 0x9c00100000000090, 0x7000, 0x8c, MCE_DEFERRED, "memory", 0 },
	{ MCE_SUCCOR, 0xbc00080000010135, 0x7008, 0, MCE_UNCORRECTED, "cache", 0x7000 },
	{ MCE_SUCCOR, 0xbc00000000010135, 0x7008, 0, MCE_UNCORRECTED, "cache", 0 },
	{ MCE_FATAL_ONLY, 0xbc00080000010135, 0x7008, 0x8c, MCE_UNCORRECTED, "cache", 0 },
	{ MCE_SER_P, 0x8000000000000014, 0, 0, MCE_CORRECTED, "TLB", 0 },
	{ MCE_SER_P, 0x8000000000000e0b, 0, 0, MCE_CORRECTED, "bus", 0 },
	{ MCE_SER_P, 0x8000000000000400, 0, 0, MCE_CORRECTED, "watchdog of the processor", 0 },
	{ MCE_SER_P, 0x8000000000000402, 0, 0, MCE_CORRECTED, "processor", 0 },
	{ MCE_SER_P, 0x8000000000000001, 0, 0, MCE_CORRECTED, "unclassified", 0 },
	{ MCE_SER_P, 0x8000000000000000, 0, 0, MCE_CORRECTED, "unknown", 0 },
};

static void test_rows(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		struct machine_check mc = { .kind = rows[i].kind, .status = rows[i].status,
					    .address = rows[i].address, .misc = rows[i].misc };
		u64 frame = 0;

		if (mce_weight(&mc) != rows[i].weight || strcmp(mce_place_text(&mc), rows[i].place) != 0)
			fail_msg("row %u: %s, %s", i, mce_weight_text(mce_weight(&mc)), mce_place_text(&mc));
		if (mce_frame(&mc, &frame) != (rows[i].frame != 0) || (rows[i].frame != 0 && frame != rows[i].frame))
			fail_msg("row %u: frame %llx", i, (unsigned long long)frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
