/* SPDX-License-Identifier: MIT */
/*
 * svm.h - what the files of the SVM back end share.
 */
#ifndef VOS_SVM_H
#define VOS_SVM_H

#include "arch.h"
#include "virt.h"
#include "vmcb.h"
#include "x86.h"

/*
 * Per-pCPU: pcpu->virt points here. VMSAVE and VMLOAD have the host's FS, TR, syscall MSRs and so on in the same frame,
 * from 400h on (APM Vol. 2 B.2). The next frame is the hardware's own (MSR_VM_HSAVE_PA).
 */
struct svm_cpu {
	hpa_t host_save;	/* this frame */
	u64 asid_generation;	/* starts at 1; a vCPU whose number differs has no ASID here */
	u32 asid_next;
	u8 tlb_control;		/* due at the next VMRUN that is not refused, whosever it is */
	u64 tsc_aux;		/* what the MSR holds now */
	struct vcpu_hw *dr_owner;	/* whose DR0-3 are in the processor, and MOV DR does not exit; or NULL */
};
_Static_assert(sizeof(struct svm_cpu) <= offsetof(struct vmcb, es), "below what VMSAVE writes");

/* One vCPU: a frame for this and a frame for its VMCB. The offsets of the first three are known to svm_switch.S. */
struct vcpu_hw {
	hpa_t vmcb_hpa;
	hpa_t host_save;	/* of the pCPU where it runs */
	u64 *gpr;		/* the vcpu page's array */
	struct vmcb *vmcb;
	struct vcpu_page *page;	/* of svm_prepare, as entry */
	struct vcpu_entry *entry;
	u32 slow_entry;		/* SLOW_*: what takes more than the usual entry and exit */
	struct vcpu_event injected;	/* what this entry injects */
	u64 asid_generation;	/* 0: flush before the next entry */
	u64 tsc_aux;
	u64 dr[4];
	u64 armed_dr7;		/* with SLOW_ARMED */
	u64 own_tf, own_bs;	/* with SLOW_STEPPED: the guest's RFLAGS.TF and DR6.BS */
};

#define SLOW_CLEANUP BIT32(0)		/* the VMCB has an event, interrupt, intercept or flush that must go again */
#define SLOW_ARMED BIT32(1)		/* breakpoints are armed by hand: see svm_features.leaves_breakpoints */
#define SLOW_NMI_BLOCKED BIT32(2)	/* from the delivery of an NMI until its IRET has run */
#define SLOW_STEPPED BIT32(3)		/* RFLAGS.TF is ours, for one instruction: see svm_event.c */

struct svm_features {
	bool has_nrips;		/* else only IN and OUT tell the instruction's length */
	bool has_rdtscp, has_invpcid, has_pause_filter;
	/* QEMU TCG: a guest's illegal MOV to CR3 is VMEXIT_INVALID instead of #GP; one to CR0 is not seen at all */
	bool exits_for_bad_cr;
	/*
	 * QEMU 7.2: VMRUN and #VMEXIT change DR7, but not what is armed. Only MOV to DR7 does, in the host, where the
	 * guest's breakpoints are then in force until another.
	 */
	bool leaves_breakpoints;	/* on any QEMU before the first svm_cpu_on */
	bool loses_interrupts;	/* QEMU TCG: at an entry with V_IRQ; see quirks.h */
	bool doubles_interrupts;	/* QEMU TCG: those injected through EVENTINJ, at times */
	u32 asid_count;
};
extern struct svm_features svm_features;

/* Fills it, and info's features. svm: CPUID 8000000ah. (svm_probe.c) */
struct info_page;
void svm_probe_features(struct info_page *info, const struct cpuid *svm);

/*
 * GPRs but RAX and RSP from gpr[], VMRUN, and back; the host's state from host_save; host interrupts are taken at the
 * end; goes on in svm_exit. The second disarms breakpoints before that. (svm_switch.S)
 */
u32 svm_switch(struct vcpu_hw *hw);
u32 svm_switch_armed(struct vcpu_hw *hw);

/*
 * From the first MOV DR on, the guest's DR0-3 are in the processor, and no MOV DR exits, until another thread runs here
 * or somebody else wants to know them. DR6 and DR7 are the VMCB's. (svm_state.c)
 */
void svm_pass_drs(struct vcpu_hw *hw);
void svm_reclaim_drs(struct vcpu_hw *hw);

/* svm_state.c */
void svm_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups);
void svm_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups);

/* GROUP_GPR. */
static inline __attribute__((always_inline)) void svm_store_gprs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	const struct vmcb *v = hw->vmcb;

	to->shadow = 0;
	if (unlikely(v->int_state & SVM_INT_STATE_SHADOW))	/* AMD does not tell which of the two */
		to->shadow = v->rflags & RFLAGS_IF ? SHADOW_STI : SHADOW_MOVSS;
	if (unlikely(hw->slow_entry & SLOW_NMI_BLOCKED))
		to->shadow |= SHADOW_NMI;
	to->gpr[GPR_RAX] = v->rax;
	to->gpr[GPR_RSP] = v->rsp;
	to->rip = v->rip;
	to->rflags = v->rflags;
	to->cr8 = v->int_control & SVM_V_TPR;
}

/*
 * svm_event.c: put the event and interrupts into the VMCB before the entry; find out after the exit what became of
 * them.
 */
void svm_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry);
void svm_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry);
void svm_event_block_nmi(struct vcpu_hw *hw, bool is_blocked);
bool svm_event_end_step(struct vcpu_hw *hw);	/* true: the exit was for that alone */

/* svm_exit.c: an exit made the neutral record, which svm_switch ends with. May set entry->event: a fault it raises. */
u32 svm_exit(struct vcpu_hw *hw);

#endif
