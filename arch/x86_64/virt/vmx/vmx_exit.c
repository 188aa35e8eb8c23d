/*
 * vmx_exit.c - one entry into a guest and its exit. Exit reasons become neutral records by one table; what needs no VMM
 * (host interrupts, windows, hidden control-register bits) becomes EXIT_NONE.
 *
 * The record is written straight into the vcpu page, and nothing is read back from there.
 */
#include "virt_bits.h"
#include "vmx.h"

struct exit_rule {
	u8 reason;		/* enum exit_reason */
	u8 facts;		/* FACT_*; 0: an exit that was never asked for */
	/* The rest of the record. NULL: nothing is missing. Returns the reason. May set entry->event. */
	u32 (*decode)(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit);
};

#define FACT_KNOWN BIT32(0)
#define FACT_LENGTH BIT32(1)	/* the instruction-length field is valid (27.2.5) */
#define FACT_CUTS BIT32(2)	/* may come while an event is delivered (27.2.4) */
#define FACT_STAYS BIT32(3)	/* may need no VMM */

#define UNUSED __attribute__((unused))
#define DECODER(name) \
	static u32 name(UNUSED struct vcpu_hw *hw, UNUSED struct vcpu_entry *entry, UNUSED struct vcpu_exit *exit)

DECODER(decode_bad)
{
	exit->bad_state.hardware = vmread(VMCS_EXIT_REASON);
	exit->bad_state.detail = vmread(VMCS_QUALIFICATION);
	return EXIT_BAD_STATE;
}

/* The exit has acknowledged the interrupt (24.7.1); the field says which it was. */
DECODER(decode_host_interrupt)
{
	arch_interrupt((u32)vmread(VMCS_EXIT_EVENT) & EVENT_VECTOR);
	return EXIT_NONE;
}

/*
 * #DB does not change DR6 and DR7 when it is intercepted (27.1): do it, so that the VMM only has to put the exception
 * back.
 */
static void note_debug_exception(struct vcpu_hw *hw, u64 causes)
{
	hw->dr6 = (hw->dr6 & ~0xfull) | (causes & DR6_CAUSES);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
}

static void note_nmi_unblocked(struct vcpu_hw *hw)
{
	vmx_set_interruptibility(hw, hw->interruptibility | BLOCKING_NMI);
}

static u32 decode_guest_exception(struct vcpu_hw *hw, const struct vcpu_entry *entry, struct vcpu_exit *exit, u32 info)
{
	u64 address = vmread(VMCS_QUALIFICATION);

	if ((info & EVENT_NMI_UNBLOCKED) && !entry->event.valid)
		note_nmi_unblocked(hw);
	exit->exception.vector = info & EVENT_VECTOR;
	exit->exception.error = info & EVENT_HAS_ERROR ? (u32)vmread(VMCS_EXIT_ERROR) : 0;
	exit->exception.address = address;
	if ((info & EVENT_VECTOR) == VECTOR_DB)
		note_debug_exception(hw, address);
	return EXIT_EXCEPTION;
}

