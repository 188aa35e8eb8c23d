/* SPDX-License-Identifier: MIT */
/*
 * decode_map.h - the opcode maps, for decode.c alone: what each opcode is and what follows it. Opcodes that are missing
 * are unknown to the decoder. APM Vol. 3 and SDM Vol. 2, appendix A.
 */
#ifndef VOS_DECODE_MAP_H
#define VOS_DECODE_MAP_H

#include "decode.h"

/* What follows the opcode, and which operand is which. */
enum form {
	FORM_UNKNOWN,
	FORM_UD,
	FORM_NONE,		/* nothing */
	FORM_MR,		/* r/m <- reg */
	FORM_RM,		/* reg <- r/m */
	FORM_M,			/* r/m only */
	FORM_MI,		/* r/m, immediate of operand size (at most 4 bytes) */
	FORM_MI8,		/* r/m, immediate byte */
	FORM_M1,		/* r/m, the number 1 */
	FORM_MCL,		/* r/m, CL */
	FORM_MRI8,		/* r/m, reg, immediate byte */
	FORM_MRCL,		/* r/m, reg, CL */
	FORM_RMI,		/* reg <- r/m, immediate of operand size (at most 4 bytes) */
	FORM_RMI8,		/* reg <- r/m, immediate byte */
	FORM_AI,		/* accumulator, immediate */
	FORM_O,			/* register in opcode */
	FORM_I8,		/* an immediate byte */
	FORM_I,			/* an immediate of operand size (at most 4 bytes) */
	FORM_LOAD_OFFS,		/* accumulator <- [offset] */
	FORM_STORE_OFFS,
	FORM_STRING,
	FORM_CR,		/* ModRM, always two registers */
	FORM_MODRM		/* ModRM, length only */
};

#define F_BYTE BIT32(0)		/* operand size is one byte */
#define F_GROUP BIT32(1)	/* .op is an enum group */
#define F_LOCK BIT32(2)		/* may carry LOCK with a memory destination */
#define F_STACK BIT32(3)	/* 64-bit operand by default in 64-bit mode */
#define F_SRC8 BIT32(4)		/* the source is a byte */
#define F_SRC16 BIT32(5)
#define F_SRC32 BIT32(6)
#define F_NO64 BIT32(7)		/* #UD in 64-bit mode */
#define F_MEM BIT32(8)		/* r/m must be memory */
#define F_NO_66 BIT32(9)		/* operand is 4 or 8 bytes whatever 66h says */
#define F_NO_MANDATORY BIT32(10)	/* another instruction with F2 or F3: unknown */
#define F_WORD BIT32(11)	/* operand is a word whatever the prefixes say */
#define F_NEEDS_66 BIT32(12)	/* another instruction without 66h: unknown */
#define F_NEEDS_F3 BIT32(13)

struct opcode {
	u8 op;			/* enum insn_op, or enum group with F_GROUP */
	u8 form;		/* enum form */
	u16 flags;
};

enum group {
	GROUP_1, GROUP_1A, GROUP_2, GROUP_3, GROUP_4, GROUP_5, GROUP_7, GROUP_8, GROUP_9, GROUP_11, GROUP_15,
	GROUP_COUNT
};

#define ALU_ROW(base, name, flags) \
	[(base)] = { (name), FORM_MR, F_BYTE | (flags) }, \
	[(base) + 1] = { (name), FORM_MR, (flags) }, \
	[(base) + 2] = { (name), FORM_RM, F_BYTE }, \
	[(base) + 3] = { (name), FORM_RM, 0 }, \
	[(base) + 4] = { (name), FORM_AI, F_BYTE }, \
	[(base) + 5] = { (name), FORM_AI, 0 }

