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
#define HOST_G BIT64(8)
#define HOST_NX BIT64(63)

/* A and D are set beforehand, so that the processor never writes to the entry. */
static u64 host_leaf(u32 rights)
{
	return HOST_P | HOST_A | (rights & PT_W ? HOST_RW | HOST_D : 0) | (rights & PT_X ? 0 : HOST_NX) |
	       (rights & PT_USER ? HOST_US : 0) | (rights & PT_UNCACHED ? HOST_PWT | HOST_PCD : 0) |
	       (rights & PT_GLOBAL ? HOST_G : 0);
}

static u32 host_rights(u64 leaf)
{
	return PT_R | (leaf & HOST_RW ? PT_W : 0) | (leaf & HOST_NX ? 0 : PT_X) | (leaf & HOST_US ? PT_USER : 0) |
	       (leaf & HOST_PCD ? PT_UNCACHED : 0) | (leaf & HOST_G ? PT_GLOBAL : 0);
}

const struct pt_format pt_host = {
	.present = HOST_P,
	.table = HOST_P | HOST_RW | HOST_US | HOST_A,
	.leaf = host_leaf,
	.rights = host_rights,
};

/* Every access is a user access, and the global bit has no meaning. A and D are the processor's. */
static u64 npt_leaf(u32 rights)
{
	return host_leaf((rights | PT_USER) & ~PT_GLOBAL) & ~(HOST_A | HOST_D);
}

static u32 npt_rights(u64 leaf)
{
	return host_rights(leaf) & ~PT_USER;
}

const struct pt_format pt_npt = {
	.present = HOST_P,
	.table = HOST_P | HOST_RW | HOST_US,
	.leaf = npt_leaf,
	.rights = npt_rights,
};
