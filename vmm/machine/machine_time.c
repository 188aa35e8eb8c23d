/* SPDX-License-Identifier: MIT */
/*
 * machine_time.c - the guest's clocks, and when a timer wants attention.
 *
 * Three kinds of time: the host's TSC (deadlines of system calls), the guest's TSC (local APIC), guest nanoseconds (all
 * other devices).
 */
#include "machine.h"
#include "range.h"
#include "syscalls.h"

#define LATE_PER_SECOND 4000u	/* 250 us: what 16 threads need to submit a read each */

static u64 host_tsc(const struct machine *m)
{
	return m->host->tsc(m->host->ctx);
}

static u64 clock_tsc(void *ctx)
{
	const struct machine *m = ctx;

	return host_tsc(m) + m->tsc_offset;
}

static u64 clock_ns(void *ctx)
{
	const struct machine *m = ctx;

	return rt_time_ns(&m->time, host_tsc(m) - m->power_on_tsc);
}

static u64 clock_wall_ns(void *ctx)
{
	const struct machine *m = ctx;

	return m->info->wall_boot_ns + rt_time_ns(&m->time, host_tsc(m) - m->info->tsc_boot) + m->args->wall_offset_ns;
}

void machine_time_init(struct machine *m)
{
	rt_time_init(&m->time, m->info->tsc_hz, m->info->tsc_boot);
	m->power_on_tsc = host_tsc(m);
	m->tsc_offset = 0 - m->power_on_tsc;
	m->clock = (struct clock){
		.tsc = clock_tsc, .ns = clock_ns, .wall_ns = clock_wall_ns, .tsc_hz = m->info->tsc_hz, .ctx = m,
	};
}

/* Host TSC of a moment that is `ticks` ahead of `now`. */
static u64 ahead(u64 now, u64 ticks)
{
	return ticks < DEADLINE_NONE - 1 - now ? now + ticks : DEADLINE_NONE - 1;
}

/* The caller holds the machine's lock. */
static u64 devices_deadline(struct machine *m, u64 now)
{
	u64 now_ns = rt_time_ns(&m->time, now - m->power_on_tsc), earliest = DEADLINE_NONE, ns, at;

	for (u32 i = 0; i < m->timer_count; i++) {
		ns = m->timer[i].ops->deadline_ns(m->timer[i].device);
		if (ns == DEADLINE_NONE)
			continue;
		/* one tick more than the rounded-down conversion: never early */
		at = ns > now_ns ? ahead(now, rt_time_ticks(&m->time, ns - now_ns) + 1) : now;
		earliest = min_u64(earliest, at);
	}
	return earliest;
}

static __attribute__((noinline)) void run_devices(struct machine *m, struct vcpu *v)
{
	machine_lock(m);
	for (u32 i = 0; i < m->timer_count; i++)
		m->timer[i].ops->run(m->timer[i].device);
	v->devices_tsc = devices_deadline(m, host_tsc(m));
	machine_unlock(m);
}

u64 machine_late_tsc(const struct machine *m)
{
	return host_tsc(m) + m->info->tsc_hz / LATE_PER_SECOND;
}

void machine_serve_late(struct machine *m, struct vcpu *v)
{
	v->late_tsc = 0;
	machine_lock(m);
	__atomic_store_n(&m->late, 0, __ATOMIC_RELAXED);
	machine_serve_late_disks(m);
	machine_serve_late_nics(m);
	if (machine_late(m) != 0)		/* they go on gathering */
		v->late_tsc = machine_late_tsc(m);
	machine_unlock(m);
}

u64 machine_run_timers(struct machine *m, struct vcpu *v, bool were_set)
{
	u64 now = host_tsc(m), guest = now + m->tsc_offset + lapic_tsc_adjust(v->lapic), at, soon;

	lapic_run(v->lapic, guest);
	if (v->index == 0 && (were_set || now >= v->devices_tsc))
		run_devices(m, v);
	if (machine_late(m) != 0 && now >= v->late_tsc)
		machine_serve_late(m, v);
	soon = machine_late(m) != 0 ? min_u64(v->devices_tsc, v->late_tsc) : v->devices_tsc;
	at = lapic_deadline_tsc(v->lapic);
	if (at == DEADLINE_NONE)
		return soon;
	return min_u64(soon, at > guest ? ahead(now, at - guest) : now);
}

void machine_time_skip(struct machine *m, u64 ticks)
{
	m->power_on_tsc += ticks;
	m->tsc_offset -= ticks;
	for (u32 i = 0; i < m->vcpu_count; i++)
		vcpu_request(&m->vcpu[i], VCPU_REQUEST_TIME | VCPU_REQUEST_SERVICE);
}

void machine_set_tsc_adjust(struct machine *m, struct vcpu *v, u64 adjust)
{
	bool changes_all;

	lapic_set_tsc_adjust(v->lapic, adjust);
	machine_lock(m);
	changes_all = kvmclock_set_adjust(&m->kvmclock, v->index, adjust);
	machine_unlock(m);
	vcpu_set_tsc_offset(v);
	vcpu_request(v, VCPU_REQUEST_CLOCK | VCPU_REQUEST_SERVICE);
	for (u32 i = 0; changes_all && i < m->vcpu_count; i++)
		vcpu_request(&m->vcpu[i], VCPU_REQUEST_CLOCK);
}
