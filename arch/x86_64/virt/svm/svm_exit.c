/* SPDX-License-Identifier: MIT */
/*
 * svm_exit.c - an exit code made the neutral record, by one table. What needs no VMM (host interrupts,
 * the end of an NMI) becomes EXIT_NONE. The record is written to the page once and never read back.
 */
#include "quirks_svm.h"
#include "svm.h"
#include "virt_bits.h"

struct exit_rule {
	/* Writes the record to the page and GROUP_GPR behind it, if the VMM is to hear of it. Returns the reason. */
	u32 (*handle)(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page, u32 reason);
	u32 reason;	/* enum exit_reason, if there is but one */
};

#define HANDLER(name) \
	static u32 name(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page, u32 reason)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNUSED (void)hw, (void)v, (void)page, (void)reason

/* ---- the end of each: the record's head and the registers ---- */

ALWAYS_INLINE u32 report_exit(const struct vcpu_hw *hw, struct vcpu_page *page, u32 reason, u32 flags, u32 insn_len,
			      u32 filled)
{
	page->exit.reason = reason;
	page->exit.insn_len = insn_len;
	page->exit.flags = flags;
	svm_store_gprs(hw, page);
	page->filled = filled;
	return reason;
}

static u32 code_kind(const struct vmcb *v)
{
	if ((v->cs.attributes & (SVM_ATTRIBUTE_L | SVM_ATTRIBUTE_DB)) != SVM_ATTRIBUTE_DB ||
	    (v->cs.base | v->ds.base | v->ss.base))
		return CODE_OTHER;
	return code_32_kind(v->cr0, v->cr4, v->efer);
}

static __attribute__((noinline)) u32 report_exit_code_32(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page,
							 u32 reason, u32 flags)
{
	page->cr3 = v->cr3;
	return report_exit(hw, page, reason, flags, 0, GROUP_GPR | code_kind(v) << GROUP_CODE_SHIFT);
}

/* The guest was at an instruction, of which the hardware does not tell the length: GROUP_CODE as it is due. */
ALWAYS_INLINE u32 report_exit_code(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page, u32 reason, u32 flags)
{
	if (unlikely(!(v->efer & EFER_LMA) || !(v->cs.attributes & SVM_ATTRIBUTE_L)))
		return report_exit_code_32(hw, v, page, reason, flags);
	page->cr3 = v->cr3;
	return report_exit(hw, page, reason, flags, 0, GROUP_GPR | CODE_64 << GROUP_CODE_SHIFT);
}

static u32 instruction_length(const struct vmcb *v)
{
	u64 length = v->next_rip - v->rip;

	return length <= 15 ? (u32)length : 0;
}

ALWAYS_INLINE u32 report_exit_insn(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page, u32 reason)
{
	if (svm_features.has_nrips)
		return report_exit(hw, page, reason, 0, instruction_length(v), GROUP_GPR);
	return report_exit_code(hw, v, page, reason, 0);
}

/* ---- the exits ---- */

HANDLER(handle_insn)
{
	return report_exit_insn(hw, v, page, reason);
}

_Static_assert(SVM_IO_IN == PIO_IN && SVM_IO_STRING >> 1 == PIO_STRING && SVM_IO_REP >> 1 == PIO_REP, "handle_io");

HANDLER(handle_io)
{
	u32 info = (u32)v->exit_info1, flags = (info & PIO_IN) | (info >> 1 & (PIO_STRING | PIO_REP));

	page->exit.pio.port = (u16)(info >> 16);
	page->exit.pio.size = (u8)(info >> 4 & 7u);
	page->exit.pio.next_rip = v->exit_info2;
	if (unlikely(flags & PIO_STRING))
		return report_exit_code(hw, v, page, reason, flags);
	return report_exit(hw, page, reason, flags, 0, GROUP_GPR);
}

HANDLER(handle_msr)
{
	page->exit.msr.index = (u32)hw->gpr[GPR_RCX];
	return report_exit_insn(hw, v, page, v->exit_info1 & 1 ? EXIT_MSR_WRITE : reason);
}

HANDLER(handle_none)
{
	UNUSED;
	return EXIT_NONE;
}