static const struct opcode map_one[256] = {
	ALU_ROW(0x00, OP_ADD, F_LOCK), ALU_ROW(0x08, OP_OR, F_LOCK), ALU_ROW(0x10, OP_ADC, F_LOCK),
	ALU_ROW(0x18, OP_SBB, F_LOCK), ALU_ROW(0x20, OP_AND, F_LOCK), ALU_ROW(0x28, OP_SUB, F_LOCK),
	ALU_ROW(0x30, OP_XOR, F_LOCK), ALU_ROW(0x38, OP_CMP, 0),
	[0x50 ... 0x57] = { OP_PUSH, FORM_O, F_STACK },
	[0x58 ... 0x5f] = { OP_POP, FORM_O, F_STACK },
	[0x63] = { OP_MOVSX, FORM_RM, F_SRC32 },	/* 64-bit mode only; ARPL elsewhere */
	[0x68] = { OP_PUSH, FORM_I, F_STACK },
	[0x69] = { OP_IMUL3, FORM_RMI, 0 },
	[0x6a] = { OP_PUSH, FORM_I8, F_STACK },
	[0x6b] = { OP_IMUL3, FORM_RMI8, 0 },
	[0x6c] = { OP_INS, FORM_STRING, F_BYTE },
	[0x6d] = { OP_INS, FORM_STRING, 0 },
	[0x6e] = { OP_OUTS, FORM_STRING, F_BYTE },
	[0x6f] = { OP_OUTS, FORM_STRING, 0 },
	[0x80] = { GROUP_1, FORM_MI, F_GROUP | F_BYTE | F_LOCK },
	[0x81] = { GROUP_1, FORM_MI, F_GROUP | F_LOCK },
	[0x82] = { GROUP_1, FORM_MI, F_GROUP | F_BYTE | F_LOCK | F_NO64 },
	[0x83] = { GROUP_1, FORM_MI8, F_GROUP | F_LOCK },
	[0x84] = { OP_TEST, FORM_MR, F_BYTE },
	[0x85] = { OP_TEST, FORM_MR, 0 },
	[0x86] = { OP_XCHG, FORM_MR, F_BYTE | F_LOCK },
	[0x87] = { OP_XCHG, FORM_MR, F_LOCK },
	[0x88] = { OP_MOV, FORM_MR, F_BYTE },
	[0x89] = { OP_MOV, FORM_MR, 0 },
	[0x8a] = { OP_MOV, FORM_RM, F_BYTE },
	[0x8b] = { OP_MOV, FORM_RM, 0 },
	[0x8c] = { OP_STORE_SEG, FORM_M, F_MEM | F_WORD },
	[0x8f] = { GROUP_1A, FORM_M, F_GROUP | F_STACK },
	[0x90] = { OP_NOP, FORM_NONE, 0 },		/* also PAUSE; XCHG R8,RAX with REX.B is of no interest */
	[0xa0] = { OP_MOV, FORM_LOAD_OFFS, F_BYTE },
	[0xa1] = { OP_MOV, FORM_LOAD_OFFS, 0 },
	[0xa2] = { OP_MOV, FORM_STORE_OFFS, F_BYTE },
	[0xa3] = { OP_MOV, FORM_STORE_OFFS, 0 },
	[0xa4] = { OP_MOVS, FORM_STRING, F_BYTE },
	[0xa5] = { OP_MOVS, FORM_STRING, 0 },
	[0xa6] = { OP_CMPS, FORM_STRING, F_BYTE },
	[0xa7] = { OP_CMPS, FORM_STRING, 0 },
	[0xa8] = { OP_TEST, FORM_AI, F_BYTE },
	[0xa9] = { OP_TEST, FORM_AI, 0 },
	[0xaa] = { OP_STOS, FORM_STRING, F_BYTE },
	[0xab] = { OP_STOS, FORM_STRING, 0 },
	[0xac] = { OP_LODS, FORM_STRING, F_BYTE },
	[0xad] = { OP_LODS, FORM_STRING, 0 },
	[0xae] = { OP_SCAS, FORM_STRING, F_BYTE },
	[0xaf] = { OP_SCAS, FORM_STRING, 0 },
	[0xc0] = { GROUP_2, FORM_MI8, F_GROUP | F_BYTE },
	[0xc1] = { GROUP_2, FORM_MI8, F_GROUP },
	[0xc6] = { GROUP_11, FORM_MI, F_GROUP | F_BYTE },
	[0xc7] = { GROUP_11, FORM_MI, F_GROUP },
	[0xcc] = { OP_INT, FORM_NONE, 0 },
	[0xcd] = { OP_INT, FORM_I8, 0 },
	[0xce] = { OP_INT, FORM_NONE, F_NO64 },
	[0xd0] = { GROUP_2, FORM_M1, F_GROUP | F_BYTE },
	[0xd1] = { GROUP_2, FORM_M1, F_GROUP },
	[0xd2] = { GROUP_2, FORM_MCL, F_GROUP | F_BYTE },
	[0xd3] = { GROUP_2, FORM_MCL, F_GROUP },
	[0xd7] = { OP_XLAT, FORM_STRING, F_BYTE },
	[0xe4] = { OP_IN, FORM_I8, F_BYTE },
	[0xe5] = { OP_IN, FORM_I8, 0 },
	[0xe6] = { OP_OUT, FORM_I8, F_BYTE },
	[0xe7] = { OP_OUT, FORM_I8, 0 },
	[0xec] = { OP_IN, FORM_NONE, F_BYTE },
	[0xed] = { OP_IN, FORM_NONE, 0 },
	[0xee] = { OP_OUT, FORM_NONE, F_BYTE },
	[0xef] = { OP_OUT, FORM_NONE, 0 },
	[0xf1] = { OP_INT, FORM_NONE, 0 },
	[0xf4] = { OP_HLT, FORM_NONE, 0 },
	[0xf6] = { GROUP_3, FORM_M, F_GROUP | F_BYTE },
	[0xf7] = { GROUP_3, FORM_M, F_GROUP },
	[0xfe] = { GROUP_4, FORM_M, F_GROUP | F_BYTE | F_LOCK },
	[0xff] = { GROUP_5, FORM_M, F_GROUP },
};

