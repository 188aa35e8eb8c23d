/*
 * decode.c - see decode.h.
 *
 * One table per opcode map says for each opcode what it is and what follows it. Groups (the operation is in ModRM.reg)
 * go through a second table.
 * A byte is only ever read through take(), which checks both ends: the bytes given and the architectural limit of 15.
 */
#include "decode.h"
#include "vcpu_page.h"

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

struct opcode {
	u8 op;			/* enum insn_op, or enum group with F_GROUP */
	u8 form;		/* enum form */
	u16 flags;
};

enum group { GROUP_1, GROUP_1A, GROUP_3, GROUP_4, GROUP_5, GROUP_8, GROUP_11, GROUP_COUNT };

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
	[0x6a] = { OP_PUSH, FORM_I8, F_STACK },
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
	[0xc6] = { GROUP_11, FORM_MI, F_GROUP | F_BYTE },
	[0xc7] = { GROUP_11, FORM_MI, F_GROUP },
	[0xcc] = { OP_INT, FORM_NONE, 0 },
	[0xcd] = { OP_INT, FORM_I8, 0 },
	[0xce] = { OP_INT, FORM_NONE, F_NO64 },
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
	[0x6e ... 0x6f] = { OP_VECTOR, FORM_MODRM, 0 },
	[0x7e ... 0x7f] = { OP_VECTOR, FORM_MODRM, 0 },
	[0xa2] = { OP_CPUID, FORM_NONE, 0 },
	[0xa3] = { OP_BT, FORM_MR, 0 },
	[0xab] = { OP_BTS, FORM_MR, F_LOCK },
	[0xb0] = { OP_CMPXCHG, FORM_MR, F_BYTE | F_LOCK },
	[0xb1] = { OP_CMPXCHG, FORM_MR, F_LOCK },
	[0xb3] = { OP_BTR, FORM_MR, F_LOCK },
	[0xb6] = { OP_MOVZX, FORM_RM, F_SRC8 },
	[0xb7] = { OP_MOVZX, FORM_RM, F_SRC16 },
	[0xba] = { GROUP_8, FORM_MI8, F_GROUP },
	[0xbb] = { OP_BTC, FORM_MR, F_LOCK },
	[0xbe] = { OP_MOVSX, FORM_RM, F_SRC8 },
	[0xbf] = { OP_MOVSX, FORM_RM, F_SRC16 },
	[0xc0] = { OP_XADD, FORM_MR, F_BYTE | F_LOCK },
	[0xc1] = { OP_XADD, FORM_MR, F_LOCK },
	[0xc3] = { OP_MOV, FORM_MR, F_MEM | F_NO_66 | F_NO_MANDATORY },	/* MOVNTI */
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
	[GROUP_3] = { { OP_TEST, FORM_MI, 0 }, { OP_TEST, FORM_MI, 0 }, { OP_NOT, 0, F_LOCK }, { OP_NEG, 0, F_LOCK } },
	[GROUP_4] = { { OP_INC, 0, 0 }, { OP_DEC, 0, 0 }, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY, UD_ENTRY },
	[GROUP_5] = { { OP_INC, 0, F_LOCK }, { OP_DEC, 0, F_LOCK }, [6] = { OP_PUSH, 0, F_STACK }, [7] = UD_ENTRY },
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

struct reader {
	const u8 *bytes;
	u32 count;
	u32 at;
	enum decode_result bad;	/* DECODE_OK as long as every take() succeeded */
};

/* Prefixes seen. */
struct prefixes {
	u8 rex;			/* 0 = none */
	u8 has_66, has_67;
	u8 seg;			/* enum seg, SEG_COUNT = none */
};

static u64 take(struct reader *r, u32 bytes)
{
	u64 value = 0;

	if (r->bad != DECODE_OK)
		return 0;
	if (r->at + bytes > INSN_BYTES_MAX) {
		r->bad = DECODE_TOO_LONG;
		return 0;
	}
	if (r->at + bytes > r->count) {
		r->bad = DECODE_SHORT;
		return 0;
	}
	for (u32 i = 0; i < bytes; i++)
		value |= (u64)r->bytes[r->at++] << (8 * i);
	return value;
}

