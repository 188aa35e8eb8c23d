/*
 * vm_act.c - does what lifecycle.h's table says. One function an act; the table at the end.
 */
#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"
#include "vm.h"

#define LOAD_LIMIT_NS (120 * NS_PER_S)
#define PAUSE_LIMIT_NS (2 * NS_PER_S)
#define PRESS_AGAIN_NS (2 * NS_PER_S)	/* a guest that boots loses a press of its power button */
#define RETRY_DELAY_NS NS_PER_S		/* doubled with each crash, up to 32 times */
#define RETRY_DOUBLINGS 5u
#define RUN_SHORTEST_NS NS_PER_S	/* a guest that resets itself sooner waits as long before it starts again */

typedef struct verdict (*act_fn)(struct vm *vm, const struct order *order);

static struct verdict done(void)
{
	return (struct verdict){ .refusal = REFUSAL_NONE, .goal = GOAL_NONE };
}

static struct verdict wait_for(enum goal goal)
{
	return (struct verdict){ .refusal = REFUSAL_NONE, .goal = goal };
}

static struct verdict refuse(struct refusal refusal)
{
	return (struct verdict){ .refusal = refusal, .goal = GOAL_NONE };
}

static void resolve(const struct vm *vm, enum goal goal, enum error error)
{
	struct refusal answer = refusal_of(error, 0, error == ERR_VM_STATE ? vm_state_of(vm) : 0);

	waiter_resolve(vm->index, goal, &answer);
}

static void announce(struct vm *vm)
{
	if (vm_state_of(vm) == vm->told_state && vm->restarts == vm->told_restarts)
		return;
	vm->events_due = ~0u;
	vm->told_state = vm_state_of(vm);
	vm->told_restarts = vm->restarts;
}

static void enter(struct vm *vm, enum life life, u64 limit_ns)
{
	vm->life = life;
	vm->deadline_tsc = limit_ns != 0 ? rt_time_after(&root.time, limit_ns) : DEADLINE_NONE;
	announce(vm);
}

static void clock_start(struct vm *vm)
{
	vm->is_clock_running = true;
	vm->up_since_tsc = rt_time_tsc();
}

static void clock_stop(struct vm *vm)
{
	if (vm->is_clock_running)
		vm->up_tsc += rt_time_tsc() - vm->up_since_tsc;
	vm->is_clock_running = false;
}

/* The kernel's accounts of a run go with its objects. */
static void remember(struct vm *vm)
{
	vm_counters_read(vm, &vm->last);
	vm_profile_read(vm, &vm->last_profile);
	vm->ended_tsc = rt_time_tsc();
}

/* From here on its objects are given back; `plan` says what then. */
static void begin_end(struct vm *vm, enum plan plan)
{
	clock_stop(vm);
	if (vm->life != LIFE_ENDING)
		remember(vm);
	vm->plan = plan;
	enter(vm, LIFE_ENDING, 0);
}

static struct verdict act_ignore(struct vm *vm, const struct order *order)
{
	(void)vm;
	(void)order;
	return done();
}

/* ---- start ---- */

static struct refusal start_ok(const struct vm *vm)
{
	u64 free_bytes = vm_free_bytes(), need = vm_need_bytes(&vm->spec);

	if (INFO->virt == VIRT_NONE)
		return refusal_of(ERR_NO_VIRT, 0, 0);
	if (need > free_bytes)
		return refusal_of(ERR_NO_MEMORY, need, free_bytes);
	return REFUSAL_NONE;
}

/* One of them: that they are all large enough for all VMs is asserted in limits.h. */
static struct refusal limit_refusal(const struct vm *vm)
{
	bool is_own = vm->objects.count == HOLDINGS_MAX;
	struct refusal no = refusal_of(ERR_LIMIT, 0, is_own ? HOLDINGS_MAX : HANDLE_COUNT - HANDLE_CHOSEN);

