/*
 * machine_time.c - the guest's clocks, and when a timer wants attention.
 *
 * Three kinds of time: the host's TSC (deadlines of system calls), the guest's TSC (local APIC), guest nanoseconds (all
 * other devices).
 */
#include "machine.h"
#include "syscalls.h"

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

u64 machine_deadline(const struct machine *m, const struct vcpu *v)
{
	u64 now = host_tsc(m), earliest = DEADLINE_NONE, at = lapic_deadline_tsc(v->lapic), ns, now_ns;

	if (at != DEADLINE_NONE)
		earliest = at > now + m->tsc_offset ? ahead(now, at - (now + m->tsc_offset)) : now;
	if (v->index != 0)
		return earliest;
	now_ns = rt_time_ns(&m->time, now - m->power_on_tsc);
	for (u32 i = 0; i < m->timer_count; i++) {
		ns = m->timer[i].ops->deadline_ns(m->timer[i].device);
		if (ns == DEADLINE_NONE)
			continue;
		/* one tick more than the rounded-down conversion: never early */
		at = ns > now_ns ? ahead(now, rt_time_ticks(&m->time, ns - now_ns) + 1) : now;
		if (at < earliest)
			earliest = at;
	}
	return earliest;
}

void machine_run_timers(struct machine *m, struct vcpu *v)
{
	lapic_run(v->lapic);
	if (v->index != 0)
		return;
	for (u32 i = 0; i < m->timer_count; i++)
		m->timer[i].ops->run(m->timer[i].device);
}

static void publish_offset(struct machine *m)
{
	for (u32 i = 0; i < m->vcpu_count; i++) {
		m->vcpu[i].page->tsc_offset = m->tsc_offset;
		m->vcpu[i].page->dirty |= GROUP_TIME;
		vcpu_request(&m->vcpu[i], VCPU_REQUEST_SERVICE);
	}
}

void machine_time_skip(struct machine *m, u64 ticks)
{
	m->power_on_tsc += ticks;
	m->tsc_offset -= ticks;
	publish_offset(m);
}

void machine_set_tsc(struct machine *m, u64 value)
{
	m->tsc_offset = value - host_tsc(m);
	publish_offset(m);
	for (u32 i = 0; i < m->vcpu_count; i++)
		kvmclock_update(&m->kvmclock, i);
}
