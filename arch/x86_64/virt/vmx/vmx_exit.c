/* SPDX-License-Identifier: MIT */
/*
 * vmx_exit.c - exit reasons become neutral records by a table of handlers; what needs no VMM (host interrupts, windows,
 * hidden control-register bits) becomes EXIT_NONE.
 *
 * The record is written straight into the vcpu page, and nothing but GPRs is read back from there. vmx_enter,
 * vmx_switch, vmx_exit and the handlers jump to each other and need no registers of their caller's: the usual way is
 * one row of instructions.
 */
#include "virt_bits.h"
#include "vmx.h"

#define UNUSED __attribute__((unused))
#define NOINLINE __attribute__((noinline))

/* The rest of the record. Returns the reason. May set entry->event. */
#define HANDLER(name) static u32 name(UNUSED struct vcpu_hw *hw, UNUSED struct vcpu_page *page, UNUSED u64 code)

/* Length and flags, which are 0 for most, are next to each other. */
_Static_assert(offsetof(struct vcpu_exit, flags) == offsetof(struct vcpu_exit, insn_len) + 4, "written as one");

/* An exit for whose reason the instruction-length field is valid (27.2.5). */
static inline u32 report_exit_insn(struct vcpu_page *page, u32 reason)
{
	vmread_to(VMCS_EXIT_INSN_LEN, &page->exit.insn_len);
	page->exit.reason = reason;
	page->filled = GROUP_GPR;
	return reason;
}

static NOINLINE u32 code_32(u64 access, u64 efer, u64 cr4)
{
	if ((access & (ACCESS_L | ACCESS_DB)) != ACCESS_DB ||
	    (vmread(VMCS_GUEST_CS_BASE) | vmread(VMCS_GUEST_DS_BASE) | vmread(VMCS_GUEST_SS_BASE)))
		return CODE_OTHER;
	return code_32_kind(vmread(VMCS_GUEST_CR0), cr4, efer);
}

/* GROUP_GPR, and GROUP_CODE as it is due. */
static u32 store_code(struct vcpu_page *page)
{
	u64 access = vmread(VMCS_GUEST_CS_ACCESS), efer = vmread(VMCS_GUEST_EFER), cr4 = vmread(VMCS_GUEST_CR4);
	bool is_64 = (access & ACCESS_L) && (efer & EFER_LMA);
	u32 kind = likely(is_64) ? CODE_64 : code_32(access, efer, cr4);

	page->cr3 = vmread(VMCS_GUEST_CR3);
	return GROUP_GPR | kind << GROUP_CODE_SHIFT;
}

/* Any other for the VMM. */
static u32 report_exit(struct vcpu_page *page, u32 reason, u32 flags)
{
	page->exit.insn_len = 0;
	page->exit.flags = flags;
	page->exit.reason = reason;
	page->filled = store_code(page);
	return reason;
}

/*
 * An exit that need not leave the kernel may lead straight to the next entry, so it is a time to look at host
 * interrupts: see choose_timer.
 */
static void poll_host_irqs(const struct vcpu_hw *hw)
{
	if (unlikely(hw->is_timed))
		arch_interrupts_poll();
}

/*
 * The last instruction before a hole of the address space was completed in software, and no entry takes the RIP behind
 * it (26.3.1.4). The fetch would be #GP; the RIP that its frame shows is canonical.
 */
static bool is_behind_the_end(struct vcpu_hw *hw)
{
	u32 shift = 64u - virt_limits.linear_bits;
	u64 rip = vmread(VMCS_GUEST_RIP), canonical = (u64)((s64)(rip << shift) >> shift);

	if (rip == canonical)
		return false;
	vmwrite(VMCS_GUEST_RIP, canonical);
	if (!hw->entry->event.valid)
		virt_raise_gp(hw->entry);
	return true;
}

/*
 * Nothing was run: VMfail, before any guest state was looked at, or a guest state that was refused. The event to inject
 * is left valid then. Or else an exit that was never asked for.
 */
HANDLER(exit_refused)
{
	bool is_fail = code == VMX_REFUSED;

	page->exit.bad_state.hardware = is_fail ? BIT64(32) | vmread(VMCS_INSN_ERROR) : code;
	page->exit.bad_state.detail = is_fail ? 0 : vmread(VMCS_QUALIFICATION);
	if (code == VMX_ENTRY_MACHINE_CHECK)	/* no handler has seen it (SDM Vol. 3 26.9) */
		machine_check(false);
	if (code & VMX_ENTRY_FAILED) {
		vmx_event_collect(hw, hw->entry, true);
		vmwrite(VMCS_ENTRY_EVENT, 0);
		if (is_behind_the_end(hw))
			return EXIT_NONE;
	}
	return report_exit(page, EXIT_BAD_STATE, 0);
}

