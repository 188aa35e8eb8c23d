/* SPDX-License-Identifier: MIT */
/*
 * sched_sim.c - see sched_sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "kernel_upcalls.h"
#include "notify.h"
#include "pd.h"
#include "sched_migrate.h"
#include "sched_sim.h"
#include "virt.h"

struct virt_limits virt_limits;
struct thread *threads[THREADS];
struct sched_group groups[THREADS];
u64 sim_timer[FAKE_PCPUS];
u32 sim_timer_writes, sim_ipis, sim_switches;

static struct pd pds[THREADS];
static bool ipi_pending[FAKE_PCPUS], is_told[FAKE_PCPUS];
static u32 pcpus;
static u64 start;
static u64 busy_until[FAKE_PCPUS];

/* A call of the scheduler under way on a pCPU. */
#define STACK_BYTES (256 * 1024)
static struct flow {
	ucontext_t self, back;
	void (*call)(void);
	bool is_resting;	/* in arch_idle */
	const struct thread *on_stack;	/* who called, until it is switched away from */
	char *stack;
} flows[FAKE_PCPUS];
static u64 wait_deadline;
static struct { u32 to; u64 bits; } sent;

/* Which pCPU has something of a thread in its registers. */
#define NOWHERE (~0u)
static u32 attached[THREADS];

/* ---- what the scheduler asks of the processor --------------------------------------------------- */

static u32 index_of(const struct thread *t)
{
	for (u32 i = 0; i < THREADS; i++)
		if (threads[i] == t)
			return i;
	return THREADS;
}

void arch_timer_set(u64 deadline_tsc)
{
	sim_timer[fake_here] = deadline_tsc;
	sim_timer_writes++;
}

void arch_ipi(const struct pcpu *pcpu)
{
	assert_ptr_not_equal(pcpu, pcpu_self());
	ipi_pending[pcpu->id] = true;
	sim_ipis++;
}

void arch_space_switch(hpa_t root)
{
	(void)root;
}

hpa_t arch_space_kernel(void)
{
	return HPA(0);
}

void arch_ports_switch(const struct port_set *ports)
{
	(void)ports;
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
	u32 i = index_of(pcpu_self()->current);

	sim_switches++;
	flows[fake_here].on_stack = NULL;
	assert_ptr_not_equal(from, to);
	assert_ptr_equal(to, pcpu_self()->current);
	if (i == THREADS)
		return;
	assert_true(attached[i] == NOWHERE || attached[i] == fake_here);
	attached[i] = fake_here;
}

void arch_idle(void)
{
	struct flow *flow = &flows[fake_here];

	assert_ptr_equal(pcpu_self()->current, pcpu_self()->idle);
	assert_false(pcpu_self()->need_resched);
	flow->is_resting = true;
	swapcontext(&flow->self, &flow->back);
	flow->is_resting = false;
}

void arch_fpu_switch(struct fpu_area *area)
{
	(void)area;
}

/* A thread leaves its pCPU; the address of its area is its own. */
void arch_fpu_forget(struct fpu_area *area)
{
	struct thread *t = (struct thread *)(void *)area;
	u32 i = index_of(t);

	assert_int_equal(t->pcpu->id, fake_here);
	assert_int_equal(t->state, THREAD_MIGRATING);
	assert_ptr_not_equal(t, pcpu_self()->current);
	assert_ptr_not_equal(t, flows[fake_here].on_stack);
	assert_true(attached[i] == NOWHERE || attached[i] == fake_here);
	attached[i] = NOWHERE;
}

/* ---- what always holds -------------------------------------------------------------------------- */

static u32 list_count(const struct list *head)
{
	u32 count = 0;

	for (const struct list *i = head->next; i != head; i = i->next) {
		assert_ptr_equal(i->next->prev, i);
		count++;
	}
	return count;
}

static void check_queue(const struct sched *s, u32 class)
{
	u64 last = 0;

	for (const struct list *i = s->ready[class].next; i != &s->ready[class]; i = i->next) {
		const struct thread *t = CONTAINER_OF(i, struct thread, run_link);

		assert_int_equal(t->state, THREAD_READY);
		assert_int_equal(t->class, class);
		assert_ptr_equal(t->pcpu, s->pcpu);
		if (class == SCHED_CLASS_FAIR)
			assert_true(t->vruntime >= last);
		last = t->vruntime;
	}
}

/* A pCPU that sleeps, or runs a thread that makes no call, learns by an interrupt only that it must reschedule. */
static void check_told(u32 p)
{
	bool is_due = fake_pcpus[p].need_resched;

	is_told[p] = is_due && (is_told[p] || ipi_pending[p] || p == fake_here);
	assert_int_equal(is_told[p], is_due);
}

