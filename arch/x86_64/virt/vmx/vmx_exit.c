/*
 * vmx_exit.c - VMX exit reasons to the neutral record, by one table. What needs no VMM (host interrupts, windows,
 * hidden control-register bits) becomes EXIT_NONE.
 */
#include "virt_bits.h"
#include "vmx.h"

#define UNUSED __attribute__((unused))
/* The rest of the record, after what the rule says; may change the reason. */
#define DECODER(name) \
	static void name(UNUSED struct vcpu_hw *hw, UNUSED struct vcpu_entry *entry, UNUSED struct vcpu_exit *exit)

DECODER(decode_bad)
{
	exit->reason = EXIT_BAD_STATE;
	exit->bad_state.hardware = vmread(VMCS_EXIT_REASON);
	exit->bad_state.detail = vmread(VMCS_QUALIFICATION);
}

/* The exit has acknowledged the interrupt (24.7.1); the field says which it was. */
DECODER(decode_host_interrupt)
{
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

static void decode_guest_exception(struct vcpu_hw *hw, const struct vcpu_entry *entry, struct vcpu_exit *exit, u32 info)
{
	if ((info & EVENT_NMI_UNBLOCKED) && !entry->event.valid)
		note_nmi_unblocked(hw);
	exit->reason = EXIT_EXCEPTION;
	exit->exception.vector = info & EVENT_VECTOR;
	exit->exception.error = info & EVENT_HAS_ERROR ? (u32)vmread(VMCS_EXIT_ERROR) : 0;
	exit->exception.address = vmread(VMCS_QUALIFICATION);
	if (exit->exception.vector == VECTOR_DB)
		note_debug_exception(hw, exit->exception.address);
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
		decode_guest_exception(hw, entry, exit, info);
}

DECODER(decode_io)
{
	u32 q = (u32)vmread(VMCS_QUALIFICATION);

	exit->flags = (q & IO_IN ? PIO_IN : 0) | (q & IO_STRING ? PIO_STRING : 0) | (q & IO_REP ? PIO_REP : 0);
	exit->pio.port = (u16)(q >> 16);
	exit->pio.size = (u8)((q & 7u) + 1);
	exit->pio.next_rip = 0;
}

DECODER(decode_msr)
{
	exit->msr.index = (u32)hw->gpr[GPR_RCX];
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
	exit->flags = flags;
	exit->mem.gpa = vmread(VMCS_GUEST_PHYSICAL);
}

static void raise_gp(struct vcpu_entry *entry)
{
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

	if (number == 8) {
		exit->reason = EXIT_CR8;
		exit->insn_len = 0;
	} else if (number == 0 && is_mov_to) {
		decode_mov_cr0(entry, moved_value(hw, q));
	} else if (number == 4 && is_mov_to) {
		raise_gp(entry);
	} else {
		decode_bad(hw, entry, exit);
	}
}

#define RULE(code, reason, facts, decode) [code] = { reason, facts, true, decode }
#define RULE_INSN(code) RULE(code, EXIT_INSN, FACT_LENGTH, NULL)

const struct exit_rule vmx_exit_rules[] = {
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
	RULE(VMX_CR_ACCESS, EXIT_NONE, FACT_LENGTH | FACT_STAYS, decode_cr_access),
	RULE(VMX_MOV_DR, EXIT_DR, FACT_LENGTH, NULL),
	RULE(VMX_IO, EXIT_PIO, FACT_LENGTH, decode_io),
	RULE(VMX_RDMSR, EXIT_MSR_READ, FACT_LENGTH, decode_msr),
	RULE(VMX_WRMSR, EXIT_MSR_WRITE, FACT_LENGTH, decode_msr),
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
