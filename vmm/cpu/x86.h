/* SPDX-License-Identifier: MIT */
/*
 * x86.h - architectural bits that the VMM looks at in a guest's registers, and small questions about a vCPU page. Pure.
 */
#ifndef VOS_X86_H
#define VOS_X86_H

#include "alu.h"
#include "decode.h"
#include "register_bits.h"
#include "vcpu_page.h"

#define DR6_BS BIT64(14)
#define DR6_BD BIT64(13)
#define DR6_FIXED 0xffff0ff0ull
#define DR6_WRITABLE 0xe00full
#define DR7_FIXED 0x400ull
#define DR7_GD BIT64(13)
#define DR7_MUST_BE_ZERO 0xd000ull	/* bits 12, 14, 15 */

/* Segment attributes (vcpu_page.h: VMX access-rights format). */
#define ACCESS_TYPE 0xfu
#define ACCESS_CODE BIT32(3)
#define ACCESS_WRITABLE BIT32(1)	/* data: writable; code: readable */
#define ACCESS_EXPAND_DOWN BIT32(2)	/* data only */
#define ACCESS_S BIT32(4)
#define ACCESS_DPL_SHIFT 5
#define ACCESS_PRESENT BIT32(7)
#define ACCESS_L BIT32(13)
#define ACCESS_DB BIT32(14)
#define ACCESS_G BIT32(15)
#define ACCESS_UNUSABLE BIT32(16)

enum vector {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_UD = 6,
	VECTOR_DF = 8,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_AC = 17
};

/* An exception that the guest is to get. */
struct fault {
	u8 vector;
	u8 has_error;
	u32 error;
	u64 address;	/* #PF: for CR2 */
};

static inline struct fault fault_gp(void)
{
	return (struct fault){ .vector = VECTOR_GP, .has_error = 1 };
}

static inline struct fault fault_ud(void)
{
	return (struct fault){ .vector = VECTOR_UD };
}

/* GROUP_SEG and GROUP_CR must be filled for these. */
static inline enum cpu_mode x86_mode(const struct vcpu_page *page)
{
	u32 access = page->seg[SEG_CS].access;

	if ((page->efer & EFER_LMA) && (access & ACCESS_L))
		return MODE_64;
	return access & ACCESS_DB ? MODE_32 : MODE_16;
}

static inline u32 x86_cpl(const struct vcpu_page *page)
{
	if (!(page->cr0 & CR0_PE))
		return 0;
	return (page->seg[SEG_SS].access >> ACCESS_DPL_SHIFT) & 3;
}

/* Instruction pointers are 32 bits wide outside 64-bit mode. */
static inline u64 x86_next_rip(enum cpu_mode mode, u64 rip, u32 len)
{
	return mode == MODE_64 ? rip + len : (u32)(rip + len);
}

static inline bool x86_canonical(u64 address, u64 cr4)
{
	u32 shift = cr4 & CR4_LA57 ? 7 : 16;

	return (u64)((s64)(address << shift) >> shift) == address;
}

#endif
