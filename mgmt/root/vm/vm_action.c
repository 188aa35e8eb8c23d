/* SPDX-License-Identifier: MIT */
/*
 * vm_action.c - does what lifecycle.h's table says. One function an action; the table at the end.
 */
#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "definitions.h"
#include "definition_changes.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"
#include "vm.h"
#include "vm_disks.h"
#include "vm_logs.h"
#include "vm_nics.h"

#define LOAD_LIMIT_NS (120 * NS_PER_S)
#define PAUSE_LIMIT_NS (2 * NS_PER_S)
#define PRESS_AGAIN_NS (2 * NS_PER_S)	/* a guest that boots loses a press of its power button */
#define RETRY_DELAY_NS NS_PER_S		/* doubled with each crash, up to 32 times */
#define RETRY_DOUBLINGS 5u
#define RUN_SHORTEST_NS NS_PER_S	/* a guest that resets itself sooner waits as long before it starts again */

typedef struct outcome (*action_fn)(struct vm *vm, const struct request_context *context);

static struct outcome done(void)
{
	return (struct outcome){ .info = ERROR_INFO_NONE, .wait_for = WAIT_FOR_NONE };
}

static struct outcome wait_for(enum wait_for_state state)
{
	return (struct outcome){ .info = ERROR_INFO_NONE, .wait_for = state };
}

static struct outcome refuse(struct error_info info)
{
	return (struct outcome){ .info = info, .wait_for = WAIT_FOR_NONE };
}

static void resolve(const struct vm *vm, enum wait_for_state state, enum error error)
{
	struct error_info answer = error_info_of(error, 0, error == ERR_VM_STATE ? vm_state_of(vm) : 0);

	pending_reply_resolve(vm->index, state, &answer);
}

static void announce(struct vm *vm)
{
	enum vm_state state = vm_state_for_events(vm);

	if (state == vm->reported_state && vm->restarts == vm->reported_restarts)
		return;
	records_changed();
	vm->events_due = ~0u;
	vm->reported_state = state;
	vm->reported_restarts = vm->restarts;
}

static void enter(struct vm *vm, enum vm_phase phase, u64 limit_ns)
{
	vm->phase = phase;
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

/* From here on its objects are given back; `after` says what then. */
static void begin_end(struct vm *vm, enum after_teardown after)
{
	clock_stop(vm);
	if (vm->phase != VM_PHASE_ENDING)
		remember(vm);
	vm->after_teardown = after;
	enter(vm, VM_PHASE_ENDING, 0);
}

static struct outcome action_ignore(struct vm *vm, const struct request_context *context)
{
	(void)vm;
	(void)context;
	return done();
}

/* ---- start ---- */

static struct error_info start_ok(const struct vm *vm)
{
	struct error_info no = vm_disks_judge_keys(vm);
	u64 free_bytes = vm_free_bytes(), need = vm_need_bytes(&vm->spec);

	if (INFO->virt == VIRT_NONE)
		return error_info_of(ERR_NO_VIRT, 0, 0);
	if (need > free_bytes)
		return error_info_of(ERR_NO_MEMORY, need, free_bytes);
	if (vm_disks_are_locked(vm))
		return error_info_of(ERR_BUSY, 0, 0);
	return no.error == ERR_NONE ? vm_nics_find_ports(vm) : no;
}

/* One of them: that they are all large enough for all VMs is asserted in root_limits.h. */
static struct error_info limit_error(const struct vm *vm)
{
	bool is_own = vm->objects.count == OBJECT_SET_MAX;

	return is_own ? error_info_limit(OBJECT_SET_MAX, "kernel objects of one VM") :
			error_info_limit(HANDLE_COUNT - HANDLE_CHOSEN, "kernel objects");
}

static struct error_info build_error(const struct vm *vm, enum status st)
{
	if (st == ST_NOMEM)
		return error_info_of(ERR_NO_MEMORY, vm_need_bytes(&vm->spec), vm_free_bytes());
	if (st == ST_FULL)
		return limit_error(vm);
	if (vm->spec.vmm[0] != '\0' && (st == ST_INVAL || st == ST_UNSUPPORTED))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_VMM);
	if (st == ST_INVAL)	/* more RAM than this machine's guest-physical addresses can name */
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_MEMORY);
	return error_info_status(st);
}

/* Build and start, after start_ok; a VM that can't be built goes back to where it was. */
static struct error_info build(struct vm *vm)
{
	struct error_info info;
	enum status st;

