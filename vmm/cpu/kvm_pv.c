/* SPDX-License-Identifier: MIT */
/*
 * kvm_pv.c - the records of KVM's EOI word and stolen time in guest RAM. The layouts are ABI
 * (Documentation/virt/kvm/x86/msr.rst of Linux).
 */
#include "kvm_pv.h"

#define ENABLED BIT64(0)
#define STEAL_ALIGN 64u
#define EOI_ALIGN 4u

struct steal_record {
	u64 steal_ns;
	u32 version;		/* odd while the record is written */
	u32 flags;
	u8 preempted;		/* not told: the VMM does not know */
	u8 zero[47];
};
_Static_assert(sizeof(struct steal_record) == STEAL_ALIGN, "guest ABI");

bool kvm_pv_has_msr(u32 msr)
{
	return msr == KVM_PV_MSR_STEAL || msr == KVM_PV_MSR_EOI;
}

bool kvm_pv_msr_read(const struct kvm_pv *pv, u32 msr, u64 *value)
{
	if (!kvm_pv_has_msr(msr))
		return false;
	*value = msr == KVM_PV_MSR_STEAL ? pv->steal_msr : pv->eoi_msr;
	return true;
}

/* The address, with the bits below its alignment: only "enabled" may be set among them. */
static bool address_ok(u64 value, u32 align)
{
	return (value & (align - 1) & ~ENABLED) == 0;
}

static bool set_eoi(struct kvm_pv *pv, const struct guest_memory *memory, u64 value)
{
	u8 *word = NULL;

	if (!address_ok(value, EOI_ALIGN))
		return false;
	if (value & ENABLED) {
		word = guest_memory_at(memory, GPA(value & ~ENABLED), sizeof(u32));
		if (!word)
			return false;
	}
	kvm_pv_eoi_arm(pv, false);
	pv->eoi_msr = value;
	pv->eoi_word = (u32 *)(void *)word;
	return true;
}

bool kvm_pv_msr_write(struct kvm_pv *pv, const struct guest_memory *memory, u32 msr, u64 value)
{
	if (msr == KVM_PV_MSR_EOI)
		return set_eoi(pv, memory, value);
	if (msr != KVM_PV_MSR_STEAL || !address_ok(value, STEAL_ALIGN))
		return false;
	pv->steal_msr = value;
	pv->steal_ns = ~0ull;	/* to be written anew */
	return true;
}

void kvm_pv_report_steal(struct kvm_pv *pv, const struct guest_memory *memory, u64 steal_ns)
{
	gpa_t at = GPA(pv->steal_msr & ~ENABLED), version = GPA(at.raw + offsetof(struct steal_record, version));

	if (!(pv->steal_msr & ENABLED) || pv->steal_ns == steal_ns)
		return;
	pv->steal_ns = steal_ns;
	pv->steal_version += 2;
	if (guest_memory_store(memory, version, sizeof(u32), pv->steal_version - 1) &&
	    guest_memory_store(memory, at, sizeof(u64), steal_ns))
		(void)!guest_memory_store(memory, version, sizeof(u32), pv->steal_version);
}

void kvm_pv_eoi_arm(struct kvm_pv *pv, bool may)
{
	u32 word;

	if (!pv->eoi_word || pv->is_promised == may)
		return;
	word = __atomic_load_n(pv->eoi_word, __ATOMIC_RELAXED);
	__atomic_store_n(pv->eoi_word, may ? word | 1 : word & ~1u, __ATOMIC_RELAXED);
	pv->is_promised = may;
}
