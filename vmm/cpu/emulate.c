/* SPDX-License-Identifier: MIT */
/*
 * emulate.c - executes moves, arithmetic, bit and exchange instructions on device memory.
 *
 * One function per class of instruction, chosen by a table indexed by enum insn_op. Memory is read before anything
 * changes and written before registers are, so that a fault never leaves half an instruction behind.
 */
#include "emulate_operand.h"

/* ---- Instructions ---- */

static bool do_mov(struct emulate *e, const struct insn *insn)
{
	u64 value;

	return operand_read(e, insn, &insn->src, &value) && operand_write(e, insn, &insn->dst, value);
}

static bool do_movsx(struct emulate *e, const struct insn *insn)
{
	u32 shift = 64 - 8u * insn->src.bytes;
	u64 value;

	if (!operand_read(e, insn, &insn->src, &value))
		return false;
	return operand_write(e, insn, &insn->dst, (u64)((s64)(value << shift) >> shift));
}

static bool do_movbe(struct emulate *e, const struct insn *insn)
{
	u64 value;

	if (!operand_read(e, insn, &insn->src, &value))
		return false;
	return operand_write(e, insn, &insn->dst, __builtin_bswap64(value) >> (64 - 8u * insn->op_bytes));
}

static bool do_xchg(struct emulate *e, const struct insn *insn)
{
	u64 old, new_value = reg_read(e, &insn->src);

	if (!operand_read_for_write(e, insn, &insn->dst, &old) || !operand_write(e, insn, &insn->dst, new_value))
		return false;
	reg_write(e, &insn->src, old);
	return true;
}

/* a op b. NOT, INC, DEC and NEG have only a. */
static u64 compute(enum insn_op op, u64 a, u64 b, u32 bytes, u64 *rflags)
{
	u32 carry = (u32)(*rflags & RFLAGS_CF);

	switch ((u32)op) {
	case OP_ADD:
	case OP_XADD:
		return alu_add(a, b, 0, bytes, rflags);
	case OP_ADC:
		return alu_add(a, b, carry, bytes, rflags);
	case OP_SUB:
	case OP_CMP:
		return alu_sub(a, b, 0, bytes, rflags);
	case OP_SBB:
		return alu_sub(a, b, carry, bytes, rflags);
	case OP_NEG:
		return alu_sub(0, a, 0, bytes, rflags);
	case OP_AND:
	case OP_TEST:
		return alu_logic(a & b, bytes, rflags);
	case OP_OR:
		return alu_logic(a | b, bytes, rflags);
	case OP_XOR:
		return alu_logic(a ^ b, bytes, rflags);
	case OP_INC:
		return alu_inc(a, bytes, rflags);
	case OP_DEC:
		return alu_dec(a, bytes, rflags);
	default:
		return ~a & alu_mask(bytes);	/* OP_NOT, no flags */
	}
}

/* dst = dst op src, flags. */
static bool do_alu(struct emulate *e, const struct insn *insn)
{
	u64 a, b, result, rflags = e->page->rflags;

	if (!operand_read(e, insn, &insn->src, &b) || !operand_read_for_write(e, insn, &insn->dst, &a))
		return false;
	result = compute(insn->op, a, b, insn->op_bytes, &rflags);
	if (!operand_write(e, insn, &insn->dst, result))
		return false;
	e->page->rflags = rflags;
	return true;
}

/* Flags only: CMP and TEST. */
static bool do_compare(struct emulate *e, const struct insn *insn)
{
	u64 a, b;

	if (!operand_read(e, insn, &insn->src, &b) || !operand_read(e, insn, &insn->dst, &a))
		return false;
	compute(insn->op, a, b, insn->op_bytes, &e->page->rflags);
	return true;
}

static bool do_xadd(struct emulate *e, const struct insn *insn)
{
	u64 a, b = reg_read(e, &insn->src), result, rflags = e->page->rflags;

	if (!operand_read_for_write(e, insn, &insn->dst, &a))
		return false;
	result = compute(OP_XADD, a, b, insn->op_bytes, &rflags);
	if (insn->dst.kind == OPERAND_MEM && !operand_write(e, insn, &insn->dst, result))
		return false;
	reg_write(e, &insn->src, a);
	if (insn->dst.kind == OPERAND_REG)
		reg_write(e, &insn->dst, result);
	e->page->rflags = rflags;
	return true;
}

static bool do_cmpxchg(struct emulate *e, const struct insn *insn)
{
	struct operand acc = { .kind = OPERAND_REG, .reg = GPR_RAX, .bytes = insn->op_bytes };
	u64 old, expected = reg_read(e, &acc), rflags = e->page->rflags;
	bool is_equal;

	if (!operand_read_for_write(e, insn, &insn->dst, &old))
		return false;
	is_equal = old == expected;
	alu_sub(expected, old, 0, insn->op_bytes, &rflags);
	/* The write cycle happens in both cases. */
	if (!operand_write(e, insn, &insn->dst, is_equal ? reg_read(e, &insn->src) : old))
		return false;
	if (!is_equal)
		reg_write(e, &acc, old);
	e->page->rflags = rflags;
	return true;
}