static u64 sign_extend(u64 value, u32 bytes)
{
	u32 shift = 64 - 8 * bytes;

	return (u64)((s64)(value << shift) >> shift);
}

/* 64-bit mode ignores the overrides of segments that have no base there. */
static void set_flat_seg(const struct insn *insn, struct prefixes *p, u8 seg)
{
	if (insn->mode != MODE_64)
		p->seg = seg;
}

/* Consumes prefixes and returns the first byte that is none. A REX counts only right before the opcode. */
static u8 take_prefixes(struct reader *r, struct insn *insn, struct prefixes *p)
{
	p->seg = SEG_COUNT;
	for (;;) {
		u8 byte = (u8)take(r, 1);

		if (r->bad != DECODE_OK)
			return 0;
		switch (byte) {
		case 0x26: set_flat_seg(insn, p, SEG_ES); break;
		case 0x2e: set_flat_seg(insn, p, SEG_CS); break;
		case 0x36: set_flat_seg(insn, p, SEG_SS); break;
		case 0x3e: set_flat_seg(insn, p, SEG_DS); break;
		case 0x64: p->seg = SEG_FS; break;
		case 0x65: p->seg = SEG_GS; break;
		case 0x66: p->has_66 = 1; break;
		case 0x67: p->has_67 = 1; break;
		case 0xf0: insn->has_lock = 1; break;
		case 0xf2: insn->rep = REP_F2; break;
		case 0xf3: insn->rep = REP_F3; break;
		default:
			if (insn->mode != MODE_64 || (byte & 0xf0) != 0x40)
				return byte;
			p->rex = byte;
			continue;
		}
		p->rex = 0;
	}
}

static void set_sizes(struct insn *insn, const struct prefixes *p, u32 flags)
{
	static const u8 op_sizes[3][2] = { [MODE_16] = { 2, 4 }, [MODE_32] = { 4, 2 }, [MODE_64] = { 4, 2 } };
	static const u8 addr_sizes[3][2] = { [MODE_16] = { 2, 4 }, [MODE_32] = { 4, 2 }, [MODE_64] = { 8, 4 } };

	insn->addr_bytes = addr_sizes[insn->mode][p->has_67];
	insn->op_bytes = op_sizes[insn->mode][p->has_66];
	if (flags & F_NO_66)
		insn->op_bytes = 4;
	if (insn->mode == MODE_64 && (flags & F_STACK) && !p->has_66)
		insn->op_bytes = 8;
	if (p->rex & 8)
		insn->op_bytes = 8;
	if (flags & F_BYTE)
		insn->op_bytes = 1;
}

static struct operand reg_operand(u8 reg, u8 bytes, const struct prefixes *p)
{
	struct operand o = { .kind = OPERAND_REG, .reg = reg, .bytes = bytes };

	if (bytes == 1 && p->rex == 0 && reg >= 4 && reg < 8) {
		o.reg = (u8)(reg - 4);
		o.is_high = 1;
	}
	return o;
}

static void modrm_16(struct reader *r, struct insn *insn, u32 mod, u32 rm)
{
	static const u8 base[8] = { GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP, GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX };
	static const u8 index[8] = {
		GPR_RSI, GPR_RDI, GPR_RSI, GPR_RDI, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG,
	};

	if (mod == 0 && rm == 6) {
		insn->disp = (s64)sign_extend(take(r, 2), 2);
		return;
	}
	insn->base = base[rm];
	insn->index = index[rm];
	if (mod != 0)
		insn->disp = (s64)sign_extend(take(r, mod), mod);	/* mod 1: one byte, mod 2: two */
}

static void take_sib(struct reader *r, struct insn *insn, const struct prefixes *p, u32 mod)
{
	u32 sib = (u32)take(r, 1);
	u8 index = (u8)(((sib >> 3) & 7) | ((p->rex & 2u) << 2));
	u8 base = (u8)((sib & 7) | ((p->rex & 1u) << 3));

	if (index != GPR_RSP) {
		insn->index = index;
		insn->scale = (u8)(1u << (sib >> 6));
	}
	if ((base & 7) == GPR_RBP && mod == 0)
		insn->disp = (s64)sign_extend(take(r, 4), 4);
	else
		insn->base = base;
}

