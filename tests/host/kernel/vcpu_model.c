/* SPDX-License-Identifier: MIT */
#include "vcpu_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "kernel_upcalls.h"
#include "mem.h"
#include "notify.h"
#include "sched.h"
#include "vcpu.h"
#include "virt_bits.h"
#include "vm.h"

#define VCPUS MODEL_VCPUS
#define SLOTS MODEL_SLOTS
#define THREADS (VCPUS + 1)	/* the last one takes memory away */
#define SLOT_BASE 0x100000ull
#define STACK_BYTES (256 * 1024)
#define TICK 10u
static unsigned seed, first_seed;
static u64 turns;
static const struct model_vendor *vendor;

_Noreturn void model_give_up(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s: VOS_TEST_SEED=%u, turn %llu, pCPU %u\n", file, line, what, first_seed,
		(unsigned long long)turns, fake_here);
	fflush(stderr);
	_Exit(1);
}

u32 model_random(u32 count)
{
	return (u32)rand_r(&seed) % count;
}

/* ---- what is true ------------------------------------------------------------------------------- */

/* A vCPU as its guest and its VMM know it. */
struct truth {
	u64 rip, rax;		/* of the instruction that is next */
	u64 epoch;		/* how often the guest has flushed its TLB */
	bool has_interrupts;	/* RFLAGS.IF */
	struct vcpu_event event;	/* the VMM asked for it, and it was not delivered */
	u32 vector;		/* on offer, and not delivered; 0 = none */
	u32 next_id;
	u64 deadline;
	u64 bits;		/* signalled, not collected */
	bool is_refused;	/* the last entry was */
	struct model_drs drs;
};

static struct truth truths[VCPUS];
static struct vcpu *vcpus[VCPUS];
static struct vm vms[MODEL_VMS];

struct slot { struct mem *mem; u64 serial; };	/* serial: how often its memory was given back */
static struct slot slots[MODEL_VMS][SLOTS];

static struct { u64 entries, refused, moves, shrinks, cut, delivered, notified, late, handed_back; } seen;

/* ---- threads and pCPUs -------------------------------------------------------------------------- */

static struct context {
	struct thread thread;
	ucontext_t self;
	bool is_ready;		/* else it sleeps */
	u64 off_tsc;
} contexts[THREADS];
static ucontext_t machine;
static struct sched scheds[FAKE_PCPUS];
static bool is_deaf[FAKE_PCPUS];
static const struct thread *last_on[FAKE_PCPUS];	/* on whose stack it idles */

static struct context *context_of(struct thread *t)
{
	return CONTAINER_OF(t, struct context, thread);
}

u32 model_vcpu(void)
{
	return (u32)(context_of(thread_current()) - contexts);
}

void sched_timer_limit_set(struct sched *s, u64 deadline_tsc)
{
	s->limit = deadline_tsc;
}

bool sched_sibling_waits(void)
{
	CHECK(virt_limits.asks_for_siblings);	/* it takes the lock of the run queue */
	return one_in(2);
}

void model_take_interrupts(void)
{
	struct pcpu *pcpu = pcpu_self();

	fake_take_ipi(fake_here);
	if (scheds[fake_here].limit <= fake_tsc) {
		scheds[fake_here].limit = DEADLINE_NONE;
		pcpu->fast_vcpu = NULL;
	}
	if (one_in(12)) {
		pcpu->need_resched = true;
		pcpu->fast_vcpu = NULL;
	}
}

/* Others act, but not here if this pCPU has interrupts off. */
static void let_others_act(bool is_off)
{
	is_deaf[fake_here] = is_off;
	swapcontext(&context_of(thread_current())->self, &machine);
	is_deaf[fake_here] = false;
}

void model_window(void)
{
	let_others_act(false);
	model_take_interrupts();
}

void arch_interrupts_poll(void)
{
	if (one_in(2))
		model_window();
	else
		model_take_interrupts();
}

