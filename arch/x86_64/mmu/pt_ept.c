/* SPDX-License-Identifier: MIT */
/*
 * pt_ept.c - entries of Intel's extended page tables (SDM Vol. 3 28.3.2): present = any of R, W, X. W without R is a
 * misconfiguration, so R is always set. Memory type: write-back, or uncached.
 */
#include "pt.h"

#define EPT_R BIT64(0)
#define EPT_W BIT64(1)
#define EPT_X BIT64(2)
#define EPT_TYPE_WB (6ull << 3)
#define EPT_TYPE_MASK (7ull << 3)
#define EPT_LARGE BIT64(7)
#define EPT_ADDRESS 0x000ffffffffff000ull

static u64 ept_leaf(hpa_t hpa, u32 rights, enum pt_level level)
{
	u64 entry = hpa.raw | EPT_R;

	entry |= rights & PT_W ? EPT_W : 0;
	entry |= rights & PT_X ? EPT_X : 0;
	entry |= rights & PT_UNCACHED ? 0 : EPT_TYPE_WB;	/* type 0 = UC */
	return level == PT_LEVEL_4K ? entry : entry | EPT_LARGE;
}

static u64 ept_table(hpa_t hpa)
{
	return hpa.raw | EPT_R | EPT_W | EPT_X;
}

static bool ept_is_present(u64 entry)
{
	return (entry & (EPT_R | EPT_W | EPT_X)) != 0;
}

static bool ept_is_leaf(u64 entry, enum pt_level level)
{
	return level == PT_LEVEL_4K || (level != PT_LEVEL_TOP && (entry & EPT_LARGE) != 0);
}

static hpa_t ept_hpa(u64 entry, enum pt_level level)
{
	(void)level;	/* no bit of the address field has another meaning in a large leaf */
	return HPA(entry & EPT_ADDRESS);
}

static u32 ept_rights(u64 entry)
{
	return PT_R | (entry & EPT_W ? PT_W : 0) | (entry & EPT_X ? PT_X : 0) |
	       (entry & EPT_TYPE_MASK ? 0 : PT_UNCACHED);
}

const struct pt_format pt_ept = {
	.leaf = ept_leaf,
	.table = ept_table,
	.is_present = ept_is_present,
	.is_leaf = ept_is_leaf,
	.hpa = ept_hpa,
	.rights = ept_rights,
};
