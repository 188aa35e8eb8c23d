/* SPDX-License-Identifier: MIT */
/*
 * Which flaws root takes a processor to have, by what it says of itself.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "silicon.h"

#define F(name) BIT64(FLAW_##name)
#define ALWAYS (F(SPECTRE_V2) | F(BUS_LOCK))
#define INTEL_ALWAYS (ALWAYS | F(RETBLEED))

static const struct {
	const char *what;
	struct silicon silicon;
	u64 flaws;
} processors[] = {
	{ "Intel without IA32_ARCH_CAPABILITIES", { "GenuineIntel", 0x306c3, { 0 } },
	  INTEL_ALWAYS | F(MELTDOWN) | F(L1TF) | F(MDS) | F(ITLB_MULTIHIT) | F(BHI) },
	{ "the same with RTM", { "GenuineIntel", 0x306c3, { [SILICON_7_EBX] = BIT64(11) } },
	  INTEL_ALWAYS | F(MELTDOWN) | F(L1TF) | F(MDS) | F(TAA) | F(ITLB_MULTIHIT) | F(BHI) },
	{ "RDCL_NO and MDS_NO, with RTM",
	  { "GenuineIntel", 0x50656, { [SILICON_ARCH_CAPABILITIES] = 0x2b, [SILICON_7_EBX] = BIT64(11) } },
	  INTEL_ALWAYS | F(TAA) | F(ITLB_MULTIHIT) | F(BHI) },
	{ "TAA_NO and IF_PSCHANGE_MC_NO, too",
	  { "GenuineIntel", 0x606a6, { [SILICON_ARCH_CAPABILITIES] = 0x16b, [SILICON_7_EBX] = BIT64(11) } },
	  INTEL_ALWAYS | F(BHI) },
	{ "Intel that says no to all",
	  { "GenuineIntel", 0xc06f2, { [SILICON_ARCH_CAPABILITIES] = ~0ull, [SILICON_7_EBX] = ~0u } }, INTEL_ALWAYS },
	{ "somebody else", { "CentaurHauls", 0x006f0, { 0 } },
	  INTEL_ALWAYS | F(MELTDOWN) | F(L1TF) | F(MDS) | F(ITLB_MULTIHIT) | F(BHI) },
	{ "AMD 10h", { "AuthenticAMD", 0x100f43, { 0 } }, ALWAYS },
	{ "AMD 15h", { "AuthenticAMD", 0x600f20, { 0 } }, ALWAYS | F(RETBLEED) },
	{ "AMD 17h", { "AuthenticAMD", 0x800f12, { 0 } }, ALWAYS | F(RETBLEED) | F(SRSO) },
	{ "Hygon 18h", { "HygonGenuine", 0x900f01, { 0 } }, ALWAYS | F(RETBLEED) | F(SRSO) },
	{ "AMD 19h", { "AuthenticAMD", 0xa00f11, { [SILICON_80000008_EBX] = BIT64(29) } }, ALWAYS | F(SRSO) },
	{ "AMD 17h with BTC_NO and SRSO_NO",
	  { "AuthenticAMD", 0x800f12, { [SILICON_80000008_EBX] = BIT64(29), [SILICON_80000021_EAX] = BIT64(29) } },
	  ALWAYS },
	{ "AMD 1Ah", { "AuthenticAMD", 0xb00f21, { 0 } }, ALWAYS },
};

static void flaws_by_processor(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(processors); i++) {
		print_message("%s\n", processors[i].what);
		assert_int_equal(silicon_flaws(&processors[i].silicon), processors[i].flaws);
	}
}

static void family(void **state)
{
	(void)state;
	assert_int_equal(silicon_family(0x306c3), 6);
	assert_int_equal(silicon_family(0x600f20), 0x15);
	assert_int_equal(silicon_family(0xb00f21), 0x1a);
	assert_int_equal(silicon_family(~0u), 0x10e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(flaws_by_processor), cmocka_unit_test(family) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