static const struct opcode map_0f[256] = {
	[0x01] = { GROUP_7, FORM_M, F_GROUP },		/* with memory; with registers only LMSW */
	[0x08 ... 0x09] = { OP_CACHE, FORM_NONE, 0 },	/* INVD, WBINVD */
	[0x0b] = { OP_NONE, FORM_UD, 0 },
	[0x10 ... 0x13] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x16 ... 0x17] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x20] = { OP_MOV_FROM_CR, FORM_CR, F_LOCK },	/* LOCK: AMD's way to CR8 outside 64-bit mode */
	[0x21] = { OP_MOV_FROM_DR, FORM_CR, 0 },
	[0x22] = { OP_MOV_TO_CR, FORM_CR, F_LOCK },
	[0x23] = { OP_MOV_TO_DR, FORM_CR, 0 },
	[0x28 ... 0x29] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x2b] = { OP_VECTOR, FORM_MODRM, F_MEM },
	[0x30] = { OP_WRMSR, FORM_NONE, 0 },
	[0x31] = { OP_RDTSC, FORM_NONE, 0 },
	[0x32] = { OP_RDMSR, FORM_NONE, 0 },
	[0x33] = { OP_RDPMC, FORM_NONE, 0 },
	[0x40 ... 0x4f] = { OP_CMOV, FORM_RM, 0 },
	[0x6e ... 0x6f] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x7e ... 0x7f] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x90 ... 0x9f] = { OP_SETCC, FORM_M, F_BYTE },
	[0xa2] = { OP_CPUID, FORM_NONE, 0 },
	[0xa3] = { OP_BT, FORM_MR, 0 },
	[0xa4] = { OP_SHLD, FORM_MRI8, 0 },
	[0xa5] = { OP_SHLD, FORM_MRCL, 0 },
	[0xab] = { OP_BTS, FORM_MR, F_LOCK },
	[0xac] = { OP_SHRD, FORM_MRI8, 0 },
	[0xad] = { OP_SHRD, FORM_MRCL, 0 },
	[0xae] = { GROUP_15, FORM_M, F_GROUP | F_MEM | F_NO_MANDATORY },
	[0xaf] = { OP_IMUL2, FORM_RM, 0 },
	[0xb0] = { OP_CMPXCHG, FORM_MR, F_BYTE | F_LOCK },
	[0xb1] = { OP_CMPXCHG, FORM_MR, F_LOCK },
	[0xb3] = { OP_BTR, FORM_MR, F_LOCK },
	[0xb6] = { OP_MOVZX, FORM_RM, F_SRC8 },
	[0xb7] = { OP_MOVZX, FORM_RM, F_SRC16 },
	[0xb8] = { OP_POPCNT, FORM_RM, F_NEEDS_F3 },
	[0xba] = { GROUP_8, FORM_MI8, F_GROUP },
	[0xbb] = { OP_BTC, FORM_MR, F_LOCK },
	[0xbc] = { OP_BSF, FORM_RM, F_NO_MANDATORY },
	[0xbd] = { OP_BSR, FORM_RM, F_NO_MANDATORY },
	[0xbe] = { OP_MOVSX, FORM_RM, F_SRC8 },
	[0xbf] = { OP_MOVSX, FORM_RM, F_SRC16 },
	[0xc0] = { OP_XADD, FORM_MR, F_BYTE | F_LOCK },
	[0xc1] = { OP_XADD, FORM_MR, F_LOCK },
	[0xc3] = { OP_MOV, FORM_MR, F_MEM | F_NO_66 | F_NO_MANDATORY },	/* MOVNTI */
	[0xc7] = { GROUP_9, FORM_M, F_GROUP },
	[0xd6] = { OP_VECTOR, FORM_MODRM, 0 },
	[0xe7] = { OP_VECTOR, FORM_MODRM, F_MEM },
	[0xf0] = { OP_VECTOR, FORM_MODRM, F_MEM },	/* LDDQU */
};