/* Off this pCPU, until the machine chooses it again. */
static void switch_away(void)
{
	struct context *c = context_of(thread_current());

	pcpu_self()->need_resched = false;
	c->off_tsc = fake_tsc;
	pcpu_self()->current = NULL;
	swapcontext(&c->self, &machine);
}

/* There may be nobody else. */
void sched_preempt(void)
{
	if (one_in(4))
		pcpu_self()->need_resched = false;
	else
		switch_away();
}

void sched_wake(struct thread *t)
{
	if (t->pcpu->current == t && t->pcpu != pcpu_self())
		arch_ipi(t->pcpu);
	else if (t->pcpu->current == t)
		pcpu_self()->fast_vcpu = NULL;
	context_of(t)->is_ready = true;
}

static void signal_vcpu(u32 who, u64 bits)
{
	truths[who].bits |= bits;
	contexts[who].thread.pending |= bits;
	sched_wake(&contexts[who].thread);
}

/* ---- the guest ---------------------------------------------------------------------------------- */

/* It touches a page. False: a nested fault. */
static bool touch(const struct model_view *view, u32 who, u32 page)
{
	struct model_cached *c = &view->cached[page];
	const struct slot *slot = &slots[who / 2][page];

	if (!c->is_valid) {
		CHECK(view->s2_root == vms[who / 2].space.pt.root.raw);
		if (pt_lookup(&vms[who / 2].space.pt, SLOT_BASE + page * PAGE_SIZE).level == 0)
			return false;
		*c = (struct model_cached){ true, who, truths[who].epoch, slot->serial };
	}
	CHECK(c->vcpu == who);
	CHECK(c->epoch == truths[who].epoch);
	CHECK(c->serial == slot->serial);
	return true;
}

static void leave_with_fault(struct model_view *view, u32 page)
{
	view->exit = MODEL_FAULT;
	view->gpa = SLOT_BASE + page * PAGE_SIZE;
}

/* At a page that is not the guest's, or at one that is. */
static void cut_short(struct model_view *view, bool *what)
{
	seen.cut++;
	*what = true;
	leave_with_fault(view, model_random(SLOTS + 1));
}

/* False: its delivery was cut short by a fault. */
static bool deliver(struct model_view *view, struct truth *t)
{
	if (!view->event.valid)
		return true;
	CHECK(t->event.valid);
	CHECK(memcmp(&view->event, &t->event, sizeof(t->event)) == 0);
	if (one_in(3)) {
		cut_short(view, &view->is_event_cut);
		return false;
	}
	if (t->event.type == EVENT_SOFT_INT)
		t->rip += MODEL_INSN_BYTES;
	t->event.valid = 0;
	seen.delivered++;
	return true;
}

/* The same of an interrupt, which an entry may leave on offer. */
static bool interrupt(struct model_view *view, struct truth *t)
{
	if (view->vector == 0 || view->is_taken || !t->has_interrupts || (!view->is_injected && one_in(3)))
		return true;
	CHECK(view->vector == t->vector);
	view->is_taken = true;
	if (one_in(3)) {
		cut_short(view, &view->is_interrupt_cut);
		return false;
	}
	t->vector = 0;
	seen.delivered++;
	return true;
}

static bool is_host_interrupt_due(void)
{
	return fake_ipis[fake_here] != 0 || scheds[fake_here].limit <= fake_tsc;
}

/* One instruction. False: the guest is left. */
static bool execute_one(struct model_view *view, struct truth *t, u32 who)
{
	u32 page = model_random(SLOTS);

	if (one_in(16)) {
		t->epoch++;
		memset(view->cached, 0, SLOTS * sizeof(*view->cached));
	}
	if (!touch(view, who, page)) {
		leave_with_fault(view, page);
		return false;
	}
	if (one_in(8) && !model_move_drs(view, &t->drs))
		return false;
	t->rip++;
	t->rax = t->rax * 1103515245 + 12345;
	if (one_in(8))
		t->has_interrupts = !t->has_interrupts;
	if (view->has_window && t->has_interrupts) {
		view->exit = MODEL_WINDOW;
		return false;
	}
	return interrupt(view, t);
}

