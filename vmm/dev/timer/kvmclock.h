/* SPDX-License-Identifier: MIT */
/*
 * kvmclock.h - the paravirtual clock that Linux knows as kvm-clock (MSRs 4b564d00h/01h, and 11h/12h of old).
 *
 * Each vCPU names a page where it wants { version, TSC, time at that TSC, multiplier, shift }, the VM names one for
 * the wall clock at time 0. Time is the device clock's ns; that and the guest's TSC are 0 together, and stand still
 * together in a pause, so that all vCPUs get the same pair, and one update per vCPU is enough. All writes go through
 * write(), which refuses addresses that are not RAM.
 * Members with an index belong to that vCPU's thread; one thread at a time may use the others.
 */
#ifndef VOS_KVMCLOCK_H
#define VOS_KVMCLOCK_H

#include "device.h"
#include "request.h"
#include "status.h"

#define KVMCLOCK_MSR_WALL 0x4b564d00u
#define KVMCLOCK_MSR_SYSTEM 0x4b564d01u
#define KVMCLOCK_MSR_WALL_OLD 0x11u
#define KVMCLOCK_MSR_SYSTEM_OLD 0x12u

/* CPUID 40000001h EAX: feature bits that this model stands for. */
#define KVMCLOCK_FEATURES (BIT32(0) | BIT32(3) | BIT32(24))

struct kvmclock_ops {
	bool (*write)(void *ctx, gpa_t gpa, const void *bytes, u32 count);	/* guest RAM; false: not RAM */
	void *ctx;
};

struct kvmclock {
	struct clock clock;
	struct kvmclock_ops ops;
	u64 wall_msr;
	u64 system_msr[VM_VCPUS];	/* bit 0 = enabled */
	u32 version[VM_VCPUS], wall_version;
	u64 adjust[VM_VCPUS];		/* atomic: the vCPU's TSC - the clock's */
	u32 multiplier;		/* ns = ((tsc << shift) * multiplier) >> 32 */
	s8 shift;
};

void kvmclock_init(struct kvmclock *k, const struct clock *clock, const struct kvmclock_ops *ops);
/* True for the four MSRs above. */
bool kvmclock_has_msr(u32 msr);
/* false = #GP; vcpu < VM_VCPUS */
bool kvmclock_msr_read(const struct kvmclock *k, u32 vcpu, u32 msr, u64 *value);
bool kvmclock_msr_write(struct kvmclock *k, u32 vcpu, u32 msr, u64 value);
/* Write a vCPU's record again, e.g. after the relation of TSC and ns has changed. */
void kvmclock_update(struct kvmclock *k, u32 vcpu);
/*
 * The vCPU's TSC is the clock's plus `adjust`. Records are the same for all vCPUs ("stable") only while no vCPU's TSC
 * differs. True: that has changed, and all records must be written again.
 */
bool kvmclock_set_adjust(struct kvmclock *k, u32 vcpu, u64 adjust) MUST_CHECK;
/* INIT: the vCPU's record is no longer written. */
void kvmclock_reset(struct kvmclock *k, u32 vcpu);

#endif