HANDLER(handle_iret)
{
	UNUSED;
	v->intercept_misc1 &= ~SVM_INTERCEPT1(SVM_IRET);	/* svm_event_inject does the rest */
	return EXIT_NONE;
}

/* The machine check hit while the guest ran. */
HANDLER(handle_machine_check)
{
	UNUSED;
	machine_check(false);
	return EXIT_NONE;
}

/* #DB has brought DR6 and DR7 up to date (15.12.2): nothing to add to them. */
HANDLER(handle_exception)
{
	page->exit.exception.vector = (u32)v->exit_code - SVM_EXCEPTION;
	page->exit.exception.error = (u32)v->exit_info1;
	page->exit.exception.address = 0;
	return report_exit_code(hw, v, page, reason, 0);
}

/* The #DB of INT1 is a trap, and its exit comes before the instruction. Without NRIPS it is taken to have no prefix. */
HANDLER(handle_int1)
{
	u32 length = svm_features.has_nrips ? instruction_length(v) : 1;

	page->exit.exception.vector = VECTOR_DB;
	return report_exit(hw, page, reason, 0, length, GROUP_GPR);
}

/* The first one since others ran. Those that follow don't exit; where breakpoints stay armed in the host, each does. */
HANDLER(handle_dr)
{
	if (svm_features.leaves_breakpoints)
		return report_exit_insn(hw, v, page, reason);
	svm_pass_drs(hw);
	return EXIT_NONE;
}

/* Not executed, which a length would say it was. */
HANDLER(handle_cr)
{
	return report_exit_code(hw, v, page, reason, 0);
}

HANDLER(handle_interrupt)
{
	if (likely(!quirk_tcg_loses_shadow(v)))
		return EXIT_NONE;
	return report_exit_code(hw, v, page, reason, 0);
}

static u32 report_bad_state(const struct vcpu_hw *hw, const struct vmcb *v, struct vcpu_page *page)
{
	page->exit.bad_state.hardware = v->exit_code;
	page->exit.bad_state.detail = v->exit_info1;
	return report_exit(hw, page, EXIT_BAD_STATE, 0, 0, GROUP_GPR);
}

static u32 handle_nested_fault(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page)
{
	struct vcpu_entry *entry = hw->entry;
	u64 info = v->exit_info1;

	/* The second: our own tables are wrong, not something to try again. */
	if (quirk_tcg_replace_host_state(hw) || (info & SVM_NPF_RESERVED))
		return report_bad_state(hw, v, page);
	entry->mem_flags = info & SVM_NPF_EXEC ? MEM_EXEC : info & SVM_NPF_WRITE ? MEM_WRITE : MEM_READ;
	if (info & SVM_NPF_WALK)
		entry->mem_flags |= MEM_WALK;
	entry->mem_gpa = v->exit_info2;
	page->exit.mem.gpa = entry->mem_gpa;
	return report_exit_code(hw, v, page, EXIT_MEM, entry->mem_flags);
}

/* Entry refused. */
static __attribute__((noinline)) u32 handle_invalid(struct vcpu_hw *hw, struct vcpu_page *page)
{
	if (!quirk_tcg_replace_host_state(hw) && quirk_tcg_raise_for_bad_cr(hw))
		return EXIT_NONE;
	return report_bad_state(hw, hw->vmcb, page);
}

#define RULE(exit_reason, function) { .handle = (function), .reason = (exit_reason) }
#define RULE_INSN(exit_reason) RULE(exit_reason, handle_insn)
#define RULE_DR4(base) [(base)] = RULE(EXIT_DR, handle_dr), [(base) + 1] = RULE(EXIT_DR, handle_dr), \
		       [(base) + 2] = RULE(EXIT_DR, handle_dr), [(base) + 3] = RULE(EXIT_DR, handle_dr)
#define RULE_DR(base) RULE_DR4(base), RULE_DR4((base) + 4), RULE_DR4((base) + 8), RULE_DR4((base) + 12)
#define RULE_FORBIDDEN(code) [code] = RULE_INSN(EXIT_INSN)

