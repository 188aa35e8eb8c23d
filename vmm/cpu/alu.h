/* SPDX-License-Identifier: MIT */
/*
 * alu.h - integer arithmetic with x86 status flags, for the instruction emulator. Pure.
 *
 * Operands and results are `bytes` wide (1, 2, 4, 8) in the low bits. Each function updates the status flags that its
 * instruction defines in *rflags and leaves the others; a flag the manual calls undefined is left alone or cleared.
 */
#ifndef VOS_ALU_H
#define VOS_ALU_H

#include "status.h"
#include "types.h"

#define RFLAGS_CF BIT64(0)
#define RFLAGS_FIXED BIT64(1)
#define RFLAGS_PF BIT64(2)
#define RFLAGS_AF BIT64(4)
#define RFLAGS_ZF BIT64(6)
#define RFLAGS_SF BIT64(7)
#define RFLAGS_TF BIT64(8)
#define RFLAGS_IF BIT64(9)
#define RFLAGS_DF BIT64(10)
#define RFLAGS_OF BIT64(11)
#define RFLAGS_RF BIT64(16)
#define RFLAGS_VM BIT64(17)
#define RFLAGS_AC BIT64(18)

static inline u64 alu_mask(u32 bytes)
{
	return bytes >= 8 ? ~0ull : (1ull << (8 * bytes)) - 1;
}

u64 alu_add(u64 a, u64 b, u32 carry, u32 bytes, u64 *rflags);		/* ADD, ADC, XADD */
u64 alu_sub(u64 a, u64 b, u32 borrow, u32 bytes, u64 *rflags);		/* SUB, SBB, CMP, NEG (0 - b) */
u64 alu_logic(u64 result, u32 bytes, u64 *rflags);			/* AND, OR, XOR, TEST: flags of a result */
u64 alu_inc(u64 a, u32 bytes, u64 *rflags);				/* CF is kept */
u64 alu_dec(u64 a, u32 bytes, u64 *rflags);

/* Rotates and shifts; the count is masked as the processor does. Flags that it leaves undefined are as for 1. */
enum alu_shift { ALU_ROL, ALU_ROR, ALU_RCL, ALU_RCR, ALU_SHL, ALU_SHR, ALU_SAR };
u64 alu_shift(enum alu_shift kind, u64 a, u32 count, u32 bytes, u64 *rflags);
/* SHLD, SHRD: what is shifted in comes from `fill`. */
u64 alu_shift_double(bool is_left, u64 a, u64 fill, u32 count, u32 bytes, u64 *rflags);

/* The whole product, in two halves of `bytes`; CF and OF: the lower half does not hold it. */
struct alu_pair { u64 low, high; };
struct alu_pair alu_multiply(bool is_signed, u64 a, u64 b, u32 bytes, u64 *rflags);
/* *n becomes quotient (low) and remainder (high). false: #DE. */
bool alu_divide(bool is_signed, struct alu_pair *n, u64 divisor, u32 bytes) MUST_CHECK;

/* The 16 conditions of Jcc, SETcc and CMOVcc. */
bool alu_condition(u32 condition, u64 rflags);

#endif
