/*
 * svm_exit.c - SVM exit codes to the neutral record, by one table. What needs no VMM (host interrupts, the end of an
 * NMI) becomes EXIT_NONE.
 */
#include "svm.h"
#include "virt_bits.h"

struct exit_rule {
	u8 reason;	/* enum exit_reason */
	/* the rest of the record; may change the reason */
	void (*decode)(struct vcpu_hw *hw, struct vcpu_exit *exit);
};

/* Host interrupts and NMIs have been taken on the way out of svm_switch. */
static void decode_nothing(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	(void)hw;
	(void)exit;
}

static void decode_iret(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	(void)exit;
	svm_event_block_nmi(hw, false);
}

/* The machine check hit while the guest ran; the host's handler judges it. */
static void decode_machine_check(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	(void)hw;
	(void)exit;
	__asm__ volatile("int $18");
}

/* #DB has brought DR6 and DR7 up to date (15.12.2): nothing to add to them. */
static void decode_exception(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	exit->exception.vector = (u32)hw->vmcb->exit_code - SVM_EXCEPTION;
	exit->exception.error = (u32)hw->vmcb->exit_info1;
	exit->exception.address = 0;
}

/* Not executed, which a length would say it was. */
static void decode_cr8(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	(void)hw;
	exit->insn_len = 0;
}

static void decode_io(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	u64 info = hw->vmcb->exit_info1;
	u64 length = hw->vmcb->exit_info2 - hw->vmcb->rip;

	exit->flags = (info & SVM_IO_IN ? PIO_IN : 0) | (info & SVM_IO_STRING ? PIO_STRING : 0) |
		      (info & SVM_IO_REP ? PIO_REP : 0);
	exit->insn_len = length <= 15 ? (u32)length : 0;
	exit->pio.port = (u16)(info >> 16);
	exit->pio.size = (u8)(info >> 4 & 7u);
	exit->pio.next_rip = hw->vmcb->exit_info2;
}

/*
 * QEMU TCG forgets the shadow at the next entry: the interrupt on offer would come before the HLT that usually follows,
 * not after it, and the guest would sleep on.
 */
static void decode_interrupt(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	if ((hw->vmcb->int_state & SVM_INT_STATE_SHADOW) && (hw->vmcb->int_control & SVM_V_IRQ))
		exit->reason = EXIT_SHADOW;
}

static void decode_msr(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	exit->reason = hw->vmcb->exit_info1 & 1 ? EXIT_MSR_WRITE : EXIT_MSR_READ;
	exit->msr.index = (u32)hw->gpr[GPR_RCX];
}

static void decode_bad(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	exit->reason = EXIT_BAD_STATE;
	exit->bad_state.hardware = hw->vmcb->exit_code;
	exit->bad_state.detail = hw->vmcb->exit_info1;
}

static void decode_nested_fault(struct vcpu_hw *hw, struct vcpu_exit *exit)
{
	u64 info = hw->vmcb->exit_info1;

	if (info & SVM_NPF_RESERVED) {		/* our own tables are wrong: not something to try again */
		decode_bad(hw, exit);
		return;
	}
	exit->reason = EXIT_MEM;
	exit->insn_len = 0;
	exit->flags = info & SVM_NPF_EXEC ? MEM_EXEC : info & SVM_NPF_WRITE ? MEM_WRITE : MEM_READ;
	if (info & SVM_NPF_WALK)
		exit->flags |= MEM_WALK;
	exit->mem.gpa = hw->vmcb->exit_info2;
}

/*
 * Entry refused. QEMU TCG then leaves the host's state in the VMCB, which the VMM must not see: it is replaced. If
 * the guest's state is still there on TCG, the entry was fine, and a MOV to a control register, at which RIP points,
 * was not. (Injecting the fault is tried once: if that is refused, the guest's state is at fault after all.)
 */