	vm->up_tsc = 0;
	vm->built_tsc = vm->ended_tsc = rt_time_tsc();
	vm->service_before_tsc = vm->service_tsc;
	vm->after_teardown = AFTER_STAY_IDLE;
	vm->disk_trouble = DISK_NO_TROUBLE;
	memset(&vm->last, 0, sizeof(vm->last));
	memset(&vm->last_profile, 0, sizeof(vm->last_profile));
	st = vm_build(vm);
	if (st == ST_OK) {
		enter(vm, VM_PHASE_LOADING, LOAD_LIMIT_NS);
		return ERROR_INFO_NONE;
	}
	info = build_error(vm, st);
	vm->after_teardown = AFTER_STAY_IDLE;
	enter(vm, VM_PHASE_ENDING, 0);
	return info;
}

/* A start that nobody asked for just now: a restart. If it fails, that is a crash. */
static void build_again(struct vm *vm)
{
	struct error_info info = start_ok(vm);

	if (info.error == ERR_NONE)
		info = build(vm);
	if (info.error == ERR_NONE)
		return;
	if (info.error == ERR_POOL_LOCKED) {	/* vms_start_unlocked goes on; stop-vm ends it */
		stop_info_of_reason(&vm->stop_info, STOP_POOL_LOCKED, false);
		vm->after_teardown = AFTER_RESTART;
		enter(vm, VM_PHASE_WAITING, 0);
		pending_reply_resolve(vm->index, WAIT_FOR_RUNNING, &info);
		return;
	}
	stop_info_of_reason(&vm->stop_info, info.error == ERR_NO_MEMORY ? STOP_NO_MEMORY : STOP_VMM_FAULT, true);
	vm->idle_state = VM_CRASHED;
	if (vm->phase != VM_PHASE_ENDING)
		enter(vm, VM_PHASE_IDLE, 0);
	pending_reply_resolve(vm->index, WAIT_FOR_RUNNING, &info);
}

static struct outcome action_build(struct vm *vm, const struct request_context *context)
{
	struct error_info info;

	vm->is_start_due = false;
	if (!context->is_request) {
		build_again(vm);
		return done();
	}
	info = build(vm);
	if (info.error != ERR_NONE)
		return refuse(info);
	if (!context->is_applied) {
		vm->restarts = vm->crash_restarts = 0;
		stop_info_of_reason(&vm->stop_info, STOP_REQUEST, false);
	}
	return wait_for(WAIT_FOR_RUNNING);
}

static struct outcome action_run(struct vm *vm, const struct request_context *context)
{
	(void)context;
	clock_start(vm);
	enter(vm, VM_PHASE_LIVE, 0);
	resolve(vm, WAIT_FOR_RUNNING, ERR_NONE);
	resolve(vm, WAIT_FOR_STOPPED, ERR_VM_STATE);
	resolve(vm, WAIT_FOR_PAUSED, ERR_VM_STATE);
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

static struct outcome action_load_timeout(struct vm *vm, const struct request_context *context)
{
	u64 left_ns = load_time_left_ns(vm);

	(void)context;
	if (left_ns != 0) {
		enter(vm, VM_PHASE_LOADING, left_ns);
		return done();
	}
	stop_info_of_reason(&vm->stop_info, STOP_VMM_FAULT, true);
	vm->idle_state = VM_CRASHED;
	resolve(vm, WAIT_FOR_RUNNING, ERR_TIMEOUT);
	begin_end(vm, AFTER_STAY_IDLE);
	return done();
}

/* ---- pause ---- */

static struct outcome action_pause(struct vm *vm, const struct request_context *context)
{
	vm->is_pause_asked = context->is_request;
	vm_control(vm)->want_paused = ++vm->pause_wish;
	vm_signal(vm);
	enter(vm, VM_PHASE_PAUSING, PAUSE_LIMIT_NS);
	return wait_for(WAIT_FOR_PAUSED);
}

static struct outcome action_pause_join(struct vm *vm, const struct request_context *context)
{
	vm->is_pause_asked |= context->is_request;
	return wait_for(WAIT_FOR_PAUSED);
}

static void ctl_threads(const struct vm *vm, enum thread_op op)
{
	enum status st = vm_threads_ctl(vm, op);

	if (st != ST_OK)
		rt_log("root: cannot stop or start the VMM's threads (status %u)", (unsigned)st);
}

/* Its VMM stands still, says that it does, or gave no answer: the kernel makes it true. */
static struct outcome action_pause_done(struct vm *vm, const struct request_context *context)
{
	static const u8 reasons[] = {
		[DISK_NO_TROUBLE] = STOP_REQUEST, [DISK_FAILED] = STOP_IO_ERROR, [DISK_POOL_FULL] = STOP_POOL_FULL,
		[DISK_POOL_HAS_ROOM] = STOP_POOL_FULL,
	};

