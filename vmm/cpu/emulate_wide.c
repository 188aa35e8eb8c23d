/* SPDX-License-Identifier: MIT */
/*
 * emulate_wide.c - instructions on device memory that systems rarely use: compare-and-exchange of pairs, shifts,
 * products and quotients, bit scans, conditional moves, stores of system registers.
 */
#include "emulate_operand.h"

/*
 * CMPXCHG8B, CMPXCHG16B: one access of 8 bytes, or two. The write cycle happens in both cases; of the flags only ZF
 * changes.
 */
struct pair { u64 low, high; };

static bool pair_read(struct emulate *e, const struct insn *insn, u64 offset, struct pair *pair)
{
	if (insn->op_bytes == 8)
		return mem_read(e, insn->seg, offset, 8, &pair->low) &&
		       mem_read(e, insn->seg, offset + 8, 8, &pair->high);
	if (!mem_read(e, insn->seg, offset, 8, &pair->low))
		return false;
	pair->high = pair->low >> 32;
	pair->low &= alu_mask(4);
	return true;
}

static bool pair_write(struct emulate *e, const struct insn *insn, u64 offset, struct pair pair)
{
	if (insn->op_bytes == 8)
		return mem_write(e, insn->seg, offset, 8, pair.low) &&
		       mem_write(e, insn->seg, offset + 8, 8, pair.high);
	return mem_write(e, insn->seg, offset, 8, pair.low | pair.high << 32);
}

bool do_cmpxchg_pair(struct emulate *e, const struct insn *insn)
{
	struct operand reg[4];		/* RAX, RCX, RDX, RBX */
	u32 bytes = 2u * insn->op_bytes;
	u64 offset = emulate_address(e->page, insn), linear;
	struct pair old;
	bool is_equal;

	for (u32 i = 0; i < ARRAY_COUNT(reg); i++)
		reg[i] = (struct operand){ .kind = OPERAND_REG, .reg = (u8)i, .bytes = insn->op_bytes };
	if (!emulate_linear(e, insn->seg, offset, bytes, true, &linear))
		return false;
	if (bytes == 16 && (linear & 15))
		return fail(e, fault_gp());
	if (!e->ops->probe_write(e->ctx, linear, bytes, &e->fault) || !pair_read(e, insn, offset, &old))
		return false;
	is_equal = old.low == reg_read(e, &reg[GPR_RAX]) && old.high == reg_read(e, &reg[GPR_RDX]);
	if (!pair_write(e, insn, offset,
			is_equal ? (struct pair){ reg_read(e, &reg[GPR_RBX]), reg_read(e, &reg[GPR_RCX]) } : old))
		return false;
	if (!is_equal) {
		reg_write(e, &reg[GPR_RAX], old.low);
		reg_write(e, &reg[GPR_RDX], old.high);
	}
	e->page->rflags = (e->page->rflags & ~RFLAGS_ZF) | (is_equal ? RFLAGS_ZF : 0);
	return true;
}

bool do_shift(struct emulate *e, const struct insn *insn)
{
	u64 a, count, result, rflags = e->page->rflags;

	if (!operand_read(e, insn, &insn->src, &count) || !operand_read_for_write(e, insn, &insn->dst, &a))
		return false;
	if (insn->op == OP_SHLD || insn->op == OP_SHRD)
		result = alu_shift_double(insn->op == OP_SHLD, a, e->page->gpr[insn->reg], (u32)count, insn->op_bytes,
					  &rflags);
	else
		result = alu_shift((enum alu_shift)(insn->op - OP_ROL), a, (u32)count, insn->op_bytes, &rflags);
	if (!operand_write(e, insn, &insn->dst, result))
		return false;
	e->page->rflags = rflags;
	return true;
}

/* The upper half of RDX:RAX, or of AX. */
static struct operand upper(const struct insn *insn)
{
	if (insn->op_bytes == 1)
		return (struct operand){ .kind = OPERAND_REG, .reg = GPR_RAX, .is_high = 1, .bytes = 1 };
	return (struct operand){ .kind = OPERAND_REG, .reg = GPR_RDX, .bytes = insn->op_bytes };
}

