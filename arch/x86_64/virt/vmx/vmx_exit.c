/*
 * vmx_exit.c - VMX exit reasons to the neutral record, by one table. What needs no VMM (host interrupts, windows,
 * hidden control-register bits) becomes EXIT_NONE.
 */
#include "virt_bits.h"
#include "vmx.h"

struct decoding {
	struct vcpu_hw *hw;
	struct vcpu_entry *entry;
	struct vcpu_exit *exit;
	u32 code;		/* the exit-reason field */
};

struct exit_rule {
	u8 reason;		/* enum exit_reason */
	u8 facts;		/* FACT_* */
	void (*decode)(const struct decoding *d);	/* the rest of the record; may change the reason. NULL: none */
};

#define FACT_KNOWN BIT32(0)
#define FACT_LENGTH BIT32(1)	/* the instruction-length field is valid (27.2.5) */
#define FACT_CUTS BIT32(2)	/* may come while an event is delivered (27.2.4) */

static void decode_bad(const struct decoding *d)
{
	d->exit->reason = EXIT_BAD_STATE;
	d->exit->bad_state.hardware = d->code;
	d->exit->bad_state.detail = vmread(VMCS_QUALIFICATION);
}

/* The exit has acknowledged the interrupt (24.7.1); the field says which it was. */
static void decode_host_interrupt(const struct decoding *d)
{
	(void)d;
	arch_interrupt((u32)vmread(VMCS_EXIT_EVENT) & EVENT_VECTOR);
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

static void decode_guest_exception(const struct decoding *d, u32 info)
{
	struct vcpu_exit *exit = d->exit;

	if ((info & EVENT_NMI_UNBLOCKED) && !d->entry->event.valid)
		note_nmi_unblocked(d->hw);
	exit->reason = EXIT_EXCEPTION;
	exit->exception.vector = info & EVENT_VECTOR;
	exit->exception.error = info & EVENT_HAS_ERROR ? (u32)vmread(VMCS_EXIT_ERROR) : 0;
	exit->exception.address = vmread(VMCS_QUALIFICATION);
	if (exit->exception.vector == VECTOR_DB)
		note_debug_exception(d->hw, exit->exception.address);
}

/* NMIs and machine checks are the host's: its own handlers see them. IRET there ends NMI blocking. */
static void decode_exception(const struct decoding *d)
{
	u32 info = (u32)vmread(VMCS_EXIT_EVENT);

	if ((info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == VMX_EVENT_NMI)
		__asm__ volatile("int $2");
	else if ((info & EVENT_VECTOR) == VECTOR_MC)
		__asm__ volatile("int $18");
	else
		decode_guest_exception(d, info);
}

static void decode_io(const struct decoding *d)
{
	u64 q = vmread(VMCS_QUALIFICATION);

	d->exit->flags = (q & IO_IN ? PIO_IN : 0) | (q & IO_STRING ? PIO_STRING : 0) | (q & IO_REP ? PIO_REP : 0);
	d->exit->pio.port = (u16)(q >> 16);
	d->exit->pio.size = (u8)((q & 7u) + 1);
	d->exit->pio.next_rip = 0;
}

static void decode_msr(const struct decoding *d)
{
	d->exit->msr.index = (u32)d->hw->gpr[GPR_RCX];
}

static void decode_ept_violation(const struct decoding *d)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	u32 flags = (q & EPT_READ ? MEM_READ : 0) | (q & EPT_WRITE ? MEM_WRITE : 0) | (q & EPT_EXEC ? MEM_EXEC : 0);

	if (q & EPT_LINEAR_VALID) {
		flags |= MEM_GVA | (q & EPT_FINAL ? 0 : MEM_WALK);
		d->exit->mem.gva = vmread(VMCS_GUEST_LINEAR);
	}
	if ((q & EPT_NMI_UNBLOCKED) && !d->entry->event.valid)
		note_nmi_unblocked(d->hw);
	d->exit->flags = flags;
	d->exit->mem.gpa = vmread(VMCS_GUEST_PHYSICAL);
}

static void raise_gp(const struct decoding *d)
{
	d->entry->event = (struct vcpu_event){
		.valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1,
	};
}

static u64 moved_value(const struct decoding *d, u64 qualification)
{
	u32 index = (u32)(qualification >> 8) & 0xfu;

	return index == GPR_RSP ? vmread(VMCS_GUEST_RSP) : d->hw->gpr[index];
}

/*
 * MOV to CR0 that changes NE, CD or NW as the guest sees them: only the shadow changes, and the instruction is run
 * again. It does not exit a second time, and the hardware does the rest of it, faults included.
 */
static void decode_mov_cr0(const struct decoding *d, u64 value)
{
	if ((value & CR0_NW) && !(value & CR0_CD))
		raise_gp(d);
	else
		vmwrite(VMCS_CR0_SHADOW, (vmread(VMCS_CR0_SHADOW) & ~VMX_CR0_MASK) | (value & VMX_CR0_MASK));
}

/* MOV to CR4 exits only for bits that this machine's guests can't set (VMXE among them). */
static void decode_cr_access(const struct decoding *d)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	u32 number = q & 0xfu;
	bool is_mov_to = (q >> 4 & 3u) == 0;

	if (number == 8) {
		d->exit->reason = EXIT_CR8;
		d->exit->insn_len = 0;
	} else if (number == 0 && is_mov_to) {
		decode_mov_cr0(d, moved_value(d, q));
	} else if (number == 4 && is_mov_to) {
		raise_gp(d);
	} else {
		decode_bad(d);
	}
}

