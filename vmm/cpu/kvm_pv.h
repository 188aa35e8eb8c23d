/* SPDX-License-Identifier: MIT */
/*
 * kvm_pv.h - two of KVM's paravirtual features, per vCPU: an end of interrupt that needs no exit, and stolen time.
 *
 * Both are records in guest RAM whose place the guest gives with an MSR; a place that is not RAM gets nothing written.
 * A struct kvm_pv belongs to its vCPU's thread, the EOI word too: the guest touches it only while that vCPU runs.
 */
#ifndef VOS_KVM_PV_H
#define VOS_KVM_PV_H

#include "guest_memory.h"
#include "types.h"

#define KVM_PV_MSR_STEAL 0x4b564d03u
#define KVM_PV_MSR_EOI 0x4b564d04u

/* CPUID 40000001h EAX. */
#define KVM_PV_FEATURE_STEAL BIT32(5)
#define KVM_PV_FEATURE_EOI BIT32(6)

struct kvm_pv {
	u64 steal_msr, eoi_msr;
	u64 steal_ns;		/* as last written */
	u32 steal_version;
	u32 *eoi_word;		/* in guest RAM; NULL = not enabled */
	bool is_promised;	/* the VMM has set its bit 0: the guest may clear it instead of writing EOI */
};

bool kvm_pv_has_msr(u32 msr);
/* false = #GP */
bool kvm_pv_msr_read(const struct kvm_pv *pv, u32 msr, u64 *value);
bool kvm_pv_msr_write(struct kvm_pv *pv, const struct guest_memory *memory, u32 msr, u64 value);

/* Write how long, in total, others ran while this vCPU was ready to run. */
void kvm_pv_report_steal(struct kvm_pv *pv, const struct guest_memory *memory, u64 steal_ns);

/*
 * Before an entry, arm: the guest may end its only interrupt, present or on offer, by clearing the bit. After an exit,
 * taken: true if it has done so.
 */
void kvm_pv_eoi_arm(struct kvm_pv *pv, bool may);
static inline bool kvm_pv_eoi_taken(struct kvm_pv *pv)
{
	if (!pv->is_promised || (__atomic_load_n(pv->eoi_word, __ATOMIC_RELAXED) & 1))
		return false;
	pv->is_promised = false;
	return true;
}

#endif