bool do_wide(struct emulate *e, const struct insn *insn)
{
	struct operand low = { .kind = OPERAND_REG, .reg = GPR_RAX, .bytes = insn->op_bytes }, high = upper(insn);
	struct alu_pair n = { reg_read(e, &low), reg_read(e, &high) };
	u64 b;

	if (!operand_read(e, insn, &insn->dst, &b))
		return false;
	if (insn->op == OP_MUL || insn->op == OP_IMUL)
		n = alu_multiply(insn->op == OP_IMUL, n.low, b, insn->op_bytes, &e->page->rflags);
	else if (!alu_divide(insn->op == OP_IDIV, &n, b, insn->op_bytes))
		return fail(e, (struct fault){ .vector = VECTOR_DE });
	reg_write(e, &low, n.low);
	reg_write(e, &high, n.high);
	return true;
}

bool do_imul(struct emulate *e, const struct insn *insn)
{
	u64 a, b = insn->op == OP_IMUL3 ? insn->imm : reg_read(e, &insn->dst);

	if (!operand_read(e, insn, &insn->src, &a))
		return false;
	reg_write(e, &insn->dst, alu_multiply(true, a, b, insn->op_bytes, &e->page->rflags).low);
	return true;
}

/* Of 0, BSF and BSR keep the destination as it is, all of it. */
bool do_scan(struct emulate *e, const struct insn *insn)
{
	u64 a;

	if (!operand_read(e, insn, &insn->src, &a))
		return false;
	e->page->rflags = (e->page->rflags & ~RFLAGS_ZF) | (a == 0 ? RFLAGS_ZF : 0);
	if (a != 0)
		reg_write(e, &insn->dst, (u64)(insn->op == OP_BSF ? __builtin_ctzll(a) : 63 - __builtin_clzll(a)));
	return true;
}

bool do_popcnt(struct emulate *e, const struct insn *insn)
{
	u64 a, count = 0;

	if (!operand_read(e, insn, &insn->src, &a))
		return false;
	alu_logic(a, insn->op_bytes, &e->page->rflags);
	e->page->rflags &= ~(RFLAGS_SF | RFLAGS_PF);
	for (; a; a &= a - 1)
		count++;
	reg_write(e, &insn->dst, count);
	return true;
}

/* The memory is read whatever the condition says, and 32-bit registers lose their upper half. */
bool do_cmov(struct emulate *e, const struct insn *insn)
{
	u64 value;

	if (!operand_read(e, insn, &insn->src, &value))
		return false;
	reg_write(e, &insn->dst,
		  alu_condition((u32)insn->imm, e->page->rflags) ? value : reg_read(e, &insn->dst));
	return true;
}

bool do_setcc(struct emulate *e, const struct insn *insn)
{
	return operand_write(e, insn, &insn->dst, alu_condition((u32)insn->imm, e->page->rflags));
}

bool do_store_seg(struct emulate *e, const struct insn *insn)
{
	u32 number = insn->reg & 7u;

	return number <= SEG_GS ? operand_write(e, insn, &insn->dst, e->page->seg[number].selector) :
				  fail(e, fault_ud());
}

bool do_smsw(struct emulate *e, const struct insn *insn)
{
	if ((e->page->cr4 & CR4_UMIP) && x86_cpl(e->page) != 0)
		return fail(e, fault_gp());
	return operand_write(e, insn, &insn->dst, e->page->cr0 & alu_mask(2));
}

/* The lowest four bits of CR0, of which PE can't be cleared. */
bool do_lmsw(struct emulate *e, const struct insn *insn)
{
	u64 value;

	if (x86_cpl(e->page) != 0)
		return fail(e, fault_gp());
	if (!operand_read(e, insn, &insn->dst, &value))
		return false;
	e->page->cr0 = (e->page->cr0 & ~(u64)(CR0_MP | CR0_EM | CR0_TS)) |
		       (value & (CR0_PE | CR0_MP | CR0_EM | CR0_TS));
	e->page->dirty |= GROUP_CR;
	return true;
}

bool do_xlat(struct emulate *e, const struct insn *insn)
{
	struct operand al = { .kind = OPERAND_REG, .reg = GPR_RAX, .bytes = 1 };
	u64 value, offset = (e->page->gpr[GPR_RBX] + reg_read(e, &al)) & alu_mask(insn->addr_bytes);

	if (!mem_read(e, insn->seg, offset, 1, &value))
		return false;
	reg_write(e, &al, value);
	return true;
}

/* Devices are not cached. */
bool do_flush(struct emulate *e, const struct insn *insn)
{
	(void)e;
	(void)insn;
	return true;
}
