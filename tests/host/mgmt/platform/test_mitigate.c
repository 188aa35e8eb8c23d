/* SPDX-License-Identifier: MIT */
/*
 * Which flaws processors have, and what comes of each, for a golden list of processors. The expectations are from the
 * vendors' pages (mitigate.h), not from the code.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mitigate.h"

#define F(name) BIT64(FLAW_##name)
#define EACH (F(SPECTRE_V1) | F(BUS_LOCK))
#define OLD (F(MELTDOWN) | F(ITLB_MULTIHIT) | EACH)
#define OLD_HELPED (F(L1TF) | F(MDS) | F(SPECTRE_V2) | F(SSB))	/* with microcode of 2019 */
#define NEW (EACH | F(SPECTRE_V2) | F(SSB) | F(BHI))		/* Intel, from Cascade Lake on */
#define ZEN (EACH | F(SPECTRE_V2) | F(SSB) | F(SRSO) | F(VMSCAPE))

#define INTEL "GenuineIntel"
#define AMD "AuthenticAMD"
#define RTM .b7 = 1u << 11
#define D19 0x9c000400u		/* CPUID 7 EDX: IBRS, STIBP, L1D flush, SSBD, MD_CLEAR */
#define D20 (D19 | 0x200u)	/* and SRBDS_CTRL */
#define IBPB 0x1000u		/* 80000008h EBX */

