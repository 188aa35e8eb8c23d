/* SPDX-License-Identifier: MIT */
/*
 * decode.h - pure decoder for the x86 instructions a VMM meets: those that touch device memory, and those that exit by
 * themselves.
 *
 * Input is a copy of the instruction's bytes; nothing here reads guest memory or registers. The decoder refuses an
 * instruction that it does not know: it never guesses a length. Form and length follow APM Vol. 3 and SDM Vol. 2
 * appendix A.
 */
#ifndef VOS_DECODE_H
#define VOS_DECODE_H

#include "types.h"

#define INSN_BYTES_MAX 15u

/* What the code segment makes the default; real mode and VM86 are MODE_16. */
enum cpu_mode { MODE_16, MODE_32, MODE_64 };

enum insn_op {
	OP_NONE,
	/* the order of these eight is that of the opcode map: opcode bits 5:3, and /reg of groups 80-83 */
	OP_ADD, OP_OR, OP_ADC, OP_SBB, OP_AND, OP_SUB, OP_XOR, OP_CMP,
	OP_MOV, OP_MOVZX, OP_MOVSX, OP_MOVBE, OP_XCHG, OP_TEST, OP_INC, OP_DEC, OP_NOT, OP_NEG,
	OP_BT, OP_BTS, OP_BTR, OP_BTC, OP_CMPXCHG, OP_XADD,
	OP_CMPXCHG_PAIR,	/* CMPXCHG8B, CMPXCHG16B; op_bytes is half */
	OP_ROL, OP_ROR, OP_RCL, OP_RCR, OP_SHL, OP_SHR, OP_SAR,	/* by src */
	OP_SHLD, OP_SHRD,	/* filled from `reg`, by src */
	OP_MUL, OP_IMUL, OP_DIV, OP_IDIV,	/* RDX:RAX and dst */
	OP_IMUL2, OP_IMUL3,	/* dst = dst * src; dst = src * imm */
	OP_BSF, OP_BSR, OP_POPCNT,
	OP_CMOV, OP_SETCC,	/* imm: the condition, as in the opcode */
	OP_STORE_SEG, OP_SMSW, OP_LMSW, OP_XLAT,
	OP_FLUSH,		/* CLFLUSH, CLFLUSHOPT, CLWB */
	OP_PUSH, OP_POP,	/* all above access one place in memory at most */
	OP_MOVS, OP_CMPS, OP_STOS, OP_LODS, OP_SCAS, OP_INS, OP_OUTS,
	/* length and operands only; executed elsewhere or refused */
	OP_IN, OP_OUT, OP_MOV_FROM_CR, OP_MOV_TO_CR, OP_MOV_FROM_DR, OP_MOV_TO_DR,
	OP_CPUID, OP_HLT, OP_RDMSR, OP_WRMSR, OP_RDTSC, OP_RDTSCP, OP_RDPMC, OP_HYPERCALL, OP_XSETBV, OP_CACHE,
	OP_NOP, OP_MONITOR, OP_INT,
	OP_VECTOR,		/* load or store of an MMX, SSE or AVX register */
	OP_COUNT
};

enum operand_kind { OPERAND_NONE, OPERAND_REG, OPERAND_MEM, OPERAND_IMM };

struct operand {
	u8 kind;		/* enum operand_kind */
	u8 reg;			/* OPERAND_REG: enum gpr */
	u8 is_high;		/* OPERAND_REG of one byte: AH, CH, DH or BH; reg is the whole register */
	u8 bytes;		/* 1, 2, 4 or 8 */
};

enum insn_rep { REP_NONE, REP_F3, REP_F2 };	/* F3: REP or REPE; F2: REPNE */

/* For who executes them: the forms of MOV that are done most. */
enum insn_move { MOVE_NONE, MOVE_LOAD, MOVE_STORE, MOVE_STORE_IMM };

#define INSN_NO_REG 0xffu

struct insn {
	u8 op;			/* enum insn_op */
	u8 len;			/* bytes, prefixes included: 1 .. 15 */
	u8 mode;		/* enum cpu_mode it was decoded for */
	u8 op_bytes;		/* operand size: 1, 2, 4 or 8; 0 where it has no meaning (OP_VECTOR) */
	u8 addr_bytes;		/* address size: 2, 4 or 8 */
	u8 rep;			/* enum insn_rep */
	u8 has_lock;
	u8 reg;			/* ModRM.reg with REX.R: number of a register of any kind */
	struct operand dst;
	struct operand src;
	/* The memory operand, if dst or src is one: seg:[base + index * scale + disp]. Strings: seg is that of rSI. */
	u8 seg;			/* enum seg */
	u8 base;		/* enum gpr or INSN_NO_REG */
	u8 index;
	u8 scale;		/* 1, 2, 4, 8 */
	u8 is_rip_relative;
	u8 move;		/* enum insn_move; not the decoder's business: it leaves 0 */
	u8 zero[2];
	s64 disp;		/* also the whole offset of the moffs forms */
	u64 imm;		/* sign extended to 64 bits */
};

enum decode_result {
	DECODE_OK,
	DECODE_SHORT,		/* more bytes needed than were given */
	DECODE_UNDEFINED,	/* not an instruction in this mode: #UD */
	DECODE_TOO_LONG,	/* more than 15 bytes: #GP(0) */
	DECODE_UNKNOWN		/* may be an instruction, but not one that this decoder knows (docs/internals/vmm.md) */
};

/* Decode the instruction at bytes[0 .. count). On DECODE_OK *insn is complete; else its content means nothing. */
enum decode_result decode(struct insn *insn, const u8 *bytes, u32 count, enum cpu_mode mode);

#endif
