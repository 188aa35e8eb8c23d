/* SPDX-License-Identifier: MIT */
/*
 * svm.c - AMD SVM with nested paging: per-pCPU set-up, vCPU life, one entry (APM Vol. 2 chapter 15).
 *
 * Never relied on: NRIPS, decode assists, flush-by-ASID, clean bits. The clean bits stay 0, so the VMCB is always
 * read anew. A vCPU has an ASID of its own on the pCPU where it runs; flushing means taking a fresh one.
 */
#include <string.h>

#include "svm.h"
#include "info_page.h"
#include "kernel_upcalls.h"
#include "quirks.h"
#include "svm_offsets.h"
#include "virt_bits.h"

_Static_assert(offsetof(struct vcpu_hw, vmcb_hpa) == HW_VMCB_HPA && offsetof(struct vcpu_hw, gpr) == HW_GPR &&
	       offsetof(struct vcpu_hw, host_save) == HW_HOST_SAVE, "svm_switch.S");

/*
 * All ports and, but for a few, all MSRs exit (15.10, 15.11). The same for every guest, never changed after the
 * probe.
 */
static u8 io_bitmap[3 * PAGE_SIZE] __attribute__((aligned(4096)));
static u8 msr_bitmap[2 * PAGE_SIZE] __attribute__((aligned(4096)));

/*
 * MSRs whose guest value is what the hardware holds while the guest runs: VMLOAD and VMSAVE switch them. The targets
 * of SYSCALL are written rarely, and not every implementation insists that they be canonical; the VMM does.
 */
struct open_msr { u32 index; u8 accesses; };
enum { MSR_READS = 1, MSR_WRITES = 2, MSR_BOTH = 3 };
static const struct open_msr open_msrs[] = {
	{ MSR_SYSENTER_CS, MSR_BOTH }, { MSR_SYSENTER_ESP, MSR_BOTH }, { MSR_SYSENTER_EIP, MSR_BOTH },
	{ MSR_STAR, MSR_BOTH }, { MSR_LSTAR, MSR_READS }, { MSR_CSTAR, MSR_READS }, { MSR_SFMASK, MSR_BOTH },
	{ MSR_FS_BASE, MSR_BOTH }, { MSR_GS_BASE, MSR_BOTH }, { MSR_KERNEL_GS_BASE, MSR_BOTH },
};

/* Two bits an MSR, for reads and writes; 0x800 bytes for 0.., then for 0xc0000000.. */
static void open_msr(const struct open_msr *m)
{
	u32 bit = (m->index & 0x1fffu) * 2 + (m->index >= 0xc0000000u ? 0x800u * 8 : 0);

	msr_bitmap[bit / 8] &= (u8)~((u32)m->accesses << (bit & 7u));
}

static void fill_bitmaps(void)
{
	memset(io_bitmap, 0xff, sizeof(io_bitmap));
	memset(msr_bitmap, 0xff, sizeof(msr_bitmap));
	for (u32 i = 0; i < ARRAY_COUNT(open_msrs); i++)
		open_msr(&open_msrs[i]);
}

static bool svm_probe(struct info_page *info)
{
	u64 vm_cr = 0;		/* some emulators have SVM without this register */
	struct cpuid svm;

	if (cpuid(0x80000000u, 0).eax < 0x8000000au || !(cpuid(0x80000001u, 0).ecx & BIT32(2)))
		return false;
	if (msr_try_read(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS) != 0) {
		virt_note_reason(info, "AMD SVM is switched off in the firmware's settings");
		return false;
	}
	svm = cpuid(0x8000000au, 0);
	if (!(svm.edx & BIT32(0)) || svm.ebx < 2) {
		virt_note_reason(info, "the processor has AMD SVM, but not nested paging");
		return false;
	}
	svm_probe_features(info, &svm);
	fill_bitmaps();
	return true;
}

static void set_tsc_aux(struct svm_cpu *cpu, u64 value)
{
	cpu->tsc_aux = value;
	if (svm_features.has_rdtscp)
		wrmsr(MSR_TSC_AUX, value);
}

static enum status svm_cpu_on(void)
{
	struct svm_cpu *cpu = kernel_frames_alloc(2);

