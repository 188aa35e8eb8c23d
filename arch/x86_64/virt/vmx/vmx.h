/*
 * vmx.h - what the files of the VMX back end share.
 */
#ifndef VOS_VMX_H
#define VOS_VMX_H

#include "arch.h"
#include "virt.h"
#include "vmcs.h"

struct vcpu_hw;

struct __attribute__((packed)) table_pointer { u16 limit; u64 base; };

/* Per-pCPU: pcpu->virt points here, one kernel frame. */
struct vmx_cpu {
	struct vcpu_hw *current;	/* whose VMCS is current */
	void *vmxon_frame;
	u64 vpid_generation;		/* starts at 1; a vCPU whose number differs has no VPID here */
	u32 vpid_next;
	struct table_pointer gdtr, idtr;
	u64 tss_base;
	u64 *tss_descriptor;
};

/* MSRs the hardware does not switch by itself: loaded at entry and stored at exit by the MSR areas (24.7.2, 24.8.2). */
enum vmx_area_msr { AREA_STAR, AREA_LSTAR, AREA_CSTAR, AREA_SFMASK, AREA_KERNEL_GS_BASE, AREA_TSC_AUX, AREA_COUNT };
/* TSC_AUX, the last, is only loaded: the host does not use it and the guest can't write it */
#define AREA_SWITCHED AREA_TSC_AUX

struct vmx_msr {
	u32 index;
	u32 zero;
	u64 value;
};

/*
 * One vCPU: this frame, the VMCS and the virtual-APIC page. Copies of VMCS fields save VMREADs and VMWRITEs on the
 * way in and out.
 */
struct vcpu_hw {
	struct vmx_msr guest_msrs[AREA_COUNT];	/* 16-byte aligned: first */
	struct vmx_msr host_msrs[AREA_COUNT];
	u64 *gpr;			/* the vcpu page's array */
	void *vmcs;
	u32 *virtual_apic;		/* only its TPR is used */
	hpa_t vmcs_hpa;
	u64 ept_pointer;
	struct vmx_cpu *cpu;		/* for which pCPU the host state was written; NULL = none yet */
	u64 vpid_generation;
	bool is_launched;
	bool needs_flush;
	bool has_timer;			/* the preemption timer is on */
	bool is_armed;			/* the guest's DR7 enables a breakpoint */
	u32 window;			/* PROC_*_WINDOW bits in force */
	u32 tpr_threshold;
	u32 interruptibility;		/* guest's, as the VMCS has it */
	u64 rflags;			/* likewise */
	u64 host_rsp, host_cr3, host_fs_base;	/* likewise */
	u64 cr2;
	u64 dr[4], dr6;
};
_Static_assert(sizeof(struct vmx_msr) == 16, "SDM 24.7.2");

/* Control words for every VMCS, from the capability MSRs. */
struct vmx_controls {
	u32 pin, proc, proc2, exit, entry;
	bool invept_single;
	bool has_vpid;
	u32 timer_value;	/* preemption timer for guests with interrupts off; 0 = there is none */
};
extern struct vmx_controls vmx_controls;

#define VMX_CR0_MASK (CR0_NE | CR0_CD | CR0_NW)	/* ours: NE = 1, CD = NW = 0; the guest sees what it wrote */

static inline u64 vmread(enum vmcs_field field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=rm"(value) : "r"((u64)field) : "cc");
	return value;
}

static inline void vmwrite(enum vmcs_field field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"((u64)field), "rm"(value) : "cc", "memory");
}

/* VMPTRLD unless it is current already. */
static inline void vmx_make_current(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = pcpu_self()->virt;

	if (cpu->current != hw) {
		__asm__ volatile("vmptrld %0" : : "m"(hw->vmcs_hpa.raw) : "cc", "memory");
		cpu->current = hw;
	}
}

/* GPRs but RSP from gpr[], VMLAUNCH or VMRESUME, and back. False: VMfail, nothing was run. (vmx_switch.S) */
bool vmx_switch(u64 *gpr, u64 *host_rsp, bool is_launched);

struct info_page;

/* vmx_probe.c */
bool vmx_probe(struct info_page *info);

/* vmx_vcpu.c: the parts of the VMCS that never change, or only with the pCPU. */
void vmx_init_guest_part(struct vcpu_hw *hw, hpa_t s2_root);
void vmx_init_host_part(struct vcpu_hw *hw);
void vmx_init_bitmap(void);

/* vmx_state.c */
void vmx_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups);
void vmx_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups);

/* vmx_event.c */
void vmx_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry);
void vmx_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry);
void vmx_follow_interrupt_flag(struct vcpu_hw *hw);
void vmx_set_interruptibility(struct vcpu_hw *hw, u32 value);

/* vmx_exit.c: exit reason -> neutral record. May set entry->event (a fault the back end raises itself). */
void vmx_exit_decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit);

#endif
