/*
 * vmx.c - Intel VMX with EPT and unrestricted guest: per-pCPU set-up, vCPU life, one entry (SDM Vol. 3 chapters 23 -
 * 28).
 *
 * What a VM exit does not restore is restored here at once: the limits of GDT and TSS, and the MSRs of the MSR areas. A
 * vCPU's VMCS is active on the pCPU where it ran last; vmx_leave clears it there.
 */
#include "vmx.h"
#include "info_page.h"
#include "virt_bits.h"

enum { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };

static void *frame_with_revision(void)
{
	u32 *frame = kernel_frame_alloc();

	if (frame)
		frame[0] = (u32)rdmsr(MSR_VMX_BASIC) & 0x7fffffffu;
	return frame;
}

static bool vmxon(hpa_t frame)
{
	bool is_on;

	__asm__ volatile("vmxon %1; seta %0" : "=qm"(is_on) : "m"(frame.raw) : "cc", "memory");
	return is_on;
}

static void invept(u64 type, u64 pointer)
{
	struct { u64 pointer, zero; } descriptor = { pointer, 0 };

	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

/* Where the exits must lead back to. */
static void note_tables(struct vmx_cpu *cpu)
{
	const u64 *descriptor;

	__asm__ volatile("sgdt %0" : "=m"(cpu->gdtr));
	__asm__ volatile("sidt %0" : "=m"(cpu->idtr));
	descriptor = (const u64 *)(cpu->gdtr.base + SEL_TSS);	/* NOLINT: the processor's own pointer */
	cpu->tss_base = (descriptor[0] >> 16 & 0xffffffull) | (descriptor[0] >> 56) << 24 | descriptor[1] << 32;
}

static bool enable(hpa_t frame)
{
	cr0_write(cr0_read() | (rdmsr(MSR_VMX_CR0_FIXED0) & 0xffffffffull));
	cr4_write(cr4_read() | CR4_VMXE);
	if (vmxon(frame))
		return true;
	cr4_write(cr4_read() & ~CR4_VMXE);
	return false;
}

static enum status vmx_cpu_on(void)
{
	struct vmx_cpu *cpu = kernel_frame_alloc();
	void *frame = frame_with_revision();

	if (!cpu || !frame || !vmx_is_switched_on() || !enable(direct_hpa(frame))) {
		enum status status = cpu && frame ? ST_UNSUPPORTED : ST_NOMEM;

		kernel_frame_free(cpu);
		kernel_frame_free(frame);
		return status;
	}
	note_tables(cpu);
	pcpu_self()->virt = cpu;
	return ST_OK;
}

static void vmx_cpu_off(void)
{
	__asm__ volatile("vmxoff" : : : "cc", "memory");
	cr4_write(cr4_read() & ~CR4_VMXE);
}

static void vmx_leave(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = pcpu_self()->virt;

	__asm__ volatile("vmclear %0" : : "m"(hw->vmcs_hpa.raw) : "cc", "memory");
	hw->is_launched = false;
	hw->chores |= CHORE_HOST | CHORE_FLUSH;
	if (cpu->current == hw)
		cpu->current = NULL;
}

static enum status vmx_vcpu_init(struct vcpu_hw **out, hpa_t s2_root, u32 index, u64 *page_gpr)
{
	struct vcpu_hw *hw = kernel_frame_alloc();
	void *vmcs = frame_with_revision();
	void *virtual_apic = kernel_frame_alloc();

	if (!hw || !vmcs || !virtual_apic) {
		kernel_frame_free(hw);
		kernel_frame_free(vmcs);
		kernel_frame_free(virtual_apic);
		return ST_NOMEM;
	}
	hw->vmcs = vmcs;
	hw->vmcs_hpa = direct_hpa(vmcs);
	hw->virtual_apic = virtual_apic;
	hw->gpr = page_gpr;
	vmx_leave(hw);
	(void)vmx_make_current(hw);
	vmx_init_guest_part(hw, s2_root, index);
	vmx_load(hw, &virt_init_state, GROUP_ALL);
	*out = hw;
	return ST_OK;
}

static void vmx_vcpu_fini(struct vcpu_hw *hw)
{
	kernel_frame_free(hw->virtual_apic);
	kernel_frame_free(hw->vmcs);
	kernel_frame_free(hw);
}

static void vmx_flush(struct vcpu_hw *hw)
{
	hw->chores |= CHORE_FLUSH;
}

/*
 * With second-level tables all cached translations of a guest are tagged with its table too, so INVEPT gets rid of
 * them whatever the VPID (28.3.1).
 */
static void flush(struct vcpu_hw *hw)
{
	if (vmx_controls.invept_single)
		invept(INVEPT_SINGLE, hw->ept_pointer);
	else
		invept(INVEPT_ALL, 0);
}

/* What only some entries need. */
static __attribute__((noinline)) void do_chores(struct vcpu_hw *hw, struct vcpu_entry *entry)
{
	vmx_event_inject(hw, entry);
	if (hw->chores & CHORE_HOST)
		vmx_init_host_part();
	if (hw->chores & CHORE_FLUSH)
		flush(hw);
	if (hw->chores & CHORE_BREAKPOINTS) {
		dr0_write(hw->dr[0]);
		dr1_write(hw->dr[1]);
		dr2_write(hw->dr[2]);
		dr3_write(hw->dr[3]);
	}
	hw->chores &= ~(CHORE_HOST | CHORE_FLUSH);
}

static void vmx_prepare(struct vcpu_hw *hw)
{
	(void)vmx_make_current(hw);
	vmwrite(VMCS_HOST_FS_BASE, ((const struct arch_thread *)pcpu_self()->current)->fs_base);
}

static void before_entry(struct vcpu_hw *hw, struct vcpu_entry *entry)
{
	if (entry->event.valid | entry->intr_pending | entry->nmi_pending | entry->tpr_threshold | hw->chores)
		do_chores(hw, entry);
	if (hw->is_masked == ((hw->rflags & RFLAGS_IF) != 0))
		vmx_follow_interrupt_flag(hw);
	if (cr2_read() != hw->cr2)
		cr2_write(hw->cr2);
}

/*
 * Nothing was run: VMfail, before any guest state was looked at, or a guest state that was refused; the event to inject
 * is left valid then, and the VMCS not launched. Or else an exit that was never asked for.
 */
static __attribute__((noinline)) void refuse(struct vcpu_hw *hw, struct vcpu_exit *exit, u32 code)
{
	bool is_fail = code == VMX_REFUSED;

	*exit = (struct vcpu_exit){ .reason = EXIT_BAD_STATE };
	exit->bad_state.hardware = is_fail ? BIT64(32) | vmread(VMCS_INSN_ERROR) : code;
	exit->bad_state.detail = is_fail ? 0 : vmread(VMCS_QUALIFICATION);
	if (code & VMX_ENTRY_FAILED) {
		vmwrite(VMCS_ENTRY_EVENT, 0);
		hw->is_launched = false;
	}
}

/* See struct exit_rule. What needs no VMM may lead straight to the next entry, so it is a time to look. */
static void decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit, const struct exit_rule *rule)
{
	exit->reason = rule->reason;
	exit->flags = 0;
	exit->insn_len = rule->facts & FACT_LENGTH ? (u32)vmread(VMCS_EXIT_INSN_LEN) : 0;
	if (rule->facts & FACT_CUTS)
		vmx_event_collect(hw, entry);
	if (rule->decode)
		rule->decode(hw, entry, exit);
	if ((rule->facts & FACT_STAYS) && hw->is_masked)
		arch_interrupts_poll();
}