/*
 * With a bit number from a register, a memory operand is a bit string: the number reaches beyond the operand (SDM Vol.
 * 2, BT).
 */
static bool do_bit(struct emulate *e, const struct insn *insn)
{
	u32 bits = 8u * insn->op_bytes, shift = 64 - bits, bit;
	struct insn adjusted = *insn;
	u64 number, old, result;

	if (!operand_read(e, insn, &insn->src, &number))
		return false;
	bit = (u32)number & (bits - 1);
	if (insn->dst.kind == OPERAND_MEM && insn->src.kind == OPERAND_REG) {
		s64 offset = (s64)(number << shift) >> shift;

		adjusted.disp += (offset - (s64)bit) / 8;
	}
	if (insn->op == OP_BT ? !operand_read(e, &adjusted, &insn->dst, &old)
			      : !operand_read_for_write(e, &adjusted, &insn->dst, &old))
		return false;
	result = old;
	if (insn->op == OP_BTS)
		result |= BIT64(bit);
	else if (insn->op == OP_BTR)
		result &= ~BIT64(bit);
	else if (insn->op == OP_BTC)
		result ^= BIT64(bit);
	if (insn->op != OP_BT && !operand_write(e, &adjusted, &insn->dst, result))
		return false;
	e->page->rflags = (e->page->rflags & ~RFLAGS_CF) | (old >> bit & 1);
	return true;
}

static struct operand stack_pointer(const struct emulate *e)
{
	struct operand rsp = { .kind = OPERAND_REG, .reg = GPR_RSP, .bytes = 8 };

	if (x86_mode(e->page) != MODE_64)
		rsp.bytes = e->page->seg[SEG_SS].access & ACCESS_DB ? 4 : 2;
	return rsp;
}

static bool do_push(struct emulate *e, const struct insn *insn)
{
	struct operand rsp = stack_pointer(e);
	u64 value, top = (reg_read(e, &rsp) - insn->op_bytes) & alu_mask(rsp.bytes);

	if (!operand_read(e, insn, &insn->src, &value) || !mem_write(e, SEG_SS, top, insn->op_bytes, value))
		return false;
	reg_write(e, &rsp, top);
	return true;
}

/* A memory destination that uses RSP is computed with RSP already incremented. */
static bool do_pop(struct emulate *e, const struct insn *insn)
{
	struct operand rsp = stack_pointer(e);
	u64 value, before = e->page->gpr[GPR_RSP], top = reg_read(e, &rsp);

	if (!mem_read(e, SEG_SS, top, insn->op_bytes, &value))
		return false;
	reg_write(e, &rsp, top + insn->op_bytes);
	if (operand_write(e, insn, &insn->dst, value))
		return true;
	e->page->gpr[GPR_RSP] = before;
	return false;
}

/* ---- Dispatch ---- */

static bool (*const handlers[OP_COUNT])(struct emulate *e, const struct insn *insn) = {
	[OP_ADD ... OP_XOR] = do_alu, [OP_CMP] = do_compare, [OP_TEST] = do_compare, [OP_INC ... OP_NEG] = do_alu,
	[OP_MOV] = do_mov, [OP_MOVZX] = do_mov, [OP_MOVSX] = do_movsx, [OP_MOVBE] = do_movbe, [OP_XCHG] = do_xchg,
	[OP_BT ... OP_BTC] = do_bit, [OP_CMPXCHG] = do_cmpxchg, [OP_XADD] = do_xadd,
	[OP_CMPXCHG_PAIR] = do_cmpxchg_pair, [OP_ROL ... OP_SHRD] = do_shift, [OP_MUL ... OP_IDIV] = do_wide,
	[OP_IMUL2] = do_imul, [OP_IMUL3] = do_imul, [OP_BSF] = do_scan, [OP_BSR] = do_scan, [OP_POPCNT] = do_popcnt,
	[OP_CMOV] = do_cmov, [OP_SETCC] = do_setcc, [OP_STORE_SEG] = do_store_seg, [OP_SMSW] = do_smsw,
	[OP_LMSW] = do_lmsw, [OP_XLAT] = do_xlat, [OP_FLUSH] = do_flush, [OP_PUSH] = do_push, [OP_POP] = do_pop,
};

void emulate_finish(struct vcpu_page *page, enum cpu_mode mode, u32 len)
{
	page->rip = x86_next_rip(mode, page->rip, len);
	page->rflags &= ~RFLAGS_RF;
	page->shadow &= ~(SHADOW_STI | SHADOW_MOVSS);
	page->dirty |= GROUP_GPR;
}

enum emulate_result emulate(struct emulate *e, const struct insn *insn)
{
	enum emulate_result result;

	if (insn->op >= OP_MOVS && insn->op <= OP_OUTS)
		result = emulate_string(e, insn);
	else if (insn->op < OP_COUNT && handlers[insn->op])
		result = handlers[insn->op](e, insn) ? EMULATE_DONE : EMULATE_FAULT;
	else
		return EMULATE_UNSUPPORTED;
	e->page->dirty |= GROUP_GPR;
	if (result == EMULATE_DONE)
		emulate_finish(e->page, insn->mode, insn->len);
	return result;
}
