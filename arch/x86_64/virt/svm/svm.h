/*
 * svm.h - what the files of the SVM back end share.
 */
#ifndef VOS_SVM_H
#define VOS_SVM_H

#include "arch.h"
#include "virt.h"
#include "vmcb.h"

/* Per-pCPU: pcpu->virt points here, one kernel frame. */
struct svm_cpu {
	hpa_t host_save;	/* frame for VMSAVE and VMLOAD of the host's FS, TR, syscall MSRs ... */
	void *host_save_frame;
	void *hsave_frame;	/* MSR_VM_HSAVE_PA: the hardware's own */
	u64 asid_generation;	/* starts at 1; a vCPU whose number differs has no ASID here */
	u32 asid_next;
	u64 tsc_aux;		/* what the MSR holds now */
	u64 gdt_base;		/* the host's, to tell its state from a guest's */
};

/* One vCPU: a frame for this and a frame for its VMCB. */
struct vcpu_hw {
	struct vmcb *vmcb;
	hpa_t vmcb_hpa;
	u64 *gpr;		/* the vcpu page's array */
	u64 asid_generation;	/* 0: flush before the next entry */
	u64 tsc_aux;
	u64 dr[4];
	struct vcpu_event injected;	/* what this entry injects */
	bool is_nmi_blocked;	/* from the delivery of an NMI until IRET */
};

struct svm_features {
	bool has_nrips;
	bool has_rdtscp;
	/* QEMU TCG: a guest's illegal MOV to CR0, CR3 or CR4 is VMEXIT_INVALID instead of #GP */
	bool exits_for_bad_cr;
	u32 asid_count;
};
extern struct svm_features svm_features;

/*
 * GPRs but RAX and RSP from gpr[], VMRUN, and back; the host's state by host_save; host interrupts are taken at the
 * end. (svm_switch.S)
 */
void svm_switch(hpa_t vmcb, u64 *gpr, hpa_t host_save, bool is_armed);

/* svm_state.c */
void svm_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups);
void svm_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups);

/*
 * svm_event.c: put the event and interrupts into the VMCB before the entry; find out after the exit what became of
 * them.
 */
void svm_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry);
void svm_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry);
void svm_event_block_nmi(struct vcpu_hw *hw, bool is_blocked);

/* svm_exit.c: exit code -> neutral record. May set entry->event (a fault the back end raises itself). */
void svm_exit_decode(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_exit *exit);

#endif
