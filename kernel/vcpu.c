/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - vCPUs and vcpu_run: the way from a VMM into its guest and back. The hottest path of the kernel: no lock,
 * no allocation, no list.
 *
 * The vcpu page belongs to the VMM, whose other threads may scribble in it at any time. What matters is copied once,
 * judged, and only the copy used; what is written there is never read back. GPRs are the exception: the world switch
 * moves them straight between page and registers, where any value is harmless.
 *
 * A request of the VMM moves from one place to the next and is never in two, so that it is carried out once:
 *
 *	step: page->dirty -> a local variable of this run -> virt->enter. Without an entry it goes back to page->dirty.
 *	event, interrupts: page -> vcpu->entry (ENTER_EVENTS in entry.what) -> virt->enter, which leaves there what was
 *		not delivered -> the next entry of this run. At a return they go back to the page.
 *	other groups: page->dirty -> the hardware state, at once. Refused ones are dropped.
 *
 * So at each return, whichever way:
 *
 *	way out				step	event, interrupts		other groups
 *	exit				done	what was not delivered		loaded
 *	entry refused by the processor	done	all of them			loaded
 *	deadline or notification	back if nothing was entered in this run, else done; the rest as with an exit
 *	event refused here		back	event dropped, interrupts back	dropped
 *	group refused here		back	all of them			dropped
 *	the vCPU is being destroyed	nobody will enter it again
 *
 * "Back" is in the page: GROUP_STEP in dirty, with RIP and RAX of the page (store_groups); GROUP_EVENT in dirty and
 * `event`; the four interrupt bytes. Between two runs entry.what, entry.event.valid and entry.interrupts are 0. So
 * clearing pcpu->fast_vcpu, at any moment, can't make a request run twice. Within a run the entry belongs to the vCPU,
 * so the thread may be preempted and moved between two world switches; the step's variable is on its stack.
 */
#include "frames.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "notify.h"
#include "range.h"
#include "sched.h"
#include "vcpu.h"
#include "vm.h"

#define GROUPS_READABLE (GROUP_ALL & ~GROUP_TIME)

/* The words of the page that are read and written as one. */
struct event_words { u64 low, high; };
_Static_assert(sizeof(struct event_words) == sizeof(struct vcpu_event), "copied as two words");
_Static_assert(offsetof(struct vcpu_event, valid) == 0, "the low byte of the first word");
_Static_assert(offsetof(struct vcpu_page, intr_pending) == offsetof(struct vcpu_page, dirty) + 4 &&
	       offsetof(struct vcpu_page, tpr_threshold) == offsetof(struct vcpu_page, intr_pending) + 3 &&
	       offsetof(struct vcpu_entry, tpr_threshold) == offsetof(struct vcpu_entry, interrupts) + 3,
	       "what the VMM wants is one word");

static u32 load32_once(const void *p)
{
	return __atomic_load_n((const u32 *)p, __ATOMIC_RELAXED);
}

static u64 load64_once(const void *p)
{
	return __atomic_load_n((const u64 *)p, __ATOMIC_RELAXED);
}

/* `dirty` in the lower half, the interrupts in the upper one. */
static u64 load_pending_word(const struct vcpu_page *page)
{
	return load64_once(&page->dirty);
}

/* ---- from the page ---------------------------------------------------------------------------- */

#define COPY_RANGE(to, from, first, end) \
	__builtin_memcpy((u8 *)(to) + offsetof(struct vcpu_page, first), \
			 (const u8 *)(from) + offsetof(struct vcpu_page, first), \
			 offsetof(struct vcpu_page, end) - offsetof(struct vcpu_page, first))

/* Groups are adjacent ranges of the page. */
static void copy_rare_groups(struct vcpu_page *to, const struct vcpu_page *from, u32 groups)
{
	if (groups & GROUP_SEG)
		COPY_RANGE(to, from, seg, cr0);
	if (groups & GROUP_CR)
		COPY_RANGE(to, from, cr0, dr);
	if (groups & GROUP_DR)
		COPY_RANGE(to, from, dr, star);
	if (groups & GROUP_MSR)
		COPY_RANGE(to, from, star, tsc_offset);
	if (groups & GROUP_TIME)
		to->tsc_offset = load64_once(&from->tsc_offset);
}

/* The registers of GROUP_GPR that the world switch does not take from the page itself. */
static void copy_gpr_group(struct vcpu_page *to, const struct vcpu_page *from)
{
	to->gpr[GPR_RAX] = load64_once(&from->gpr[GPR_RAX]);
	to->gpr[GPR_RSP] = load64_once(&from->gpr[GPR_RSP]);
	to->rip = load64_once(&from->rip);
	to->rflags = load64_once(&from->rflags);
	to->cr8 = load32_once(&from->cr8);
	to->shadow = load32_once(&from->shadow);
}