	if (!cpu)
		return ST_NOMEM;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, direct_hpa(cpu).raw + PAGE_SIZE);
	if (svm_features.leaves_breakpoints)
		svm_features.leaves_breakpoints = quirk_tcg_leaves_breakpoints(direct_hpa(cpu));
	*cpu = (struct svm_cpu){
		.host_save = direct_hpa(cpu), .asid_generation = 1,
		.asid_next = svm_features.asid_count,	/* the first vCPU flushes whatever was there before us */
	};
	pcpu_self()->virt = cpu;
	set_tsc_aux(cpu, 0);
	return ST_OK;
}

static void svm_cpu_off(void)
{
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
}

/* 15.14.4. Without the threshold (CPUID bit 12) PAUSEs of all loops since the entry are counted. */
static void enable_pause_filter(struct vmcb *v)
{
	v->intercept_misc1 |= SVM_INTERCEPT1(SVM_PAUSE);
	v->pause_count = PAUSE_COUNT;
	v->pause_threshold = PAUSE_GAP;
}

static void init_controls(struct vmcb *v, hpa_t s2_root)
{
	v->intercept_cr = SVM_INTERCEPT_CR4;
	v->intercept_dr = SVM_INTERCEPT_DR_ALL;
	v->intercept_exceptions = BIT32(VECTOR_DB) | BIT32(VECTOR_AC) | BIT32(VECTOR_MC);
	v->intercept_misc1 = SVM_INTERCEPT1(SVM_INTR) | SVM_INTERCEPT1(SVM_NMI) | SVM_INTERCEPT1(SVM_INIT) |
			     SVM_INTERCEPT1(SVM_RDPMC) | SVM_INTERCEPT1(SVM_CPUID) | SVM_INTERCEPT1(SVM_RSM) |
			     SVM_INTERCEPT1(SVM_INVD) | SVM_INTERCEPT1(SVM_HLT) | SVM_INTERCEPT1(SVM_INVLPGA) |
			     SVM_INTERCEPT1(SVM_IOIO) | SVM_INTERCEPT1(SVM_MSR) | SVM_INTERCEPT1(SVM_SHUTDOWN);
	v->intercept_misc2 = SVM_INTERCEPT2(SVM_VMRUN) | SVM_INTERCEPT2(SVM_VMMCALL) | SVM_INTERCEPT2(SVM_VMLOAD) |
			     SVM_INTERCEPT2(SVM_VMSAVE) | SVM_INTERCEPT2(SVM_STGI) | SVM_INTERCEPT2(SVM_CLGI) |
			     SVM_INTERCEPT2(SVM_SKINIT) | SVM_INTERCEPT2(SVM_WBINVD) | SVM_INTERCEPT2(SVM_MONITOR) |
			     SVM_INTERCEPT2(SVM_MWAIT) | SVM_INTERCEPT2(SVM_MWAIT_ARMED) | SVM_INTERCEPT2(SVM_XSETBV) |
			     SVM_INTERCEPT2(SVM_RDPRU) | SVM_INTERCEPT2(SVM_ICEBP);
	if (svm_features.has_invpcid)
		v->intercept_misc3 = SVM_INTERCEPT3(SVM_INVPCID);
	if (svm_features.exits_for_bad_cr)
		v->intercept_misc1 |= SVM_INTERCEPT1(SVM_CR0_SELECTIVE);
	if (svm_features.has_pause_filter)
		enable_pause_filter(v);
	v->iopm_base = arch_image_hpa(io_bitmap).raw;
	v->msrpm_base = arch_image_hpa(msr_bitmap).raw;
	v->int_control = SVM_INT_CONTROL;
	v->np_enable = 1;
	v->nested_cr3 = s2_root.raw;
}

static void svm_vcpu_init(struct vcpu_hw *hw, hpa_t s2_root, u32, u64 *page_gpr)
{
	hw->vmcb_hpa = HPA(direct_hpa(hw).raw + PAGE_SIZE);
	hw->vmcb = direct_pointer(hw->vmcb_hpa);
	hw->gpr = page_gpr;
	init_controls(hw->vmcb, s2_root);
	svm_load(hw, &virt_init_state, GROUP_ALL);
}

/* The state is all in memory then. The ASID is nobody else's here before the next flush of all of them. */
static void svm_leave(struct vcpu_hw *hw)
{
	svm_reclaim_drs(hw);
	hw->asid_generation = 0;
}

