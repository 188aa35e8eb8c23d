/* SPDX-License-Identifier: MIT */
/*
 * exits.c - what the VMM does for each kind of exit: one function each, chosen by a table.
 */
#include "emulate.h"
#include "machine.h"
#include "vcpu.h"
#include "vcpu_bus.h"

/* Value of a narrow IN: 8 and 16 bits keep the rest of RAX, 32 bits clear the upper half. */
static void set_rax(struct vcpu_page *page, u32 size, u32 value)
{
	u64 *rax = &page->gpr[GPR_RAX];

	if (size == 1)
		*rax = (*rax & ~0xffull) | (u8)value;
	else if (size == 2)
		*rax = (*rax & ~0xffffull) | (u16)value;
	else
		*rax = value;
}

static void exit_pio(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u16 port = page->exit.pio.port;
	u32 size = page->exit.pio.size;
	u64 next;

	if (page->exit.flags & PIO_STRING) {
		vcpu_emulate(v);
		return;
	}
	if (page->exit.flags & PIO_IN)
		set_rax(page, size, vcpu_port_read(v, port, size));
	else
		vcpu_port_write(v, port, size, (u32)page->gpr[GPR_RAX]);
	next = page->exit.pio.next_rip;
	if (likely(next))
		vcpu_step(v, next);
	else
		(void)vcpu_skip(v);
}

static void exit_mem(struct vcpu *v)
{
	/* The delivery of an event made the access: there is no instruction to emulate. */
	if (v->page->event.valid) {
		machine_stop(v->machine, v->index, STOP_EMULATION, false,
			    "event %u delivered through GPA %llx, which is not RAM", v->page->event.vector,
			    (unsigned long long)v->page->exit.mem.gpa);
		return;
	}
	vcpu_emulate(v);
}

static struct cpuid_cache_entry *cpuid_cache_place(struct vcpu *v, u32 leaf)
{
	return &v->cpuid_cache[(leaf ^ leaf >> 28) % CPUID_CACHE_ENTRIES];
}

/* Leaves whose answer depends on CR4 or XCR0. */
static bool cpuid_needs_cr(u32 leaf)
{
	return leaf == 1 || leaf == 7 || leaf == 0xd;
}

static void return_cpuid(struct vcpu_page *page, const struct cpuid_cache_entry *answer)
{
	page->gpr[GPR_RAX] = answer->eax;
	page->gpr[GPR_RBX] = answer->ebx;
	page->gpr[GPR_RCX] = answer->ecx;
	page->gpr[GPR_RDX] = answer->edx;
}

static __attribute__((noinline)) void cpuid_slow(struct vcpu *v, u32 leaf, u32 subleaf)
{
	struct guest_cpuid_state state = {
		.apic_id = v->index, .is_apic_on = (lapic_base(v->lapic) & LAPIC_BASE_ENABLE) != 0,
	};
	struct cpuid_cache_entry answer;
	struct cpuid_regs regs;

	if (!vcpu_skip(v))
		return;
	if (cpuid_needs_cr(leaf)) {
		vcpu_fetch_groups(v, GROUP_CR);
		state.cr4 = v->page->cr4;
		state.xcr0 = v->page->xcr0;
	}
	guest_cpuid_query(&v->machine->cpuid, leaf, subleaf, &state, &regs);
	answer = (struct cpuid_cache_entry){ leaf, subleaf, regs.eax, regs.ebx, regs.ecx, regs.edx };
	if (!cpuid_needs_cr(leaf))
		*cpuid_cache_place(v, leaf) = answer;
	return_cpuid(v->page, &answer);
}

static void exit_cpuid(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u32 leaf = (u32)page->gpr[GPR_RAX], subleaf = (u32)page->gpr[GPR_RCX];
	const struct cpuid_cache_entry *known = cpuid_cache_place(v, leaf);
	u64 next = vcpu_next_rip(v);

	if (unlikely(known->leaf != leaf || known->subleaf != subleaf || !next)) {
		cpuid_slow(v, leaf, subleaf);
		return;
	}
	return_cpuid(page, known);
	vcpu_step(v, next);
}

static void exit_hlt(struct vcpu *v)
{
	if (!vcpu_skip(v))
		return;
	v->mp_state = VCPU_HALTED;
	vcpu_request_self(v, VCPU_REQUEST_LEAVE);
}