/* NMIs and machine checks are the host's: its own handlers see them. IRET there ends NMI blocking. */
DECODER(decode_exception)
{
	u32 info = (u32)vmread(VMCS_EXIT_EVENT);

	if ((info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == VMX_EVENT_NMI)
		__asm__ volatile("int $2");
	else if ((info & EVENT_VECTOR) == VECTOR_MC)
		__asm__ volatile("int $18");
	else
		return decode_guest_exception(hw, entry, exit, info);
	return EXIT_NONE;
}

DECODER(decode_io)
{
	u32 q = (u32)vmread(VMCS_QUALIFICATION);

	exit->flags = (q & IO_IN ? PIO_IN : 0) | (q & IO_STRING ? PIO_STRING : 0) | (q & IO_REP ? PIO_REP : 0);
	exit->pio.port = (u16)(q >> 16);
	exit->pio.size = (u8)((q & 7u) + 1);
	exit->pio.next_rip = 0;
	return EXIT_PIO;
}

DECODER(decode_rdmsr)
{
	exit->msr.index = (u32)hw->gpr[GPR_RCX];
	return EXIT_MSR_READ;
}

DECODER(decode_wrmsr)
{
	exit->msr.index = (u32)hw->gpr[GPR_RCX];
	return EXIT_MSR_WRITE;
}

DECODER(decode_ept_violation)
{
	u32 q = (u32)vmread(VMCS_QUALIFICATION);
	u32 flags = (q & EPT_READ ? MEM_READ : 0) | (q & EPT_WRITE ? MEM_WRITE : 0) | (q & EPT_EXEC ? MEM_EXEC : 0);

	if (q & EPT_LINEAR_VALID) {
		flags |= MEM_GVA | (q & EPT_FINAL ? 0 : MEM_WALK);
		exit->mem.gva = vmread(VMCS_GUEST_LINEAR);
	}
	if ((q & EPT_NMI_UNBLOCKED) && !entry->event.valid)
		note_nmi_unblocked(hw);
	entry->mem_flags = flags;
	entry->mem_gpa = vmread(VMCS_GUEST_PHYSICAL);
	exit->flags = flags;
	exit->mem.gpa = entry->mem_gpa;
	return EXIT_MEM;
}

static void raise_gp(struct vcpu_entry *entry)
{
	entry->has_events = true;
	entry->event = (struct vcpu_event){
		.valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1,
	};
}

static u64 moved_value(const struct vcpu_hw *hw, u64 qualification)
{
	u32 index = (u32)(qualification >> 8) & 0xfu;

	return index == GPR_RSP ? vmread(VMCS_GUEST_RSP) : hw->gpr[index];
}

/*
 * MOV to CR0 that changes NE, CD or NW as the guest sees them: only the shadow changes, and the instruction is run
 * again. It does not exit a second time, and the hardware does the rest of it, faults included.
 */
static void decode_mov_cr0(struct vcpu_entry *entry, u64 value)
{
	if ((value & CR0_NW) && !(value & CR0_CD))
		raise_gp(entry);
	else
		vmwrite(VMCS_CR0_SHADOW, (vmread(VMCS_CR0_SHADOW) & ~VMX_CR0_MASK) | (value & VMX_CR0_MASK));
}

/* MOV to CR4 exits only for bits that this machine's guests can't set (VMXE among them). */
DECODER(decode_cr_access)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	u32 number = q & 0xfu;
	bool is_mov_to = (q >> 4 & 3u) == 0;

	if (number == 8)
		return EXIT_CR8;
	if (number == 0 && is_mov_to)
		decode_mov_cr0(entry, moved_value(hw, q));
	else if (number == 4 && is_mov_to)
		raise_gp(entry);
	else
		return decode_bad(hw, entry, exit);
	return EXIT_NONE;
}

#define RULE(code, reason, facts, decode) [code] = { reason, FACT_KNOWN | (facts), decode }
#define RULE_INSN(code) RULE(code, EXIT_INSN, FACT_LENGTH, NULL)

static const struct exit_rule rules[VMX_EXIT_TABLE_SIZE] = {
	RULE(VMX_EXCEPTION_NMI, EXIT_NONE, FACT_CUTS | FACT_STAYS, decode_exception),
	RULE(VMX_EXTERNAL_INTERRUPT, EXIT_NONE, FACT_STAYS, decode_host_interrupt),
	RULE(VMX_TRIPLE_FAULT, EXIT_SHUTDOWN, 0, NULL),
	RULE(VMX_INIT, EXIT_NONE, FACT_STAYS, NULL),
	RULE(VMX_INTERRUPT_WINDOW, EXIT_NONE, FACT_STAYS, NULL),
	RULE(VMX_NMI_WINDOW, EXIT_NONE, FACT_STAYS, NULL),
	RULE(VMX_CPUID, EXIT_CPUID, FACT_LENGTH, NULL),
	RULE(VMX_HLT, EXIT_HLT, FACT_LENGTH, NULL),
	RULE(VMX_INVD, EXIT_CACHE, FACT_LENGTH, NULL),
	RULE(VMX_WBINVD, EXIT_CACHE, FACT_LENGTH, NULL),
	RULE(VMX_VMCALL, EXIT_HYPERCALL, FACT_LENGTH, NULL),
	RULE(VMX_CR_ACCESS, EXIT_NONE, FACT_STAYS, decode_cr_access),
	RULE(VMX_MOV_DR, EXIT_DR, FACT_LENGTH, NULL),
	RULE(VMX_IO, EXIT_PIO, FACT_LENGTH, decode_io),
	RULE(VMX_RDMSR, EXIT_MSR_READ, FACT_LENGTH, decode_rdmsr),
	RULE(VMX_WRMSR, EXIT_MSR_WRITE, FACT_LENGTH, decode_wrmsr),
	RULE(VMX_PAUSE, EXIT_PAUSE, FACT_LENGTH, NULL),
	RULE(VMX_TPR_BELOW, EXIT_TPR, 0, NULL),
	RULE(VMX_EPT_VIOLATION, EXIT_MEM, FACT_CUTS | FACT_STAYS, decode_ept_violation),
	RULE(VMX_PREEMPTION_TIMER, EXIT_NONE, FACT_STAYS, NULL),
	RULE(VMX_XSETBV, EXIT_XSETBV, FACT_LENGTH, NULL),
	RULE_INSN(VMX_GETSEC), RULE_INSN(VMX_RDPMC), RULE_INSN(VMX_RSM), RULE_INSN(VMX_VMCLEAR),
	RULE_INSN(VMX_VMLAUNCH), RULE_INSN(VMX_VMPTRLD), RULE_INSN(VMX_VMPTRST), RULE_INSN(VMX_VMREAD),
	RULE_INSN(VMX_VMRESUME), RULE_INSN(VMX_VMWRITE), RULE_INSN(VMX_VMXOFF), RULE_INSN(VMX_VMXON),
	RULE_INSN(VMX_MWAIT), RULE_INSN(VMX_MONITOR), RULE_INSN(VMX_INVEPT), RULE_INSN(VMX_INVVPID),
	RULE_INSN(VMX_VMFUNC),
};