static const struct opcode map_0f38[256] = {
	[0x2a] = { OP_VECTOR, FORM_MODRM, F_MEM },	/* MOVNTDQA */
	[0xf0] = { OP_MOVBE, FORM_RM, F_MEM | F_NO_MANDATORY },
	[0xf1] = { OP_MOVBE, FORM_MR, F_MEM | F_NO_MANDATORY },
};

struct group_entry { u8 op; u8 form; u16 flags; };	/* form 0: as the opcode says */

#define UD_ENTRY { OP_NONE, FORM_UD, 0 }

static const struct group_entry groups[GROUP_COUNT][8] = {
	[GROUP_1] = { { OP_ADD, 0, 0 }, { OP_OR, 0, 0 }, { OP_ADC, 0, 0 }, { OP_SBB, 0, 0 },
		      { OP_AND, 0, 0 }, { OP_SUB, 0, 0 }, { OP_XOR, 0, 0 }, { OP_CMP, 0, 0 } },
	[GROUP_1A] = { { OP_POP, 0, 0 } },			/* others: XOP prefix, unknown */
	[GROUP_2] = { { OP_ROL, 0, 0 }, { OP_ROR, 0, 0 }, { OP_RCL, 0, 0 }, { OP_RCR, 0, 0 },
		      { OP_SHL, 0, 0 }, { OP_SHR, 0, 0 }, { OP_SHL, 0, 0 }, { OP_SAR, 0, 0 } },
	[GROUP_3] = { { OP_TEST, FORM_MI, 0 }, { OP_TEST, FORM_MI, 0 }, { OP_NOT, 0, F_LOCK }, { OP_NEG, 0, F_LOCK },
		      { OP_MUL, 0, 0 }, { OP_IMUL, 0, 0 }, { OP_DIV, 0, 0 }, { OP_IDIV, 0, 0 } },
	[GROUP_4] = { { OP_INC, 0, 0 }, { OP_DEC, 0, 0 }, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY },
	[GROUP_5] = { { OP_INC, 0, F_LOCK }, { OP_DEC, 0, F_LOCK }, [6] = { OP_PUSH, 0, F_STACK }, [7] = UD_ENTRY },
	[GROUP_7] = { [4] = { OP_SMSW, 0, F_WORD }, [6] = { OP_LMSW, 0, F_WORD } },
	[GROUP_9] = { [1] = { OP_CMPXCHG_PAIR, 0, F_LOCK | F_MEM | F_NO_66 } },
	[GROUP_15] = { [6] = { OP_FLUSH, 0, F_NEEDS_66 }, [7] = { OP_FLUSH, 0, 0 } },	/* CLWB, CLFLUSH, CLFLUSHOPT */
	/* GROUP_11 /7: XBEGIN and XABORT, unknown */
	[GROUP_11] = { { OP_MOV, 0, 0 }, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY },
	[GROUP_8] = { UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, { OP_BT, 0, 0 }, { OP_BTS, 0, F_LOCK },
		      { OP_BTR, 0, F_LOCK }, { OP_BTC, 0, F_LOCK } },
};

/* 0F 01 with a register form: the whole ModRM byte is the opcode. */
static const u8 map_0f01[64] = {	/* ModRM - 0xc0 */
	[0x01] = OP_HYPERCALL,				/* VMCALL */
	[0x08 ... 0x09] = OP_MONITOR,			/* MONITOR, MWAIT */
	[0x11] = OP_XSETBV,
	[0x19] = OP_HYPERCALL,				/* VMMCALL */
	[0x39] = OP_RDTSCP,
	[0x3a ... 0x3b] = OP_MONITOR,			/* MONITORX, MWAITX */
};

#endif