static void exit_xsetbv(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u64 value = (u32)page->gpr[GPR_RAX] | page->gpr[GPR_RDX] << 32;

	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	if (!(page->cr4 & CR4_OSXSAVE)) {
		vcpu_inject(v, fault_ud());
		return;
	}
	if (x86_cpl(page) != 0 || (u32)page->gpr[GPR_RCX] != 0 || !guest_cpuid_xcr0_ok(&v->machine->cpuid, value)) {
		vcpu_inject(v, fault_gp());
		return;
	}
	page->xcr0 = value;
	page->dirty |= GROUP_CR;
	(void)vcpu_skip(v);
}

/* ---- Debug and control registers ---- */

/* DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE says they are not. */
static bool dr_number_ok(struct vcpu *v, u32 *number)
{
	if (*number > 7 || ((*number == 4 || *number == 5) && (v->page->cr4 & CR4_DE))) {
		vcpu_inject(v, fault_ud());
		return false;
	}
	if (*number == 4 || *number == 5)
		*number += 2;
	return true;
}

static u64 dr_read(const struct vcpu_page *page, u32 number)
{
	if (number < 4)
		return page->dr[number];
	return number == 6 ? page->dr6 : page->dr7;
}

static bool dr_write(struct vcpu_page *page, u32 number, u64 value)
{
	if (number >= 6 && value >> 32)
		return false;
	if (number < 4)
		page->dr[number] = value;
	else if (number == 6)
		page->dr6 = DR6_FIXED | (value & DR6_WRITABLE);
	else
		page->dr7 = (value & ~DR7_MUST_BE_ZERO) | DR7_FIXED;
	page->dirty |= GROUP_DR;
	return true;
}

static void exit_dr(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	const struct insn *insn = vcpu_decode(v);
	u32 number;
	u64 *gpr;

	if (!insn)
		return;
	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR | GROUP_DR);
	number = insn->reg;
	gpr = &page->gpr[insn->dst.reg & 15];
	if (insn->op != OP_MOV_FROM_DR && insn->op != OP_MOV_TO_DR) {
		vcpu_inject(v, fault_ud());
		return;
	}
	if (x86_cpl(page) != 0) {
		vcpu_inject(v, fault_gp());
		return;
	}
	if (!dr_number_ok(v, &number))
		return;
	if (page->dr7 & DR7_GD) {
		page->dr7 &= ~DR7_GD;
		page->dr6 |= DR6_BD;
		page->dirty |= GROUP_DR;
		vcpu_inject(v, (struct fault){ .vector = VECTOR_DB });
		return;
	}
	if (insn->op == OP_MOV_FROM_DR) {
		*gpr = dr_read(page, number) & alu_mask(insn->op_bytes);
	} else if (!dr_write(page, number, *gpr & alu_mask(insn->op_bytes))) {
		vcpu_inject(v, fault_gp());
		return;
	}
	emulate_finish(page, insn->mode, insn->len);
	vcpu_completed(v);
}

#define CR0_DEFINED \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

/* SDM Vol. 2, MOV to control registers; APM Vol. 2 14.6. Long mode begins and ends with paging. */
static bool cr0_write(struct vcpu_page *page, u64 value)
{
	bool is_long = (page->efer & EFER_LME) && (value & CR0_PG), is_code64 = page->seg[SEG_CS].access & ACCESS_L;

	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if (is_long && !(page->cr0 & CR0_PG) && (!(page->cr4 & CR4_PAE) || is_code64))
		return false;
	if (!is_long && (page->efer & EFER_LMA) && is_code64)
		return false;
	page->cr0 = (value & CR0_DEFINED) | CR0_ET;
	page->efer = (page->efer & ~EFER_LMA) | (is_long ? EFER_LMA : 0);
	return true;
}

/* OVMF sets MCE whatever CPUID says. There are no machine checks that it could let through: it stays 0. */
static bool cr4_write(struct vcpu_page *page, u64 value, u64 mask)
{
	value &= ~(u64)CR4_MCE;
	if ((value & ~mask) || ((page->efer & EFER_LMA) && !(value & CR4_PAE)))
		return false;
	page->cr4 = value;
	return true;
}