static void modrm_32(struct reader *r, struct insn *insn, const struct prefixes *p, u32 mod, u32 rm)
{
	if (rm == 4) {
		take_sib(r, insn, p, mod);
	} else if (rm == 5 && mod == 0) {
		insn->is_rip_relative = insn->mode == MODE_64;
		insn->disp = (s64)sign_extend(take(r, 4), 4);
	} else {
		insn->base = (u8)(rm | ((p->rex & 1u) << 3));
	}
	if (mod == 1)
		insn->disp = (s64)sign_extend(take(r, 1), 1);
	else if (mod == 2)
		insn->disp = (s64)sign_extend(take(r, 4), 4);
}

/* Parses what ModRM brings along; *rm_operand is the register or memory operand of `bytes` bytes. */
static void parse_modrm(struct reader *r, struct insn *insn, const struct prefixes *p, u32 modrm, u8 bytes,
			struct operand *rm_operand)
{
	u32 mod = modrm >> 6, rm = modrm & 7;

	insn->reg = (u8)(((modrm >> 3) & 7) | ((p->rex & 4u) << 1));
	if (mod == 3) {
		*rm_operand = reg_operand((u8)(rm | ((p->rex & 1u) << 3)), bytes, p);
		return;
	}
	*rm_operand = (struct operand){ .kind = OPERAND_MEM, .bytes = bytes };
	if (insn->addr_bytes == 2)
		modrm_16(r, insn, mod, rm);
	else
		modrm_32(r, insn, p, mod, rm);
	if (p->seg != SEG_COUNT)
		insn->seg = p->seg;
	else
		insn->seg = insn->base == GPR_RBP || insn->base == GPR_RSP ? SEG_SS : SEG_DS;
}

static void take_imm(struct reader *r, struct insn *insn, struct operand *operand, u32 bytes)
{
	insn->imm = sign_extend(take(r, bytes), bytes);
	*operand = (struct operand){ .kind = OPERAND_IMM, .bytes = insn->op_bytes };
}

static u32 imm_bytes(const struct insn *insn)
{
	return insn->op_bytes == 8 ? 4 : insn->op_bytes;
}

static struct operand accumulator(const struct insn *insn)
{
	return (struct operand){ .kind = OPERAND_REG, .reg = GPR_RAX, .bytes = insn->op_bytes };
}

static u8 source_bytes(const struct insn *insn, u32 flags)
{
	if (flags & F_SRC8)
		return 1;
	if (flags & F_SRC16)
		return 2;
	if ((flags & F_SRC32) && insn->op_bytes == 8)
		return 4;
	return insn->op_bytes;
}

static void parse_offset(struct reader *r, struct insn *insn, const struct prefixes *p, struct operand *memory)
{
	*memory = (struct operand){ .kind = OPERAND_MEM, .bytes = insn->op_bytes };
	insn->seg = p->seg != SEG_COUNT ? p->seg : SEG_DS;
	insn->disp = (s64)take(r, insn->addr_bytes);
}

static void parse_stack_register(struct insn *insn, const struct prefixes *p, u8 byte)
{
	struct operand reg = reg_operand((u8)((byte & 7) | ((p->rex & 1u) << 3)), insn->op_bytes, p);

	if (insn->op == OP_PUSH)
		insn->src = reg;
	else
		insn->dst = reg;
}

/* One operand in r/m: PUSH reads it, all others write it. */
static void parse_single(struct reader *r, struct insn *insn, const struct prefixes *p, u32 modrm)
{
	parse_modrm(r, insn, p, modrm, insn->op_bytes, insn->op == OP_PUSH ? &insn->src : &insn->dst);
}