	(void)context;
	ctl_threads(vm, THREAD_STOP);
	clock_stop(vm);
	stop_info_of_reason(&vm->stop_info, reasons[vm->disk_trouble], false);
	if (vm->disk_trouble != DISK_NO_TROUBLE)
		strcpy(vm->stop_info.text, vm->disk_failure);
	enter(vm, VM_PHASE_PAUSED, 0);
	resolve(vm, WAIT_FOR_PAUSED, ERR_NONE);
	return done();
}

/* A paused one goes on; the phase is the caller's business. */
static void resume(struct vm *vm)
{
	if (vm->disk_trouble != DISK_NO_TROUBLE)
		vm_disks_retry(vm);
	vm->disk_trouble = DISK_NO_TROUBLE;
	stop_info_of_reason(&vm->stop_info, STOP_REQUEST, false);
	vm_control(vm)->want_paused = ++vm->pause_wish;
	ctl_threads(vm, THREAD_START);
	vm_signal(vm);
	clock_start(vm);
}

static struct outcome action_resume(struct vm *vm, const struct request_context *context)
{
	(void)context;
	resume(vm);
	enter(vm, VM_PHASE_LIVE, 0);
	return done();
}

/* ---- stop, reset, delete ---- */

/* Until it reacts, or stop_tsc. */
static void press(struct vm *vm)
{
	vm_control(vm)->power_button = ++vm->button_presses;
	vm_signal(vm);
	enter(vm, VM_PHASE_POWERING, PRESS_AGAIN_NS);
	vm->deadline_tsc = min_u64(vm->deadline_tsc, vm->stop_tsc);
}

/* Of several who want it stopped, the least patient one decides when it is forced off. */
static struct outcome action_acpi_shutdown(struct vm *vm, const struct request_context *context)
{
	u64 stop_tsc = rt_time_after(&root.time, context->timeout_ns);

	if (vm->phase == VM_PHASE_PAUSED)
		resume(vm);
	vm->stop_tsc = vm->phase == VM_PHASE_POWERING ? min_u64(vm->stop_tsc, stop_tsc) : stop_tsc;
	press(vm);
	return wait_for(WAIT_FOR_STOPPED);
}

static struct outcome action_nmi(struct vm *vm, const struct request_context *context)
{
	(void)context;
	vm_control(vm)->nmi_button = ++vm->nmi_presses;
	vm_signal(vm);
	return done();
}

static struct outcome action_force(struct vm *vm, const struct request_context *context)
{
	(void)context;
	stop_info_of_reason(&vm->stop_info, STOP_FORCED, false);
	vm->idle_state = VM_STOPPED;
	begin_end(vm, AFTER_STAY_IDLE);
	return wait_for(WAIT_FOR_STOPPED);
}

static struct outcome action_acpi_shutdown_again(struct vm *vm, const struct request_context *context)
{
	if (rt_time_tsc() >= vm->stop_tsc)
		return action_force(vm, context);
	press(vm);
	return done();
}

static struct outcome action_cancel_shutdown(struct vm *vm, const struct request_context *context)
{
	(void)context;
	enter(vm, VM_PHASE_LIVE, 0);
	return done();
}

static struct outcome action_reset(struct vm *vm, const struct request_context *context)
{
	(void)context;
	stop_info_of_reason(&vm->stop_info, STOP_REQUEST, false);
	vm->idle_state = VM_STOPPED;
	begin_end(vm, AFTER_RESTART);
	return wait_for(WAIT_FOR_RUNNING);
}

static void forget(struct vm *vm)
{
	struct error_info no = ERROR_INFO_NONE;

	if (!vm->are_disks_kept)
		(void)vm_disks_are_gone(vm, &no);
	if (no.error == ERR_NONE)
		(void)definitions_are_kept(vm->deletion, &no);
	resolve(vm, WAIT_FOR_STOPPED, ERR_NONE);
	resolve(vm, WAIT_FOR_RUNNING, ERR_NO_VM);
	resolve(vm, WAIT_FOR_PAUSED, ERR_NO_VM);
	pending_reply_resolve(vm->index, WAIT_FOR_DELETED, &no);
	vm_disks_forget(vm);
	pending_reply_forget_vm(vm->index);
	vm->is_used = false;
	vm_logs_sweep();
	vm_nics_forget();
}

/* It is no definition any more from now on; that is written before its volumes go. */
static void begin_deletion(struct vm *vm, const struct request_context *context)
{
	vm->are_disks_kept = context->keeps_disks;
	definitions_changed();
	vm->deletion = definitions_count();
}

static struct outcome action_delete(struct vm *vm, const struct request_context *context)
{
	struct error_info no;