/*
 * Nothing was run: VMfail, before any guest state was looked at, or a guest state that was refused; the event to inject
 * is left valid then. Or else an exit that was never asked for.
 */
static __attribute__((noinline)) u32 refuse(struct vcpu_exit *exit, u32 code)
{
	bool is_fail = code == VMX_REFUSED;

	exit->flags = 0;
	exit->insn_len = 0;
	exit->bad_state.hardware = is_fail ? BIT64(32) | vmread(VMCS_INSN_ERROR) : code;
	exit->bad_state.detail = is_fail ? 0 : vmread(VMCS_QUALIFICATION);
	if (code & VMX_ENTRY_FAILED)
		vmwrite(VMCS_ENTRY_EVENT, 0);
	return EXIT_BAD_STATE;
}

static inline u32 decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit,
			 const struct exit_rule *rule)
{
	u32 facts = rule->facts, reason = rule->reason;

	exit->flags = 0;
	exit->insn_len = likely(facts & FACT_LENGTH) ? (u32)vmread(VMCS_EXIT_INSN_LEN) : 0;
	if (unlikely(facts & FACT_CUTS))
		vmx_event_collect(hw, entry);
	if (rule->decode)
		reason = rule->decode(hw, entry, exit);
	/* What needs no VMM may lead straight to the next entry, so it is a time to look: see choose_timer. */
	if (unlikely(facts & FACT_STAYS) && hw->is_masked)
		arch_interrupts_poll();
	return reason;
}

static void step(struct vcpu_hw *hw, const struct vcpu_page *page)
{
	vmwrite(VMCS_GUEST_RIP, __atomic_load_n(&page->rip, __ATOMIC_RELAXED));
	if (unlikely(hw->rflags & RFLAGS_RF)) {
		hw->rflags &= ~RFLAGS_RF;
		vmwrite(VMCS_GUEST_RFLAGS, hw->rflags);
	}
	vmx_set_interruptibility(hw, hw->interruptibility & ~(BLOCKING_STI | BLOCKING_MOVSS));
}

/* GROUP_CODE is there: 64-bit code below four levels of tables. */
static bool store_code(struct vcpu_page *page)
{
	if (!(vmread(VMCS_GUEST_CS_ACCESS) & ACCESS_L) || !(vmread(VMCS_GUEST_EFER) & EFER_LMA) ||
	    (vmread(VMCS_GUEST_CR4) & CR4_LA57))
		return false;
	page->cr3 = vmread(VMCS_GUEST_CR3);
	return true;
}

/*
 * The exit has set the limit of the GDT to 64 KiB, so that ring 3 could load segments from what lies behind it, and
 * that of the TSS to 67h, which cuts off its I/O bitmap (27.5.2). The limit of the IDT does not matter, and DR7 is off.
 */
u32 vmx_enter(struct vcpu_hw *hw)
{
	struct vcpu_entry *entry = hw->entry;
	struct vcpu_page *page = hw->page;
	static const struct exit_rule unknown;
	const struct exit_rule *rule;
	u32 code, reason;

	if (likely(entry->is_step)) {
		entry->is_step = false;
		step(hw, page);
	}
	if (unlikely(entry->has_events | hw->is_busy))
		vmx_event_inject(hw, entry);
	if (unlikely(hw->is_masked == ((hw->rflags & RFLAGS_IF) != 0)))
		vmx_follow_interrupt_flag(hw);
	code = vmx_switch(hw->gpr, &hw->host_rsp);
	__asm__ volatile("lgdt %0" : : "m"(hw->host_gdtr));
	if (unlikely(hw->has_ports))
		arch_ports_restore();
	hw->cr2 = cr2_read();
	hw->rflags = vmread(VMCS_GUEST_RFLAGS);
	hw->interruptibility = (u32)vmread(VMCS_GUEST_INTERRUPTIBILITY);
	rule = likely(code < ARRAY_COUNT(rules)) ? &rules[code] : &unknown;
	reason = likely(rule->facts) ? decode(hw, entry, &page->exit, rule) : refuse(&page->exit, code);
	if (unlikely(reason == EXIT_NONE))
		return reason;
	page->exit.reason = reason;
	vmx_store_gprs(hw, page);
	page->filled = !(rule->facts & FACT_LENGTH) && store_code(page) ? GROUP_GPR | GROUP_CODE : GROUP_GPR;
	return reason;
}