static void check_pcpu(u32 p)
{
	const struct sched *s = fake_pcpus[p].sched;
	u32 ready = 0, movable = 0;
	u64 load = 0, sum = 0;

	for (u32 class = 0; class < SCHED_CLASS_COUNT; class++) {
		check_queue(s, class);
		ready += list_count(&s->ready[class]);
	}
	assert_int_equal(ready, s->ready_count);
	for (u32 i = 0; i < THREADS; i++) {
		const struct thread *t = threads[i];

		if (t->pcpu != s->pcpu)
			continue;
		if (t->state == THREAD_READY || t->state == THREAD_RUNNING)
			load += t->load;
		if (t->state == THREAD_READY && t->is_movable)
			movable++;
	}
	assert_int_equal(load, s->load);
	assert_int_equal(movable, s->movable_count);
	for (u32 what = PCPU_TIME_ELAPSED + 1; what < PCPU_TIME_COUNT; what++)
		sum += s->times[what];
	assert_int_equal(sum, s->accounted - s->started);
	assert_int_equal(s->pcpu->current->state, THREAD_RUNNING);
	assert_int_equal(s->running_prio, s->pcpu->current == s->pcpu->idle ? 0 : s->running_prio);
	assert_int_equal(s->lock.next, s->lock.serving);
	assert_true(sim_timer[p] == s->timer);
	check_told(p);
}

static void check_thread(u32 i)
{
	const struct thread *t = threads[i];
	bool is_queued = t->state == THREAD_READY || t->state == THREAD_MIGRATING;

	assert_int_equal(t->state == THREAD_RUNNING, t->pcpu->current == t);
	assert_int_equal(is_queued, !list_is_empty(&t->run_link));
	assert_true(t->state != THREAD_PARKED || !list_is_empty(&t->sleep_link));
	assert_true(t->state == THREAD_PARKED || t->state == THREAD_WAITING || list_is_empty(&t->sleep_link));
	if (t->state == THREAD_STOPPED)
		assert_int_equal(attached[i], NOWHERE);
}

static void check_settled(void)
{
	u64 idle = 0;

	for (u32 p = 0; p < pcpus; p++) {
		struct sched *s = fake_pcpus[p].sched;

		assert_true(list_is_empty(&s->migrating));
		assert_int_equal(s->is_idle, s->pcpu->current == s->pcpu->idle);
		assert_int_equal(s->is_overloaded, s->movable_count != 0);
		assert_true(!s->is_idle || s->ready_count == 0);
		if (s->is_idle && busy_until[p] + 2 * SLICE < fake_tsc)
			idle |= BIT64(p);
	}
	for (u32 i = 0; i < THREADS; i++) {
		const struct thread *t = threads[i];

		assert_false(t->want_stop);
		if (t->state == THREAD_READY) {
			assert_true(t->class <= t->pcpu->current->class);
			if (t->ready_tsc + 2 * SLICE < fake_tsc)	/* nobody waits long beside a free pCPU */
				assert_int_equal(t->group->affinity & idle, 0);
		}
		if (t->state == THREAD_READY || t->state == THREAD_RUNNING)
			assert_int_not_equal(t->group->affinity & BIT64(t->pcpu->id), 0);
	}
}

void sim_check(bool settled)
{
	for (u32 p = 0; p < pcpus; p++)
		check_pcpu(p);
	for (u32 i = 0; i < THREADS; i++) {
		u32 runnable = 0;

		check_thread(i);
		for (u32 j = 0; j < THREADS; j++)
			if (threads[j]->group == &groups[i])
				runnable += threads[j]->state == THREAD_READY || threads[j]->state == THREAD_RUNNING;
		assert_int_equal(groups[i].runnable, runnable);
	}
	if (settled)
		check_settled();
}

/* ---- the machine -------------------------------------------------------------------------------- */

static void flow_main(void)
{
	flows[fake_here].call();
}

static void flow_call(void (*call)(void))
{
	struct flow *flow = &flows[fake_here];

	assert_false(flow->is_resting);
	if (flow->stack == NULL)
		flow->stack = malloc(STACK_BYTES);
	flow->call = call;
	flow->on_stack = thread_current();
	getcontext(&flow->self);
	flow->self.uc_stack.ss_sp = flow->stack;
	flow->self.uc_stack.ss_size = STACK_BYTES;
	flow->self.uc_link = &flow->back;
	makecontext(&flow->self, flow_main, 0);
	swapcontext(&flow->back, &flow->self);
	if (!flow->is_resting)
		flow->on_stack = NULL;
}

static void call_wait(void)
{
	sched_wait(wait_deadline);
}

void sim_preempt(void)
{
	struct flow *flow = &flows[fake_here];

	if (flow->is_resting) {
		swapcontext(&flow->back, &flow->self);
		if (!flow->is_resting)
			flow->on_stack = NULL;
	} else {
		flow_call(sched_preempt);
	}
}

void sim_yield(void)
{
	flow_call(sched_yield);
}

void sim_wait(u64 deadline)
{
	wait_deadline = deadline;
	flow_call(call_wait);
}

static void call_send(void)
{
	notify_send(threads[sent.to], sent.bits);
}

void sim_send(u32 i, u64 bits)
{
	sent.to = i;
	sent.bits = bits;
	flow_call(call_send);
}

void sim_stop_current(void)
{
	flow_call(sched_stop_current);
}

