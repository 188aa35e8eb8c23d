/* SPDX-License-Identifier: MIT */
/*
 * sched_time.c - see sched.h: every tick to one thread and one kind of time.
 */
#include "range.h"
#include "sched_migrate.h"

/* `t` has run for so long, some of it perhaps in its guest. */
static void charge(struct sched *s, struct thread *t, u64 ticks, u64 now)
{
	u64 guest, due = sched_group_take_owed(t->group, ticks);

	t->slice_used += ticks;
	if (t->class == SCHED_CLASS_FAIR)
		t->vruntime += due * SCHED_WEIGHT_DEFAULT / sched_group_thread_weight(t->group);
	if (t->group->cap != 0)
		sched_group_charge(t->group, due, now);
	if (t->vcpu == NULL) {
		s->times[PCPU_TIME_SYSTEM] += ticks;
		return;
	}
	guest = thread_guest_time(t, now) - t->guest_counted;
	guest = min_u64((s64)guest < 0 ? 0 : guest, ticks);
	t->guest_counted += guest;
	s->times[PCPU_TIME_GUEST] += guest;
	s->times[PCPU_TIME_VMM] += ticks - guest;
}

u64 sched_account(struct sched *s)
{
	struct thread *t = s->pcpu->current;
	u64 now = arch_tsc();
	u64 ticks = now - s->accounted;

	if ((s64)ticks <= 0)	/* by another pCPU whose clock is a little ahead */
		return s->accounted;
	s->accounted = now;
	t->time_tsc += ticks;
	if (t == s->pcpu->idle)
		s->times[PCPU_TIME_IDLE] += ticks;
	else
		charge(s, t, ticks, now);
	return now;
}

void sched_add_times(struct thread *t, u64 *times)
{
	struct sched *s = sched_lock_of(t);
	u64 now = sched_account(s);
	bool is_ready = t->state == THREAD_READY || t->state == THREAD_PARKED;

	times[STAT_TIME_TSC] += t->time_tsc;
	times[STAT_TIME_GUEST_TSC] += thread_guest_time(t, now);
	times[STAT_TIME_READY] += t->time_ready + (is_ready ? now - t->ready_tsc : 0);
	lock_release(&s->lock);
}

enum status sched_pcpu_times(u64 pcpu_id, u64 *times)
{
	struct sched *s = sched_at(pcpu_id);

	if (s == NULL)
		return ST_INVAL;
	lock_acquire(&s->lock);
	s->times[PCPU_TIME_ELAPSED] = sched_account(s) - s->started;
	__builtin_memcpy(times, s->times, sizeof(s->times));
	lock_release(&s->lock);
	return ST_OK;
}