static void execute(struct model_view *view, struct truth *t, u32 who)
{
	for (u32 left = model_random(4); left != 0 && !is_host_interrupt_due(); left--)
		if (!execute_one(view, t, who))
			return;
	view->exit = is_host_interrupt_due() || one_in(2) ? MODEL_INTERRUPT : MODEL_CPUID;
}

/* The guest may be in here only if nothing is due that the processor does not know of. */
void model_begin_entry(const struct vcpu_hw *hw)
{
	const struct thread *thread = thread_current();
	u32 who = model_vcpu();
	const struct truth *t = &truths[who];

	CHECK(vcpus[who]->hw == hw && pcpu_self()->fast_vcpu == vcpus[who] && pcpu_self()->fpu_live == vcpus[who]->fpu);
	CHECK(!pcpu_self()->need_resched);
	CHECK(scheds[fake_here].limit == t->deadline);
	if (one_in(2))
		let_others_act(true);
	CHECK(thread->pending == 0 || fake_ipis[fake_here] != 0);	/* which ends the entry at once */
	fake_tsc += 1 + model_random(TICK);
}

bool model_is_refused(void)
{
	struct truth *t = &truths[model_vcpu()];

	t->is_refused = one_in(24);
	if (t->is_refused)
		seen.refused++;
	return t->is_refused;
}

bool model_has_interrupts(void)
{
	return truths[model_vcpu()].has_interrupts;
}

void model_run(struct model_view *view)
{
	u32 who = model_vcpu();
	struct truth *t = &truths[who];

	CHECK(view->rip == t->rip);
	CHECK(view->rax == t->rax);
	CHECK(t->event.valid == view->event.valid);
	CHECK(t->vector == view->vector || (view->has_window && view->vector == 0));
	model_check_drs(view, &t->drs);
	seen.entries++;
	if (deliver(view, t) && interrupt(view, t))
		execute(view, t, who);
	view->rip = t->rip;
	view->rax = t->rax;
	view->has_interrupts = t->has_interrupts;
}

/* ---- a VMM -------------------------------------------------------------------------------------- */

static void choose_deadline(struct vcpu_page *page, struct truth *t)
{
	if (one_in(2))
		t->deadline = one_in(2) ? DEADLINE_NONE : fake_tsc + model_random(8 * TICK);
	page->deadline_tsc = t->deadline;
}

static void choose_event(struct vcpu_page *page, struct truth *t)
{
	if (!one_in(4))
		return;		/* one that was handed back stays where it is */
	t->event = (struct vcpu_event){ .valid = !one_in(4), .type = EVENT_EXCEPTION, .vector = VECTOR_PF,
					.has_error = 1, .error = ++t->next_id };
	if (one_in(3))
		t->event = (struct vcpu_event){ .valid = 1, .type = EVENT_SOFT_INT, .insn_len = MODEL_INSN_BYTES,
						.vector = (u8)(32 + ++t->next_id % 200) };
	page->event = t->event;
	if (t->event.valid)
		page->dirty |= GROUP_EVENT;
	else
		page->dirty &= ~GROUP_EVENT;
}

static void choose_interrupt(struct vcpu_page *page, struct truth *t)
{
	if (!one_in(4))
		return;
	t->vector = one_in(3) ? 0 : 32 + ++t->next_id % 200;
	page->intr_pending = t->vector != 0;
	page->intr_vector = (u8)t->vector;
}

