/* SPDX-License-Identifier: MIT */
/*
 * pt_host.c - entries of the host's own page tables (AMD APM Vol. 2 5.3, SDM Vol. 3 4.5), and of AMD's nested ones
 * (APM Vol. 2 15.25), which have the same format.
 *
 * Needs EFER.NXE. Uncached = PWT and PCD, which is UC with the PAT as reset leaves it.
 */
#include "pt.h"

#define HOST_P BIT64(0)
#define HOST_RW BIT64(1)
#define HOST_US BIT64(2)
#define HOST_PWT BIT64(3)
#define HOST_PCD BIT64(4)
#define HOST_A BIT64(5)
#define HOST_D BIT64(6)
#define HOST_PS BIT64(7)
#define HOST_G BIT64(8)
#define HOST_NX BIT64(63)
#define HOST_ADDRESS 0x000ffffffffff000ull
#define HOST_PAT_LARGE BIT64(12)	/* bit 12 of a large leaf is its PAT bit, not address */

static u64 host_leaf(hpa_t hpa, u32 rights, enum pt_level level)
{
	u64 entry = hpa.raw | HOST_P | HOST_A;

	/* A and D are set beforehand, so that the processor never writes to the entry. */
	entry |= rights & PT_W ? HOST_RW | HOST_D : 0;
	entry |= rights & PT_X ? 0 : HOST_NX;
	entry |= rights & PT_USER ? HOST_US : 0;
	entry |= rights & PT_UNCACHED ? HOST_PWT | HOST_PCD : 0;
	entry |= rights & PT_GLOBAL ? HOST_G : 0;
	return level == PT_LEVEL_4K ? entry : entry | HOST_PS;
}

static u64 host_table(hpa_t hpa)
{
	return hpa.raw | HOST_P | HOST_RW | HOST_US | HOST_A;
}

static bool host_is_present(u64 entry)
{
	return (entry & HOST_P) != 0;
}

static bool host_is_leaf(u64 entry, enum pt_level level)
{
	return level == PT_LEVEL_4K || (level != PT_LEVEL_TOP && (entry & HOST_PS) != 0);
}

static hpa_t host_hpa(u64 entry, enum pt_level level)
{
	return HPA(entry & HOST_ADDRESS & ~(level == PT_LEVEL_4K ? 0 : HOST_PAT_LARGE));
}

static u32 host_rights(u64 entry)
{
	return PT_R | (entry & HOST_RW ? PT_W : 0) | (entry & HOST_NX ? 0 : PT_X) | (entry & HOST_US ? PT_USER : 0) |
	       (entry & HOST_PCD ? PT_UNCACHED : 0) | (entry & HOST_G ? PT_GLOBAL : 0);
}

const struct pt_format pt_host = {
	.leaf = host_leaf,
	.table = host_table,
	.is_present = host_is_present,
	.is_leaf = host_is_leaf,
	.hpa = host_hpa,
	.rights = host_rights,
};

/* Every access is a user access, and the global bit has no meaning. A and D are the processor's. */
static u64 npt_leaf(hpa_t hpa, u32 rights, enum pt_level level)
{
	return host_leaf(hpa, (rights | PT_USER) & ~PT_GLOBAL, level) & ~(HOST_A | HOST_D);
}

static u64 npt_table(hpa_t hpa)
{
	return host_table(hpa) & ~HOST_A;
}

static u32 npt_rights(u64 entry)
{
	return host_rights(entry) & ~PT_USER;
}

const struct pt_format pt_npt = {
	.leaf = npt_leaf,
	.table = npt_table,
	.is_present = host_is_present,
	.is_leaf = host_is_leaf,
	.hpa = host_hpa,
	.rights = npt_rights,
};