static const struct {
	const char *what, *vendor;
	u32 signature, microcode;
	u64 caps;
	u32 b7, d7, d72, b8, a21, c21;
	u64 open, no_command, cured;	/* sets of flaws */
} processors[] = {
	{ "Nehalem, old microcode", INTEL, 0x106a5, .open = OLD, .no_command = OLD_HELPED },
	{ "Westmere-EX", INTEL, 0x206f2, .d7 = D19, .open = OLD | OLD_HELPED },
	{ "Sandy Bridge", INTEL, 0x206a7, .d7 = D19, .open = OLD | OLD_HELPED | F(VMSCAPE) },
	{ "Sandy Bridge-EP, old microcode", INTEL, 0x206d7, .open = OLD, .no_command = OLD_HELPED | F(VMSCAPE) },
	{ "Ivy Bridge", INTEL, 0x306a9, .d7 = D20, .open = OLD | OLD_HELPED | F(VMSCAPE), .cured = F(SRBDS) },
	{ "Ivy Bridge, microcode of 2019", INTEL, 0x306a9, .d7 = D19, .open = OLD | OLD_HELPED | F(VMSCAPE),
	  .no_command = F(SRBDS) },
	{ "Haswell", INTEL, 0x306c3, .d7 = D20, RTM, .open = OLD | OLD_HELPED | F(VMSCAPE) | F(TAA),
	  .cured = F(SRBDS) },
	{ "Haswell-EP", INTEL, 0x306f2, .d7 = D19, .open = OLD | OLD_HELPED | F(VMSCAPE) | F(MMIO) },
	{ "Broadwell-EP", INTEL, 0x406f1, .d7 = D19, RTM, .open = OLD | OLD_HELPED | F(VMSCAPE) | F(MMIO) | F(TAA) },
	{ "Broadwell", INTEL, 0x306d4, .d7 = D20, RTM, .open = OLD | OLD_HELPED | F(VMSCAPE) | F(TAA),
	  .cured = F(SRBDS) },
	{ "Skylake", INTEL, 0x506e3, .d7 = D20, RTM, .caps = 0x2000000,
	  .open = OLD | OLD_HELPED | F(VMSCAPE) | F(MMIO) | F(TAA) | F(RETBLEED), .cured = F(SRBDS) | F(GDS) },
	{ "Skylake-SP, old microcode", INTEL, 0x50654, 0x200006e, .open = OLD,
	  .no_command = OLD_HELPED | F(VMSCAPE) | F(MMIO) | F(RETBLEED) | F(GDS) },
	{ "Cascade Lake", INTEL, 0x50657, .caps = 0x20200eb, .d7 = D19,
	  .open = NEW | F(TAA) | F(MMIO) | F(RETBLEED) | F(VMSCAPE) | F(ITS), .cured = F(GDS) },
	{ "Cooper Lake, before Downfall", INTEL, 0x5065b, .caps = 0x16b, .d7 = D19,
	  .open = NEW | F(MMIO) | F(RETBLEED) | F(VMSCAPE) | F(ITS), .no_command = F(GDS) },
	{ "Kaby Lake", INTEL, 0x906e9, .d7 = D20, RTM, .caps = 0x2000000,
	  .open = OLD | OLD_HELPED | F(VMSCAPE) | F(MMIO) | F(TAA) | F(RETBLEED), .cured = F(SRBDS) | F(GDS) },
	{ "Coffee Lake R0", INTEL, 0x906ed, .caps = 0x20000ab, .d7 = D20,
	  .open = NEW | F(ITLB_MULTIHIT) | F(TAA) | F(MMIO) | F(RETBLEED) | F(VMSCAPE) | F(ITS),
	  .cured = F(SRBDS) | F(GDS) },
	{ "Comet Lake", INTEL, 0xa0655, .caps = 0x20000ab, .d7 = D20,
	  .open = NEW | F(ITLB_MULTIHIT) | F(TAA) | F(MMIO) | F(RETBLEED) | F(VMSCAPE) | F(ITS),
	  .cured = F(SRBDS) | F(GDS) },
	{ "Ice Lake client", INTEL, 0x706e5, .caps = 0x200002b, .d7 = D19,
	  .open = NEW | F(ITLB_MULTIHIT) | F(MMIO) | F(RETBLEED) | F(ITS), .cured = F(GDS) },
	{ "Ice Lake-SP", INTEL, 0x606a6, .caps = 0x200016b, .d7 = D19, .open = NEW | F(MMIO) | F(ITS),
	  .cured = F(GDS) },
	{ "Tiger Lake", INTEL, 0x806c1, .caps = 0x200016b, .d7 = D19, .open = NEW | F(ITS), .cured = F(GDS) },
	{ "Rocket Lake", INTEL, 0xa0671, .caps = 0x200016b, .d7 = D19, .open = NEW | F(MMIO) | F(RETBLEED) | F(ITS),
	  .cured = F(GDS) },
	{ "Alder Lake", INTEL, 0x90672, .caps = 0x1000e16b, .d7 = D19, .d72 = 0x10,
	  .open = NEW | F(RFDS) | F(VMSCAPE) },
	{ "Raptor Lake, old microcode", INTEL, 0xb0671, .caps = 0xe16b, .d7 = D19, .open = NEW | F(VMSCAPE),
	  .no_command = F(RFDS) },
	{ "Alder Lake-N", INTEL, 0xb06e0, .caps = 0x1000e16b, .d7 = D19, .open = NEW | F(RFDS) | F(VMSCAPE) },
	{ "Sapphire Rapids", INTEL, 0x806f8, .caps = 0xc00e16b, .d7 = D19, .open = NEW | F(VMSCAPE) },
	{ "Emerald Rapids", INTEL, 0xc06f2, .caps = 0xc10e16b, .d7 = D19, .open = (NEW | F(VMSCAPE)) & ~F(BHI) },
	{ "Meteor Lake", INTEL, 0xa06a4, .caps = 0xc10e16b, .d7 = D19, .open = (NEW | F(VMSCAPE)) & ~F(BHI) },
	{ "Sierra Forest", INTEL, 0xa06f3, .caps = 0xc10e17b, .d7 = D19, .open = EACH | F(SPECTRE_V2) | F(VMSCAPE) },
	{ "Silvermont", INTEL, 0x30673, .open = EACH | F(MELTDOWN), .no_command = F(MDS) | F(SPECTRE_V2) },
	{ "Goldmont", INTEL, 0x506c9, .d7 = 0xc000000, .open = EACH | F(MELTDOWN) | F(SPECTRE_V2),
	  .no_command = F(SSB) | F(RFDS) },
	{ "Goldmont Plus", INTEL, 0x706a1, .caps = 0x10000001, .d7 = D19,
	  .open = EACH | F(SPECTRE_V2) | F(SSB) | F(RFDS) },
	{ "Bonnell", INTEL, 0x106ca, .open = F(BUS_LOCK) },
	{ "Pentium 4", INTEL, 0xf43, .open = OLD, .no_command = OLD_HELPED },
	{ "somebody else's", "CentaurHauls", 0x6fe, .open = OLD, .no_command = OLD_HELPED },
	{ "AMD K10", AMD, 0x100f43, .open = EACH, .no_command = F(SPECTRE_V2) },
	{ "Piledriver", AMD, 0x600f20, .b8 = IBPB, .open = EACH | F(SPECTRE_V2) | F(SSB) | F(RETBLEED) },
	{ "Zen", AMD, 0x800f12, .b8 = IBPB, .open = ZEN | F(RETBLEED) | F(DIVIDER) },
	{ "Zen+, old microcode", AMD, 0x800f82, .open = EACH | F(SSB) | F(DIVIDER),
	  .no_command = F(SPECTRE_V2) | F(RETBLEED) | F(SRSO) | F(VMSCAPE) },
	{ "Zen 2, before Zenbleed's fix", AMD, 0x870f10, 0x08701021, .b8 = IBPB,
	  .open = ZEN | F(RETBLEED) | F(ZENBLEED) },
	{ "Zen 2", AMD, 0x830f10, 0x0830107c, .b8 = IBPB, .open = ZEN | F(RETBLEED), .cured = F(ZENBLEED) },
	{ "Hygon", "HygonGenuine", 0x900f01, .b8 = IBPB, .open = ZEN | F(RETBLEED) | F(DIVIDER) },
	{ "Zen 3, nothing told", AMD, 0xa00f11, 0xa0011d7, .open = EACH | F(SSB),
	  .no_command = F(SPECTRE_V2) | F(SRSO) | F(TSA) | F(VMSCAPE) },
	{ "Zen 3", AMD, 0xa20f12, .b8 = IBPB | 1u << 29, .a21 = 1u << 5, .open = ZEN | F(TSA) },
	{ "Zen 4, free of TSA", AMD, 0xa10f11, .b8 = IBPB | 1u << 29, .c21 = 6, .open = ZEN },
	{ "Zen 5", AMD, 0xb00f21, .b8 = IBPB | 1u << 29, .a21 = 1u << 30, .open = ZEN },
	{ "Tiger Lake of an emulator, with RSBA", INTEL, 0x806c1, .caps = 0x1f, .d7 = D19,
	  .open = EACH | F(SPECTRE_V2) | F(BHI) | F(ITS) | F(RETBLEED) | F(MDS) | F(ITLB_MULTIHIT),
	  .no_command = F(GDS) },
	{ "AMD that says no to SRSO", AMD, 0xb00f21, .b8 = IBPB, .a21 = 1u << 29, .open = ZEN & ~F(SRSO) },
};