/* The thread on whose stack the pCPU idles has been made the current one by a handler. */
static bool has_risen(u32 p)
{
	return flows[p].is_resting && fake_pcpus[p].current != fake_pcpus[p].idle;
}

bool sim_can_call(void)
{
	return !flows[fake_here].is_resting && !pcpu_self()->need_resched && pcpu_self()->current != pcpu_self()->idle;
}

bool sim_step(u32 p)
{
	u32 here = fake_here;
	bool is_busy = true;

	fake_here = p;
	if (fake_pcpus[p].current != fake_pcpus[p].idle)
		busy_until[p] = fake_tsc;
	if (ipi_pending[p]) {
		ipi_pending[p] = false;
		sched_ipi();
	} else if (fake_tsc >= sim_timer[p]) {
		sim_timer[p] = DEADLINE_NONE;
		kernel_timer();
	} else if (fake_pcpus[p].need_resched || has_risen(p)) {
		sim_preempt();
	} else {
		is_busy = false;
	}
	is_told[p] = fake_pcpus[p].need_resched;
	fake_here = here;
	return is_busy;
}

void sim_settle(void)
{
	bool is_busy = true;

	for (u32 rounds = 0; is_busy; rounds++) {
		assert_true(rounds < 1000);
		is_busy = false;
		for (u32 p = 0; p < pcpus; p++)
			is_busy |= sim_step(p);
	}
}

void sim_settle_randomly(unsigned *seed)
{
	for (u32 i = 0; i < 20; i++) {
		(void)sim_step((u32)rand_r(seed) % pcpus);
		sim_check(false);
	}
	sim_settle();
	sim_check(true);
}

void sim_run(u64 ticks)
{
	u64 end = fake_tsc + ticks;

	sim_settle();
	while (fake_tsc < end) {
		u64 next = end;

		for (u32 p = 0; p < pcpus; p++)
			if (sim_timer[p] < next)
				next = sim_timer[p];
		fake_tsc = next > fake_tsc ? next : fake_tsc;
		sim_settle();
	}
}

void sim_begin(u32 count)
{
	pcpus = count;
	fake_tsc += 12345;
	start = fake_tsc;
	sim_ipis = sim_switches = 0;
	for (u32 p = count; p-- > 0;) {
		fake_here = p;
		flows[p].is_resting = false;
		flows[p].on_stack = NULL;
		fake_pcpus[p] = (struct pcpu){ .self = &fake_pcpus[p], .id = p };
		sim_timer[p] = DEADLINE_NONE;
		ipi_pending[p] = is_told[p] = false;
		busy_until[p] = fake_tsc;
		sched_init();
		sched_set_clock(HZ);
	}
	for (u32 i = 0; i < THREADS; i++) {
		struct object *object = object_alloc(&thread_type);

		assert_non_null(object);
		threads[i] = thread_of(object);
		threads[i]->arch.fpu = (struct fpu_area *)(void *)threads[i];
		sched_group_init(&groups[i]);
		threads[i]->pd = &pds[i];
		threads[i]->group = &groups[i];
		threads[i]->pcpu = &fake_pcpus[0];
		list_init(&threads[i]->run_link);
		list_init(&threads[i]->sleep_link);
		attached[i] = NOWHERE;
	}
}

void sim_end(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < THREADS; i++)
		sched_stop(threads[i]);
	sim_settle();
	sim_check(true);
	for (u32 i = 0; i < THREADS; i++) {
		assert_true(sched_is_stopped(threads[i]));
		sum += sim_time(i);
	}
	for (u32 p = 0; p < pcpus; p++)
		sum += sim_stat(fake_pcpus[p].idle, STAT_TIME_TSC);
	assert_int_equal(sum, pcpus * (fake_tsc - start));
}

u64 sim_stat(struct thread *t, enum stat stat)
{
	u64 times[STAT_TIME_COUNT] = { 0 };

	sched_add_times(t, times);
	return times[stat];
}

void sim_join(u32 i, u32 j)
{
	threads[i]->group = &groups[j];
	threads[i]->class = groups[j].class;
}

void sim_go(u32 i)
{
	assert_int_equal(sched_start(threads[i]), ST_OK);
	sim_settle();
	sim_check(true);
}

void sim_be(u32 i)
{
	fake_here = threads[i]->pcpu->id;
	assert_ptr_equal(thread_current(), threads[i]);
}

void sim_sleep(u32 i, u64 deadline)
{
	sim_be(i);
	sim_wait(deadline);
	sim_settle();
	sim_check(true);
}

u64 sim_time(u32 i)
{
	return sim_stat(threads[i], STAT_TIME_TSC);
}

bool sim_is_running(u32 i)
{
	return threads[i]->state == THREAD_RUNNING;
}

void sim_assert_near(u64 value, u64 want, u32 percent)
{
	assert_in_range(value, want - want * percent / 100, want + want * percent / 100);
}

int sim_setup(void **state)
{
	(void)state;
	sim_begin(1);
	return 0;
}

int sim_teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

struct thread *sim_running(void)
{
	return fake_pcpu.current;
}