/* The VMM has done what the instruction was to do. */
static void complete(struct vcpu_page *page, struct truth *t)
{
	t->rip += MODEL_INSN_BYTES;
	t->rax = (u64)rand_r(&seed);
	page->rip = t->rip;
	page->gpr[GPR_RAX] = t->rax;
	page->dirty |= one_in(8) ? GROUP_GPR : GROUP_STEP;
	if (one_in(8))
		page->dirty |= GROUP_MSR;
}

static void check_return(const struct vcpu *vcpu, const struct vcpu_page *page, const struct truth *t)
{
	bool is_stepped = vendor->rip(vcpu->hw) == t->rip;

	CHECK(page->rip == t->rip && page->gpr[GPR_RAX] == t->rax);
	CHECK((page->dirty & GROUP_STEP) == (is_stepped ? 0 : GROUP_STEP));
	CHECK((page->dirty & ~(GROUP_STEP | GROUP_EVENT)) == 0);
	CHECK(!t->event.valid == !(page->dirty & GROUP_EVENT));
	CHECK(!t->event.valid || memcmp(&page->event, &t->event, sizeof(t->event)) == 0);
	CHECK(page->intr_pending == (t->vector != 0));
	CHECK(t->vector == 0 || page->intr_vector == t->vector);
	CHECK(vcpu->entry.what == 0 && vcpu->entry.interrupts == 0 && !vcpu->entry.event.valid);
	if (!is_stepped)
		seen.handed_back++;
}

/* A state that no hardware takes: nothing of it is loaded, and what else was asked for is still there. */
static void run_refused(const struct vcpu *vcpu, struct vcpu_page *page, const struct truth *t)
{
	u64 pat = page->pat;

	page->pat = 2;
	page->dirty |= GROUP_CR;
	CHECK(vcpu_run().status == ST_OK);
	CHECK(page->exit.reason == EXIT_BAD_STATE);
	page->pat = pat;
	check_return(vcpu, page, t);
}

static void note_result(struct vcpu_page *page, struct truth *t, struct syscall_result result)
{
	if (result.status == ST_NOTIFIED) {
		CHECK(result.value == t->bits);
		t->bits = 0;
		seen.notified++;
		return;
	}
	CHECK(result.status == ST_OK);
	if (page->exit.reason == EXIT_DEADLINE) {
		CHECK(fake_tsc >= t->deadline);
		t->deadline = page->deadline_tsc = DEADLINE_NONE;
		seen.late++;
	} else if (page->exit.reason == EXIT_CPUID) {
		complete(page, t);
	} else {
		CHECK(page->exit.reason == EXIT_BAD_STATE ? t->is_refused : page->exit.reason == EXIT_MEM);
	}
}

/* As notify_wait. */
static void wait_for_signal(struct thread *self, struct truth *t)
{
	context_of(self)->is_ready = false;
	switch_away();
	CHECK(notify_take(self) == t->bits);
	t->bits = 0;
}

static void pause_in_ring_3(struct thread *self, struct truth *t)
{
	if (one_in(16))
		arch_fpu_switch((struct fpu_area *)(void *)self);	/* the VMM uses vector registers */
	model_take_interrupts();
	kernel_exit_check();
	if (one_in(6))
		wait_for_signal(self, t);
	if (one_in(3))
		let_others_act(false);
	model_take_interrupts();
	kernel_exit_check();
}

static void vmm_turn(struct vcpu *vcpu, struct vcpu_page *page, struct truth *t)
{
	struct syscall_result result;

	if (one_in(16) && !(page->dirty & GROUP_GPR))
		CHECK(vcpu_get(GROUP_GPR | GROUP_SEG).status == ST_OK);
	if (one_in(32) && !(page->dirty & GROUP_GPR)) {
		run_refused(vcpu, page, t);
		return;
	}
	if (one_in(8))
		model_look_at_drs(page, &t->drs);
	result = vcpu_run();
	check_return(vcpu, page, t);
	note_result(page, t, result);
}