/* IBPB is wanted where spectre_v2 is open and there is the command, and then closes a part of that one alone. */
static void acting(const struct cpu_id *cpu, u64 open)
{
	u64 partly = 0;

	assert_int_equal(mitigate_wanted(cpu), (open & F(SPECTRE_V2)) != 0 ? 1 : 0);
	for (u32 flaw = 0; flaw < SILICON_FLAW_COUNT; flaw++)
		if (mitigate_judge(cpu, (enum silicon_flaw)flaw, 1) == FLAW_PARTLY)
			partly |= BIT64(flaw);
	assert_int_equal(partly, open & F(SPECTRE_V2));
}

static void golden(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(processors); i++) {
		struct cpu_id cpu = {
			.signature = processors[i].signature, .microcode = processors[i].microcode, .words = {
				processors[i].caps, processors[i].b7, processors[i].d7, processors[i].d72,
				processors[i].b8, processors[i].a21, processors[i].c21,
			},
		};
		u64 sets[FLAW_VERDICT_COUNT] = { 0 };

		for (u32 n = 0; n < sizeof(cpu.vendor); n++)
			cpu.vendor[n] = processors[i].vendor[n];
		for (u32 flaw = 0; flaw < SILICON_FLAW_COUNT; flaw++)
			sets[mitigate_judge(&cpu, (enum silicon_flaw)flaw, 0)] |= BIT64(flaw);
		if (sets[FLAW_OPEN] != processors[i].open || sets[FLAW_NO_COMMAND] != processors[i].no_command ||
		    sets[FLAW_BY_MICROCODE] != processors[i].cured)
			fail_msg("%s: open %llx, not %llx; no command %llx, not %llx; cured %llx, not %llx",
				 processors[i].what, (unsigned long long)sets[FLAW_OPEN],
				 (unsigned long long)processors[i].open,
				 (unsigned long long)sets[FLAW_NO_COMMAND],
				 (unsigned long long)processors[i].no_command,
				 (unsigned long long)sets[FLAW_BY_MICROCODE],
				 (unsigned long long)processors[i].cured);
		acting(&cpu, processors[i].open);
	}
}