/*
 * The exit has set the limit of the GDT to 64 KiB, so that ring 3 could load segments from what lies behind it, and
 * that of the TSS to 67h, which cuts off its I/O bitmap (27.5.2). The limit of the IDT does not matter, and DR7 is
 * off.
 */
static void enter(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit)
{
	struct vmx_cpu *cpu = vmx_make_current(hw);
	u32 code;

	before_entry(hw, entry);
	code = vmx_switch(hw->gpr, &hw->host_rsp, hw->is_launched);
	__asm__ volatile("lgdt %0" : : "m"(cpu->gdtr));
	if (pcpu_self()->has_ports)
		arch_ports_restore();
	hw->cr2 = cr2_read();
	hw->rflags = vmread(VMCS_GUEST_RFLAGS);
	hw->interruptibility = (u32)vmread(VMCS_GUEST_INTERRUPTIBILITY);
	hw->is_launched = true;
	entry->event.valid = 0;
	if (code < VMX_EXIT_TABLE_SIZE && vmx_exit_rules[code].is_known)
		decode(hw, entry, exit, &vmx_exit_rules[code]);
	else
		refuse(hw, exit, code);
}

static u32 vmx_enter(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *page)
{
	struct vcpu_exit exit;

	if (entry->is_step) {
		entry->is_step = false;
		vmx_step(hw, page);
	}
	enter(hw, entry, &exit);
	if (exit.reason == EXIT_NONE)
		return EXIT_NONE;
	if (exit.reason == EXIT_MEM) {
		entry->mem_flags = exit.flags;
		entry->mem_gpa = exit.mem.gpa;
	}
	page->exit = exit;
	vmx_store(hw, page, GROUP_GPR);
	page->filled = exit.insn_len == 0 && vmx_store_code(page) ? GROUP_GPR | GROUP_CODE : GROUP_GPR;
	return exit.reason;
}

const struct virt_ops vmx_ops = {
	.name = "Intel VMX",
	.kind = VIRT_VMX,
	.s2_format = &pt_ept,
	.probe = vmx_probe,
	.cpu_on = vmx_cpu_on,
	.cpu_off = vmx_cpu_off,
	.vcpu_frames = 3,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_fini = vmx_vcpu_fini,
	.leave = vmx_leave,
	.load = vmx_load,
	.store = vmx_store,
	.prepare = vmx_prepare,
	.enter = vmx_enter,
	.flush = vmx_flush,
};