static void parse_operands(struct reader *r, struct insn *insn, const struct prefixes *p, const struct opcode *o,
			   u32 modrm, u8 byte)
{
	struct operand rm = { .kind = OPERAND_NONE };

	switch ((enum form)o->form) {
	case FORM_UNKNOWN:
	case FORM_UD:
	case FORM_NONE:
		break;
	case FORM_MR:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		insn->src = reg_operand(insn->reg, insn->op_bytes, p);
		break;
	case FORM_RM:
		parse_modrm(r, insn, p, modrm, source_bytes(insn, o->flags), &insn->src);
		insn->dst = reg_operand(insn->reg, insn->op_bytes, p);
		break;
	case FORM_M:
		parse_single(r, insn, p, modrm);
		break;
	case FORM_MI:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		take_imm(r, insn, &insn->src, imm_bytes(insn));
		break;
	case FORM_MI8:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		take_imm(r, insn, &insn->src, 1);
		break;
	case FORM_AI:
		insn->dst = accumulator(insn);
		take_imm(r, insn, &insn->src, imm_bytes(insn));
		break;
	case FORM_O:
		parse_stack_register(insn, p, byte);
		break;
	case FORM_I8:
		take_imm(r, insn, &insn->src, 1);
		break;
	case FORM_I:
		take_imm(r, insn, &insn->src, imm_bytes(insn));
		break;
	case FORM_LOAD_OFFS:
		insn->dst = accumulator(insn);
		parse_offset(r, insn, p, &insn->src);
		break;
	case FORM_STORE_OFFS:
		parse_offset(r, insn, p, &insn->dst);
		insn->src = accumulator(insn);
		break;
	case FORM_STRING:
		insn->seg = p->seg != SEG_COUNT ? p->seg : SEG_DS;
		break;
	case FORM_CR:
		insn->op_bytes = insn->mode == MODE_64 ? 8 : 4;
		insn->reg = (u8)(((modrm >> 3) & 7) | ((p->rex & 4u) << 1) | (insn->has_lock ? 8u : 0u));
		insn->dst = reg_operand((u8)((modrm & 7) | ((p->rex & 1u) << 3)), insn->op_bytes, p);
		break;
	case FORM_MODRM:
		insn->op_bytes = 0;
		parse_modrm(r, insn, p, modrm, 0, &rm);
		insn->dst = rm;
		break;
	}
}

static bool has_modrm(const struct opcode *o)
{
	switch ((enum form)o->form) {
	case FORM_MR: case FORM_RM: case FORM_M: case FORM_MI: case FORM_MI8: case FORM_CR: case FORM_MODRM:
		return true;
	case FORM_UNKNOWN: case FORM_UD: case FORM_NONE: case FORM_AI: case FORM_O: case FORM_I8: case FORM_I:
	case FORM_LOAD_OFFS: case FORM_STORE_OFFS: case FORM_STRING:
		return false;
	}
	return false;
}

/* Replace a group's entry by that of ModRM.reg. */
static struct opcode resolve_group(const struct opcode *o, u32 modrm)
{
	const struct group_entry *g = &groups[o->op][(modrm >> 3) & 7];
	struct opcode found = {
		.op = g->op,
		.form = g->form ? g->form : o->form,
		.flags = (u16)((o->flags & ~F_GROUP) | g->flags),
	};

	if (g->op == OP_NONE && g->form == FORM_UNKNOWN)
		found.form = FORM_UNKNOWN;
	return found;
}

/* Prefixes and operands that make an otherwise known form undefined. */
static enum decode_result check(const struct insn *insn, const struct opcode *o, u32 modrm)
{
	if ((o->flags & F_NO64) && insn->mode == MODE_64)
		return DECODE_UNDEFINED;
	if ((o->flags & F_MEM) && (modrm >> 6) == 3)
		return insn->op == OP_VECTOR ? DECODE_UNKNOWN : DECODE_UNDEFINED;
	if (insn->has_lock && (!(o->flags & F_LOCK) || (o->form != FORM_CR && insn->dst.kind != OPERAND_MEM)))
		return DECODE_UNDEFINED;
	return DECODE_OK;
}

