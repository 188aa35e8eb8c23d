/* SPDX-License-Identifier: MIT */
/*
 * mce_words.c - see mce_words.h.
 */
#include "mce_words.h"

#define ADDRESS_BITS 0x000ffffffffff000ull

/* By MCACOD, the compound codes: the first row that matches. */
static const struct {
	u16 mask, code;
	const char *text;
} places[] = {
	{ 0xef80, 0x0080, "memory" },
	{ 0xef00, 0x0100, "cache" },
	{ 0xeffc, 0x000c, "cache" },
	{ 0xfff0, 0x0010, "TLB" },
	{ 0xe800, 0x0800, "bus" },
	{ 0xffff, 0x0400, "watchdog of the processor" },
	{ 0xfc00, 0x0400, "processor" },
	{ 0xffff, 0x0001, "unclassified" },
	{ 0xffff, 0x0005, "processor" },
};

enum mce_weight mce_weight(const struct machine_check *mc)
{
	if ((mc->status & MC_UNCORRECTED) != 0)
		return MCE_UNCORRECTED;
	/* On Intel the bit is part of a count. */
	return mc->kind != MCE_SER_P && mc->kind != MCE_FATAL_ONLY && (mc->status & MC_DEFERRED) != 0 ? MCE_DEFERRED
												    : MCE_CORRECTED;
}

const char *mce_weight_text(enum mce_weight weight)
{
	static const char *const texts[] = {
		[MCE_CORRECTED] = "corrected", [MCE_DEFERRED] = "deferred", [MCE_UNCORRECTED] = "uncorrected",
	};

	return texts[weight];
}

const char *mce_place_text(const struct machine_check *mc)
{
	for (u32 i = 0; i < ARRAY_COUNT(places); i++)
		if ((mc->status & places[i].mask) == places[i].code)
			return places[i].text;
	return "unknown";
}

bool mce_frame(const struct machine_check *mc, u64 *address)
{
	*address = mc->address & ADDRESS_BITS;
	if ((mc->status & MC_ADDRESS_VALID) == 0 || mce_weight(mc) != MCE_UNCORRECTED)
		return false;
	if (mc->kind == MCE_SER_P)
		return (mc->status & MC_MISC_VALID) != 0 && MC_MISC_MODE(mc->misc) == MC_MODE_PHYSICAL &&
		       (mc->misc & MC_MISC_LSB) <= 12;
	/* AMD: what a core has used has the system's address; that of a memory controller is its own. */
	return mc->kind != MCE_FATAL_ONLY && (mc->status & MC_POISON) != 0;
}