	begin_deletion(vm, context);
	if ((vm->are_disks_kept || !vm_disks_have_own(vm)) && definitions_are_kept(vm->deletion, &no)) {
		forget(vm);
		return done();
	}
	vm->after_teardown = AFTER_DELETE;	/* nothing stops, so there is no event */
	vm->phase = VM_PHASE_ENDING;
	vm->deadline_tsc = DEADLINE_NONE;
	return wait_for(WAIT_FOR_DELETED);
}

static struct outcome action_end_delete(struct vm *vm, const struct request_context *context)
{
	begin_deletion(vm, context);
	stop_info_of_reason(&vm->stop_info, STOP_FORCED, false);
	begin_end(vm, AFTER_DELETE);
	return wait_for(WAIT_FOR_DELETED);
}

static struct outcome action_cancel_plan(struct vm *vm, const struct request_context *context)
{
	(void)context;
	if (vm->after_teardown != AFTER_DELETE)
		vm->after_teardown = AFTER_STAY_IDLE;
	resolve(vm, WAIT_FOR_RUNNING, ERR_VM_ENDED);
	return wait_for(WAIT_FOR_STOPPED);
}

static struct outcome action_cancel_restart(struct vm *vm, const struct request_context *context)
{
	(void)context;
	enter(vm, VM_PHASE_IDLE, 0);
	return done();
}

/* ---- ends by itself ---- */

/* Who ran out of memory is told how much it had. */
static void note_memory(struct vm *vm)
{
	snprintf(vm->stop_info.text, sizeof(vm->stop_info.text), "it had %llu of its %llu MiB, %llu MiB were free",
		 (unsigned long long)(vm_granted_bytes(vm) / MIB), (unsigned long long)(vm->spec.memory_bytes / MIB),
		 (unsigned long long)(vm_free_bytes() / MIB));
}

/* vm->stop_info is known: what follows from it. */
static void end_as_judged(struct vm *vm)
{
	bool is_stop_wanted = vm->phase == VM_PHASE_POWERING;
	const struct stop_info *e = &vm->stop_info;

	if (e->reason == STOP_NO_MEMORY)
		note_memory(vm);
	vm->idle_state = e->is_crash ? VM_CRASHED : VM_STOPPED;
	if (e->wants_restart && !is_stop_wanted) {
		vm->restarts++;
		begin_end(vm, AFTER_RESTART);
	} else if (!is_stop_wanted && stop_info_is_retried(e, &vm->spec, vm->crash_restarts)) {
		vm->restarts++;
		vm->crash_restarts++;
		begin_end(vm, AFTER_RETRY);
	} else {
		begin_end(vm, AFTER_STAY_IDLE);
	}
	if (!e->is_crash)
		resolve(vm, WAIT_FOR_RUNNING, ERR_NONE);	/* it did start, if only for a moment */
}

static struct outcome action_handle_stop_report(struct vm *vm, const struct request_context *context)
{
	static struct vmm_control copy;
	const volatile u8 *from = (const volatile u8 *)vm_control(vm);
	u8 *to = (u8 *)&copy;

	(void)context;
	for (u32 i = 0; i < sizeof(copy); i++)
		to[i] = from[i];
	stop_info_judge(&vm->stop_info, &copy);
	end_as_judged(vm);
	return done();
}

static struct outcome action_handle_fault(struct vm *vm, const struct request_context *context)
{
	u64 words[FAULT_WORD_COUNT] = { 0 };