static enum decode_result finish(struct reader *r, struct insn *insn, const struct prefixes *p,
				 const struct opcode *entry, u8 byte)
{
	struct opcode o = *entry;
	u32 modrm = 0;

	if (has_modrm(&o))
		modrm = (u32)take(r, 1);
	if (r->bad != DECODE_OK)
		return r->bad;
	if (o.flags & F_GROUP)
		o = resolve_group(&o, modrm);
	if (o.form == FORM_UD)
		return DECODE_UNDEFINED;
	if (o.form == FORM_UNKNOWN || ((o.flags & F_NO_MANDATORY) && insn->rep != REP_NONE))
		return DECODE_UNKNOWN;
	insn->op = o.op;
	set_sizes(insn, p, o.flags);
	parse_operands(r, insn, p, &o, modrm, byte);
	if (r->bad != DECODE_OK)
		return r->bad;
	insn->len = (u8)r->at;
	return check(insn, &o, modrm);
}

static enum decode_result decode_0f01(struct reader *r, struct insn *insn, const struct prefixes *p)
{
	u32 modrm = (u32)take(r, 1);

	if (r->bad != DECODE_OK)
		return r->bad;
	if (modrm < 0xc0 || map_0f01[modrm - 0xc0] == OP_NONE)
		return DECODE_UNKNOWN;
	insn->op = map_0f01[modrm - 0xc0];
	set_sizes(insn, p, 0);
	insn->len = (u8)r->at;
	return insn->has_lock ? DECODE_UNDEFINED : DECODE_OK;
}

static enum decode_result decode_0f(struct reader *r, struct insn *insn, const struct prefixes *p)
{
	u8 byte = (u8)take(r, 1);

	if (r->bad != DECODE_OK)
		return r->bad;
	if (byte == 0x01)
		return decode_0f01(r, insn, p);
	if (byte != 0x38)
		return finish(r, insn, p, &map_0f[byte], byte);
	byte = (u8)take(r, 1);
	return r->bad != DECODE_OK ? r->bad : finish(r, insn, p, &map_0f38[byte], byte);
}

/*
 * C4 and C5: VEX in 64-bit mode, and elsewhere if what would be ModRM has mod 3. Only the length of moves is of
 * interest, not their operands.
 */
static enum decode_result decode_vex(struct reader *r, struct insn *insn, struct prefixes *p, u8 byte)
{
	u32 first = (u32)take(r, 1), map = 1, opcode;
	bool has_legacy_prefix = p->rex != 0 || p->has_66 || insn->rep != REP_NONE || insn->has_lock;
	const struct opcode *o;

	if (r->bad == DECODE_OK && insn->mode != MODE_64 && (first >> 6) != 3)
		return DECODE_UNKNOWN;	/* LES, LDS */
	if (r->bad == DECODE_OK && has_legacy_prefix)
		return DECODE_UNDEFINED;
	if (byte == 0xc5) {
		p->rex = (u8)(0x40 | ((~first >> 7) & 1) << 2);
	} else {
		p->rex = (u8)(0x40 | ((~first >> 5) & 7));
		map = first & 0x1f;
		take(r, 1);
	}
	opcode = (u32)take(r, 1);
	if (r->bad != DECODE_OK)
		return r->bad;
	if (insn->mode != MODE_64)
		p->rex = 0;
	o = map == 1 ? &map_0f[opcode] : &map_0f38[opcode];
	if (map < 1 || map > 2 || o->op != OP_VECTOR || (o->flags & F_GROUP))
		return DECODE_UNKNOWN;
	return finish(r, insn, p, o, (u8)opcode);
}

enum decode_result decode(struct insn *insn, const u8 *bytes, u32 count, enum cpu_mode mode)
{
	struct reader r = { .bytes = bytes, .count = count, .bad = DECODE_OK };
	struct prefixes p = { .seg = SEG_COUNT };
	u8 byte;

	*insn = (struct insn){ .mode = (u8)mode, .seg = SEG_DS, .base = INSN_NO_REG, .index = INSN_NO_REG, .scale = 1 };
	byte = take_prefixes(&r, insn, &p);
	if (r.bad != DECODE_OK)
		return r.bad;
	if (byte == 0x0f)
		return decode_0f(&r, insn, &p);
	if (byte == 0xc4 || byte == 0xc5)
		return decode_vex(&r, insn, &p, byte);
	if (byte == 0x63 && mode != MODE_64)
		return DECODE_UNKNOWN;	/* ARPL */
	return finish(&r, insn, &p, &map_one[byte], byte);
}
