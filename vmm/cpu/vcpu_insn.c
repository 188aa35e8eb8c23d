/* SPDX-License-Identifier: MIT */
/*
 * vcpu_insn.c - instructions of a vCPU: fetch through the guest's page tables, decode, step over, emulate; and faults
 * for the guest.
 */
#include <string.h>

#include "emulate.h"
#include "machine.h"
#include "range.h"
#include "vcpu.h"
#include "vcpu_bus.h"

#define OPCODE_HLT 0xf4u

void vcpu_fetch_groups(struct vcpu *v, u32 groups)
{
	struct machine *m = v->machine;
	/* Groups that the VMM has written are valid, too. */
	u32 missing = groups & ~(v->page->filled | v->page->dirty);

	if (missing && m->host->vcpu_get(m->host->ctx, v->index, missing) != ST_OK)
		machine_stop(m, v->index, STOP_BAD_STATE, false, "cannot read the vCPU's registers");
}

/* ---- Faults ---- */

static bool is_contributory(u8 vector)
{
	return vector == 0 || (vector >= 10 && vector <= 13);
}

static bool makes_double_fault(const struct vcpu_event *first, u8 second)
{
	if (!first->valid || first->type != EVENT_EXCEPTION)
		return false;
	if (first->vector == VECTOR_PF)
		return second == VECTOR_PF || is_contributory(second);
	return is_contributory(first->vector) && is_contributory(second);
}

void vcpu_inject(struct vcpu *v, struct fault fault)
{
	struct vcpu_event *event = &v->page->event;

	if (event->valid && event->type == EVENT_EXCEPTION && event->vector == VECTOR_DF) {
		machine_stop(v->machine, v->index, STOP_TRIPLE_FAULT, false, "fault %u during a double fault",
			    fault.vector);
		return;
	}
	if (makes_double_fault(event, fault.vector))
		fault = (struct fault){ .vector = VECTOR_DF, .has_error = 1 };
	*event = (struct vcpu_event){
		.valid = 1,
		.type = EVENT_EXCEPTION,
		.vector = fault.vector,
		.has_error = fault.has_error,
		.error = fault.error,
	};
	v->page->dirty |= GROUP_EVENT;
	if (fault.vector != VECTOR_PF)
		return;
	vcpu_fetch_groups(v, GROUP_CR);
	v->page->cr2 = fault.address;
	v->page->dirty |= GROUP_CR;
}

void vcpu_completed(struct vcpu *v)
{
	struct vcpu_page *page = v->page;

	if (!(page->rflags & RFLAGS_TF) || page->event.valid)
		return;
	vcpu_fetch_groups(v, GROUP_DR);
	page->dr6 |= DR6_BS;
	page->dirty |= GROUP_DR;
	vcpu_inject(v, (struct fault){ .vector = VECTOR_DB });
}

/* ---- Fetch ---- */

/* Bytes from one page; where there is no RAM the bus gives all ones. */
static void fetch_bytes(const struct guest_memory *memory, u64 gpa, u8 *to, u32 count)
{
	if (!guest_memory_read(memory, GPA(gpa), to, count))
		memset(to, 0xff, count);
}

static u32 bytes_to_page_end(u64 linear, u32 count)
{
	return (u32)min_u64(PAGE_SIZE - (linear & (PAGE_SIZE - 1)), count);
}

/*
 * Fetch the instruction's bytes at `linear`, as far as they are mapped. A fault of the second page counts only if the
 * instruction reaches into it.
 */
struct fetch {
	u8 bytes[INSN_BYTES_MAX];
	u32 count;
	struct walk_result walk;	/* of the first byte */
	struct fault fault;		/* valid if count < INSN_BYTES_MAX */
};

static void fetch(struct vcpu *v, u64 linear, struct fetch *f)
{
	struct walk_result second, *result = &f->walk;
	struct walk_cpu cpu;

	walk_cpu_init(&cpu, v->page, v->machine->cpuid.physical_bits);
	for (f->count = 0; f->count < INSN_BYTES_MAX; result = &second) {
		u64 at = linear + f->count;
		u32 here = bytes_to_page_end(at, INSN_BYTES_MAX - f->count);

		if (!walk(&cpu, &v->machine->memory, at, WALK_FETCH, result)) {
			f->fault = result->fault;
			return;
		}
		fetch_bytes(&v->machine->memory, result->gpa, f->bytes + f->count, here);
		f->count += here;
	}
}

static u64 fetch_address(const struct vcpu_page *page, enum cpu_mode mode)
{
	return mode == MODE_64 ? page->rip : (u32)(page->seg[SEG_CS].base + page->rip);
}

static bool is_flat(const struct vcpu_page *page, const struct insn *insn)
{
	if (insn->mode == MODE_64)
		return insn->seg != SEG_FS && insn->seg != SEG_GS;
	return (page->filled & GROUP_CODE) && (insn->seg == SEG_DS || insn->seg == SEG_SS);
}

/*
 * Is it a MOV between memory and a register that GROUP_STEP covers, in a segment without a base? Drivers access device
 * registers mostly so.
 */