	strcpy(no.text, is_own ? "kernel objects of one VM" : "kernel objects");
	return no;
}

static struct refusal build_refusal(const struct vm *vm, enum status st)
{
	if (st == ST_NOMEM)
		return refusal_of(ERR_NO_MEMORY, vm_need_bytes(&vm->spec), vm_free_bytes());
	if (st == ST_FULL)
		return limit_refusal(vm);
	if (vm->spec.vmm[0] != '\0' && (st == ST_INVAL || st == ST_UNSUPPORTED))
		return refusal_of(ERR_BAD_FIELD, 0, FIELD_VMM);
	if (st == ST_INVAL)	/* more RAM than this machine's guest-physical addresses can name */
		return refusal_of(ERR_BAD_FIELD, 0, FIELD_MEMORY);
	return refusal_status(st);
}

/* Build and start, after start_ok; a VM that can't be built goes back to where it was. */
static struct refusal build(struct vm *vm)
{
	struct refusal refusal;
	enum status st;

	vm->up_tsc = 0;
	vm->built_tsc = vm->ended_tsc = rt_time_tsc();
	vm->plan = PLAN_REST;
	memset(&vm->last, 0, sizeof(vm->last));
	memset(&vm->last_profile, 0, sizeof(vm->last_profile));
	st = vm_build(vm);
	if (st == ST_OK) {
		enter(vm, LIFE_LOADING, LOAD_LIMIT_NS);
		return REFUSAL_NONE;
	}
	refusal = build_refusal(vm, st);
	vm->plan = PLAN_REST;
	enter(vm, LIFE_ENDING, 0);
	return refusal;
}

/* A start that nobody asked for just now: a restart. If it fails, that is a crash. */
static void build_again(struct vm *vm)
{
	struct refusal refusal = start_ok(vm);

	if (refusal.error == ERR_NONE)
		refusal = build(vm);
	if (refusal.error == ERR_NONE)
		return;
	ending_of_reason(&vm->ending, refusal.error == ERR_NO_MEMORY ? WHY_NO_MEMORY : WHY_VMM_FAULT, true);
	vm->rest = VM_CRASHED;
	if (vm->life != LIFE_ENDING)
		enter(vm, LIFE_IDLE, 0);
	waiter_resolve(vm->index, GOAL_RUNNING, &refusal);
}

static struct verdict act_build(struct vm *vm, const struct order *order)
{
	struct refusal refusal;

	if (!order->is_request) {
		build_again(vm);
		return done();
	}
	refusal = build(vm);
	if (refusal.error != ERR_NONE)
		return refuse(refusal);
	vm->restarts = vm->crash_restarts = 0;
	ending_of_reason(&vm->ending, WHY_REQUEST, false);
	return wait_for(GOAL_RUNNING);
}

static struct verdict act_run(struct vm *vm, const struct order *order)
{
	(void)order;
	clock_start(vm);
	enter(vm, LIFE_LIVE, 0);
	resolve(vm, GOAL_RUNNING, ERR_NONE);
	resolve(vm, GOAL_STOPPED, ERR_VM_STATE);
	resolve(vm, GOAL_PAUSED, ERR_VM_STATE);
	return done();
}

/*
 * Time in which others had the pCPUs, or its cap held it back, is not the VMM's fault. Its first thread's, which loads:
 * that the others get in each other's way is.
 */
static u64 load_time_left_ns(const struct vm *vm)
{
	u64 passed = rt_time_tsc() - vm->built_tsc, limit = rt_time_ticks(&root.time, LOAD_LIMIT_NS);
	u64 ready = stat_of(vm->h_threads[0], STAT_TIME_READY);

	return passed < limit + ready ? rt_time_ns(&root.time, limit + ready - passed) : 0;
}

static struct verdict act_load_timeout(struct vm *vm, const struct order *order)
{
	u64 left_ns = load_time_left_ns(vm);