static void note_refusal(struct vcpu *vcpu, const char *why)
{
	if (!vcpu->was_refused)
		printk(LOG_WARNING, "vcpu %u: state refused: %s", vcpu->index, why);
	vcpu->was_refused = true;
}

static bool load_groups(struct vcpu *vcpu, u32 groups)
{
	struct vcpu_page copy;
	const char *why;

	copy_gpr_group(&copy, vcpu->page);
	if (groups & ~GROUP_GPR)
		copy_rare_groups(&copy, vcpu->page, groups);
	__asm__ volatile("" : "+m"(copy) : : "memory");		/* from here on only the copy counts */
	if (!virt_filter(&copy, groups, &virt_limits, &why)) {
		note_refusal(vcpu, why);
		return false;
	}
	virt->load(vcpu->hw, &copy, groups);
	if (groups & GROUP_CR)
		arch_fpu_set_xcr0(vcpu->fpu, copy.xcr0);
	if (groups & ~GROUP_GPR)
		pcpu_self()->fast_vcpu = NULL;
	return true;
}

static bool load_event(struct vcpu *vcpu)
{
	struct event_words words;

	words.low = load64_once(&vcpu->page->event);
	words.high = load64_once((const u8 *)&vcpu->page->event + 8);
	__builtin_memcpy(&vcpu->entry.event, &words, sizeof(words));
	if (virt_event_ok(&vcpu->entry.event))
		return true;
	vcpu->entry.event.valid = 0;
	note_refusal(vcpu, "event");
	return false;
}

static bool load_page(struct vcpu *vcpu, u32 *step)
{
	u64 pending = load_pending_word(vcpu->page);
	u32 dirty = (u32)pending;

	vcpu->page->dirty = 0;
	*step = dirty & ENTER_STEP;
	vcpu->entry.interrupts = (u32)(pending >> 32) & ENTRY_INTERRUPTS;
	vcpu->entry.what = vcpu->entry.interrupts | (dirty & GROUP_EVENT) ? ENTER_EVENTS : 0;
	if ((dirty & GROUP_EVENT) && !load_event(vcpu))
		return false;
	return !(dirty & GROUP_ALL) || load_groups(vcpu, dirty & GROUP_ALL);
}

/* ---- to the page ------------------------------------------------------------------------------ */

/* RIP and RAX of a step that is still to be done are the page's. */
static void store_groups(struct vcpu *vcpu, u32 groups)
{
	struct vcpu_page *page = vcpu->page;
	u64 rip = page->rip, rax = page->gpr[GPR_RAX];

	virt->store(vcpu->hw, page, groups);
	if (page->dirty & GROUP_STEP) {
		page->rip = rip;
		page->gpr[GPR_RAX] = rax;
	}
	if (groups & GROUP_CR)
		page->xcr0 = arch_fpu_xcr0(vcpu->fpu);
	if (groups & GROUP_MSR)
		page->spec_ctrl = 0;
}

/* What became of the events, for the VMM; for the next run there is nothing. */
static __attribute__((noinline)) void store_events(struct vcpu *vcpu)
{
	vcpu->page->event = vcpu->entry.event;
	if (vcpu->entry.event.valid)
		vcpu->page->dirty |= GROUP_EVENT;
	__builtin_memcpy(&vcpu->page->intr_pending, &vcpu->entry.interrupts, sizeof(u32));
	vcpu->entry.event.valid = 0;
	vcpu->entry.interrupts = 0;
	vcpu->entry.what = 0;
}

/* A return that is not the end of a VM exit. A step that has not been done goes back: next time. */
static __attribute__((noinline)) void store_page(struct vcpu *vcpu, u32 reason, u32 groups, u32 step)
{
	vcpu->page->exit = (struct vcpu_exit){ .reason = reason };
	vcpu->page->dirty = step;
	store_groups(vcpu, GROUP_GPR | groups);
	vcpu->page->filled = GROUP_GPR | groups;
}

/* Registers that the VMM needs for this kind of exit besides those that the back end has written. */
static __attribute__((noinline)) void store_exit_groups(struct vcpu *vcpu, u32 reason)
{
	store_groups(vcpu, virt_exit_groups[reason]);
	vcpu->page->filled = GROUP_GPR | virt_exit_groups[reason];
}