static void decode_invalid(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	const struct svm_cpu *cpu = pcpu_self()->virt;
	bool is_host_state = hw->vmcb->gdtr.base == cpu->gdt_base;

	if (svm_features.exits_for_bad_cr && !is_host_state && !hw->injected.valid) {
		exit->reason = EXIT_NONE;
		entry->event = (struct vcpu_event){
			.valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1,
		};
		return;
	}
	decode_bad(hw, exit);
	if (is_host_state)
		svm_load(hw, &virt_init_state, GROUP_GPR | GROUP_SEG | GROUP_CR | GROUP_DR);
}

#define RULE_DR4(base) [(base)] = { EXIT_DR, decode_nothing }, [(base) + 1] = { EXIT_DR, decode_nothing }, \
		       [(base) + 2] = { EXIT_DR, decode_nothing }, [(base) + 3] = { EXIT_DR, decode_nothing }
#define RULE_DR(base) RULE_DR4(base), RULE_DR4((base) + 4), RULE_DR4((base) + 8), RULE_DR4((base) + 12)
#define RULE_INSN(code) [code] = { EXIT_INSN, decode_nothing }

static const struct exit_rule rules[SVM_EXIT_TABLE_SIZE] = {
	RULE_DR(SVM_DR_READ),
	RULE_DR(SVM_DR_WRITE),
	[SVM_CR_WRITE + 8] = { EXIT_CR8, decode_cr8 },
	[SVM_EXCEPTION + VECTOR_DB] = { EXIT_EXCEPTION, decode_exception },
	[SVM_EXCEPTION + VECTOR_AC] = { EXIT_EXCEPTION, decode_exception },
	[SVM_EXCEPTION + VECTOR_MC] = { EXIT_NONE, decode_machine_check },
	[SVM_INTR] = { EXIT_NONE, decode_interrupt },
	[SVM_NMI] = { EXIT_NONE, decode_nothing },
	[SVM_INIT] = { EXIT_NONE, decode_nothing },
	[SVM_IRET] = { EXIT_NONE, decode_iret },
	[SVM_CPUID] = { EXIT_CPUID, decode_nothing },
	[SVM_INVD] = { EXIT_CACHE, decode_nothing },
	[SVM_WBINVD] = { EXIT_CACHE, decode_nothing },
	[SVM_HLT] = { EXIT_HLT, decode_nothing },
	[SVM_IOIO] = { EXIT_PIO, decode_io },
	[SVM_MSR] = { EXIT_MSR_READ, decode_msr },
	[SVM_SHUTDOWN] = { EXIT_SHUTDOWN, decode_nothing },
	[SVM_VMMCALL] = { EXIT_HYPERCALL, decode_nothing },
	[SVM_XSETBV] = { EXIT_XSETBV, decode_nothing },
	RULE_INSN(SVM_RDPMC), RULE_INSN(SVM_RSM), RULE_INSN(SVM_INVLPGA), RULE_INSN(SVM_VMRUN),
	RULE_INSN(SVM_VMLOAD), RULE_INSN(SVM_VMSAVE),
	RULE_INSN(SVM_STGI), RULE_INSN(SVM_CLGI), RULE_INSN(SVM_SKINIT), RULE_INSN(SVM_MONITOR), RULE_INSN(SVM_MWAIT),
	RULE_INSN(SVM_MWAIT_ARMED), RULE_INSN(SVM_RDPRU),
};

static u32 instruction_length(const struct vmcb *v)
{
	u64 length = v->next_rip - v->rip;

	return svm_features.has_nrips && length <= 15 ? (u32)length : 0;
}

void svm_exit_decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	u32 code = (u32)hw->vmcb->exit_code;

	exit->flags = 0;
	exit->insn_len = instruction_length(hw->vmcb);
	if (code < ARRAY_COUNT(rules) && rules[code].decode) {
		exit->reason = rules[code].reason;
		rules[code].decode(hw, exit);
	} else if (code == SVM_NESTED_FAULT) {
		decode_nested_fault(hw, exit);
	} else if (code == SVM_EXIT_INVALID) {
		decode_invalid(hw, entry, exit);
	} else {
		decode_bad(hw, exit);
	}
}