/* Nothing but to enter again. */
HANDLER(exit_none)
{
	poll_host_irqs(hw);
	return EXIT_NONE;
}

/* The exit has acknowledged the interrupt (24.7.1); the field says which it was. */
HANDLER(exit_host_interrupt)
{
	arch_interrupt((u32)vmread(VMCS_EXIT_EVENT) & EVENT_VECTOR);
	poll_host_irqs(hw);
	return EXIT_NONE;
}

/*
 * #DB does not change DR6 and DR7 when it is intercepted (27.1): do it, so that the VMM only has to put the exception
 * back.
 */
static void note_debug_exception(struct vcpu_hw *hw, u64 causes)
{
	vmx_reclaim_drs(hw);
	hw->dr6 = (hw->dr6 & ~0xfull) | (causes & DR6_CAUSES);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
}

/* An IRET had ended NMI blocking, and its fault left the guest: it will be run again. */
static void note_nmi_unblocked(struct vcpu_hw *hw)
{
	if (!hw->entry->event.valid)
		vmx_set_interruptibility(hw, hw->interruptibility | BLOCKING_NMI);
}

static u32 exit_guest_exception(struct vcpu_hw *hw, struct vcpu_page *page, u32 info)
{
	u64 address = vmread(VMCS_QUALIFICATION);
	bool is_int1 = (info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == VMX_EVENT_ICEBP;

	if (info & EVENT_NMI_UNBLOCKED)
		note_nmi_unblocked(hw);
	page->exit.exception.vector = info & EVENT_VECTOR;
	page->exit.exception.error = info & EVENT_HAS_ERROR ? (u32)vmread(VMCS_EXIT_ERROR) : 0;
	page->exit.exception.address = address;
	if ((info & EVENT_VECTOR) == VECTOR_DB && !is_int1)
		note_debug_exception(hw, address);
	report_exit(page, EXIT_EXCEPTION, 0);
	page->exit.insn_len = is_int1 ? (u32)vmread(VMCS_EXIT_INSN_LEN) : 0;
	return EXIT_EXCEPTION;
}

/* NMIs and machine checks are the host's. IRET of the NMI's handler ends NMI blocking. */
HANDLER(exit_exception)
{
	u32 info = (u32)vmread(VMCS_EXIT_EVENT);

	vmx_event_collect(hw, hw->entry, false);
	if ((info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == VMX_EVENT_NMI)
		__asm__ volatile("int $2");
	else if ((info & EVENT_VECTOR) == VECTOR_MC)
		machine_check(false);
	else
		return exit_guest_exception(hw, page, info);
	poll_host_irqs(hw);
	return EXIT_NONE;
}

_Static_assert(IO_IN >> 3 == PIO_IN && IO_STRING >> 3 == PIO_STRING && IO_REP >> 3 == PIO_REP, "shifted by 3");

HANDLER(exit_io)
{
	u32 q = (u32)vmread(VMCS_QUALIFICATION), flags = q >> 3 & 7u;

	page->exit.pio.port = (u16)(q >> 16);
	page->exit.pio.size = (u8)((q & 7u) + 1);
	page->exit.pio.next_rip = 0;
	if (unlikely(flags & PIO_STRING))
		return report_exit(page, EXIT_PIO, flags);
	report_exit_insn(page, EXIT_PIO);
	page->exit.flags = flags;
	return EXIT_PIO;
}

HANDLER(exit_rdmsr)
{
	page->exit.msr.index = (u32)page->gpr[GPR_RCX];
	return report_exit_insn(page, EXIT_MSR_READ);
}

HANDLER(exit_wrmsr)
{
	page->exit.msr.index = (u32)page->gpr[GPR_RCX];
	return report_exit_insn(page, EXIT_MSR_WRITE);
}

_Static_assert(EPT_READ == MEM_READ && EPT_WRITE == MEM_WRITE && EPT_EXEC == MEM_EXEC, "as is");

HANDLER(exit_ept_violation)
{
	struct vcpu_entry *entry = hw->entry;
	u32 q = (u32)vmread(VMCS_QUALIFICATION);
	u32 flags = q & (EPT_READ | EPT_WRITE | EPT_EXEC);

	vmx_event_collect(hw, entry, false);
	if (likely(q & EPT_LINEAR_VALID)) {
		flags |= MEM_GVA | (q & EPT_FINAL ? 0 : MEM_WALK);
		vmread_to(VMCS_GUEST_LINEAR, &page->exit.mem.gva);
	}
	if (unlikely(q & EPT_NMI_UNBLOCKED))
		note_nmi_unblocked(hw);
	entry->mem_flags = flags;
	entry->mem_gpa = vmread(VMCS_GUEST_PHYSICAL);
	page->exit.mem.gpa = entry->mem_gpa;
	poll_host_irqs(hw);
	return report_exit(page, EXIT_MEM, flags);
}

static u64 moved_value(const struct vcpu_page *page, u64 qualification)
{
	return page->gpr[qualification >> 8 & 0xfu];
}

/*
 * MOV to CR0 that changes NE, CD or NW as the guest sees them: only the shadow changes, and the instruction is run
 * again. It does not exit a second time, and the hardware does the rest of it, faults included.
 */
static void move_cr0(struct vcpu_entry *entry, u64 value)
{
	if (value >> 32 || ((value & CR0_NW) && !(value & CR0_CD)) || ((value & CR0_PG) && !(value & CR0_PE)))
		virt_raise_gp(entry);
	else
		vmwrite(VMCS_CR0_SHADOW, (vmread(VMCS_CR0_SHADOW) & ~VMX_CR0_MASK) | (value & VMX_CR0_MASK));
}

/*
 * MOV to CR4 exits only for bits that this machine's guests can't set (VMXE among them). MCE, which OVMF sets whatever
 * CPUID says, changes in the shadow alone, as above: the guest's real bit is the host's.
 */
HANDLER(exit_cr_access)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	u32 number = q & 0xfu;
	bool is_mov_to = (q >> 4 & 3u) == 0;

	if (number == 8)
		return report_exit(page, EXIT_CR8, 0);
	if (number == 0 && is_mov_to)
		move_cr0(hw->entry, moved_value(page, q));
	else if (number == 4 && is_mov_to && !(moved_value(page, q) & ~(virt_limits.cr4_mask | CR4_MCE)))
		vmwrite(VMCS_CR4_SHADOW, vmread(VMCS_CR4_SHADOW) ^ CR4_MCE);
	else if (number == 4 && is_mov_to)
		virt_raise_gp(hw->entry);
	else
		return exit_refused(hw, page, code);
	poll_host_irqs(hw);
	return EXIT_NONE;
}

/* The first one since others ran. */
HANDLER(exit_dr)
{
	vmx_pass_drs(hw);
	poll_host_irqs(hw);
	return EXIT_NONE;
}

HANDLER(exit_shutdown) { return report_exit(page, EXIT_SHUTDOWN, 0); }
HANDLER(exit_task_switch) { return report_exit(page, EXIT_TASK_SWITCH, 0); }
HANDLER(exit_tpr) { return report_exit(page, EXIT_TPR, 0); }
HANDLER(exit_cpuid) { return report_exit_insn(page, EXIT_CPUID); }
HANDLER(exit_hlt) { return report_exit_insn(page, EXIT_HLT); }
HANDLER(exit_cache) { return report_exit_insn(page, EXIT_CACHE); }
HANDLER(exit_hypercall) { return report_exit_insn(page, EXIT_HYPERCALL); }
HANDLER(exit_pause) { return report_exit_insn(page, EXIT_PAUSE); }
HANDLER(exit_xsetbv) { return report_exit_insn(page, EXIT_XSETBV); }
HANDLER(exit_insn) { return report_exit_insn(page, EXIT_INSN); }

static u32 (*const handlers[VMX_EXIT_TABLE_SIZE])(struct vcpu_hw *hw, struct vcpu_page *page, u64 code) = {
	[VMX_EXCEPTION_NMI] = exit_exception,
	[VMX_EXTERNAL_INTERRUPT] = exit_host_interrupt,
	[VMX_TRIPLE_FAULT] = exit_shutdown,
	[VMX_INIT] = exit_none,
	[VMX_INTERRUPT_WINDOW] = exit_none,
	[VMX_NMI_WINDOW] = exit_none,
	[VMX_TASK_SWITCH] = exit_task_switch,
	[VMX_CPUID] = exit_cpuid,
	[VMX_HLT] = exit_hlt,
	[VMX_INVD] = exit_cache,
	[VMX_WBINVD] = exit_cache,
	[VMX_VMCALL] = exit_hypercall,
	[VMX_CR_ACCESS] = exit_cr_access,
	[VMX_MOV_DR] = exit_dr,
	[VMX_IO] = exit_io,
	[VMX_RDMSR] = exit_rdmsr,
	[VMX_WRMSR] = exit_wrmsr,
	[VMX_PAUSE] = exit_pause,
	[VMX_TPR_BELOW] = exit_tpr,
	[VMX_EPT_VIOLATION] = exit_ept_violation,
	[VMX_PREEMPTION_TIMER] = exit_none,
	[VMX_XSETBV] = exit_xsetbv,
	[VMX_GETSEC] = exit_insn, [VMX_RDPMC] = exit_insn, [VMX_RSM] = exit_insn, [VMX_VMCLEAR] = exit_insn,
	[VMX_VMLAUNCH] = exit_insn, [VMX_VMPTRLD] = exit_insn, [VMX_VMPTRST] = exit_insn, [VMX_VMREAD] = exit_insn,
	[VMX_VMRESUME] = exit_insn, [VMX_VMWRITE] = exit_insn, [VMX_VMXOFF] = exit_insn, [VMX_VMXON] = exit_insn,
	[VMX_MWAIT] = exit_insn, [VMX_MONITOR] = exit_insn, [VMX_INVEPT] = exit_insn, [VMX_INVVPID] = exit_insn,
	[VMX_VMFUNC] = exit_insn,
	/* Never asked for: */
	[VMX_SIPI] = exit_refused, [VMX_SIPI + 1] = exit_refused, [VMX_SIPI + 2] = exit_refused,
	[VMX_INVLPG] = exit_refused, [VMX_RDTSC] = exit_refused,
	[VMX_WRMSR + 1 ... VMX_MWAIT - 1] = exit_refused, [VMX_MWAIT + 1 ... VMX_MONITOR - 1] = exit_refused,
	[VMX_PAUSE + 1 ... VMX_TPR_BELOW - 1] = exit_refused,
	[VMX_TPR_BELOW + 1 ... VMX_EPT_VIOLATION - 1] = exit_refused,
	[VMX_EPT_MISCONFIG] = exit_refused, [VMX_RDTSCP] = exit_refused,
	[VMX_XSETBV + 1 ... VMX_VMFUNC - 1] = exit_refused,
};

static inline u32 handle(struct vcpu_hw *hw, struct vcpu_page *page, u64 code)
{
	return likely(code < ARRAY_COUNT(handlers)) ? handlers[code](hw, page, code) : exit_refused(hw, page, code);
}

/* Before the next entry there is more to do than a step; and a PD with ports is rare. */
static NOINLINE u32 exit_unusual(struct vcpu_hw *hw, struct vcpu_page *page, u64 code)
{
	page->shadow &= BLOCKING_STI | BLOCKING_MOVSS | BLOCKING_NMI;
	hw->slow_entry = true;
	if (hw->has_ports)
		arch_ports_restore();
	return handle(hw, page, code);
}

/*
 * Where vmx_switch goes on. The exit has set the limit of the GDT to 64 KiB, so that ring 3 could load segments from
 * what lies behind it, and that of the TSS to 67h, which cuts off its I/O bitmap (27.5.2). The limit of the IDT does
 * not matter, and DR7 is off.
 */
u32 vmx_exit(struct vcpu_hw *hw, struct vcpu_page *page, u64 code)
{
	u64 rflags, interruptibility;

	lgdt(&hw->host_gdtr);
	hw->cr2 = cr2_read();
	rflags = vmread(VMCS_GUEST_RFLAGS);
	page->rflags = rflags;
	interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY);
	hw->interruptibility = (u32)interruptibility;
	page->shadow = (u32)interruptibility;
	vmread_to(VMCS_GUEST_RIP, &page->rip);
	vmread_to(VMCS_GUEST_RSP, &page->gpr[GPR_RSP]);
	page->cr8 = hw->tpr >> 4;
	if (unlikely(((rflags ^ RFLAGS_IF) & hw->unusual_rflags) | interruptibility))
		return exit_unusual(hw, page, code);
	return handle(hw, page, code);
}