/* ---- the guest runs --------------------------------------------------------------------------- */

/*
 * Whatever the last run here left behind is made right: stale translations, extended state, the timer. Needed as long
 * as fast_vcpu is not the vCPU; a mapping that shrinks takes that back by a grace period, or by the switch from
 * the thread that did it.
 */
static void prepare(struct vcpu *vcpu, struct pcpu *pcpu)
{
	u64 shrink_count = __atomic_load_n(&vcpu->vm->space.shrink_count, __ATOMIC_ACQUIRE);

	if (vcpu->shrink_count != shrink_count) {
		vcpu->shrink_count = shrink_count;
		virt->flush(vcpu->hw);
	}
	if (pcpu->fpu_live != vcpu->fpu)
		arch_fpu_switch(vcpu->fpu);
	arch_fpu_park();
	virt->prepare(vcpu->hw, &vcpu->entry, vcpu->page, virt_limits.asks_for_siblings && sched_sibling_waits());
	pcpu->fast_vcpu = vcpu;
}

/*
 * A second-level fault: memory that has not been granted yet is not for the VMM to know of. Granted: enter again. What
 * turned out to be the VMM's is so the next time, as long as nothing has been mapped in between.
 */
static __attribute__((noinline)) u32 resolve_memory(struct vcpu *vcpu)
{
	u32 flags = vcpu->entry.mem_flags;
	u32 access = (flags & MEM_READ ? PT_R : 0) | (flags & MEM_WRITE ? PT_W : 0) | (flags & MEM_EXEC ? PT_X : 0);
	u64 map_count = space_map_count(&vcpu->vm->space);
	struct mmio_cache mmio_cache = { align_down(vcpu->entry.mem_gpa, PAGE_SIZE) | access, map_count };
	enum status status;

	if (mmio_cache.what == vcpu->mmio_cache.what && mmio_cache.map_count == vcpu->mmio_cache.map_count)
		return EXIT_MEM;
	for (;;) {
		status = space_fault(&vcpu->vm->space, vcpu->entry.mem_gpa, access);
		if (status != ST_AGAIN)
			break;
		arch_interrupts_poll();
		if (pcpu_self()->need_resched || notify_is_due(thread_current()))
			break;	/* the guest will fault again */
	}
	if (status == ST_OK || status == ST_AGAIN)
		return EXIT_GRANTED;
	if (status != ST_NOMEM) {
		vcpu->mmio_cache = mmio_cache;
		return EXIT_MEM;
	}
	vcpu->page->exit.reason = EXIT_NOMEM;
	return EXIT_NOMEM;
}

/* Each tick before `now` is on the account of the exit before. */
static inline void charge_exit(struct vcpu *vcpu, u64 now)
{
	vcpu->exit_ticks[vcpu->last_exit_reason] += now - vcpu->last_exit_tsc;
}

/* One world switch. */
static inline u32 enter(struct vcpu *vcpu, struct thread *thread, u32 what)
{
	u64 now = arch_tsc();
	u32 reason;

	charge_exit(vcpu, now);
	thread->time_guest_tsc -= now;
	reason = virt->enter(vcpu->hw, what);
	vcpu->last_exit_tsc = arch_tsc();
	thread->time_guest_tsc += vcpu->last_exit_tsc;
	vcpu->last_exit_reason = reason;
	vcpu->exit_count[reason]++;
	return reason;
}

/* No exit, but what follows is on its account. */
static void note_deadline(struct vcpu *vcpu, u64 now)
{
	charge_exit(vcpu, now);
	vcpu->last_exit_tsc = now;
	vcpu->last_exit_reason = EXIT_DEADLINE;
	vcpu->exit_count[EXIT_DEADLINE]++;
}

/* What the back end has not done for this exit. True: nothing for the VMM, enter again. */
static bool finish_exit(struct vcpu *vcpu, u32 reason)
{
	if (reason == EXIT_NONE)
		return true;
	if (reason == EXIT_MEM) {
		reason = resolve_memory(vcpu);
		vcpu->exit_count[EXIT_MEM]--;
		vcpu->exit_count[reason]++;
		vcpu->last_exit_reason = reason;
	}
	if (reason == EXIT_GRANTED)
		return true;
	if (virt_exit_groups[reason] & GROUP_ALL)
		store_exit_groups(vcpu, reason);
	return false;
}

/* False: it has passed. */
static __attribute__((noinline)) bool set_deadline(struct vcpu *vcpu, u64 deadline)
{
	if (arch_tsc() >= deadline)
		return false;
	sched_timer_limit(deadline);
	vcpu->deadline = deadline;
	return true;
}

