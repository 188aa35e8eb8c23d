/* SPDX-License-Identifier: MIT */
/*
 * decode.c - decodes x86 instructions.
 *
 * One table per opcode map says for each opcode what it is and what follows it (decode_map.h). Groups (the operation is
 * in ModRM.reg) go through a second table.
 * Only take_bytes() reads a byte. It checks both ends: the bytes given and the architectural limit of 15.
 */
#include "decode.h"
#include "decode_map.h"
#include "vcpu_page.h"

struct reader {
	const u8 *bytes;
	u32 count;
	u32 at;
	enum decode_result bad;	/* DECODE_OK as long as every take_bytes() succeeded */
};

/* Prefixes seen. */
struct prefixes {
	u8 rex;			/* 0 = none */
	u8 has_66, has_67;
	u8 seg;			/* enum seg, SEG_COUNT = none */
};

static u64 take_bytes(struct reader *r, u32 bytes)
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
		u8 byte = (u8)take_bytes(r, 1);

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
	if (flags & F_WORD)
		insn->op_bytes = 2;
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
		insn->disp = (s64)sign_extend(take_bytes(r, 2), 2);
		return;
	}
	insn->base = base[rm];
	insn->index = index[rm];
	if (mod != 0)
		insn->disp = (s64)sign_extend(take_bytes(r, mod), mod);	/* mod 1: one byte, mod 2: two */
}

static void take_sib(struct reader *r, struct insn *insn, const struct prefixes *p, u32 mod)
{
	u32 sib = (u32)take_bytes(r, 1);
	u8 index = (u8)(((sib >> 3) & 7) | ((p->rex & 2u) << 2));
	u8 base = (u8)((sib & 7) | ((p->rex & 1u) << 3));

	if (index != GPR_RSP) {
		insn->index = index;
		insn->scale = (u8)(1u << (sib >> 6));
	}
	if ((base & 7) == GPR_RBP && mod == 0)
		insn->disp = (s64)sign_extend(take_bytes(r, 4), 4);
	else
		insn->base = base;
}