/* False: #GP. */
static bool cr_move(struct vcpu *v, const struct insn *insn)
{
	struct vcpu_page *page = v->page;
	u64 *gpr = &page->gpr[insn->dst.reg & 15], mask = alu_mask(insn->op_bytes);

	if (x86_cpl(page) != 0)
		return false;
	if (insn->op == OP_MOV_FROM_CR) {
		*gpr = page->cr4 & mask;
		return true;
	}
	if (!(insn->reg == 0 ? cr0_write(page, *gpr & mask)
			     : cr4_write(page, *gpr & mask, v->machine->cpuid.cr4_mask)))
		return false;
	page->dirty |= GROUP_CR;
	return true;
}

static void exit_cr(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	const struct insn *insn = vcpu_decode(v);
	bool is_ours;

	if (!insn)
		return;
	if (insn->op == OP_LMSW) {
		vcpu_emulate(v);
		return;
	}
	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	is_ours = insn->op == OP_MOV_TO_CR ? insn->reg == 0 || insn->reg == 4 :
					     insn->op == OP_MOV_FROM_CR && insn->reg == 4;
	if (!is_ours || !cr_move(v, insn)) {
		vcpu_inject(v, is_ours ? fault_gp() : fault_ud());
		return;
	}
	emulate_finish(page, insn->mode, insn->len);
	vcpu_completed(v);
}

static void exit_cr8(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	const struct insn *insn;
	u64 value;

	vcpu_request(v, VCPU_REQUEST_SERVICE);
	if (page->exit.insn_len)
		return;		/* executed: the new value is in the page already */
	insn = vcpu_decode(v);
	if (!insn)
		return;
	if (insn->op != OP_MOV_TO_CR || insn->reg != 8) {
		vcpu_inject(v, fault_ud());
		return;
	}
	value = page->gpr[insn->dst.reg & 15];
	if (value > 15) {
		vcpu_inject(v, fault_gp());
		return;
	}
	page->cr8 = (u32)value;
	emulate_finish(page, insn->mode, insn->len);
	vcpu_completed(v);
}

static void exit_tpr(struct vcpu *v)
{
	vcpu_request_self(v, VCPU_REQUEST_OFFER);
}

/* #DB and #AC are intercepted only so that they can't repeat for ever inside the processor: the guest gets them. */
static void exit_exception(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u32 vector = page->exit.exception.vector;

	if (page->exit.insn_len) {
		page->event = (struct vcpu_event){
			.valid = 1, .type = EVENT_SOFT_EXCEPTION, .vector = VECTOR_DB,
			.insn_len = page->exit.insn_len,
		};
		page->dirty |= GROUP_EVENT;
		return;
	}
	if (vector == VECTOR_DB) {
		vcpu_fetch_groups(v, GROUP_DR);
		page->dr6 |= page->exit.exception.address & DR6_WRITABLE;
		page->dr7 &= ~DR7_GD;
		page->dirty |= GROUP_DR;
	}
	vcpu_inject(v, (struct fault){
		.vector = (u8)vector, .has_error = vector == VECTOR_AC || vector == VECTOR_PF,
		.error = page->exit.exception.error, .address = page->exit.exception.address,
	});
}

static void exit_skip(struct vcpu *v)
{
	(void)vcpu_skip(v);
}

static void exit_pause(struct vcpu *v)
{
	(void)vcpu_skip(v);
	v->machine->host->yield(v->machine->host->ctx);
}

/* AMD's four counters, which do not count. Intel's guests have no counters (APM Vol. 3, RDPMC). */
static void rdpmc(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u32 number = (u32)page->gpr[GPR_RCX];
	u64 value;

	if ((x86_cpl(page) != 0 && !(page->cr4 & CR4_PCE)) || number >= PERF_COUNTERS ||
	    !guest_msr_read(v, MSR_PERF_CTR0 + number, &value)) {
		vcpu_inject(v, fault_gp());
		return;
	}
	page->gpr[GPR_RAX] = (u32)value;
	page->gpr[GPR_RDX] = value >> 32;
	(void)vcpu_skip(v);
}