#define RULE(code, reason, decode) [code] = { reason, FACT_KNOWN, decode }
#define RULE_CUTS(code, reason, decode) [code] = { reason, FACT_KNOWN | FACT_CUTS, decode }
#define RULE_LENGTH(code, reason, decode) [code] = { reason, FACT_KNOWN | FACT_LENGTH, decode }
#define RULE_INSN(code) RULE_LENGTH(code, EXIT_INSN, NULL)

static const struct exit_rule rules[VMX_EXIT_TABLE_SIZE] = {
	RULE_CUTS(VMX_EXCEPTION_NMI, EXIT_NONE, decode_exception),
	RULE(VMX_EXTERNAL_INTERRUPT, EXIT_NONE, decode_host_interrupt),
	RULE(VMX_TRIPLE_FAULT, EXIT_SHUTDOWN, NULL),
	RULE(VMX_INIT, EXIT_NONE, NULL),
	RULE(VMX_INTERRUPT_WINDOW, EXIT_NONE, NULL),
	RULE(VMX_NMI_WINDOW, EXIT_NONE, NULL),
	RULE_LENGTH(VMX_CPUID, EXIT_CPUID, NULL),
	RULE_LENGTH(VMX_HLT, EXIT_HLT, NULL),
	RULE_LENGTH(VMX_INVD, EXIT_CACHE, NULL),
	RULE_LENGTH(VMX_WBINVD, EXIT_CACHE, NULL),
	RULE_LENGTH(VMX_VMCALL, EXIT_HYPERCALL, NULL),
	RULE_LENGTH(VMX_CR_ACCESS, EXIT_NONE, decode_cr_access),
	RULE_LENGTH(VMX_MOV_DR, EXIT_DR, NULL),
	RULE_LENGTH(VMX_IO, EXIT_PIO, decode_io),
	RULE_LENGTH(VMX_RDMSR, EXIT_MSR_READ, decode_msr),
	RULE_LENGTH(VMX_WRMSR, EXIT_MSR_WRITE, decode_msr),
	RULE_LENGTH(VMX_PAUSE, EXIT_PAUSE, NULL),
	RULE(VMX_TPR_BELOW, EXIT_TPR, NULL),
	RULE_CUTS(VMX_EPT_VIOLATION, EXIT_MEM, decode_ept_violation),
	RULE(VMX_PREEMPTION_TIMER, EXIT_NONE, NULL),
	RULE_LENGTH(VMX_XSETBV, EXIT_XSETBV, NULL),
	RULE_INSN(VMX_GETSEC), RULE_INSN(VMX_RDPMC), RULE_INSN(VMX_RSM), RULE_INSN(VMX_VMCLEAR),
	RULE_INSN(VMX_VMLAUNCH),
	RULE_INSN(VMX_VMPTRLD), RULE_INSN(VMX_VMPTRST), RULE_INSN(VMX_VMREAD), RULE_INSN(VMX_VMRESUME),
	RULE_INSN(VMX_VMWRITE),
	RULE_INSN(VMX_VMXOFF), RULE_INSN(VMX_VMXON), RULE_INSN(VMX_MWAIT), RULE_INSN(VMX_MONITOR),
	RULE_INSN(VMX_INVEPT),
	RULE_INSN(VMX_INVVPID), RULE_INSN(VMX_VMFUNC),
};

/* Each entry starts the timer anew, so exits that may lead straight to the next entry must count as a look too. */
static void look_at_interrupts(const struct vcpu_hw *hw, const struct vcpu_exit *exit)
{
	if (hw->is_masked && (exit->reason == EXIT_NONE || exit->reason == EXIT_MEM))
		arch_interrupts_poll();
}

void vmx_exit_decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit, u32 code)
{
	struct decoding d = { .hw = hw, .entry = entry, .exit = exit, .code = code };
	const struct exit_rule *rule;

	entry->event.valid = 0;
	exit->flags = 0;
	exit->insn_len = 0;
	if (code >= ARRAY_COUNT(rules) || !rules[code].facts) {	/* with VMX_ENTRY_FAILED it is large */
		decode_bad(&d);
		return;
	}
	rule = &rules[code];
	exit->reason = rule->reason;
	if (rule->facts & FACT_LENGTH)
		exit->insn_len = (u32)vmread(VMCS_EXIT_INSN_LEN);
	if (rule->facts & FACT_CUTS)
		vmx_event_collect(hw, entry);
	if (rule->decode)
		rule->decode(&d);
	look_at_interrupts(hw, exit);
}