static void modrm_32(struct reader *r, struct insn *insn, const struct prefixes *p, u32 mod, u32 rm)
{
	if (rm == 4) {
		take_sib(r, insn, p, mod);
	} else if (rm == 5 && mod == 0) {
		insn->is_rip_relative = insn->mode == MODE_64;
		insn->disp = (s64)sign_extend(take_bytes(r, 4), 4);
	} else {
		insn->base = (u8)(rm | ((p->rex & 1u) << 3));
	}
	if (mod == 1)
		insn->disp = (s64)sign_extend(take_bytes(r, 1), 1);
	else if (mod == 2)
		insn->disp = (s64)sign_extend(take_bytes(r, 4), 4);
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
	insn->imm = sign_extend(take_bytes(r, bytes), bytes);
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

static struct operand count_in_cl(void)
{
	return (struct operand){ .kind = OPERAND_REG, .reg = GPR_RCX, .bytes = 1 };
}

static void parse_offset(struct reader *r, struct insn *insn, const struct prefixes *p, struct operand *memory)
{
	*memory = (struct operand){ .kind = OPERAND_MEM, .bytes = insn->op_bytes };
	insn->seg = p->seg != SEG_COUNT ? p->seg : SEG_DS;
	insn->disp = (s64)take_bytes(r, insn->addr_bytes);
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
	case FORM_MRI8:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		take_imm(r, insn, &insn->src, 1);
		break;
	case FORM_M1:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		insn->src = (struct operand){ .kind = OPERAND_IMM, .bytes = 1 };
		insn->imm = 1;
		break;
	case FORM_MCL:
	case FORM_MRCL:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->dst);
		insn->src = count_in_cl();
		break;
	case FORM_RMI:
	case FORM_RMI8:
		parse_modrm(r, insn, p, modrm, insn->op_bytes, &insn->src);
		insn->dst = reg_operand(insn->reg, insn->op_bytes, p);
		take_imm(r, insn, &rm, o->form == FORM_RMI ? imm_bytes(insn) : 1);
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
	case FORM_MR: case FORM_RM: case FORM_M: case FORM_MI: case FORM_MI8: case FORM_M1: case FORM_MCL:
	case FORM_MRI8: case FORM_MRCL: case FORM_RMI: case FORM_RMI8: case FORM_CR: case FORM_MODRM:
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

/* The prefixes that are part of the opcode. */
static bool has_mandatory(const struct insn *insn, const struct prefixes *p, u32 flags)
{
	return !((flags & F_NO_MANDATORY) && insn->rep != REP_NONE) && !((flags & F_NEEDS_66) && !p->has_66) &&
	       !((flags & F_NEEDS_F3) && insn->rep != REP_F3);
}

static enum decode_result finish_decode(struct reader *r, struct insn *insn, const struct prefixes *p,
				 const struct opcode *entry, u8 byte)
{
	struct opcode o = *entry;
	u32 modrm = 0;

	if (has_modrm(&o))
		modrm = (u32)take_bytes(r, 1);
	if (r->bad != DECODE_OK)
		return r->bad;
	if (o.flags & F_GROUP)
		o = resolve_group(&o, modrm);
	if (o.form == FORM_UD)
		return DECODE_UNDEFINED;
	if (o.form == FORM_UNKNOWN || !has_mandatory(insn, p, o.flags))
		return DECODE_UNKNOWN;
	insn->op = o.op;
	set_sizes(insn, p, o.flags);
	if (o.op == OP_CMOV || o.op == OP_SETCC)
		insn->imm = byte & 0xf;
	parse_operands(r, insn, p, &o, modrm, byte);
	if (r->bad != DECODE_OK)
		return r->bad;
	insn->len = (u8)r->at;
	return check(insn, &o, modrm);
}

static enum decode_result decode_0f01(struct reader *r, struct insn *insn, const struct prefixes *p)
{
	u32 modrm = (u32)take_bytes(r, 1);

	if (r->bad != DECODE_OK)
		return r->bad;
	if (modrm < 0xc0 || (modrm >> 3 & 7) == 6) {
		r->at--;
		return finish_decode(r, insn, p, &map_0f[0x01], 0x01);
	}
	if (map_0f01[modrm - 0xc0] == OP_NONE)
		return DECODE_UNKNOWN;
	insn->op = map_0f01[modrm - 0xc0];
	set_sizes(insn, p, 0);
	insn->len = (u8)r->at;
	return insn->has_lock ? DECODE_UNDEFINED : DECODE_OK;
}

static enum decode_result decode_0f(struct reader *r, struct insn *insn, const struct prefixes *p)
{
	u8 byte = (u8)take_bytes(r, 1);

	if (r->bad != DECODE_OK)
		return r->bad;
	if (byte == 0x01)
		return decode_0f01(r, insn, p);
	if (byte != 0x38)
		return finish_decode(r, insn, p, &map_0f[byte], byte);
	byte = (u8)take_bytes(r, 1);
	return r->bad != DECODE_OK ? r->bad : finish_decode(r, insn, p, &map_0f38[byte], byte);
}

/*
 * C4 and C5: VEX in 64-bit mode, and elsewhere if what would be ModRM has mod 3. Only the length of moves is of
 * interest, not their operands.
 */
static enum decode_result decode_vex(struct reader *r, struct insn *insn, struct prefixes *p, u8 byte)
{
	u32 first = (u32)take_bytes(r, 1), map = 1, opcode;
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
		take_bytes(r, 1);
	}
	opcode = (u32)take_bytes(r, 1);
	if (r->bad != DECODE_OK)
		return r->bad;
	if (insn->mode != MODE_64)
		p->rex = 0;
	o = map == 1 ? &map_0f[opcode] : &map_0f38[opcode];
	if (map < 1 || map > 2 || o->op != OP_VECTOR || (o->flags & F_GROUP))
		return DECODE_UNKNOWN;
	return finish_decode(r, insn, p, o, (u8)opcode);
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
	return finish_decode(&r, insn, &p, &map_one[byte], byte);
}