static void vmm_main(u32 who)
{
	struct thread *self = &contexts[who].thread;
	struct vcpu *vcpu = vcpus[who];
	struct vcpu_page *page = vcpu->page;
	struct truth *t = &truths[who];

	CHECK(vcpu_bind(vcpu) == ST_OK);
	for (;;) {
		pause_in_ring_3(self, t);
		choose_deadline(page, t);
		choose_event(page, t);
		choose_interrupt(page, t);
		vmm_turn(vcpu, page, t);
		kernel_exit_check();
	}
}

/* ---- who takes memory away ---------------------------------------------------------------------- */

static void give(u32 vm, u32 page)
{
	struct slot *slot = &slots[vm][page];

	CHECK(mem_create(PAGE_SIZE, 0, &slot->mem) == ST_OK);
	CHECK(space_map(&vms[vm].space, &slot->mem->object, SLOT_BASE + page * PAGE_SIZE, 0, PAGE_SIZE, PT_R | PT_W) ==
	      ST_OK);
}

static void take(u32 vm, u32 page)
{
	struct mem *mem = slots[vm][page].mem;

	while (space_unmap(&vms[vm].space, SLOT_BASE + page * PAGE_SIZE, PAGE_SIZE) == ST_AGAIN) {
		model_window();
		kernel_exit_check();
	}
	slots[vm][page].serial++;	/* from now on it may be anybody's */
	while (object_destroy(&mem->object) == ST_AGAIN) {
		model_window();
		kernel_exit_check();
	}
	seen.shrinks++;
}

static void taker_main(void)
{
	for (;;) {
		u32 vm = model_random(MODEL_VMS), page = model_random(SLOTS);

		for (u32 i = model_random(30); i != 0; i--) {
			model_window();
			if (one_in(16))
				switch_away();
			kernel_exit_check();
		}
		take(vm, page);
		give(vm, page);
	}
}

/* ---- the machine -------------------------------------------------------------------------------- */

static void context_main(void)
{
	u32 who = model_vcpu();

	if (who < VCPUS)
		vmm_main(who);
	else
		taker_main();
}

static void begin_context(u32 i)
{
	static char stacks[THREADS][STACK_BYTES] __attribute__((aligned(4096)));
	struct context *c = &contexts[i];

	c->is_ready = true;
	c->thread.pcpu = &fake_pcpus[i % FAKE_PCPUS];
	c->thread.state = THREAD_RUNNING;
	getcontext(&c->self);
	c->self.uc_stack.ss_sp = stacks[i];
	c->self.uc_stack.ss_size = STACK_BYTES;
	makecontext(&c->self, context_main, 0);
}

/* As sched_drain: off the pCPU where it was last, which is between two threads. */
static void move(struct context *c)
{
	u32 to = model_random(FAKE_PCPUS);

	if (to == c->thread.pcpu->id || c->thread.pcpu->current != NULL)
		return;
	fake_here = c->thread.pcpu->id;
	if (c->thread.vcpu != NULL)
		c->thread.ops->leave(c->thread.vcpu);
	last_on[fake_here] = NULL;
	c->thread.pcpu = &fake_pcpus[to];
	seen.moves++;
}

static struct context *find_ready(u32 pcpu)
{
	u32 first = model_random(THREADS);

	for (u32 i = 0; i < THREADS; i++) {
		struct context *c = &contexts[(first + i) % THREADS];

		if (c->is_ready && c->thread.pcpu->id == pcpu)
			return c;
	}
	return NULL;
}

/* The pCPU goes on with a thread; the one on whose stack it idled finds `fast_vcpu` as it was. */
static void switch_to(struct context *c)
{
	struct pcpu *pcpu = pcpu_self();

	if (pcpu->is_idle)
		kernel_idle_end();
	if (last_on[fake_here] != &c->thread) {
		pcpu->fast_vcpu = NULL;
		if (pcpu->has_guest_state)
			virt->put_away(pcpu);
	}
	scheds[fake_here].limit = DEADLINE_NONE;
	pcpu->current = &c->thread;
	last_on[fake_here] = &c->thread;
	if (c->thread.vcpu != NULL)
		c->thread.ops->was_away(c->thread.vcpu, fake_tsc - c->off_tsc, 0);
}

