/* SPDX-License-Identifier: MIT */
/*
 * emulate_string.c - MOVS, CMPS, STOS, LODS, SCAS, INS and OUTS, with and without REP.
 *
 * Elements are done in runs: as many as lie in one page on either side are checked and translated once, before any of
 * them is done. An element that lies in two pages is done alone.
 */
#include "emulate_operand.h"
#include "range.h"

#define PORT_RUN 128u	/* elements of INS and OUTS at once, during which the devices are locked */

/* Elements that come after each other: upwards, or downwards with RFLAGS.DF. */
struct run {
	struct emulate *e;
	const struct insn *insn;
	u32 bytes;			/* of an element */
	s64 step;			/* to the next: bytes, or -bytes */
	u32 count;			/* elements in this run; 0 = the next one lies in two pages */
	struct emulate_place from, to;	/* of the next element */
};

static struct operand string_reg(const struct insn *insn, u8 reg)
{
	return (struct operand){ .kind = OPERAND_REG, .reg = reg, .bytes = insn->addr_bytes };
}

static struct operand accumulator(const struct run *r)
{
	return (struct operand){ .kind = OPERAND_REG, .reg = GPR_RAX, .bytes = (u8)r->bytes };
}

static u32 string_bytes(const struct insn *insn)
{
	bool is_port = insn->op == OP_INS || insn->op == OP_OUTS;

	return is_port && insn->op_bytes == 8 ? 4 : insn->op_bytes;
}

static bool uses_source(u32 op)
{
	return op == OP_MOVS || op == OP_CMPS || op == OP_LODS || op == OP_OUTS;
}

static bool uses_target(u32 op)
{
	return op != OP_LODS && op != OP_OUTS;
}

static bool writes_target(u32 op)
{
	return op == OP_MOVS || op == OP_STOS || op == OP_INS;
}

static bool is_compare(u32 op)
{
	return op == OP_CMPS || op == OP_SCAS;
}

static u16 port_of(const struct run *r)
{
	return (u16)r->e->page->gpr[GPR_RDX];
}

/* ---- Elements ---- */

static bool is_aligned(const u8 *at, u32 bytes)
{
	return ((u64)at & (bytes - 1)) == 0;
}

/* One access where the processor makes one, because other vCPUs see the difference. */
static u64 ram_load(const u8 *at, u32 bytes)
{
	u64 value = 0;

	if (bytes == 1)
		return __atomic_load_n(at, __ATOMIC_RELAXED);
	if (!is_aligned(at, bytes))
		__builtin_memcpy(&value, at, bytes);
	else if (bytes == 2)
		value = __atomic_load_n((const u16 *)(const void *)at, __ATOMIC_RELAXED);
	else if (bytes == 4)
		value = __atomic_load_n((const u32 *)(const void *)at, __ATOMIC_RELAXED);
	else
		value = __atomic_load_n((const u64 *)(const void *)at, __ATOMIC_RELAXED);
	return value;
}