static u8 kind_of_move(const struct vcpu_page *page, const struct insn *insn)
{
	const struct operand *dst = &insn->dst, *src = &insn->src;

	if (insn->op != OP_MOV || !is_flat(page, insn))
		return MOVE_NONE;
	if (dst->kind == OPERAND_REG && src->kind == OPERAND_MEM && src->bytes >= 4 && dst->reg != GPR_RSP)
		return MOVE_LOAD;
	if (dst->kind == OPERAND_MEM && src->kind == OPERAND_REG && !src->is_high)
		return MOVE_STORE;
	return dst->kind == OPERAND_MEM && src->kind == OPERAND_IMM ? MOVE_STORE_IMM : MOVE_NONE;
}

static const struct insn *decode_anew(struct vcpu *v)
{
	enum cpu_mode mode;
	struct fetch f;

	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	mode = x86_mode(v->page);
	fetch(v, fetch_address(v->page, mode), &f);
	switch (decode(&v->insn, f.bytes, f.count, mode)) {
	case DECODE_OK:
		v->insn.move = kind_of_move(v->page, &v->insn);
		if (f.count == INSN_BYTES_MAX)
			insn_cache_put(v->insns, v->page, &v->machine->memory, &f.walk, f.bytes, &v->insn);
		return &v->insn;
	case DECODE_SHORT:
		vcpu_inject(v, f.fault);
		return NULL;
	case DECODE_TOO_LONG:
		vcpu_inject(v, fault_gp());
		return NULL;
	case DECODE_UNDEFINED:
	case DECODE_UNKNOWN:
		break;
	}
	vcpu_inject(v, fault_ud());
	return NULL;
}

const struct insn *vcpu_decode(struct vcpu *v)
{
	const struct insn *insn = insn_cache_find(v->insns, v->page);

	return insn ? insn : decode_anew(v);
}

bool vcpu_skip_slow(struct vcpu *v)
{
	u32 len = v->page->exit.insn_len;
	const struct insn *insn;

	if (len == 0) {
		insn = vcpu_decode(v);
		if (!insn)
			return false;
		len = insn->len;
	}
	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	vcpu_step(v, x86_next_rip(x86_mode(v->page), v->page->rip, len));
	return true;
}

bool vcpu_steps_over_hlt(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	struct walk_result result;
	struct walk_cpu cpu;
	u8 byte;

	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	walk_cpu_init(&cpu, page, v->machine->cpuid.physical_bits);
	if (x86_cpl(page) != 0 || page->event.valid || (page->rflags & RFLAGS_TF) ||
	    !walk(&cpu, &v->machine->memory, fetch_address(page, x86_mode(page)), WALK_FETCH, &result) ||
	    !guest_memory_read(&v->machine->memory, GPA(result.gpa), &byte, 1) || byte != OPCODE_HLT)
		return false;
	emulate_finish(page, x86_mode(page), 1);
	return true;
}

/* ---- Data accesses of emulated instructions ---- */

/* Within one page. */
static u64 read_part(struct vcpu *v, u64 gpa, u32 size)
{
	const struct guest_memory *memory = &v->machine->memory;
	u64 value = 0;

	if (guest_memory_load(memory, GPA(gpa), size, &value) || guest_memory_read(memory, GPA(gpa), &value, size))
		return value;
	return vcpu_mmio_read(v, gpa, size);
}

static void write_part(struct vcpu *v, u64 gpa, u32 size, u64 value)
{
	const struct guest_memory *memory = &v->machine->memory;

	if (guest_memory_store(memory, GPA(gpa), size, value) || guest_memory_write(memory, GPA(gpa), &value, size))
		return;
	vcpu_mmio_write(v, gpa, size, value);
}

/*
 * Did the processor translate this access already? Then the exit record has the GPA, and the processor has checked the
 * rights and set the accessed and dirty bits.
 */
static bool is_translated(const struct vcpu *v, u64 linear, u32 size)
{
	return v->is_gpa_known && ((linear ^ v->page->exit.mem.gpa) & (PAGE_SIZE - 1)) == 0 &&
	       bytes_to_page_end(linear, size) == size;
}

/* Both pages of an access are translated before either is touched. */
struct parts { u64 gpa[2]; u32 size[2]; };

static bool translate(struct vcpu *v, u64 linear, u32 size, u32 access, struct parts *parts, struct fault *fault)
{
	struct walk_result result;
	struct walk_cpu cpu;

	if (is_translated(v, linear, size)) {
		*parts = (struct parts){ .gpa = { v->page->exit.mem.gpa }, .size = { size } };
		return true;
	}
	walk_cpu_init(&cpu, v->page, v->machine->cpuid.physical_bits);
	parts->size[0] = bytes_to_page_end(linear, size);
	parts->size[1] = size - parts->size[0];
	for (u32 i = 0; i < 2 && parts->size[i]; i++) {
		u64 at = i == 0 ? linear : linear + parts->size[0];

		if (!walk(&cpu, &v->machine->memory, at, access, &result)) {
			*fault = result.fault;
			return false;
		}
		parts->gpa[i] = result.gpa;
	}
	return true;
}