	(void)context;
	for (u32 i = 0; i < vm->spec.cpus && words[FAULT_KIND] == 0; i++)
		for (u32 w = 0; w < FAULT_WORD_COUNT; w++)
			(void)sys_thread_ctl(vm->h_threads[i], THREAD_GET_FAULT, w, 0, &words[w]);
	if (vm->is_memory_damaged)
		stop_info_of_reason(&vm->stop_info, STOP_MEMORY_ERROR, true);
	else if (vm->is_filling)
		stop_info_of_reason(&vm->stop_info, STOP_NO_MEMORY, true);
	else
		stop_info_of_fault(&vm->stop_info, words[FAULT_KIND], words[FAULT_RIP], words[FAULT_ADDRESS]);
	end_as_judged(vm);
	return done();
}

static void settle_idle(struct vm *vm, enum vm_phase phase, u64 limit_ns)
{
	enter(vm, phase, limit_ns);
	resolve(vm, WAIT_FOR_STOPPED, ERR_NONE);
	resolve(vm, WAIT_FOR_RUNNING, ERR_VM_ENDED);
	resolve(vm, WAIT_FOR_PAUSED, ERR_VM_ENDED);
}

/* A guest that does nothing but reset itself must not keep root busy for ever. */
static bool is_reset_loop(const struct vm *vm)
{
	return vm->stop_info.reason == STOP_GUEST_REBOOT && vm->up_tsc < rt_time_ticks(&root.time, RUN_SHORTEST_NS);
}

static struct outcome action_finish_teardown(struct vm *vm, const struct request_context *context)
{
	u32 doublings = vm->crash_restarts < RETRY_DOUBLINGS ? vm->crash_restarts : RETRY_DOUBLINGS;

	(void)context;
	switch (vm->after_teardown) {
	case AFTER_STAY_IDLE:
		settle_idle(vm, VM_PHASE_IDLE, 0);
		break;
	case AFTER_RETRY:
		settle_idle(vm, VM_PHASE_WAITING, RETRY_DELAY_NS << doublings);
		break;
	case AFTER_RESTART:
		enter(vm, is_reset_loop(vm) ? VM_PHASE_WAITING : VM_PHASE_IDLE, RUN_SHORTEST_NS);
		if (vm->phase == VM_PHASE_IDLE)
			build_again(vm);
		break;
	case AFTER_DELETE:
		forget(vm);
		break;
	}
	return done();
}

static const action_fn action_fns[ACTION_COUNT] = {
	[ACTION_IGNORE] = action_ignore,
	[ACTION_BUILD] = action_build,
	[ACTION_RUN] = action_run,
	[ACTION_ACPI_SHUTDOWN] = action_acpi_shutdown,
	[ACTION_FORCE] = action_force,
	[ACTION_ACPI_SHUTDOWN_AGAIN] = action_acpi_shutdown_again,
	[ACTION_CANCEL_SHUTDOWN] = action_cancel_shutdown,
	[ACTION_PAUSE] = action_pause,
	[ACTION_PAUSE_JOIN] = action_pause_join,
	[ACTION_PAUSE_DONE] = action_pause_done,
	[ACTION_RESUME] = action_resume,
	[ACTION_RESET] = action_reset,
	[ACTION_DELETE] = action_delete,
	[ACTION_END_DELETE] = action_end_delete,
	[ACTION_HANDLE_STOP_REPORT] = action_handle_stop_report,
	[ACTION_HANDLE_FAULT] = action_handle_fault,
	[ACTION_LOAD_TIMEOUT] = action_load_timeout,
	[ACTION_CANCEL_PLAN] = action_cancel_plan,
	[ACTION_FINISH_TEARDOWN] = action_finish_teardown,
	[ACTION_CANCEL_RESTART] = action_cancel_restart,
	[ACTION_NMI] = action_nmi,
};

struct error_info vm_judge(const struct vm *vm, enum input input)
{
	switch (lifecycle_decide(vm->phase, input)) {
	case ACTION_REFUSE:
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	case ACTION_BUSY:
		return error_info_of(ERR_BUSY, 0, vm_state_of(vm));
	case ACTION_BUILD:
		return start_ok(vm);
	default:
		return ERROR_INFO_NONE;
	}
}

/* ACTION_REFUSE and ACTION_BUSY, which have no function, are for requests alone (a test checks the table). */
struct outcome vm_input(struct vm *vm, enum input input, const struct request_context *context)
{
	struct error_info no = context->is_request ? vm_judge(vm, input) : ERROR_INFO_NONE;

	if (no.error == ERR_POOL_LOCKED && vm->spec.autostart != 0)
		vm->is_start_due = true;
	if (no.error != ERR_NONE)
		return refuse(no);
	return action_fns[lifecycle_decide(vm->phase, input)](vm, context);
}