/*
 * What may keep the guest out, and what has to be done before it is let in. As long as `fast_vcpu` is the vCPU, there
 * is nothing: whoever causes something takes that back, here or by an IPI. False: run returns *result.
 */
static bool may_enter(struct vcpu *vcpu, struct thread *thread, u64 deadline, u32 step, struct syscall_result *result)
{
	while (pcpu_self()->fast_vcpu != vcpu || vcpu->deadline != deadline) {
		if (notify_is_due(thread)) {
			store_page(vcpu, EXIT_NONE, 0, step);
			*result = (struct syscall_result){ ST_NOTIFIED, notify_take(thread) };
			return false;
		}
		if (pcpu_self()->need_resched) {
			kernel_exit_check();
			if (vcpu->object.is_dying) {
				*result = (struct syscall_result){ ST_HANDLE, 0 };
				return false;
			}
			continue;
		}
		if (!set_deadline(vcpu, deadline)) {
			note_deadline(vcpu, arch_tsc());
			store_page(vcpu, EXIT_DEADLINE, 0, step);
			return false;
		}
		if (pcpu_self()->fast_vcpu != vcpu)
			prepare(vcpu, pcpu_self());
		arch_interrupts_poll();		/* a guest with interrupts off may keep them waiting */
	}
	return true;
}

/* From an exit that was not the VMM's on, or from the beginning, which may have a step to do. */
static __attribute__((noinline)) struct syscall_result run(struct vcpu *vcpu, struct thread *thread, u64 deadline,
							   u32 reason, u32 step)
{
	struct syscall_result result = { ST_OK, 0 };

	while (finish_exit(vcpu, reason) && may_enter(vcpu, thread, deadline, step, &result)) {
		reason = enter(vcpu, thread, vcpu->entry.what | step);
		step = 0;
	}
	if (vcpu->entry.what & ENTER_EVENTS)
		store_events(vcpu);
	return result;
}

static __attribute__((noinline)) struct syscall_result vcpu_run_slow(struct thread *thread)
{
	struct vcpu *vcpu = thread->vcpu;
	u32 step;

	if (vcpu == NULL)
		return (struct syscall_result){ ST_STATE, 0 };
	if (vcpu->object.is_dying)
		return (struct syscall_result){ ST_HANDLE, 0 };
	if (load_page(vcpu, &step))
		return run(vcpu, thread, load64_once(&vcpu->page->deadline_tsc), EXIT_NONE, step);
	store_page(vcpu, EXIT_BAD_STATE, virt_exit_groups[EXIT_BAD_STATE], step);
	if (vcpu->entry.what & ENTER_EVENTS)
		store_events(vcpu);
	return (struct syscall_result){ ST_OK, 0 };
}

/* The VMM's exit, and interrupts to tell of; or not the VMM's. */
static __attribute__((noinline)) struct syscall_result run_tail(struct vcpu *vcpu, struct thread *thread, u32 reason)
{
	if (virt_exit_groups[reason] != 0)
		return run(vcpu, thread, vcpu->deadline, reason, 0);
	store_events(vcpu);
	return (struct syscall_result){ ST_OK, 0 };
}

/*
 * The usual case, that nothing came between and the VMM wants no more than that the guest goes on behind the
 * instruction that it has completed, perhaps with an interrupt, is done here, with a few loads and no judgement.
 */
struct syscall_result vcpu_run(void)
{
	const struct pcpu *pcpu = pcpu_self();
	struct thread *thread = pcpu->current;
	struct vcpu *vcpu = pcpu->fast_vcpu;
	u32 reason, what = ENTER_STEP;
	u64 pending, deadline;

	if (unlikely(vcpu == NULL))
		return vcpu_run_slow(thread);
	deadline = load64_once(&vcpu->page->deadline_tsc);
	if (unlikely(deadline != vcpu->deadline) && !set_deadline(vcpu, deadline))
		return vcpu_run_slow(thread);
	pending = load_pending_word(vcpu->page);
	if (unlikely(pending != GROUP_STEP)) {
		if ((u32)pending != GROUP_STEP)
			return vcpu_run_slow(thread);
		vcpu->entry.interrupts = (u32)(pending >> 32) & ENTRY_INTERRUPTS;
		vcpu->entry.what = ENTER_EVENTS;
		what |= ENTER_EVENTS;
	}
	vcpu->page->dirty = 0;
	reason = enter(vcpu, thread, what);
	if (likely((virt_exit_groups[reason] | vcpu->entry.what) == 0))
		return (struct syscall_result){ ST_OK, 0 };
	return run_tail(vcpu, thread, reason);
}

