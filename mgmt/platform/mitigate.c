/* SPDX-License-Identifier: MIT */
/*
 * mitigate.c - see mitigate.h. One row for each flaw, vendor and way of having it.
 */
#include "mitigate.h"

#include <string.h>

#include "mitigate_models.h"
#include "syscalls.h"

enum vendor { INTEL = 1, AMD = 2, ANY = INTEL | AMD };

struct bits {
	u8 word;		/* enum cpu_word */
	u64 mask;		/* 0 = nothing is asked */
};

#define AC(...) { CPU_ARCH_CAPABILITIES, __VA_ARGS__ }
#define ALL_FAMILIES 0, 255

static const struct row {
	u8 flaw;			/* enum silicon_flaw */
	u8 vendors;
	u8 family_first, family_last;
	const struct models *only, *except;	/* NULL: any, none */
	struct bits needs;		/* without these it can't happen */
	struct bits free[2];		/* all of one of them: it is free of it */
	struct bits command;		/* what its mitigation needs */
	struct bits cured;		/* with these, the microcode does all */
	u32 partly;			/* MITIGATE_* that closes some of its ways */
} rows[] = {
	{ FLAW_MELTDOWN, INTEL, ALL_FAMILIES, .except = in_order, .free = { AC(BIT64(0)) } },
	{ FLAW_L1TF, INTEL, ALL_FAMILIES, .except = no_l1tf, .free = { AC(BIT64(0)) },
	  .command = { CPU_7_EDX, BIT64(28) } },
	{ FLAW_MDS, INTEL, ALL_FAMILIES, .except = no_mds, .free = { AC(BIT64(5)) },
	  .command = { CPU_7_EDX, BIT64(10) } },
	/* Transactions abort in it: with RTM, also where CPUID hides it on request. */
	{ FLAW_TAA, INTEL, ALL_FAMILIES, .needs = { CPU_7_EBX, BIT64(11) }, .free = { AC(BIT64(8)) },
	  .command = { CPU_7_EDX, BIT64(10) } },
	{ FLAW_TAA, INTEL, ALL_FAMILIES, .needs = AC(BIT64(7)), .free = { AC(BIT64(8)) },
	  .command = { CPU_7_EDX, BIT64(10) } },
	{ FLAW_ITLB_MULTIHIT, INTEL, ALL_FAMILIES, .except = no_multihit, .free = { AC(BIT64(6)) } },
	{ FLAW_SPECTRE_V1, ANY, ALL_FAMILIES, .except = in_order },
	{ FLAW_SPECTRE_V2, INTEL, ALL_FAMILIES, .except = in_order, .command = { CPU_7_EDX, BIT64(26) },
	  .partly = MITIGATE_IBPB },
	{ FLAW_SPECTRE_V2, AMD, ALL_FAMILIES, .command = { CPU_80000008_EBX, BIT64(12) }, .partly = MITIGATE_IBPB },
	{ FLAW_BHI, INTEL, ALL_FAMILIES, .needs = AC(BIT64(1)), .free = { AC(BIT64(20)) } },
	{ FLAW_ITS, INTEL, ALL_FAMILIES, .only = its, .needs = AC(BIT64(1)),
	  .free = { AC(BIT64(62)), { CPU_7_2_EDX, BIT64(4) } } },
	{ FLAW_SSB, INTEL, ALL_FAMILIES, .except = no_ssb, .free = { AC(BIT64(4)) },
	  .command = { CPU_7_EDX, BIT64(31) } },
	{ FLAW_SSB, AMD, 0x14, 255, .free = { { CPU_80000008_EBX, BIT64(26) } } },
	{ FLAW_SRBDS, INTEL, ALL_FAMILIES, .only = srbds, .cured = { CPU_7_EDX, BIT64(9) } },
	{ FLAW_MMIO, INTEL, ALL_FAMILIES, .only = mmio, .free = { AC(BIT64(13) | BIT64(14) | BIT64(15)) },
	  .command = { CPU_7_EDX, BIT64(10) } },
	{ FLAW_GDS, INTEL, ALL_FAMILIES, .only = gds, .free = { AC(BIT64(26)) }, .cured = AC(BIT64(25)) },
	{ FLAW_RFDS, INTEL, ALL_FAMILIES, .only = rfds, .free = { AC(BIT64(27)) }, .command = AC(BIT64(28)) },
	/* Return predictors fall back to others: listed, or it says so (RSBA). */
	{ FLAW_RETBLEED, INTEL, ALL_FAMILIES, .only = retbleed, .command = { CPU_7_EDX, BIT64(26) } },
	{ FLAW_RETBLEED, INTEL, ALL_FAMILIES, .needs = AC(BIT64(2)), .command = { CPU_7_EDX, BIT64(26) } },
	{ FLAW_RETBLEED, AMD, 0x15, 0x18, .free = { { CPU_80000008_EBX, BIT64(29) } },
	  .command = { CPU_80000008_EBX, BIT64(12) } },
	{ FLAW_SRSO, AMD, 0x17, 0x1a, .free = { { CPU_80000021_EAX, BIT64(29) } },
	  .command = { CPU_80000008_EBX, BIT64(12) } },
	{ FLAW_TSA, AMD, 0x19, 0x19, .free = { { CPU_80000021_ECX, BIT64(1) | BIT64(2) } },
	  .command = { CPU_80000021_EAX, BIT64(5) } },
	{ FLAW_VMSCAPE, AMD, 0x17, 0x1a, .command = { CPU_80000008_EBX, BIT64(12) } },
	{ FLAW_VMSCAPE, INTEL, ALL_FAMILIES, .only = vmscape_intel, .command = { CPU_7_EDX, BIT64(26) } },
	{ FLAW_ZENBLEED, AMD, 0x17, 0x17, .only = zen_2 },
	{ FLAW_DIVIDER, AMD, 0x17, 0x18, .only = zen_1 },
	{ FLAW_BUS_LOCK, ANY, ALL_FAMILIES, .only = NULL },
};