	(void)order;
	if (left_ns != 0) {
		enter(vm, LIFE_LOADING, left_ns);
		return done();
	}
	ending_of_reason(&vm->ending, WHY_VMM_FAULT, true);
	vm->rest = VM_CRASHED;
	resolve(vm, GOAL_RUNNING, ERR_GUEST_DEAF);
	begin_end(vm, PLAN_REST);
	return done();
}

/* ---- pause ---- */

static struct verdict act_pause(struct vm *vm, const struct order *order)
{
	(void)order;
	vm_control(vm)->want_paused = ++vm->pause_wish;
	vm_signal(vm);
	enter(vm, LIFE_PAUSING, PAUSE_LIMIT_NS);
	return wait_for(GOAL_PAUSED);
}

static struct verdict act_pause_join(struct vm *vm, const struct order *order)
{
	(void)vm;
	(void)order;
	return wait_for(GOAL_PAUSED);
}

static void ctl_threads(const struct vm *vm, enum thread_op op)
{
	enum status st = vm_threads_ctl(vm, op);

	if (st != ST_OK)
		rt_log("root: threads of a VMM do not obey (status %u)", (unsigned)st);
}

/* Its VMM stands still, says that it does, or gave no answer: the kernel makes it true. */
static struct verdict act_pause_done(struct vm *vm, const struct order *order)
{
	(void)order;
	ctl_threads(vm, THREAD_STOP);
	clock_stop(vm);
	ending_of_reason(&vm->ending, WHY_REQUEST, false);
	enter(vm, LIFE_PAUSED, 0);
	resolve(vm, GOAL_PAUSED, ERR_NONE);
	return done();
}

/* A paused one goes on; the life is the caller's business. */
static void resume(struct vm *vm)
{
	vm_control(vm)->want_paused = ++vm->pause_wish;
	ctl_threads(vm, THREAD_START);
	vm_signal(vm);
	clock_start(vm);
}

static struct verdict act_resume(struct vm *vm, const struct order *order)
{
	(void)order;
	resume(vm);
	enter(vm, LIFE_LIVE, 0);
	return done();
}

/* ---- stop, reset, delete ---- */

/* Until it reacts, or stop_tsc. */
static void press(struct vm *vm)
{
	vm_control(vm)->power_button = ++vm->button_presses;
	vm_signal(vm);
	enter(vm, LIFE_POWERING, PRESS_AGAIN_NS);
	vm->deadline_tsc = min_u64(vm->deadline_tsc, vm->stop_tsc);
}

/* Of several who want it stopped, the least patient one decides when it is forced off. */
static struct verdict act_press(struct vm *vm, const struct order *order)
{
	u64 stop_tsc = rt_time_after(&root.time, order->timeout_ns);

	if (vm->life == LIFE_PAUSED)
		resume(vm);
	vm->stop_tsc = vm->life == LIFE_POWERING ? min_u64(vm->stop_tsc, stop_tsc) : stop_tsc;
	press(vm);
	return wait_for(GOAL_STOPPED);
}

static struct verdict act_nmi(struct vm *vm, const struct order *order)
{
	(void)order;
	vm_control(vm)->nmi_button = ++vm->nmi_presses;
	vm_signal(vm);
	return done();
}

static struct verdict act_force(struct vm *vm, const struct order *order)
{
	(void)order;
	ending_of_reason(&vm->ending, WHY_FORCED, false);
	vm->rest = VM_STOPPED;
	begin_end(vm, PLAN_REST);
	return wait_for(GOAL_STOPPED);
}

static struct verdict act_press_again(struct vm *vm, const struct order *order)
{
	if (rt_time_tsc() >= vm->stop_tsc)
		return act_force(vm, order);
	press(vm);
	return done();
}

static struct verdict act_spare(struct vm *vm, const struct order *order)
{
	(void)order;
	enter(vm, LIFE_LIVE, 0);
	return done();
}

