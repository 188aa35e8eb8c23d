/*
 * svm_exit.c - one entry, and its exit code made the neutral record, by one table. What needs no VMM (host interrupts,
 * the end of an NMI) becomes EXIT_NONE. The record is written to the page once and never read back.
 */
#include "svm.h"
#include "virt_bits.h"

/* One of the two, or none: not an exit that we asked for. */
struct exit_rule {
	/* The rest of the record, if there is more than insn_len and flags = 0. Returns the reason. */
	u32 (*decode)(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit);
	u64 reason;	/* enum exit_reason, not EXIT_NONE */
};

static u32 decode_nothing(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)hw, (void)entry, (void)exit;
	return EXIT_NONE;
}

static u32 decode_iret(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)entry, (void)exit;
	svm_event_block_nmi(hw, false);
	return EXIT_NONE;
}

/* The machine check hit while the guest ran; the host's handler judges it. */
static u32 decode_machine_check(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)hw, (void)entry, (void)exit;
	__asm__ volatile("int $18");
	return EXIT_NONE;
}

/* #DB has brought DR6 and DR7 up to date (15.12.2): nothing to add to them. */
static u32 decode_exception(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)entry;
	exit->exception.vector = (u32)hw->vmcb->exit_code - SVM_EXCEPTION;
	exit->exception.error = (u32)hw->vmcb->exit_info1;
	exit->exception.address = 0;
	return EXIT_EXCEPTION;
}

/* Not executed, which a length would say it was. */
static u32 decode_cr8(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)hw, (void)entry;
	exit->insn_len = 0;
	return EXIT_CR8;
}

_Static_assert(SVM_IO_IN == PIO_IN && SVM_IO_STRING >> 1 == PIO_STRING && SVM_IO_REP >> 1 == PIO_REP, "decode_io");

static u32 decode_io(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	u32 info = (u32)hw->vmcb->exit_info1;
	u64 next = hw->vmcb->exit_info2;
	u64 length = next - hw->vmcb->rip;

	(void)entry;
	exit->flags = (info & PIO_IN) | (info >> 1 & (PIO_STRING | PIO_REP));
	exit->insn_len = likely(length <= 15) ? (u32)length : 0;
	exit->pio.port = (u16)(info >> 16);
	exit->pio.size = (u8)(info >> 4 & 7u);
	exit->pio.next_rip = next;
	return EXIT_PIO;
}

/*
 * QEMU TCG forgets the shadow at the next entry: the interrupt on offer would come before the HLT that usually follows,
 * not after it, and the guest would sleep on.
 */
static u32 decode_interrupt(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	bool is_late = (hw->vmcb->int_state & SVM_INT_STATE_SHADOW) && (hw->vmcb->int_control & SVM_V_IRQ);

	(void)entry, (void)exit;
	return is_late ? EXIT_SHADOW : EXIT_NONE;
}

static u32 decode_msr(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	(void)entry;
	exit->msr.index = (u32)hw->gpr[GPR_RCX];
	return hw->vmcb->exit_info1 & 1 ? EXIT_MSR_WRITE : EXIT_MSR_READ;
}

static u32 decode_bad(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	exit->bad_state.hardware = hw->vmcb->exit_code;
	exit->bad_state.detail = hw->vmcb->exit_info1;
	return EXIT_BAD_STATE;
}

static u32 decode_nested_fault(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	u64 info = hw->vmcb->exit_info1;

	if (info & SVM_NPF_RESERVED)	/* our own tables are wrong: not something to try again */
		return decode_bad(hw, exit);
	entry->mem_flags = info & SVM_NPF_EXEC ? MEM_EXEC : info & SVM_NPF_WRITE ? MEM_WRITE : MEM_READ;
	if (info & SVM_NPF_WALK)
		entry->mem_flags |= MEM_WALK;
	entry->mem_gpa = hw->vmcb->exit_info2;
	exit->insn_len = 0;
	exit->flags = entry->mem_flags;
	exit->mem.gpa = entry->mem_gpa;
	return EXIT_MEM;
}

/*
 * Entry refused. QEMU TCG then leaves the host's state in the VMCB, which the VMM must not see: it is replaced. If
 * the guest's state is still there on TCG, the entry was fine, and a MOV to a control register, at which RIP points,
 * was not. (Injecting the fault is tried once: if that is refused, the guest's state is at fault after all.)
 */
static u32 decode_invalid(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	const struct svm_cpu *cpu = pcpu_self()->virt;
	bool is_host_state = hw->vmcb->gdtr.base == cpu->gdt_base;

	if (svm_features.exits_for_bad_cr && !is_host_state && !hw->injected.valid) {
		entry->has_events = true;
		entry->event = (struct vcpu_event){
			.valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1,
		};
		return EXIT_NONE;
	}
	if (is_host_state)
		svm_load(hw, &virt_init_state, GROUP_GPR | GROUP_SEG | GROUP_CR | GROUP_DR);
	return decode_bad(hw, exit);
}

#define RULE(exit_reason) { .reason = (exit_reason) }
#define RULE_BY(function) { .decode = (function) }
#define RULE_DR4(base) [(base)] = RULE(EXIT_DR), [(base) + 1] = RULE(EXIT_DR), \
		       [(base) + 2] = RULE(EXIT_DR), [(base) + 3] = RULE(EXIT_DR)
#define RULE_DR(base) RULE_DR4(base), RULE_DR4((base) + 4), RULE_DR4((base) + 8), RULE_DR4((base) + 12)
#define RULE_INSN(code) [code] = RULE(EXIT_INSN)

