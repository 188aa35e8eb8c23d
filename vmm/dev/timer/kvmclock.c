/* SPDX-License-Identifier: MIT */
/*
 * kvmclock.c - kvm-clock. The layouts and the version rule are ABI (Documentation/virt/kvm/x86/msr.rst of Linux):
 * version is odd while a record is being written, and even and different afterwards.
 */
#include "kvmclock.h"

#include "mul_div.h"

#define SYSTEM_ENABLED BIT64(0)
#define FLAG_TSC_STABLE BIT32(0)

struct system_record {
	u32 version;
	u32 zero;
	u64 tsc;
	u64 ns;
	u32 multiplier;
	s8 shift;
	u8 flags;
	u8 zero1[2];
};
_Static_assert(sizeof(struct system_record) == 32, "guest ABI");

struct wall_record {
	u32 version;
	u32 seconds;
	u32 nanoseconds;
};
_Static_assert(sizeof(struct wall_record) == 12, "guest ABI");

/* Write `record`, whose first word is its version: odd first, then the rest, then even. */
static void publish(struct kvmclock *k, u64 gpa, const void *record, u32 bytes, u32 *version)
{
	u32 odd = *version | 1, even = odd + 1;

	*version = even;
	if (k->ops.write(k->ops.ctx, GPA(gpa), &odd, sizeof(odd)) &&
	    k->ops.write(k->ops.ctx, GPA(gpa + sizeof(odd)), (const u8 *)record + sizeof(odd), bytes - 4))
		k->ops.write(k->ops.ctx, GPA(gpa), &even, sizeof(even));
}

static bool is_stable(const struct kvmclock *k)
{
	u64 any = 0;

	for (u32 i = 0; i < VM_VCPUS; i++)
		any |= __atomic_load_n(&k->adjust[i], __ATOMIC_RELAXED);
	return any == 0;
}

bool kvmclock_set_adjust(struct kvmclock *k, u32 vcpu, u64 adjust)
{
	bool was_stable = is_stable(k);

	if (vcpu < VM_VCPUS)
		__atomic_store_n(&k->adjust[vcpu], adjust, __ATOMIC_RELAXED);
	return is_stable(k) != was_stable;
}

void kvmclock_reset(struct kvmclock *k, u32 vcpu)
{
	if (vcpu < VM_VCPUS)
		k->system_msr[vcpu] = 0;
}

/*
 * All vCPUs get the same pair of TSC and time: both are 0 at power-on. (Two readings of the clocks would be of two
 * moments, so two vCPUs would see different times.)
 */
void kvmclock_update(struct kvmclock *k, u32 vcpu)
{
	struct system_record r = { .multiplier = k->multiplier, .shift = k->shift };

	if (vcpu >= VM_VCPUS || !(k->system_msr[vcpu] & SYSTEM_ENABLED))
		return;
	r.flags = is_stable(k) ? FLAG_TSC_STABLE : 0;
	r.tsc = k->adjust[vcpu];
	publish(k, k->system_msr[vcpu] & ~SYSTEM_ENABLED, &r, sizeof(r), &k->version[vcpu]);
}

/* The wall clock at the moment when the guest's ns were 0. */
static void write_wall(struct kvmclock *k)
{
	u64 wall = k->clock.wall_ns(k->clock.ctx), ns = k->clock.ns(k->clock.ctx), start = wall > ns ? wall - ns : 0;
	struct wall_record r = { .seconds = (u32)(start / NS_PER_SECOND), .nanoseconds = (u32)(start % NS_PER_SECOND) };

	publish(k, k->wall_msr, &r, sizeof(r), &k->wall_version);
}

static bool is_system(u32 msr)
{
	return msr == KVMCLOCK_MSR_SYSTEM || msr == KVMCLOCK_MSR_SYSTEM_OLD;
}

bool kvmclock_has_msr(u32 msr)
{
	return is_system(msr) || msr == KVMCLOCK_MSR_WALL || msr == KVMCLOCK_MSR_WALL_OLD;
}

bool kvmclock_msr_read(const struct kvmclock *k, u32 vcpu, u32 msr, u64 *value)
{
	if (!kvmclock_has_msr(msr) || vcpu >= VM_VCPUS)
		return false;
	*value = is_system(msr) ? k->system_msr[vcpu] : k->wall_msr;
	return true;
}

bool kvmclock_msr_write(struct kvmclock *k, u32 vcpu, u32 msr, u64 value)
{
	if (!kvmclock_has_msr(msr) || vcpu >= VM_VCPUS)
		return false;
	if (is_system(msr)) {
		k->system_msr[vcpu] = value;
		kvmclock_update(k, vcpu);
	} else {
		k->wall_msr = value;
		write_wall(k);
	}
	return true;
}

/* multiplier = 10^9 * 2^32 / (tsc_hz * 2^shift), with the shift that puts it into [2^31, 2^32). */
static void choose_scale(struct kvmclock *k)
{
	const u64 ns_32 = NS_PER_SECOND << 32;
	s8 shift = 0;

	while (shift < 31 && mul_div(ns_32, 1, k->clock.tsc_hz) >> shift > 0xffffffff)
		shift++;
	while (shift <= 0 && shift > -31 && mul_div(ns_32, BIT64(1 - shift), k->clock.tsc_hz) <= 0xffffffff)
		shift--;
	k->shift = shift;
	k->multiplier = (u32)(shift > 0 ? mul_div(ns_32, 1, k->clock.tsc_hz) >> shift :
					  mul_div(ns_32, BIT64(-shift), k->clock.tsc_hz));
}

void kvmclock_init(struct kvmclock *k, const struct clock *clock, const struct kvmclock_ops *ops)
{
	*k = (struct kvmclock){ .clock = *clock, .ops = *ops };
	choose_scale(k);
}
