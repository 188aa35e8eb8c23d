/* SPDX-License-Identifier: MIT */
/*
 * vmx.c - Intel VMX with EPT and unrestricted guest: probing, per-pCPU set-up, vCPU life, one entry (SDM Vol. 3
 * chapters 23 - 28).
 *
 * A vCPU's VMCS is active on the pCPU where it ran last; vmx_leave clears it there.
 */
#include "vmx.h"
#include "info_page.h"
#include "kernel_upcalls.h"
#include "virt_bits.h"
#include "vmx_offsets.h"

_Static_assert(offsetof(struct vcpu_hw, page) == HW_PAGE && offsetof(struct vcpu_hw, host_rsp) == HW_HOST_RSP &&
	       offsetof(struct pcpu, fast_vcpu) == PCPU_FAST_VCPU && offsetof(struct vcpu_page, gpr) == PAGE_GPR(0),
	       "vmx_switch.S");

enum { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };

static bool vmx_probe(struct info_page *info)
{
	if (!(cpuid(1, 0).ecx & BIT32(5)))
		return false;
	if (!vmx_is_switched_on()) {
		virt_note_reason(info, "Intel VMX is switched off in the firmware's settings");
		return false;
	}
	if (!vmx_choose_controls(info)) {
		virt_note_reason(info, "the processor has Intel VMX, but not EPT with unrestricted guest");
		return false;
	}
	vmx_init_shared();
	info->features_used |= BIT64(FEAT_VMX) | BIT64(FEAT_EPT) | BIT64(FEAT_UNRESTRICTED_GUEST);
	virt_note_feature(info, FEAT_VPID, (vmx_controls.proc2 & PROC2_VPID) != 0);
	virt_note_feature(info, FEAT_PAUSE_FILTER, (vmx_controls.proc2 & PROC2_PAUSE_LOOP) != 0);
	virt_note_feature(info, FEAT_TPR_SHADOW, (vmx_controls.proc & PROC_TPR_SHADOW) != 0);
	return true;
}

/* The frame behind this one becomes a VMCS, or the VMXON region. */
static hpa_t frame_with_revision(void *before)
{
	hpa_t frame = HPA(direct_hpa(before).raw + PAGE_SIZE);

	*(u32 *)direct_pointer(frame) = (u32)rdmsr(MSR_VMX_BASIC) & VMX_BASIC_REVISION;
	return frame;
}