static struct verdict act_reset(struct vm *vm, const struct order *order)
{
	(void)order;
	ending_of_reason(&vm->ending, WHY_REQUEST, false);
	vm->rest = VM_STOPPED;
	begin_end(vm, PLAN_RESTART);
	return wait_for(GOAL_RUNNING);
}

static void forget(struct vm *vm)
{
	resolve(vm, GOAL_STOPPED, ERR_NONE);
	resolve(vm, GOAL_RUNNING, ERR_NO_VM);
	resolve(vm, GOAL_PAUSED, ERR_NO_VM);
	resolve(vm, GOAL_DELETED, ERR_NONE);
	waiter_forget_vm(vm->index);
	vm->is_used = false;
}

static struct verdict act_delete(struct vm *vm, const struct order *order)
{
	(void)order;
	forget(vm);
	return done();
}

static struct verdict act_end_delete(struct vm *vm, const struct order *order)
{
	(void)order;
	ending_of_reason(&vm->ending, WHY_FORCED, false);
	begin_end(vm, PLAN_DELETE);
	return wait_for(GOAL_DELETED);
}

static struct verdict act_stay_stopped(struct vm *vm, const struct order *order)
{
	(void)order;
	if (vm->plan != PLAN_DELETE)
		vm->plan = PLAN_REST;
	resolve(vm, GOAL_RUNNING, ERR_VM_ENDED);
	return wait_for(GOAL_STOPPED);
}

static struct verdict act_calm(struct vm *vm, const struct order *order)
{
	(void)order;
	enter(vm, LIFE_IDLE, 0);
	return done();
}

/* ---- ends by itself ---- */

/* Who ran out of memory is told how much it had. */
static void note_memory(struct vm *vm)
{
	snprintf(vm->ending.text, sizeof(vm->ending.text), "it had %llu of its %llu MiB, %llu MiB were free",
		 (unsigned long long)(vm_granted_bytes(vm) / MIB), (unsigned long long)(vm->spec.memory_bytes / MIB),
		 (unsigned long long)(vm_free_bytes() / MIB));
}

/* vm->ending is known: what follows from it. */
static void end_as_judged(struct vm *vm)
{
	bool is_stop_wanted = vm->life == LIFE_POWERING;
	const struct ending *e = &vm->ending;

	if (e->reason == WHY_NO_MEMORY)
		note_memory(vm);
	vm->rest = e->is_crash ? VM_CRASHED : VM_STOPPED;
	if (e->wants_restart && !is_stop_wanted) {
		vm->restarts++;
		begin_end(vm, PLAN_RESTART);
	} else if (!is_stop_wanted && ending_is_retried(e, &vm->spec, vm->crash_restarts)) {
		vm->restarts++;
		vm->crash_restarts++;
		begin_end(vm, PLAN_RETRY);
	} else {
		begin_end(vm, PLAN_REST);
	}
	if (!e->is_crash)
		resolve(vm, GOAL_RUNNING, ERR_NONE);	/* it did start, if only for a moment */
}

static struct verdict act_judge_end(struct vm *vm, const struct order *order)
{
	static struct vmm_control copy;
	const volatile u8 *from = (const volatile u8 *)vm_control(vm);
	u8 *to = (u8 *)&copy;

	(void)order;
	for (u32 i = 0; i < sizeof(copy); i++)
		to[i] = from[i];
	ending_judge(&vm->ending, &copy);
	end_as_judged(vm);
	return done();
}

static struct verdict act_judge_fault(struct vm *vm, const struct order *order)
{
	u64 words[FAULT_WORD_COUNT] = { 0 };

