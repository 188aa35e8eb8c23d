/*
 * vcpu.c - vCPUs and vcpu_run: the way from a VMM into its guest and back. The hottest path of the kernel: no lock,
 * no allocation, no list.
 *
 * The vcpu page belongs to the VMM, whose other threads may scribble in it at any time. What matters is copied once,
 * judged, and only the copy used; what is written there is never read back. GPRs are the exception: the world switch
 * moves them straight between page and registers, where any value is harmless.
 */
#include "frames.h"
#include "log.h"
#include "notify.h"
#include "sched.h"
#include "vcpu.h"
#include "vm.h"

#define GROUPS_READABLE (GROUP_ALL & ~GROUP_TIME)

/* One vcpu_run. */
struct run {
	struct vcpu *vcpu;
	struct thread *thread;
	u64 deadline;
	struct vcpu_entry entry;
	struct vcpu_exit exit;
};

/* The words of the page that are read and written as one. */
struct event_words { u64 low, high; };
_Static_assert(sizeof(struct event_words) == sizeof(struct vcpu_event), "copied as two words");
_Static_assert(offsetof(struct vcpu_page, tpr_threshold) == offsetof(struct vcpu_page, intr_pending) + 3,
	       "copied as one word");

static u32 load32_once(const void *p)
{
	return __atomic_load_n((const u32 *)p, __ATOMIC_RELAXED);
}

static u64 load64_once(const void *p)
{
	return __atomic_load_n((const u64 *)p, __ATOMIC_RELAXED);
}

/*
 * ---- from the page
 * ------------------------------------------------------------------------------------------------------
 */

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

static bool take_groups(struct vcpu *vcpu, u32 groups)
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
	return true;
}

static bool take_event(struct run *run)
{
	const struct vcpu_page *page = run->vcpu->page;
	struct event_words words = { load64_once(&page->event), load64_once((const u8 *)&page->event + 8) };
	u32 pending = load32_once(&page->intr_pending);

	__builtin_memcpy(&run->entry.event, &words, sizeof(words));
	__builtin_memcpy(&run->entry.intr_pending, &pending, sizeof(pending));
	run->entry.tpr_threshold &= 0xfu;
	if (run->entry.event.valid && !virt_event_ok(&run->entry.event)) {
		run->entry.event.valid = 0;
		note_refusal(run->vcpu, "event");
		return false;
	}
	return true;
}

static bool take_page(struct run *run)
{
	struct vcpu_page *page = run->vcpu->page;
	u32 dirty = load32_once(&page->dirty) & GROUP_ALL;

	run->deadline = load64_once(&page->deadline_tsc);
	if (!take_event(run))
		return false;
	if (dirty) {
		page->dirty = 0;
		return take_groups(run->vcpu, dirty);
	}
	return true;
}

/*
 * ---- to the page
 * --------------------------------------------------------------------------------------------------------
 */

static void give_groups(struct vcpu *vcpu, u32 groups)
{
	virt->store(vcpu->hw, vcpu->page, groups);
	if (groups & GROUP_CR)
		vcpu->page->xcr0 = arch_fpu_xcr0(vcpu->fpu);
}

static void give_page(struct run *run)
{
	struct vcpu_page *page = run->vcpu->page;
	u32 groups = GROUP_GPR | virt_exit_groups(&run->exit);

	page->exit = run->exit;
	page->event = run->entry.event;
	__builtin_memcpy(&page->intr_pending, &run->entry.intr_pending, sizeof(u32));
	give_groups(run->vcpu, groups);
	page->filled = groups;
}

/*
 * ---- the guest runs
 * -------------------------------------------------------------------------------------------------------
 */

/* Whatever the last run here left behind is made right: stale translations, extended state. */
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
}

/* A second-level fault: memory that has not been granted yet is not for the VMM to know of. True: enter again. */
static bool resolve_memory(struct run *run)
{
	u32 flags = run->exit.flags;
	u32 access = (flags & MEM_READ ? PT_R : 0) | (flags & MEM_WRITE ? PT_W : 0) | (flags & MEM_EXEC ? PT_X : 0);
	enum status status = space_fault(&run->vcpu->vm->space, run->exit.mem.gpa, access);

	if (status == ST_NOMEM)
		run->exit.reason = EXIT_NOMEM;
	else if (status == ST_AGAIN)
		arch_interrupts_poll();		/* the guest may fault again before it is interrupted */
	if (status != ST_OK && status != ST_AGAIN)
		return false;
	run->exit.reason = EXIT_GRANTED;
	return true;
}

/* The way from the last exit to this entry is over; `now` is the time. */
static void note_entry(struct vcpu *vcpu, u64 now)
{
	vcpu->exit_ticks[vcpu->left_for] += now - vcpu->left_tsc;
}

static void note_exit(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	vcpu->left_for = exit->reason;
	vcpu->exit_count[exit->reason]++;
}

/* One world switch. True: there is something for the VMM. */
static bool enter(struct run *run, struct pcpu *pcpu, u64 now)
{
	struct vcpu *vcpu = run->vcpu;
	bool is_done;

	prepare(vcpu, pcpu);
	note_entry(vcpu, now);
	run->thread->time_guest_tsc -= now;
	virt->enter(vcpu->hw, &run->entry, &run->exit);
	vcpu->left_tsc = arch_tsc();
	run->thread->time_guest_tsc += vcpu->left_tsc;
	is_done = run->exit.reason == EXIT_NONE || (run->exit.reason == EXIT_MEM && resolve_memory(run));
	note_exit(vcpu, &run->exit);
	return !is_done;
}