static void ram_store(u8 *at, u32 bytes, u64 value)
{
	if (bytes == 1)
		__atomic_store_n(at, (u8)value, __ATOMIC_RELEASE);
	else if (!is_aligned(at, bytes))
		__builtin_memcpy(at, &value, bytes);
	else if (bytes == 2)
		__atomic_store_n((u16 *)(void *)at, (u16)value, __ATOMIC_RELEASE);
	else if (bytes == 4)
		__atomic_store_n((u32 *)(void *)at, (u32)value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((u64 *)(void *)at, value, __ATOMIC_RELEASE);
}

static void move_on(const struct run *r, struct emulate_place *place)
{
	if (place->ram)
		place->ram += r->step;
	else
		place->gpa += (u64)r->step;
}

static u64 element_load(struct run *r, struct emulate_place *place)
{
	u64 value = place->ram ? ram_load(place->ram, r->bytes)
			       : r->e->ops->device_read(r->e->ctx, place->gpa, r->bytes);

	move_on(r, place);
	return value;
}

static void element_store(struct run *r, u64 value)
{
	if (r->to.ram)
		ram_store(r->to.ram, r->bytes, value);
	else
		r->e->ops->device_write(r->e->ctx, r->to.gpa, r->bytes, value & alu_mask(r->bytes));
	move_on(r, &r->to);
}

static void compare(struct run *r, u64 a, u64 b)
{
	alu_sub(a, b, 0, r->bytes, &r->e->page->rflags);
}

/* REPE ends at ZF = 0, REPNE at ZF = 1. */
static bool compare_ends_rep(const struct run *r)
{
	bool is_equal = (r->e->page->rflags & RFLAGS_ZF) != 0;

	return r->insn->rep == REP_F3 ? !is_equal : is_equal;
}

static u32 run_compare(struct run *r)
{
	struct operand acc = accumulator(r);
	u32 i = 0;

	do {
		u64 a = r->insn->op == OP_CMPS ? element_load(r, &r->from) : reg_read(r->e, &acc);

		compare(r, a, element_load(r, &r->to));
		i++;
	} while (i < r->count && !compare_ends_rep(r));
	return i;
}

static u32 run_ins(struct run *r)
{
	u32 values[PORT_RUN];

	r->count = (u32)min_u64(r->count, PORT_RUN);
	r->e->ops->port_read(r->e->ctx, port_of(r), r->bytes, values, r->count);
	for (u32 i = 0; i < r->count; i++)
		element_store(r, values[i]);
	return r->count;
}

static u32 run_outs(struct run *r)
{
	u32 values[PORT_RUN];

	r->count = (u32)min_u64(r->count, PORT_RUN);
	for (u32 i = 0; i < r->count; i++)
		values[i] = (u32)element_load(r, &r->from);
	r->e->ops->port_write(r->e->ctx, port_of(r), r->bytes, values, r->count);
	return r->count;
}

/* A run, or a part of it: returns how many were done. */
static u32 run_elements(struct run *r)
{
	struct operand acc = accumulator(r);

	switch ((u32)r->insn->op) {
	case OP_MOVS:
		for (u32 i = 0; i < r->count; i++)
			element_store(r, element_load(r, &r->from));
		return r->count;
	case OP_STOS:
		for (u32 i = 0; i < r->count; i++)
			element_store(r, reg_read(r->e, &acc));
		return r->count;
	case OP_LODS:
		for (u32 i = 0; i < r->count; i++)
			reg_write(r->e, &acc, element_load(r, &r->from));
		return r->count;
	case OP_INS:
		return run_ins(r);
	case OP_OUTS:
		return run_outs(r);
	default:
		return run_compare(r);
	}
}

/* The element lies in two pages: each access on its own, the target checked before anything is done. */
static bool do_split(struct run *r, u64 from, u64 to)
{
	struct emulate *e = r->e;
	struct operand acc = accumulator(r);
	u64 a = reg_read(e, &acc), b;
	u32 op = r->insn->op, value;

	if (writes_target(op) && !mem_probe(e, SEG_ES, to, r->bytes))
		return false;
	if (uses_source(op) && !mem_read(e, r->insn->seg, from, r->bytes, &a))
		return false;
	if (op == OP_INS) {
		e->ops->port_read(e->ctx, port_of(r), r->bytes, &value, 1);
		a = value;
	}
	if (writes_target(op))
		return mem_write(e, SEG_ES, to, r->bytes, a);
	if (op == OP_LODS)
		reg_write(e, &acc, a);
	value = (u32)a;
	if (op == OP_OUTS)
		e->ops->port_write(e->ctx, port_of(r), r->bytes, &value, 1);
	if (!is_compare(op))
		return true;
	if (!mem_read(e, SEG_ES, to, r->bytes, &b))
		return false;
	compare(r, a, b);
	return true;
}

/* ---- Runs ---- */

/* Elements from `at` on that lie within its unit of addresses: a page, or all that the address size has. */
static u64 elements_within(const struct run *r, u64 at, u64 mask)
{
	u64 offset = at & mask, room = mask - offset;	/* bytes behind the first */

	if (room < r->bytes - 1)
		return 0;
	if (r->step < 0)
		return offset / r->bytes + 1;
	return room == ~0ull ? room : (room + 1) / r->bytes;
}

/*
 * How many elements the run can have on this side, and where its lowest byte is. An element that the segment forbids
 * causes its fault when it is the first of a run.
 */
static bool judge_side(struct run *r, u32 seg, u64 offset, bool is_write, u64 *lowest)
{
	u64 last;

	if (!emulate_linear(r->e, seg, offset, r->bytes, is_write, lowest))
		return false;
	r->count = (u32)min_u64(r->count, elements_within(r, *lowest, PAGE_SIZE - 1));
	r->count = (u32)min_u64(r->count, elements_within(r, offset, alu_mask(r->insn->addr_bytes)));
	if (r->count > 1 &&
	    !emulate_linear(r->e, seg, offset + (u64)((s64)(r->count - 1) * r->step), r->bytes, is_write, &last))
		r->count = 1;
	return true;
}

static bool translate_side(struct run *r, u64 first, bool is_write, struct emulate_place *place)
{
	u32 before = r->step < 0 ? (r->count - 1) * r->bytes : 0;

	if (!r->e->ops->translate(r->e->ctx, first - before, r->count * r->bytes, is_write, place, &r->e->fault))
		return false;
	if (place->ram)
		place->ram += before;
	place->gpa += before;
	return true;
}

/* Check and translate as many as `count` elements. */
static bool prepare(struct run *r, u64 from, u64 to)
{
	u32 op = r->insn->op;
	u64 source = 0, target = 0;

	if (uses_source(op) && !judge_side(r, r->insn->seg, from, false, &source))
		return false;
	if (uses_target(op) && !judge_side(r, SEG_ES, to, writes_target(op), &target))
		return false;
	if (r->count == 0)
		return true;
	return (!uses_source(op) || translate_side(r, source, false, &r->from)) &&
	       (!uses_target(op) || translate_side(r, target, writes_target(op), &r->to));
}

static void advance(struct run *r, const struct operand *reg, u32 done)
{
	reg_write(r->e, reg, reg_read(r->e, reg) + (u64)((s64)done * r->step));
}

/* Execute at most r->count elements; *done is how many were executed. */
static bool do_run(struct run *r, u32 *done)
{
	struct operand si = string_reg(r->insn, GPR_RSI), di = string_reg(r->insn, GPR_RDI);
	u64 from = reg_read(r->e, &si), to = reg_read(r->e, &di);

	*done = 0;
	if (!prepare(r, from, to))
		return false;
	if (r->count)
		*done = run_elements(r);
	else if (do_split(r, from, to))
		*done = 1;
	else
		return false;
	if (uses_source(r->insn->op))
		advance(r, &si, *done);
	if (uses_target(r->insn->op))
		advance(r, &di, *done);
	return true;
}

static enum emulate_result repeat(struct run *r)
{
	struct operand cx = string_reg(r->insn, GPR_RCX);
	u32 left = EMULATE_REP_MAX, done;

	for (;;) {
		u64 count = reg_read(r->e, &cx);

		if (count == 0)
			return EMULATE_DONE;
		if (left == 0)
			return EMULATE_AGAIN;
		r->count = (u32)min_u64(left, count);
		if (!do_run(r, &done))
			return EMULATE_FAULT;
		reg_write(r->e, &cx, count - done);
		left -= done;
		if (is_compare(r->insn->op) && compare_ends_rep(r))
			return EMULATE_DONE;
	}
}

enum emulate_result emulate_string(struct emulate *e, const struct insn *insn)
{
	u32 bytes = string_bytes(insn), done;
	struct run r = {
		.e = e, .insn = insn, .bytes = bytes, .step = e->page->rflags & RFLAGS_DF ? -(s64)bytes : (s64)bytes,
		.count = 1,
	};

	if (insn->rep != REP_NONE)
		return repeat(&r);
	return do_run(&r, &done) ? EMULATE_DONE : EMULATE_FAULT;
}