	(void)order;
	for (u32 i = 0; i < vm->spec.cpus && words[FAULT_KIND] == 0; i++)
		for (u32 w = 0; w < FAULT_WORD_COUNT; w++)
			(void)sys_thread_ctl(vm->h_threads[i], THREAD_GET_FAULT, w, 0, &words[w]);
	if (vm->is_filling)
		ending_of_reason(&vm->ending, WHY_NO_MEMORY, true);
	else
		ending_of_fault(&vm->ending, words[FAULT_KIND], words[FAULT_RIP], words[FAULT_ADDRESS]);
	end_as_judged(vm);
	return done();
}

static void settle_idle(struct vm *vm, enum life life, u64 limit_ns)
{
	enter(vm, life, limit_ns);
	resolve(vm, GOAL_STOPPED, ERR_NONE);
	resolve(vm, GOAL_RUNNING, ERR_VM_ENDED);
	resolve(vm, GOAL_PAUSED, ERR_VM_ENDED);
}

/* A guest that does nothing but reset itself must not keep root busy for ever. */
static bool is_reset_loop(const struct vm *vm)
{
	return vm->ending.reason == WHY_GUEST_REBOOT && vm->up_tsc < rt_time_ticks(&root.time, RUN_SHORTEST_NS);
}

static struct verdict act_settle(struct vm *vm, const struct order *order)
{
	u32 doublings = vm->crash_restarts < RETRY_DOUBLINGS ? vm->crash_restarts : RETRY_DOUBLINGS;

	(void)order;
	switch (vm->plan) {
	case PLAN_REST:
		settle_idle(vm, LIFE_IDLE, 0);
		break;
	case PLAN_RETRY:
		settle_idle(vm, LIFE_WAITING, RETRY_DELAY_NS << doublings);
		break;
	case PLAN_RESTART:
		enter(vm, is_reset_loop(vm) ? LIFE_WAITING : LIFE_IDLE, RUN_SHORTEST_NS);
		if (vm->life == LIFE_IDLE)
			build_again(vm);
		break;
	case PLAN_DELETE:
		forget(vm);
		break;
	}
	return done();
}

static const act_fn act_fns[ACT_COUNT] = {
	[ACT_IGNORE] = act_ignore,
	[ACT_BUILD] = act_build,
	[ACT_RUN] = act_run,
	[ACT_PRESS] = act_press,
	[ACT_FORCE] = act_force,
	[ACT_PRESS_AGAIN] = act_press_again,
	[ACT_SPARE] = act_spare,
	[ACT_PAUSE] = act_pause,
	[ACT_PAUSE_JOIN] = act_pause_join,
	[ACT_PAUSE_DONE] = act_pause_done,
	[ACT_RESUME] = act_resume,
	[ACT_RESET] = act_reset,
	[ACT_DELETE] = act_delete,
	[ACT_END_DELETE] = act_end_delete,
	[ACT_JUDGE_END] = act_judge_end,
	[ACT_JUDGE_FAULT] = act_judge_fault,
	[ACT_LOAD_TIMEOUT] = act_load_timeout,
	[ACT_STAY_STOPPED] = act_stay_stopped,
	[ACT_SETTLE] = act_settle,
	[ACT_CALM] = act_calm,
	[ACT_NMI] = act_nmi,
};

struct refusal vm_judge(const struct vm *vm, enum input input)
{
	switch (lifecycle_decide(vm->life, input)) {
	case ACT_REFUSE:
		return refusal_of(ERR_VM_STATE, 0, vm_state_of(vm));
	case ACT_BUSY:
		return refusal_of(ERR_BUSY, 0, vm_state_of(vm));
	case ACT_BUILD:
		return start_ok(vm);
	default:
		return REFUSAL_NONE;
	}
}

/* ACT_REFUSE and ACT_BUSY, which have no function, are for requests alone (a test checks the table). */
struct verdict vm_input(struct vm *vm, enum input input, const struct order *order)
{
	struct refusal no = order->is_request ? vm_judge(vm, input) : REFUSAL_NONE;

	if (no.error != ERR_NONE)
		return refuse(no);
	return act_fns[lifecycle_decide(vm->life, input)](vm, order);
}
