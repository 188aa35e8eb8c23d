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
 * One vCPU: this frame, the VMCS and the virtual-APIC page. Copies of VMCS fields save VMREADs and VMWRITEs on the
 * way in and out.
 */
struct vcpu_hw {
	struct vmx_msr guest_msrs[AREA_COUNT];	/* 16-byte aligned: first */
	u64 *gpr;			/* the vcpu page's array */
	struct vcpu_page *page;		/* of vmx_prepare, as entry */
	struct vcpu_entry *entry;
	void *vmcs;
	u32 *virtual_apic;		/* only its TPR is used */
	hpa_t vmcs_hpa;
	u64 ept_pointer;
	u32 chores;			/* CHORE_*: for vmx_prepare */
	u32 window;			/* PROC_*_WINDOW bits in force */
	u32 tpr_threshold;
	bool is_busy;			/* a window or a threshold is in force, and may have to go */
	bool is_masked;			/* the guest was entered with IF = 0 */
	bool is_armed;			/* the guest's DR7 enables a breakpoint */
	bool has_ports;			/* pcpu->has_ports */
	u32 interruptibility;		/* guest's, as the VMCS has it */
	u64 rflags;			/* likewise */
	u64 host_rsp;			/* likewise */
	struct table_pointer host_gdtr;
	u64 cr2;
	u64 dr[4], dr6;
};
_Static_assert(sizeof(struct vmx_msr) == 16, "SDM 24.7.2");

#define CHORE_HOST BIT32(0)		/* write the host state of this pCPU and thread */
#define CHORE_FLUSH BIT32(1)		/* forget cached translations */

/* Control words for every VMCS, from the capability MSRs. */
struct vmx_controls {
	u32 pin, proc, proc2, exit, entry;
	bool invept_single;
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

/*
 * GPRs but RSP from gpr[], VMRESUME or VMLAUNCH, and back. Returns the exit-reason field; VMX_REFUSED: VMfail, nothing
 * was run. (vmx_switch.S)
 */
u32 vmx_switch(u64 *gpr, u64 *host_rsp);
#define VMX_REFUSED ~0u

/* The TPR as the guest sees it. */
static inline u32 *vmx_virtual_tpr(const struct vcpu_hw *hw)
{
	return &hw->virtual_apic[0x80 / sizeof(u32)];
}

_Static_assert(SHADOW_STI == BLOCKING_STI && SHADOW_MOVSS == BLOCKING_MOVSS && SHADOW_NMI == BLOCKING_NMI, "as is");

/* GROUP_GPR, but what vmx_switch has stored. */
static inline void vmx_store_gprs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->gpr[GPR_RSP] = vmread(VMCS_GUEST_RSP);
	to->rip = vmread(VMCS_GUEST_RIP);
	to->rflags = hw->rflags;
	to->cr8 = *vmx_virtual_tpr(hw) >> 4;
	to->shadow = hw->interruptibility & (BLOCKING_STI | BLOCKING_MOVSS | BLOCKING_NMI);
}

struct info_page;

/* vmx_probe.c */
bool vmx_probe(struct info_page *info);
/* On this pCPU. Locked by the firmware in one way or the other; if it forgot to, we decide. */
bool vmx_is_switched_on(void);

/* vmx_vcpu.c: the parts of the VMCS that never change, or only with the pCPU. */
void vmx_init_guest_part(struct vcpu_hw *hw, hpa_t s2_root, u32 index);
void vmx_init_host_part(struct vcpu_hw *hw);
/* What all VMCSs share. On the boot pCPU, once its MSRs are what all pCPUs' will be. */
void vmx_init_shared(void);

/* vmx_state.c */
void vmx_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups);
void vmx_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups);

/*
 * vmx_event.c: inject is needed only if the entry asks for something, or is_busy; collect only after exits that may
 * have cut short a delivery; follow_interrupt_flag only if is_masked is not what hw->rflags says.
 */
void vmx_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry);
void vmx_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry);
void vmx_follow_interrupt_flag(struct vcpu_hw *hw);

static inline void vmx_set_interruptibility(struct vcpu_hw *hw, u32 value)
{
	if (hw->interruptibility != value) {
		hw->interruptibility = value;
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, value);
	}
}

/* vmx_exit.c: virt_ops.enter. */
u32 vmx_enter(struct vcpu_hw *hw);

#endif