static void act(u32 p)
{
	struct pcpu *pcpu = &fake_pcpus[p];

	fake_here = p;
	if (pcpu->current == NULL) {
		struct context *c = find_ready(p);

		if (c == NULL) {
			pcpu->is_idle = true;
			return;
		}
		switch_to(c);
	}
	swapcontext(&machine, &context_of(pcpu->current)->self);
}

static void happen(void)
{
	u32 who = model_random(THREADS);
	struct context *c = &contexts[who];

	fake_here = model_random(FAKE_PCPUS);
	if (one_in(48) && c->thread.vcpu != NULL && !is_deaf[fake_here])
		signal_vcpu(who, BIT64(model_random(3)));
	else if (one_in(24))
		c->is_ready = true;
	else if (one_in(4))
		move(c);
}

static void begin_vcpu(u32 i)
{
	struct vcpu *vcpu;

	CHECK(vcpu_create(&vms[i / 2], i % 2, &vcpu) == ST_OK);
	vendor->vcpu_on(vcpu->hw);
	virt->leave(vcpu->hw);
	vcpus[i] = vcpu;
	truths[i] = (struct truth){ .rip = vcpu->page->rip, .deadline = DEADLINE_NONE };
	truths[i].drs = (struct model_drs){ .dr6 = DR6_FIXED, .dr7 = DR7_FIXED };
}

static void begin(void)
{
	fake_machine_init();
	pcpu_count = FAKE_PCPUS;
	virt = vendor->ops;
	virt_limits = (struct virt_limits){ .cr0_fixed0 = CR0_ET, .cr0_fixed1 = ~0ull, .cr4_mask = ~0ull,
		.efer_mask = ~0ull, .xcr0_mask = 7, .physical_bits = 40, .linear_bits = 48 };
	for (u32 p = FAKE_PCPUS; p-- > 0;) {
		fake_here = p;
		fake_pcpus[p] = (struct pcpu){ .self = &fake_pcpus[p], .id = p, .sched = &scheds[p] };
		scheds[p].limit = DEADLINE_NONE;
		vendor->cpu_on();
	}
	for (u32 i = 0; i < MODEL_VMS; i++) {
		CHECK(space_init_guest(&vms[i].space, vendor->format, 1ull << 40, false) == ST_OK);
		for (u32 page = 0; page < SLOTS; page++)
			give(i, page);
	}
	for (u32 i = 0; i < VCPUS; i++)
		begin_vcpu(i);
	for (u32 i = 0; i < THREADS; i++)
		begin_context(i);
}

#define SEEN(what, least)									\
	do {											\
		printf(#what " %llu\n", (unsigned long long)seen.what);				\
		CHECK(seen.what >= (least));							\
	} while (0)

void model_test(const struct model_vendor *v)
{
	const char *given = getenv("VOS_TEST_SEED");

	first_seed = seed = given ? (unsigned)strtoul(given, NULL, 0) : 20240611u;
	printf("VOS_TEST_SEED=%u\n", first_seed);
	vendor = v;
	begin();
	for (turns = 0; turns < MODEL_TURNS; turns++) {
		fake_tsc += model_random(3);
		happen();
		act(model_random(FAKE_PCPUS));
	}
	SEEN(entries, 10000);
	SEEN(refused, 100);
	SEEN(moves, 100);
	CHECK(model_drs_moved > 1000);
	SEEN(shrinks, 100);
	SEEN(cut, 100);
	SEEN(delivered, 100);
	SEEN(notified, 100);
	SEEN(late, 100);
	SEEN(handed_back, 100);
}
