/* SPDX-License-Identifier: MIT */
/*
 * emulate_operand.h - how the emulator's instructions get at their operands: registers and memory, checked. For
 * emulate.c and emulate_wide.c.
 */
#ifndef VOS_EMULATE_OPERAND_H
#define VOS_EMULATE_OPERAND_H

#include "emulate.h"

static inline u64 reg_read(const struct emulate *e, const struct operand *o)
{
	u64 value = e->page->gpr[o->reg];

	return (o->is_high ? value >> 8 : value) & alu_mask(o->bytes);
}

/* As the architecture has it: 32-bit results clear the upper half, narrower ones keep it. */
static inline void reg_write(struct emulate *e, const struct operand *o, u64 value)
{
	u64 *reg = &e->page->gpr[o->reg];
	u64 mask = alu_mask(o->bytes);

	if (o->bytes >= 4)
		*reg = value & mask;
	else if (o->is_high)
		*reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
	else
		*reg = (*reg & ~mask) | (value & mask);
}

static inline bool fail(struct emulate *e, struct fault fault)
{
	e->fault = fault;
	return false;
}

static inline bool mem_read(struct emulate *e, u32 seg, u64 offset, u32 size, u64 *value)
{
	u64 linear;

	return emulate_linear(e, seg, offset, size, false, &linear) &&
	       e->ops->read(e->ctx, linear, size, value, &e->fault);
}

static inline bool mem_write(struct emulate *e, u32 seg, u64 offset, u32 size, u64 value)
{
	u64 linear;

	return emulate_linear(e, seg, offset, size, true, &linear) &&
	       e->ops->write(e->ctx, linear, size, value, &e->fault);
}

static inline bool mem_probe(struct emulate *e, u32 seg, u64 offset, u32 size)
{
	u64 linear;

	return emulate_linear(e, seg, offset, size, true, &linear) &&
	       e->ops->probe_write(e->ctx, linear, size, &e->fault);
}

static inline bool operand_read(struct emulate *e, const struct insn *insn, const struct operand *o, u64 *value)
{
	switch ((enum operand_kind)o->kind) {
	case OPERAND_REG:
		*value = reg_read(e, o);
		return true;
	case OPERAND_MEM:
		return mem_read(e, insn->seg, emulate_address(e->page, insn), o->bytes, value);
	case OPERAND_IMM:
		*value = insn->imm & alu_mask(o->bytes);
		return true;
	case OPERAND_NONE:
		break;
	}
	*value = 0;
	return true;
}

static inline bool operand_write(struct emulate *e, const struct insn *insn, const struct operand *o, u64 value)
{
	if (o->kind == OPERAND_MEM)
		return mem_write(e, insn->seg, emulate_address(e->page, insn), o->bytes, value);
	reg_write(e, o, value);
	return true;
}

/* Read a destination that will be written: a write fault comes before the read has any effect. */
static inline bool operand_read_for_write(struct emulate *e, const struct insn *insn, const struct operand *o,
					  u64 *value)
{
	if (o->kind == OPERAND_MEM && !mem_probe(e, insn->seg, emulate_address(e->page, insn), o->bytes))
		return false;
	return operand_read(e, insn, o, value);
}

/* MOVS to OUTS, with and without REP. (emulate_string.c) */
enum emulate_result emulate_string(struct emulate *e, const struct insn *insn);

/* Instructions of emulate_wide.c; false: e->fault. */
bool do_cmpxchg_pair(struct emulate *e, const struct insn *insn);
bool do_shift(struct emulate *e, const struct insn *insn);
bool do_wide(struct emulate *e, const struct insn *insn);
bool do_imul(struct emulate *e, const struct insn *insn);
bool do_scan(struct emulate *e, const struct insn *insn);
bool do_popcnt(struct emulate *e, const struct insn *insn);
bool do_cmov(struct emulate *e, const struct insn *insn);
bool do_setcc(struct emulate *e, const struct insn *insn);
bool do_store_seg(struct emulate *e, const struct insn *insn);
bool do_smsw(struct emulate *e, const struct insn *insn);
bool do_lmsw(struct emulate *e, const struct insn *insn);
bool do_xlat(struct emulate *e, const struct insn *insn);
bool do_flush(struct emulate *e, const struct insn *insn);

#endif