/* Without a function: not an exit that we asked for. */
static const struct exit_rule rules[SVM_EXIT_TABLE_SIZE] = {
	RULE_DR(SVM_DR_READ),
	RULE_DR(SVM_DR_WRITE),
	[SVM_CR_WRITE + 8] = RULE(EXIT_CR8, handle_cr),
	[SVM_CR_WRITE + 4] = RULE(EXIT_CR, handle_cr),
	[SVM_CR_READ + 4] = RULE(EXIT_CR, handle_cr),
	[SVM_CR0_SELECTIVE] = RULE(EXIT_CR, handle_cr),
	[SVM_EXCEPTION + VECTOR_DB] = RULE(EXIT_EXCEPTION, handle_exception),
	[SVM_ICEBP] = RULE(EXIT_EXCEPTION, handle_int1),
	[SVM_EXCEPTION + VECTOR_AC] = RULE(EXIT_EXCEPTION, handle_exception),
	[SVM_EXCEPTION + VECTOR_MC] = RULE(EXIT_NONE, handle_machine_check),
	[SVM_INTR] = RULE(EXIT_SHADOW, handle_interrupt),
	[SVM_NMI] = RULE(EXIT_NONE, handle_none),
	[SVM_INIT] = RULE(EXIT_NONE, handle_none),
	[SVM_IRET] = RULE(EXIT_NONE, handle_iret),
	[SVM_CPUID] = RULE_INSN(EXIT_CPUID),
	[SVM_INVD] = RULE_INSN(EXIT_CACHE),
	[SVM_WBINVD] = RULE_INSN(EXIT_CACHE),
	[SVM_PAUSE] = RULE_INSN(EXIT_PAUSE),
	[SVM_HLT] = RULE_INSN(EXIT_HLT),
	[SVM_IOIO] = RULE(EXIT_PIO, handle_io),
	[SVM_MSR] = RULE(EXIT_MSR_READ, handle_msr),
	[SVM_SHUTDOWN] = RULE_INSN(EXIT_SHUTDOWN),
	[SVM_VMMCALL] = RULE_INSN(EXIT_HYPERCALL),
	[SVM_XSETBV] = RULE_INSN(EXIT_XSETBV),
	RULE_FORBIDDEN(SVM_RDPMC), RULE_FORBIDDEN(SVM_RSM), RULE_FORBIDDEN(SVM_INVLPGA), RULE_FORBIDDEN(SVM_VMRUN),
	RULE_FORBIDDEN(SVM_VMLOAD), RULE_FORBIDDEN(SVM_VMSAVE), RULE_FORBIDDEN(SVM_STGI), RULE_FORBIDDEN(SVM_CLGI),
	RULE_FORBIDDEN(SVM_SKINIT), RULE_FORBIDDEN(SVM_MONITOR), RULE_FORBIDDEN(SVM_MWAIT),
	RULE_FORBIDDEN(SVM_MWAIT_ARMED), RULE_FORBIDDEN(SVM_RDPRU),
};

static __attribute__((noinline)) u32 handle_rare(struct vcpu_hw *hw, struct vmcb *v, struct vcpu_page *page, u32 code)
{
	if (code == SVM_NESTED_FAULT)
		return handle_nested_fault(hw, v, page);
	if (code == SVM_EXIT_INVALID)
		return handle_invalid(hw, page);
	if (code == SVM_INVPCID)
		return handle_insn(hw, v, page, EXIT_INSN);
	return report_bad_state(hw, v, page);
}

ALWAYS_INLINE u32 handle(struct vcpu_hw *hw)
{
	struct vmcb *v = hw->vmcb;
	u32 code = (u32)v->exit_code;

	if (unlikely(code >= ARRAY_COUNT(rules) || !rules[code].handle))
		return handle_rare(hw, v, hw->page, code);
	return rules[code].handle(hw, v, hw->page, rules[code].reason);
}

/* The exit may have cut a delivery short. */
static __attribute__((noinline)) u32 collect_and_handle(struct vcpu_hw *hw)
{
	svm_event_collect(hw, hw->entry);
	if (unlikely(hw->slow_entry & SLOW_STEPPED) && svm_event_end_step(hw))
		return EXIT_NONE;
	return handle(hw);
}

u32 svm_exit(struct vcpu_hw *hw)
{
	if (unlikely((hw->slow_entry & SLOW_CLEANUP) || (hw->vmcb->exit_int_info & SVM_EVENT_VALID)))
		return collect_and_handle(hw);
	return handle(hw);
}