static bool mem_read(void *ctx, u64 linear, u32 size, u64 *value, struct fault *fault)
{
	struct vcpu *v = ctx;
	struct parts parts;

	if (!translate(v, linear, size, 0, &parts, fault))
		return false;
	*value = read_part(v, parts.gpa[0], parts.size[0]);
	if (parts.size[1])
		*value |= read_part(v, parts.gpa[1], parts.size[1]) << (8 * parts.size[0]);
	return true;
}

static bool mem_write(void *ctx, u64 linear, u32 size, u64 value, struct fault *fault)
{
	struct vcpu *v = ctx;
	struct parts parts;

	if (!translate(v, linear, size, WALK_WRITE, &parts, fault))
		return false;
	write_part(v, parts.gpa[0], parts.size[0], value & alu_mask(parts.size[0]));
	if (parts.size[1])
		write_part(v, parts.gpa[1], parts.size[1], value >> (8 * parts.size[0]));
	return true;
}

static bool mem_probe(void *ctx, u64 linear, u32 size, struct fault *fault)
{
	struct parts parts;

	return translate(ctx, linear, size, WALK_WRITE | WALK_NO_DIRTY, &parts, fault);
}

static bool mem_translate(void *ctx, u64 linear, u32 size, bool is_write, struct emulate_place *place,
			  struct fault *fault)
{
	struct vcpu *v = ctx;
	struct parts parts;

	if (!translate(v, linear, size, is_write ? WALK_WRITE : 0, &parts, fault))
		return false;
	*place = (struct emulate_place){
		.ram = guest_memory_at(&v->machine->memory, GPA(parts.gpa[0]), size), .gpa = parts.gpa[0],
	};
	return true;
}

static u64 device_read(void *ctx, u64 gpa, u32 size)
{
	return vcpu_mmio_read(ctx, gpa, size);
}

static void device_write(void *ctx, u64 gpa, u32 size, u64 value)
{
	vcpu_mmio_write(ctx, gpa, size, value);
}

static void port_read(void *ctx, u16 port, u32 size, u32 *values, u32 count)
{
	vcpu_port_read_all(ctx, port, size, values, count);
}

static void port_write(void *ctx, u16 port, u32 size, const u32 *values, u32 count)
{
	vcpu_port_write_all(ctx, port, size, values, count);
}

static const struct emulate_ops ops = {
	.read = mem_read,
	.write = mem_write,
	.probe_write = mem_probe,
	.translate = mem_translate,
	.device_read = device_read,
	.device_write = device_write,
	.port_read = port_read,
	.port_write = port_write,
};

/* Does it access exactly one place in memory? */
static bool is_single_access(const struct insn *insn)
{
	return insn->op < OP_PUSH && insn->op != OP_CMPXCHG_PAIR;
}

/*
 * Execute a MOV whose address the processor has translated and checked. False: it is not that simple, nothing was done.
 */
static bool execute_move(struct vcpu *v, const struct insn *insn)
{
	struct vcpu_page *page = v->page;
	u64 gpa = page->exit.mem.gpa, linear = emulate_address(page, insn);
	u32 bytes = insn->move == MOVE_LOAD ? insn->src.bytes : insn->dst.bytes;

	if (page->exit.reason != EXIT_MEM || (page->exit.flags & (MEM_WALK | MEM_EXEC)) ||
	    ((linear ^ gpa) & (PAGE_SIZE - 1)) || bytes_to_page_end(gpa, bytes) != bytes ||
	    guest_memory_at(&v->machine->memory, GPA(gpa), bytes))
		return false;
	if (insn->move == MOVE_LOAD)
		page->gpr[insn->dst.reg] = vcpu_mmio_read(v, gpa, bytes);
	else
		vcpu_mmio_write(v, gpa, bytes, insn->move == MOVE_STORE ? page->gpr[insn->src.reg] : insn->imm);
	vcpu_step(v, page->rip + insn->len);
	return true;
}

static void emulate_any(struct vcpu *v, const struct insn *insn)
{
	struct emulate e = { .page = v->page, .ops = &ops, .ctx = v };
	const struct vcpu_exit *exit = &v->page->exit;

	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	v->is_gpa_known = exit->reason == EXIT_MEM && !(exit->flags & (MEM_WALK | MEM_EXEC)) && is_single_access(insn);
	switch (emulate(&e, insn)) {
	case EMULATE_DONE:
		vcpu_completed(v);
		break;
	case EMULATE_AGAIN:
		break;
	case EMULATE_FAULT:
		vcpu_inject(v, e.fault);
		break;
	case EMULATE_UNSUPPORTED:
		vcpu_inject(v, fault_ud());
		break;
	}
}

void vcpu_emulate(struct vcpu *v)
{
	const struct insn *insn = vcpu_decode(v);

	if (!insn)
		return;
	if (insn->move == MOVE_NONE || !execute_move(v, insn))
		emulate_any(v, insn);
}