static const struct exit_rule rules[SVM_EXIT_TABLE_SIZE] = {
	RULE_DR(SVM_DR_READ),
	RULE_DR(SVM_DR_WRITE),
	[SVM_CR_WRITE + 8] = RULE_BY(decode_cr8),
	[SVM_EXCEPTION + VECTOR_DB] = RULE_BY(decode_exception),
	[SVM_EXCEPTION + VECTOR_AC] = RULE_BY(decode_exception),
	[SVM_EXCEPTION + VECTOR_MC] = RULE_BY(decode_machine_check),
	[SVM_INTR] = RULE_BY(decode_interrupt),
	[SVM_NMI] = RULE_BY(decode_nothing),
	[SVM_INIT] = RULE_BY(decode_nothing),
	[SVM_IRET] = RULE_BY(decode_iret),
	[SVM_CPUID] = RULE(EXIT_CPUID),
	[SVM_INVD] = RULE(EXIT_CACHE),
	[SVM_WBINVD] = RULE(EXIT_CACHE),
	[SVM_HLT] = RULE(EXIT_HLT),
	[SVM_IOIO] = RULE_BY(decode_io),
	[SVM_MSR] = RULE_BY(decode_msr),
	[SVM_SHUTDOWN] = RULE(EXIT_SHUTDOWN),
	[SVM_VMMCALL] = RULE(EXIT_HYPERCALL),
	[SVM_XSETBV] = RULE(EXIT_XSETBV),
	RULE_INSN(SVM_RDPMC), RULE_INSN(SVM_RSM), RULE_INSN(SVM_INVLPGA), RULE_INSN(SVM_VMRUN),
	RULE_INSN(SVM_VMLOAD), RULE_INSN(SVM_VMSAVE),
	RULE_INSN(SVM_STGI), RULE_INSN(SVM_CLGI), RULE_INSN(SVM_SKINIT), RULE_INSN(SVM_MONITOR), RULE_INSN(SVM_MWAIT),
	RULE_INSN(SVM_MWAIT_ARMED), RULE_INSN(SVM_RDPRU),
};

static u32 instruction_length(const struct vmcb *v)
{
	u64 length = v->next_rip - v->rip;

	return length <= 15 ? (u32)length : 0;
}

static u32 decode_rare(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit, u32 code)
{
	if (code == SVM_NESTED_FAULT)
		return decode_nested_fault(hw, entry, exit);
	if (code == SVM_EXIT_INVALID)
		return decode_invalid(hw, entry, exit);
	return decode_bad(hw, exit);
}

static u32 decode(struct vcpu_hw *hw, const struct vmcb *v, struct vcpu_exit *exit)
{
	u32 code = (u32)v->exit_code;
	const struct exit_rule *rule;

	exit->flags = 0;
	exit->insn_len = svm_features.has_nrips ? instruction_length(v) : 0;
	if (unlikely(code >= ARRAY_COUNT(rules)))
		return decode_rare(hw, hw->entry, exit, code);
	rule = &rules[code];
	if (rule->decode)
		return rule->decode(hw, hw->entry, exit);
	return likely(rule->reason) ? (u32)rule->reason : decode_bad(hw, exit);
}

/* True: GROUP_CODE is there. */
static bool store_code(const struct vmcb *v, struct vcpu_page *page)
{
	if (!(v->efer & EFER_LMA) || !(v->cs.attributes & SVM_ATTRIBUTE_L) || (v->cr4 & CR4_LA57))
		return false;
	page->cr3 = v->cr3;
	return true;
}

static void step(struct vmcb *v, const struct vcpu_page *page)
{
	v->rax = __atomic_load_n(&page->gpr[GPR_RAX], __ATOMIC_RELAXED);
	v->rip = __atomic_load_n(&page->rip, __ATOMIC_RELAXED);
	v->rflags &= ~RFLAGS_RF;
	v->int_state &= ~SVM_INT_STATE_SHADOW;
}

/*
 * Armed before VMRUN, and disarmed by svm_switch_armed after it, by real moves to DR7, because QEMU TCG does not look
 * at the breakpoints when it switches DR7.
 */
static void switch_armed(const struct vcpu_hw *hw)
{
	dr0_write(hw->dr[0]);
	dr1_write(hw->dr[1]);
	dr2_write(hw->dr[2]);
	dr3_write(hw->dr[3]);
	dr7_write(hw->vmcb->dr7 & ~DR7_GD);
	svm_switch_armed(hw->vmcb_hpa, hw->gpr, hw->host_save);
}

u32 svm_enter(struct vcpu_hw *hw)
{
	struct vmcb *v = hw->vmcb;
	struct vcpu_page *page;
	u32 reason;

	if (likely(hw->entry->is_step)) {
		hw->entry->is_step = false;
		step(v, hw->page);
	}
	if (unlikely(hw->entry->has_events | hw->is_busy))
		svm_event_inject(hw, hw->entry);
	if (unlikely(hw->is_armed))
		switch_armed(hw);
	else
		svm_switch(hw->vmcb_hpa, hw->gpr, hw->host_save);
	v = hw->vmcb;
	if (unlikely(hw->is_busy || (v->exit_int_info & SVM_EVENT_VALID)))
		svm_event_collect(hw, hw->entry);
	page = hw->page;
	reason = decode(hw, v, &page->exit);
	if (unlikely(reason == EXIT_NONE))
		return reason;
	page->exit.reason = reason;
	svm_store_gprs(hw, page);
	page->filled = GROUP_GPR;
	if ((svm_features.unknown_length & BIT32(reason)) && store_code(v, page))
		page->filled = GROUP_GPR | GROUP_CODE;
	return reason;
}
