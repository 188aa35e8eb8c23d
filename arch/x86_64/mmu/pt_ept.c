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

static u64 ept_leaf(u32 rights)
{
	return EPT_R | (rights & PT_W ? EPT_W : 0) | (rights & PT_X ? EPT_X : 0) |
	       (rights & PT_UNCACHED ? 0 : EPT_TYPE_WB);	/* type 0 = UC */
}

static u32 ept_rights(u64 leaf)
{
	return PT_R | (leaf & EPT_W ? PT_W : 0) | (leaf & EPT_X ? PT_X : 0) | (leaf & EPT_TYPE_MASK ? 0 : PT_UNCACHED);
}

const struct pt_format pt_ept = {
	.present = EPT_R | EPT_W | EPT_X,
	.table = EPT_R | EPT_W | EPT_X,
	.leaf = ept_leaf,
	.rights = ept_rights,
};