/*
 * Used-up ASIDs are handed out again once all of this pCPU's translations are flushed. That is due whoever enters next,
 * for the one who took the first ASID may be refused or move away before it has entered.
 */
static void renew_asid(struct vcpu_hw *hw, struct svm_cpu *cpu)
{
	if (cpu->asid_next >= svm_features.asid_count) {
		cpu->asid_next = 1;	/* 0 is the host's */
		cpu->asid_generation++;
		cpu->tlb_control = SVM_TLB_FLUSH_ALL;
	}
	hw->vmcb->asid = cpu->asid_next++;
	hw->asid_generation = cpu->asid_generation;
}

static void svm_flush(struct vcpu_hw *hw)
{
	hw->asid_generation = 0;
}

/* TSC_AUX is 0 while ring 3 of others runs. */
static void svm_put_away(struct pcpu *pcpu)
{
	struct svm_cpu *cpu = pcpu->virt;

	set_tsc_aux(cpu, 0);
	if (cpu->dr_owner)
		svm_reclaim_drs(cpu->dr_owner);
	pcpu->has_guest_state = false;
}

/* Without a filter each PAUSE exits: too often if there is nobody here to make way for. */
static void set_pause_exit(struct vmcb *v, bool is_on)
{
	v->intercept_misc1 &= ~SVM_INTERCEPT1(SVM_PAUSE);
	v->intercept_misc1 |= is_on ? SVM_INTERCEPT1(SVM_PAUSE) : 0;
}

/*
 * The host's FS, TR and syscall MSRs stay as they are while one thread runs, and so does all else that is set here.
 * VMRUN loads the guest's DR7 and #VMEXIT switches off what it enables (15.5.1, 15.6), so that the addresses may stay.
 */
static void svm_prepare(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *page, bool sibling_waits)
{
	struct pcpu *pcpu = pcpu_self();
	struct svm_cpu *cpu = pcpu->virt;

	if (hw->asid_generation != cpu->asid_generation)
		renew_asid(hw, cpu);
	hw->vmcb->tlb_control = cpu->tlb_control;
	hw->slow_entry |= cpu->tlb_control ? SLOW_CLEANUP : 0;
	if (hw->tsc_aux != cpu->tsc_aux)
		set_tsc_aux(cpu, hw->tsc_aux);
	pcpu->has_guest_state = hw->tsc_aux != 0 || cpu->dr_owner;
	if (unlikely(hw->vmcb->dr7 & DR7_ENABLES) && !cpu->dr_owner)
		dr_write_addresses(hw->dr);
	if (!svm_features.has_pause_filter)
		set_pause_exit(hw->vmcb, sibling_waits);
	hw->entry = entry;
	hw->page = page;
	hw->host_save = cpu->host_save;
	vmsave(cpu->host_save);
}

static inline void advance_rip(struct vmcb *v, const struct vcpu_page *page)
{
	v->rax = __atomic_load_n(&page->gpr[GPR_RAX], __ATOMIC_RELAXED);
	v->rip = __atomic_load_n(&page->rip, __ATOMIC_RELAXED);
	v->rflags &= ~RFLAGS_RF;
	v->int_state &= ~SVM_INT_STATE_SHADOW;
}

static __attribute__((noinline)) u32 enter_slow(struct vcpu_hw *hw)
{
	svm_event_inject(hw, hw->entry);
	if (!(hw->slow_entry & SLOW_ARMED))
		return svm_switch(hw);
	dr7_write(hw->armed_dr7);
	return svm_switch_armed(hw);
}

static u32 svm_enter(struct vcpu_hw *hw, u32 what)
{
	if (likely(what & ENTER_STEP))
		advance_rip(hw->vmcb, hw->page);
	if (unlikely((what & ENTER_EVENTS) | hw->slow_entry))
		return enter_slow(hw);
	return svm_switch(hw);
}

const struct virt_ops svm_ops = {
	.name = "AMD SVM",
	.kind = VIRT_SVM,
	.s2_format = &pt_npt,
	.probe = svm_probe,
	.cpu_on = svm_cpu_on,
	.cpu_off = svm_cpu_off,
	.vcpu_init = svm_vcpu_init,
	.leave = svm_leave,
	.load = svm_load,
	.store = svm_store,
	.prepare = svm_prepare,
	.enter = svm_enter,
	.put_away = svm_put_away,
	.flush = svm_flush,
};
