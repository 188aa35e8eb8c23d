/* SPDX-License-Identifier: MIT */
/*
 * vmx.h - what the files of the VMX back end share.
 */
#ifndef VOS_VMX_H
#define VOS_VMX_H

#include "arch.h"
#include "virt.h"
#include "vmcs.h"
#include "x86.h"

struct vcpu_hw;

/* Per-pCPU: pcpu->virt points here. The next frame is the VMXON region. */
struct vmx_cpu {
	struct vcpu_hw *current;	/* whose VMCS is current */
	struct table_pointer gdtr, idtr;
	u64 tss_base;
};

/*
 * MSRs the hardware does not switch by itself: loaded at entry and stored at exit by the MSR areas (24.7.2, 24.8.2).
 * The guest can't write TSC_AUX, so it is not stored.
 */
enum vmx_area_msr { AREA_STAR, AREA_LSTAR, AREA_CSTAR, AREA_SFMASK, AREA_KERNEL_GS_BASE, AREA_TSC_AUX, AREA_COUNT };
#define AREA_STORED AREA_TSC_AUX

struct vmx_msr {
	u32 index;
	u32 zero;
	u64 value;
};

/*
 * One vCPU: this frame, and the next one, which is the VMCS. This one is also what the processor takes for the
 * virtual-APIC page: with a TPR shadow and nothing else it uses only VTPR there (29.1.1). Copies of VMCS fields save
 * VMREADs and VMWRITEs on the way in and out.
 */
struct vcpu_hw {
	struct vmx_msr guest_msrs[AREA_COUNT];	/* 16-byte aligned: first */
	struct vcpu_page *page;		/* of vmx_prepare, as entry */
	struct vcpu_entry *entry;
	u64 host_rsp;			/* as the VMCS has it */
	u64 cr2;
	u32 tpr;			/* VTPR: the TPR as the guest sees it */
	u32 unused[3];
	hpa_t vmcs_hpa;
	u64 ept_pointer;
	u64 unusual_rflags;		/* see vmx_set_timed */
	u32 interruptibility;		/* the guest's, as the VMCS has it */
	u32 pending_work;		/* WORK_*: for vmx_prepare */
	u32 window;			/* PROC_*_WINDOW bits in force */
	u32 tpr_threshold;
	bool slow_entry;		/* more than a step is to be done before the next entry, or may be */
	bool is_timed;			/* the preemption timer runs, if there is one: see choose_timer */
	bool is_armed;			/* the guest's DR7 enables a breakpoint */
	bool has_drs;			/* the guest's DR0-3 and DR6 are in the processor, and MOV DR does not exit */
	bool has_ports;			/* pcpu->has_ports */
	struct table_pointer host_gdtr;
	u64 dr[4], dr6;
};
_Static_assert(sizeof(struct vmx_msr) == 16, "SDM 24.7.2");
_Static_assert(offsetof(struct vcpu_hw, tpr) == 0x80, "SDM 29.1.1");

#define WORK_HOST BIT32(0)		/* write the host state of this pCPU and thread */
#define WORK_FLUSH BIT32(1)		/* forget cached translations */

/* Control words for every VMCS, from the capability MSRs. */
struct vmx_controls {
	u32 pin, proc, proc2, exit, entry;
	bool invept_single;
	u32 timer_value;	/* preemption timer for guests with interrupts off; 0 = there is none */
};
extern struct vmx_controls vmx_controls;

/* Forced and hidden: VMX needs the one; without the other a machine check would shut the processor down. */
#define VMX_CR4_FORCED (CR4_VMXE | CR4_MCE)
#define VMX_CR0_MASK (CR0_NE | CR0_CD | CR0_NW)	/* ours: NE = 1, CD = NW = 0; the guest sees what it wrote */

/* VMPTRLD unless it is current already. */
static inline void vmx_make_current(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = pcpu_self()->virt;

	if (cpu->current != hw) {
		vmptrld(&hw->vmcs_hpa);
		cpu->current = hw;
	}
}

/*
 * GPRs but RSP from the page, VMRESUME or VMLAUNCH, GPRs back, and on to vmx_exit (vmx_exit.c), which gets the
 * exit-reason field; VMX_REFUSED: VMfail, nothing was run. (vmx_switch.S)
 */
u32 vmx_switch(struct vcpu_hw *hw);
u32 vmx_exit(struct vcpu_hw *hw, struct vcpu_page *page, u64 code);
#define VMX_REFUSED 0xffffffffull

_Static_assert(SHADOW_STI == BLOCKING_STI && SHADOW_MOVSS == BLOCKING_MOVSS && SHADOW_NMI == BLOCKING_NMI, "as is");

struct info_page;

/* vmx_probe.c */
/* Fills vmx_controls. False: something that is needed is not there. */
bool vmx_choose_controls(struct info_page *info);
/* On this pCPU. Locked by the firmware in one way or the other; if it forgot to, we decide. */
bool vmx_is_switched_on(void);

/* vmx_vcpu.c: the parts of the VMCS that never change, or only with the pCPU. */
void vmx_init_guest_part(struct vcpu_hw *hw, hpa_t s2_root, u32 index);
void vmx_init_host_part(struct vcpu_hw *hw);
/* What all VMCSs share. On the boot pCPU, once its MSRs are what all pCPUs' will be. */
void vmx_init_shared(void);

/*
 * From the first MOV DR on, the guest's registers are in the processor, and no MOV DR exits, until another thread runs
 * here or somebody else wants to know them. DR7 is the VMCS's. The second needs the VMCS to be current. (vmx_state.c)
 */
void vmx_pass_drs(struct vcpu_hw *hw);
void vmx_reclaim_drs(struct vcpu_hw *hw);

static inline void vmx_set_proc_controls(const struct vcpu_hw *hw)
{
	vmwrite(VMCS_PROC_CONTROLS, (vmx_controls.proc & ~(hw->has_drs ? PROC_MOV_DR : 0)) | hw->window);
}

/* vmx_state.c */
void vmx_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups);
void vmx_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups);

/*
 * vmx_event.c: inject is needed only if the entry asks for something, or a window or threshold is in force; collect
 * only after exits that may have cut short a delivery, and after entries that were refused with all they were to
 * deliver.
 */
void vmx_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry, u64 rflags);
void vmx_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry, bool is_refused);

static inline void vmx_set_interruptibility(struct vcpu_hw *hw, u32 value)
{
	if (hw->interruptibility != value) {
		hw->interruptibility = value;
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, value);
	}
}

/*
 * Changes is_timed, and what is unusual at an exit: RF, IF = 0 while the timer does not run, and, if has_ports, bit 1,
 * which is always set. (vmx_event.c)
 */
void vmx_set_timed(struct vcpu_hw *hw, bool is_timed);

#endif