/* Hygon's are AMD's design; nobody else says anything about itself, so Intel's rules hold, which assume the most. */
static u32 vendor_of(const struct cpu_id *cpu)
{
	return memcmp(cpu->vendor, "AuthenticAMD", 12) == 0 || memcmp(cpu->vendor, "HygonGenuine", 12) == 0 ? AMD
													    : INTEL;
}

static bool has_all(const struct cpu_id *cpu, const struct bits *bits)
{
	return (cpu->words[bits->word] & bits->mask) == bits->mask;
}

static bool is_among(u32 signature, const struct models *models)
{
	u32 model = cpu_model(signature), step = signature & 0xfu;

	for (; models->step_last != 0; models++)
		if (model >= models->first && model <= models->last && step >= models->step_first &&
		    step <= models->step_last)
			return true;
	return false;
}

/* Lists of models say nothing of the others' families. */
static bool is_listed_family(const struct cpu_id *cpu)
{
	bool is_intel = memcmp(cpu->vendor, "GenuineIntel", 12) == 0;

	return vendor_of(cpu) == AMD || (is_intel && cpu_family(cpu->signature) == 6);
}

static bool is_affected(const struct cpu_id *cpu, const struct row *row)
{
	u32 family = cpu_family(cpu->signature);

	if ((row->vendors & vendor_of(cpu)) == 0 || family < row->family_first || family > row->family_last)
		return false;
	if (row->only != NULL && !(is_listed_family(cpu) && is_among(cpu->signature, row->only)))
		return false;
	if (row->except != NULL && is_listed_family(cpu) && vendor_of(cpu) == INTEL &&
	    is_among(cpu->signature, row->except))
		return false;
	if (!has_all(cpu, &row->needs))
		return false;
	for (u32 i = 0; i < ARRAY_COUNT(row->free); i++)
		if (row->free[i].mask != 0 && has_all(cpu, &row->free[i]))
			return false;
	return true;
}

static bool is_zenbleed_fixed(const struct cpu_id *cpu)
{
	u32 model = cpu_model(cpu->signature);

	for (u32 i = 0; i < ARRAY_COUNT(zenbleed_fixes); i++)
		if (model >= zenbleed_fixes[i].models.first && model <= zenbleed_fixes[i].models.last)
			return cpu->microcode >= zenbleed_fixes[i].revision;
	return false;
}

static const struct row *row_of(const struct cpu_id *cpu, enum silicon_flaw flaw)
{
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].flaw == flaw && is_affected(cpu, &rows[i]))
			return &rows[i];
	return NULL;
}

enum flaw_verdict mitigate_judge(const struct cpu_id *cpu, enum silicon_flaw flaw, u64 running)
{
	const struct row *row = row_of(cpu, flaw);

	if (row == NULL)
		return FLAW_NOT_AFFECTED;
	if ((row->cured.mask != 0 && has_all(cpu, &row->cured)) || (flaw == FLAW_ZENBLEED && is_zenbleed_fixed(cpu)))
		return FLAW_BY_MICROCODE;
	/* What only microcode mends, and it does not: there is no newer one in this machine. */
	if (row->cured.mask != 0 || !has_all(cpu, &row->command))
		return FLAW_NO_COMMAND;
	return (row->partly & running) != 0 ? FLAW_PARTLY : FLAW_OPEN;
}

u64 mitigate_wanted(const struct cpu_id *cpu)
{
	u64 wanted = 0;

	for (u32 flaw = 0; flaw < SILICON_FLAW_COUNT; flaw++)
		if (mitigate_judge(cpu, (enum silicon_flaw)flaw, 0) == FLAW_OPEN)
			wanted |= row_of(cpu, (enum silicon_flaw)flaw)->partly;
	return wanted;
}