/* What the kernel is asked for, by default and by words of the command line; MITIGATE_IBPB is bit 0. */
static void options(void **state)
{
	static const struct { const char *text; u64 skylake, nehalem, bonnell; } rows[] = {
		{ "", 1, 0, 0 }, { "auto", 1, 0, 0 }, { "off", 0, 0, 0 }, { "all", 1, 0, 1 },
		{ "auto,no:ibpb", 0, 0, 0 }, { "off,force:ibpb", 1, 1, 1 }, { "auto,force:all", 1, 1, 1 },
		{ "all,no:all", 0, 0, 0 }, { "auto,force:ibpb,no:ibpb", 0, 0, 0 },
	};
	static const char *const bad[] = {
		"on", "auto,", "auto,ibpb", "auto,force:", "auto,force:ibp", "auto,force:ibpb2", "off,no:ibpb,",
		"autooff",
		",force:ibpb", "auto,force:ibpb,of", "auto,,no:ibpb",
	};
	struct cpu_id skylake = { .vendor = "GenuineIntel", .signature = 0x506e3, .words = { [CPU_7_EDX] = D20 } };
	struct cpu_id nehalem = { .vendor = "GenuineIntel", .signature = 0x106a5 };
	struct cpu_id bonnell = { .vendor = "GenuineIntel", .signature = 0x106ca, .words = { [CPU_7_EDX] = D19 } };
	struct mitigate_option option;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		if (rows[i].text[0] == 0)
			option = (struct mitigate_option){ 0 };
		else
			assert_true(mitigate_parse(rows[i].text, &option));
		assert_int_equal(mitigate_choose(&skylake, &option), rows[i].skylake);
		assert_int_equal(mitigate_choose(&nehalem, &option), rows[i].nehalem);
		assert_int_equal(mitigate_choose(&bonnell, &option), rows[i].bonnell);
	}
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(mitigate_parse(bad[i], &option));
		assert_int_equal(option.base | option.forced | option.without, 0);
	}
	assert_false(mitigate_parse("", &option));
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(cpu_family(0x50654), 6);
	assert_int_equal(cpu_model(0x50654), 0x55);
	assert_int_equal(cpu_family(0xa20f12), 0x19);
	assert_int_equal(cpu_model(0xa20f12), 0x21);
	assert_int_equal(cpu_model(0x5f4), 0xf);	/* neither 6 nor 15: no extended model */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden), cmocka_unit_test(options), cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