static bool vmxon(hpa_t frame)
{
	bool is_on;

	__asm__ volatile("vmxon %1; seta %0" : "=qm"(is_on) : "m"(frame.raw) : "cc", "memory");
	return is_on;
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
	struct vmx_cpu *cpu = kernel_frames_alloc(2);

	if (!cpu)
		return ST_NOMEM;
	if (!vmx_is_switched_on() || !enable(frame_with_revision(cpu))) {
		kernel_frames_free(cpu, 2);
		return ST_UNSUPPORTED;
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

/* No other VMCS becomes current before. */
static void vmx_put_away(struct pcpu *pcpu)
{
	const struct vmx_cpu *cpu = pcpu->virt;

	if (cpu->current)
		vmx_reclaim_drs(cpu->current);
	pcpu->has_guest_state = false;
}

static void vmx_leave(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = pcpu_self()->virt;

	vmx_reclaim_drs(hw);
	vmclear(&hw->vmcs_hpa);
	hw->pending_work |= WORK_HOST | WORK_FLUSH;
	if (cpu->current == hw)
		cpu->current = NULL;
}

/* vmx_prepare gets the whole page. */
static void vmx_vcpu_init(struct vcpu_hw *hw, hpa_t s2_root, u32 index, u64 *)
{
	hw->vmcs_hpa = frame_with_revision(hw);
	vmx_leave(hw);
	vmx_make_current(hw);
	vmx_init_guest_part(hw, s2_root, index);
	vmx_load(hw, &virt_init_state, GROUP_ALL);
}

static void vmx_flush(struct vcpu_hw *hw)
{
	hw->pending_work |= WORK_FLUSH;
}

/*
 * With second-level tables all cached translations of a guest are tagged with its table too, so INVEPT gets rid of
 * them whatever the VPID (28.3.1).
 */
static void flush(struct vcpu_hw *hw)
{
	invept(vmx_controls.invept_single ? INVEPT_SINGLE : INVEPT_ALL, hw->ept_pointer);
}

static __attribute__((noinline)) void do_pending_work(struct vcpu_hw *hw)
{
	if (hw->pending_work & WORK_HOST)
		vmx_init_host_part(hw);
	if (hw->pending_work & WORK_FLUSH)
		flush(hw);
	hw->pending_work = 0;
}

/*
 * The timer goes on with the first entry with IF = 0, and may go on until here: guests change IF all the time. Siblings
 * that wait change nothing: there is PAUSE_WINDOW; without PLE a loop of PAUSEs goes on to the end of its slice.
 */
static void vmx_prepare(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *page, bool)
{
	const struct pcpu *pcpu = pcpu_self();

	hw->entry = entry;
	hw->page = page;
	vmx_make_current(hw);
	if (unlikely(hw->pending_work))
		do_pending_work(hw);
	vmwrite_from(VMCS_HOST_FS_BASE, &((const struct arch_thread *)pcpu->current)->fs_base);
	if (hw->is_timed || hw->has_ports != pcpu->has_ports) {
		hw->has_ports = pcpu->has_ports;
		vmx_set_timed(hw, !(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF));
	}
	cr2_write(hw->cr2);
	if (unlikely(hw->is_armed) && !hw->has_drs)
		dr_write_addresses(hw->dr);
}

/* RFLAGS.RF and the shadows of STI and MOV SS end with the instruction. */
static void advance_rip(struct vcpu_hw *hw, u64 rflags)
{
	vmwrite_from(VMCS_GUEST_RIP, &hw->page->rip);
	if (rflags & RFLAGS_RF)
		vmwrite(VMCS_GUEST_RFLAGS, rflags & ~RFLAGS_RF);
	vmx_set_interruptibility(hw, hw->interruptibility & ~(BLOCKING_STI | BLOCKING_MOVSS));
}

/*
 * In the shadow of STI or MOV SS the trap of a single step is pending exactly if RFLAGS.TF is set, or the entry is
 * refused (26.3.1.5). Exits for #DB and software that changes either leave it otherwise.
 */
static void set_pending_step(const struct vcpu_hw *hw, u64 rflags)
{
	bool is_pending = (hw->interruptibility & (BLOCKING_STI | BLOCKING_MOVSS)) && (rflags & RFLAGS_TF);

	vmwrite(VMCS_GUEST_PENDING_DEBUG,
		(vmread(VMCS_GUEST_PENDING_DEBUG) & ~DR6_BS) | (is_pending ? DR6_BS : 0));
}

static __attribute__((noinline)) void prepare_entry_slow(struct vcpu_hw *hw, struct vcpu_entry *entry, u32 what)
{
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);
	u32 shadow = hw->interruptibility & (BLOCKING_STI | BLOCKING_MOVSS);

	if (what & ENTER_STEP)
		advance_rip(hw, rflags);
	if (shadow)
		set_pending_step(hw, rflags);
	if ((what & ENTER_EVENTS) || (hw->window | hw->tpr_threshold))
		vmx_event_inject(hw, entry, rflags);
	if (!hw->is_timed && !(rflags & RFLAGS_IF))
		vmx_set_timed(hw, true);
	hw->slow_entry = (hw->window | hw->tpr_threshold) != 0;
}

static u32 vmx_enter(struct vcpu_hw *hw, u32 what)
{
	if (likely(what == ENTER_STEP && !hw->slow_entry))
		vmwrite_from(VMCS_GUEST_RIP, &hw->page->rip);
	else
		prepare_entry_slow(hw, hw->entry, what);
	return vmx_switch(hw);
}

const struct virt_ops vmx_ops = {
	.name = "Intel VMX",
	.kind = VIRT_VMX,
	.s2_format = &pt_ept,
	.probe = vmx_probe,
	.cpu_on = vmx_cpu_on,
	.cpu_off = vmx_cpu_off,
	.vcpu_init = vmx_vcpu_init,
	.leave = vmx_leave,
	.load = vmx_load,
	.store = vmx_store,
	.prepare = vmx_prepare,
	.enter = vmx_enter,
	.put_away = vmx_put_away,
	.flush = vmx_flush,
};