static struct syscall_result loop(struct run *run)
{
	for (;;) {
		struct pcpu *pcpu = pcpu_self();
		u64 now;

		if (notify_is_due(run->thread)) {
			run->exit.reason = EXIT_NONE;
			return (struct syscall_result){ ST_NOTIFIED, notify_take(run->thread) };
		}
		if (pcpu->need_resched) {
			sched_preempt();
			if (run->vcpu->object.is_dying)
				return (struct syscall_result){ ST_HANDLE, 0 };
			continue;
		}
		now = arch_tsc();
		if (now >= run->deadline) {
			run->exit.reason = EXIT_DEADLINE;
			note_exit(run->vcpu, &run->exit);
			return (struct syscall_result){ ST_OK, 0 };
		}
		sched_timer_limit(run->deadline);
		if (enter(run, pcpu, now))
			return (struct syscall_result){ ST_OK, 0 };
	}
}

enum status vcpu_bind(struct vcpu *vcpu)
{
	struct thread *thread = thread_current();

	if (thread->vcpu != NULL || __atomic_exchange_n(&vcpu->is_bound, true, __ATOMIC_ACQUIRE))
		return ST_STATE;
	object_ref(&vcpu->object);
	vcpu->left_tsc = arch_tsc();
	thread->vcpu = vcpu;
	return ST_OK;
}

struct syscall_result vcpu_run(void)
{
	struct syscall_result result = { ST_OK, 0 };
	struct run run;		/* take_page fills the rest */

	run.thread = thread_current();
	run.vcpu = run.thread->vcpu;
	if (run.vcpu == NULL)
		return (struct syscall_result){ ST_STATE, 0 };
	if (run.vcpu->object.is_dying)
		return (struct syscall_result){ ST_HANDLE, 0 };
	run.exit = (struct vcpu_exit){ .reason = EXIT_NONE };
	if (take_page(&run))
		result = loop(&run);
	else
		run.exit.reason = EXIT_BAD_STATE;
	give_page(&run);
	return result;
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
	give_groups(vcpu, (u32)groups);
	vcpu->page->filled |= (u32)groups;
	return (struct syscall_result){ ST_OK, 0 };
}

void vcpu_leave(struct vcpu *vcpu)
{
	if (pcpu_self()->fpu_live == vcpu->fpu)
		arch_fpu_switch(NULL);
	virt->leave(vcpu->hw);
}

void vcpu_was_away(struct vcpu *vcpu, u64 away, u64 stolen)
{
	vcpu->left_tsc += away;
	vcpu->page->steal_tsc = stolen;
}

/* Returns that were no VM exit, and VM exits that the VMM does not hear of. */
static const bool is_no_exit[EXIT_REASON_COUNT] = { [EXIT_DEADLINE] = true };
static const bool is_kernels[EXIT_REASON_COUNT] = { [EXIT_NONE] = true, [EXIT_GRANTED] = true };

static u64 sum_exits(const struct vcpu *vcpu, bool with_kernels)
{
	u64 sum = 0;

	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		if (!is_no_exit[i] && (with_kernels || !is_kernels[i]))
			sum += vcpu->exit_count[i];
	return sum;
}

enum status vcpu_stat(const struct vcpu *vcpu, u64 stat, u64 *value)
{
	if (stat == STAT_EXITS || stat == STAT_EXITS_VMM)
		*value = sum_exits(vcpu, stat == STAT_EXITS);
	else if (stat >= STAT_EXIT_COUNT && stat < STAT_EXIT_COUNT + EXIT_REASON_COUNT)
		*value = vcpu->exit_count[stat - STAT_EXIT_COUNT];
	else if (stat >= STAT_EXIT_TICKS && stat < STAT_EXIT_TICKS + EXIT_REASON_COUNT)
		*value = vcpu->exit_ticks[stat - STAT_EXIT_TICKS];
	else
		return ST_INVAL;
	return ST_OK;
}

/*
 * ---- life
 * -----------------------------------------------------------------------------------------------------------------
 */

hpa_t vcpu_page_frame(const struct vcpu *vcpu)
{
	return direct_hpa(vcpu->page);
}

u64 vcpu_frames(const struct object *object)
{
	(void)object;
	return 2 + virt->vcpu_frames;	/* page and extended state; its back end's */
}

static void free_parts(struct vcpu *vcpu)
{
	if (vcpu->page)
		kernel_frames_free(vcpu->page, 1);
	if (vcpu->fpu)
		kernel_frames_free(vcpu->fpu, 1);
}

enum status vcpu_create(struct vm *vm, u32 index, struct vcpu **out)
{
	struct object *object = object_alloc(OBJECT_VCPU);
	struct vcpu *vcpu = vcpu_of(object);

	if (!object)
		return ST_NOMEM;
	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->page = kernel_frames_alloc(1);
	vcpu->fpu = kernel_frames_alloc(1);
	if (!vcpu->page || !vcpu->fpu ||
	    virt->vcpu_init(&vcpu->hw, vm->space.pt.root, index, vcpu->page->gpr) != ST_OK) {
		free_parts(vcpu);
		object_free(object);
		return ST_NOMEM;
	}
	arch_fpu_init(vcpu->fpu);
	arch_fpu_set_xcr0(vcpu->fpu, 1);
	vcpu->page->version = VCPU_PAGE_VERSION;
	vcpu->page->index = index;
	vcpu->page->deadline_tsc = DEADLINE_NONE;
	give_groups(vcpu, GROUPS_READABLE);
	vcpu->page->filled = GROUPS_READABLE;
	virt->leave(vcpu->hw);
	*out = vcpu;
	return ST_OK;
}

enum status vcpu_destroy_step(struct vcpu *vcpu)
{
	virt->vcpu_fini(vcpu->hw);
	free_parts(vcpu);
	return ST_OK;
}
