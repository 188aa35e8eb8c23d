/* SPDX-License-Identifier: MIT */
/*
 * silicon.c - see silicon.h. One row for each flaw and vendor.
 */
#include "silicon.h"

#include <string.h>

enum vendor { INTEL = 1, AMD = 2, ANY = INTEL | AMD };

#define NEVER 0ull	/* no processor says that it is free of it */

static const struct {
	u8 flaw;		/* enum silicon_flaw */
	u8 vendors;
	u8 family_first, family_last;
	u8 free_word;		/* enum silicon_word: all bits of `free` there say that it is free of it */
	u8 needs_word;		/* without one of the bits of `needs` there it can't happen; 0 = always */
	u64 free, needs;
} rows[] = {
	/* RDCL_NO; L1TF shares the bit. */
	{ FLAW_MELTDOWN, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, 0, BIT64(0), 0 },
	{ FLAW_L1TF, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, 0, BIT64(0), 0 },
	{ FLAW_MDS, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, 0, BIT64(5), 0 },
	/* Transactions abort in it: only with RTM. */
	{ FLAW_TAA, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, SILICON_7_EBX, BIT64(8), BIT64(11) },
	/* IF_PSCHANGE_MC_NO. */
	{ FLAW_ITLB_MULTIHIT, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, 0, BIT64(6), 0 },
	{ FLAW_SPECTRE_V2, ANY, 0, 255, 0, 0, NEVER, 0 },
	{ FLAW_BHI, INTEL, 0, 255, SILICON_ARCH_CAPABILITIES, 0, BIT64(20), 0 },
	/* RSBA and RRSBA say that it has it, but not every microcode has the bits. */
	{ FLAW_RETBLEED, INTEL, 0, 255, 0, 0, NEVER, 0 },
	/* BTC_NO. */
	{ FLAW_RETBLEED, AMD, 0x15, 0x18, SILICON_80000008_EBX, 0, BIT64(29), 0 },
	/* SRSO_NO. */
	{ FLAW_SRSO, AMD, 0x17, 0x19, SILICON_80000021_EAX, 0, BIT64(29), 0 },
	{ FLAW_BUS_LOCK, ANY, 0, 255, 0, 0, NEVER, 0 },
};

u32 silicon_family(u32 signature)
{
	u32 family = signature >> 8 & 0xfu;

	return family == 0xf ? family + (signature >> 20 & 0xffu) : family;
}

/* Hygon's are AMD's design; nobody else says anything about itself, so Intel's rules hold, which assume the most. */
static u32 vendor_of(const struct silicon *s)
{
	return memcmp(s->vendor, "AuthenticAMD", 12) == 0 || memcmp(s->vendor, "HygonGenuine", 12) == 0 ? AMD : INTEL;
}

static bool may_have(const struct silicon *s, u32 row)
{
	u32 family = silicon_family(s->signature);

	if ((rows[row].vendors & vendor_of(s)) == 0 || family < rows[row].family_first ||
	    family > rows[row].family_last)
		return false;
	if (rows[row].needs != 0 && (s->words[rows[row].needs_word] & rows[row].needs) == 0)
		return false;
	return rows[row].free == NEVER || (s->words[rows[row].free_word] & rows[row].free) != rows[row].free;
}

u64 silicon_flaws(const struct silicon *silicon)
{
	u64 flaws = 0;

	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		if (may_have(silicon, i))
			flaws |= BIT64(rows[i].flaw);
	return flaws;
}