static void leave(struct vcpu *vcpu)
{
	if (pcpu_self()->fpu_live == vcpu->fpu)
		arch_fpu_switch(NULL);
	pcpu_self()->fast_vcpu = NULL;
	virt->leave(vcpu->hw);
}

static void was_away(struct vcpu *vcpu, u64 away, u64 stolen)
{
	vcpu->last_exit_tsc += away;
	vcpu->page->steal_tsc = stolen;
	vcpu->deadline = DEADLINE_UNSET;
}

static const struct thread_ops ops = { .leave = leave, .was_away = was_away };

enum status vcpu_bind(struct vcpu *vcpu)
{
	struct thread *thread = thread_current();

	if (thread->vcpu != NULL || __atomic_exchange_n(&vcpu->is_bound, true, __ATOMIC_ACQUIRE))
		return ST_STATE;
	object_ref(&vcpu->object);
	vcpu->last_exit_tsc = arch_tsc();
	thread->vcpu = vcpu;
	thread->ops = &ops;
	return ST_OK;
}

struct syscall_result vcpu_get(u64 groups)
{
	struct vcpu *vcpu = thread_current()->vcpu;

	if (groups & ~(u64)GROUPS_READABLE)
		return (struct syscall_result){ ST_INVAL, 0 };
	if (vcpu == NULL)
		return (struct syscall_result){ ST_STATE, 0 };
	if (vcpu->object.is_dying)
		return (struct syscall_result){ ST_HANDLE, 0 };
	store_groups(vcpu, (u32)groups);
	vcpu->page->filled |= (u32)groups;
	return (struct syscall_result){ ST_OK, 0 };
}

/* Of a vCPU that runs elsewhere the figures are a little old. */
static void fill_stats(struct object *object, u64 *words)
{
	const struct vcpu *vcpu = vcpu_of(object);

	for (u32 i = 0; i < EXIT_REASON_COUNT; i++) {
		words[STAT_EXIT_COUNT + i] = __atomic_load_n(&vcpu->exit_count[i], __ATOMIC_RELAXED);
		words[STAT_EXIT_TICKS + i] = __atomic_load_n(&vcpu->exit_ticks[i], __ATOMIC_RELAXED);
	}
}

/* ---- life ------------------------------------------------------------------------------------- */

static hpa_t page_frame(const struct object *object)
{
	return direct_hpa(((const struct vcpu *)(const void *)object)->page);
}

/* Page; extended state; its back end's. */
#define VCPU_FRAMES (2 + VCPU_HW_FRAMES)

static u64 count_frames(const struct object *)
{
	return VCPU_FRAMES;
}

enum status vcpu_create(struct vm *vm, u32 index, struct vcpu **out)
{
	struct object *object = object_alloc(&vcpu_type);
	struct vcpu *vcpu = vcpu_of(object);

	if (!object)
		return ST_NOMEM;
	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->page = kernel_frames_alloc(VCPU_FRAMES);
	if (!vcpu->page) {
		object_free(object);
		return ST_NOMEM;
	}
	vcpu->fpu = (void *)((u8 *)vcpu->page + PAGE_SIZE);
	vcpu->hw = (void *)((u8 *)vcpu->page + 2 * PAGE_SIZE);
	virt->vcpu_init(vcpu->hw, vm->space.pt.root, index, vcpu->page->gpr);
	arch_fpu_init(vcpu->fpu);
	arch_fpu_set_xcr0(vcpu->fpu, 1);
	vcpu->page->version = VCPU_PAGE_VERSION;
	vcpu->page->index = index;
	vcpu->page->deadline_tsc = DEADLINE_NONE;
	store_groups(vcpu, GROUPS_READABLE);
	vcpu->page->filled = GROUPS_READABLE;
	virt->leave(vcpu->hw);
	*out = vcpu;
	return ST_OK;
}

static enum status destroy_step(struct object *object)
{
	struct vcpu *vcpu = vcpu_of(object);
	struct vm *vm = vcpu->vm;

	if (vm->vcpus[vcpu->index] == vcpu) {
		kernel_frames_free(vcpu->page, VCPU_FRAMES);
		vm->vcpus[vcpu->index] = NULL;
	}
	return object_unref(&vm->object);
}

const struct object_type vcpu_type = {
	OBJECT_TYPE(struct vcpu), .step = destroy_step, .frames = count_frames, .stats = fill_stats,
	.page = page_frame,
};
