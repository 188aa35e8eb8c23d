/*
 * pt_npt.c - entries of AMD's nested page tables (APM Vol. 2 15.25): the host's format, but every access is a user
 * access, so the user bit is always set; the global bit has no meaning and is never set. A and D are left to the
 * processor (dirty logging later).
 */
#include "pt.h"

#define NPT_P BIT64(0)
#define NPT_RW BIT64(1)
#define NPT_US BIT64(2)
#define NPT_PWT BIT64(3)
#define NPT_PCD BIT64(4)
#define NPT_PS BIT64(7)
#define NPT_NX BIT64(63)
#define NPT_ADDRESS 0x000ffffffffff000ull
#define NPT_PAT_LARGE BIT64(12)

static u64 npt_leaf(hpa_t hpa, u32 rights, enum pt_level level)
{
	u64 entry = hpa.raw | NPT_P | NPT_US;

	entry |= rights & PT_W ? NPT_RW : 0;
	entry |= rights & PT_X ? 0 : NPT_NX;
	entry |= rights & PT_UNCACHED ? NPT_PWT | NPT_PCD : 0;
	return level == PT_LEVEL_4K ? entry : entry | NPT_PS;
}

static u64 npt_table(hpa_t hpa)
{
	return hpa.raw | NPT_P | NPT_RW | NPT_US;
}

static bool npt_is_present(u64 entry)
{
	return (entry & NPT_P) != 0;
}

static bool npt_is_leaf(u64 entry, enum pt_level level)
{
	return level == PT_LEVEL_4K || (level != PT_LEVEL_TOP && (entry & NPT_PS) != 0);
}

static hpa_t npt_hpa(u64 entry, enum pt_level level)
{
	return HPA(entry & NPT_ADDRESS & ~(level == PT_LEVEL_4K ? 0 : NPT_PAT_LARGE));
}

static u32 npt_rights(u64 entry)
{
	return PT_R | (entry & NPT_RW ? PT_W : 0) | (entry & NPT_NX ? 0 : PT_X) | (entry & NPT_PCD ? PT_UNCACHED : 0);
}

const struct pt_format pt_npt = {
	.name = "NPT",
	.leaf = npt_leaf,
	.table = npt_table,
	.is_present = npt_is_present,
	.is_leaf = npt_is_leaf,
	.hpa = npt_hpa,
	.rights = npt_rights,
};