/* RDPMC, or an instruction that the guest's CPUID does not have (#UD). */
static void exit_insn(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u8 bytes[2];
	u64 linear;
	struct walk_result result;
	struct walk_cpu cpu;

	vcpu_fetch_groups(v, GROUP_GPR | GROUP_SEG | GROUP_CR);
	linear = x86_mode(page) == MODE_64 ? page->rip : (u32)(page->seg[SEG_CS].base + page->rip);
	walk_cpu_init(&cpu, page, v->machine->cpuid.physical_bits);
	if (walk(&cpu, &v->machine->memory, linear, WALK_FETCH, &result) &&
	    guest_memory_read(&v->machine->memory, GPA(result.gpa), bytes, sizeof(bytes)) && bytes[0] == 0x0f &&
	    bytes[1] == 0x33)
		rdpmc(v);
	else
		vcpu_inject(v, fault_ud());
}

/* A guest that empties the IDT and then causes a fault asks for a reset (Linux: reboot=t). */
static void exit_shutdown(struct vcpu *v)
{
	vcpu_fetch_groups(v, GROUP_SEG);
	if (v->page->idtr.limit == 0)
		machine_stop(v->machine, v->index, STOP_GUEST_REBOOT, true, "%s", "");
	else
		machine_stop(v->machine, v->index, STOP_TRIPLE_FAULT, false, "triple fault");
}

static void exit_task_switch(struct vcpu *v)
{
	machine_stop(v->machine, v->index, STOP_EMULATION, false, "task switch at %llx, which this processor has not",
		    (unsigned long long)v->page->rip);
}

static void exit_bad_state(struct vcpu *v)
{
	machine_stop(v->machine, v->index, STOP_BAD_STATE, false,
		    "the processor refused the guest's state (%llx, %llx)",
		    (unsigned long long)v->page->exit.bad_state.hardware,
		    (unsigned long long)v->page->exit.bad_state.detail);
}

static void exit_nomem(struct vcpu *v)
{
	machine_stop(v->machine, v->index, STOP_NO_MEMORY, false, "no memory for GPA %llx",
		    (unsigned long long)v->page->exit.mem.gpa);
}

/* offer_irq() does the rest. */
static void exit_shadow(struct vcpu *v)
{
	vcpu_request(v, VCPU_REQUEST_OFFER);
}

static void exit_nothing(struct vcpu *v)
{
	vcpu_request_self(v, VCPU_REQUEST_TIMER);
}

static void (*const handlers[EXIT_REASON_COUNT])(struct vcpu *v) = {
	[EXIT_NONE] = exit_nothing,
	[EXIT_PIO] = exit_pio,
	[EXIT_MEM] = exit_mem,
	[EXIT_MSR_READ] = guest_msr_exit_read,
	[EXIT_MSR_WRITE] = guest_msr_exit_write,
	[EXIT_CPUID] = exit_cpuid,
	[EXIT_HLT] = exit_hlt,
	[EXIT_HYPERCALL] = vcpu_hypercall,
	[EXIT_XSETBV] = exit_xsetbv,
	[EXIT_DR] = exit_dr,
	[EXIT_CR8] = exit_cr8,
	[EXIT_TPR] = exit_tpr,
	[EXIT_EXCEPTION] = exit_exception,
	[EXIT_CACHE] = exit_skip,	/* the guest's caches are coherent */
	[EXIT_PAUSE] = exit_pause,
	[EXIT_INSN] = exit_insn,
	[EXIT_SHUTDOWN] = exit_shutdown,
	[EXIT_BAD_STATE] = exit_bad_state,
	[EXIT_DEADLINE] = exit_nothing,
	[EXIT_NOMEM] = exit_nomem,
	[EXIT_GRANTED] = exit_nothing,
	[EXIT_SHADOW] = exit_shadow,
	[EXIT_TASK_SWITCH] = exit_task_switch,
	[EXIT_CR] = exit_cr,
};

void vcpu_exits_init(struct vcpu *v)
{
	vcpu_drop_cpuid_cache(v);
	insn_cache_init(v->insns);
	guest_msr_init(v);
}

void vcpu_handle_exit(struct vcpu *v)
{
	u32 reason = v->page->exit.reason;

	if (unlikely(reason >= EXIT_REASON_COUNT)) {
		machine_stop(v->machine, v->index, STOP_BAD_STATE, false, "exit reason %u is unknown", reason);
		return;
	}
	handlers[reason](v);
}
