/* SPDX-License-Identifier: MIT */
/*
 * virt.h - the contract between the kernel and the two virtualization back ends (arch/x86_64/virt/svm, .../vmx).
 *
 * One const struct virt_ops per vendor, chosen at boot by virt_probe. Hardware exit numbers, VMCB offsets and VMCS
 * fields never leave a back end: each decodes its exits through a static table into the neutral record of
 * vcpu_page.h.
 *
 * Context: all functions run in ring 0 with interrupts off, on the pCPU where the vCPU's thread runs.
 */
#ifndef VOS_VIRT_H
#define VOS_VIRT_H

#include "pt.h"
#include "status.h"
#include "types.h"
#include "vcpu_page.h"

struct info_page;
struct pcpu;

/* A vCPU's hardware state: so many kernel frames, laid out by its back end. */
struct vcpu_hw;
#define VCPU_HW_FRAMES 2u

/* Of vcpu_entry.interrupts: a threshold has four bits. */
#define ENTRY_INTERRUPTS 0x0fffffffu

/*
 * What the kernel hands in for one entry and gets back. Private to ring 0: copied from the vcpu page and judged
 * before.
 */
struct vcpu_entry {
	struct vcpu_event event;	/* in: to inject; out: not delivered, else valid = 0 */
	union {
		struct {
			u8 intr_pending; /* in: deliver intr_vector when the guest can take it; out: 0 = done */
			u8 intr_vector;
			u8 nmi_pending;
			u8 tpr_threshold;
		};
		u32 interrupts;		/* all four; 0 = nothing to do */
	};
	u32 what;			/* ENTER_EVENTS: the two above say something, or were changed; else 0 */
	u32 mem_flags;			/* out, for EXIT_MEM only: as in the exit record */
	u64 mem_gpa;
};

#define ENTER_STEP GROUP_STEP
#define ENTER_EVENTS BIT32(0)	/* event or interrupts say something */

struct virt_ops {
	const char *name;		/* "AMD SVM", "Intel VMX" */
	u32 kind;			/* enum virt_kind */
	const struct pt_format *s2_format;

	/*
	 * Is it there and usable? Fills info->features_used/_missing; if not, a reason in words in info->virt_reason.
	 * Once, on the boot pCPU.
	 */
	bool (*probe)(struct info_page *info);
	/* Turn virtualization on on this pCPU; and off for good, before a reboot (VMX operation ignores INIT). */
	enum status (*cpu_on)(void) MUST_CHECK;
	void (*cpu_off)(void);

	/*
	 * hw: zeroed frames. s2_root: the VM's second-level table. index: of the vCPU in its VM. page_gpr: the GPR
	 * array of the vCPU's page, loaded and stored directly at each world switch (any value is harmless there). The
	 * vCPU starts in the architectural INIT state. Its frames may be freed after a `leave` with nothing since.
	 */
	void (*vcpu_init)(struct vcpu_hw *hw, hpa_t s2_root, u32 index, u64 *page_gpr);
	/*
	 * The vCPU may run elsewhere next, or never again: this pCPU keeps nothing of its state, and the next entry
	 * starts without cached translations. On the pCPU where it was used last.
	 */
	void (*leave)(struct vcpu_hw *hw);

	/* Copy register groups from a judged private snapshot to the hardware state, or from it into the vcpu page. */
	void (*load)(struct vcpu_hw *hw, const struct vcpu_page *snapshot, u32 groups);
	void (*store)(struct vcpu_hw *hw, struct vcpu_page *page, u32 groups);

	/*
	 * Before the first entry on this pCPU, and the first one after another thread ran or FS base, extended state or
	 * one of the groups but GPR was changed, or after a flush: what of the host's and the guest's state need not be
	 * looked at for each entry. Entries until the next call are with this `entry` and `page`. sibling_waits: for
	 * this pCPU, so that a guest that waits in a loop with PAUSE waits for it, perhaps.
	 */
	void (*prepare)(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *page, bool sibling_waits);
	/*
	 * One world switch. Host interrupts that arrive are taken inside (through the ordinary handlers) before it
	 * returns. EXIT_NONE = nothing for the VMM (host interrupt, window, hardware fix-up): just enter again if
	 * nothing else is due. Else the exit record, GROUP_GPR, GROUP_CODE as it is due, and `filled` are in the page.
	 * For EXIT_MEM the caller first offers the fault to the VM's space (lazy grant). what: ENTER_*.
	 */
	u32 (*enter)(struct vcpu_hw *hw, u32 what);	/* enum exit_reason */

	/* If pcpu->has_guest_state, before ring 3 of another thread runs here: what is a guest's goes. */
	void (*put_away)(struct pcpu *pcpu);

	/* The VM's second-level mappings shrank: forget cached translations before the next entry. */
	void (*flush)(struct vcpu_hw *hw);
};

extern const struct virt_ops svm_ops, vmx_ops;

/* The chosen back end, or NULL: no virtualization (info->virt_reason says why). */
extern const struct virt_ops *virt;

/* On the boot pCPU: choose, and turn it on. Fills info->virt, features and reason. */
void virt_probe(struct info_page *info);

/*
 * The one judge of register values that come from a VMM (virt/filter.c; pure): makes what the guest could not have
 * set itself refused, and masks what may be masked. Returns false if a group holds a state no hardware would accept;
 * `why` gets a short word for the log.
 */
struct virt_limits {		/* what this machine allows; from CPUID, once */
	u64 cr0_fixed0, cr0_fixed1, cr4_mask, efer_mask, xcr0_mask;
	u8 physical_bits, linear_bits;
	bool s2_has_1g;		/* second-level tables may have 1 GiB leaves */
	bool asks_for_siblings;	/* prepare() looks at sibling_waits */
};
extern struct virt_limits virt_limits;
bool virt_filter(struct vcpu_page *snapshot, u32 groups, const struct virt_limits *limits, const char **why) MUST_CHECK;

/* The same for an event: a form the hardware can deliver? (virt/filter.c; pure) */
bool virt_event_ok(struct vcpu_event *event) MUST_CHECK;

/* Register groups that the kernel fills for an exit besides what `enter` did, or EXIT_FOR_KERNEL. (virt.c) */
extern const u8 virt_exit_groups[EXIT_REASON_COUNT];
#define EXIT_FOR_KERNEL BIT32(7)	/* the VMM may not hear of it */

#endif
