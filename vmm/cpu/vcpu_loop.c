/* SPDX-License-Identifier: MIT */
/*
 * vcpu_loop.c - the loop of a vCPU's thread: serve requests, offer an interrupt, enter, handle the exit.
 *
 * After an exit that touches no device the guest runs again at once. The loop checks interrupts and timers only after a
 * request (VCPU_REQUEST_*).
 */
#include "machine.h"
#include "syscalls.h"
#include "vcpu.h"

/* Mark the vCPU as outside the VMM's code. False: a request came in between and must be served first. */
static bool go_outside(struct vcpu *v)
{
	__atomic_store_n(&v->is_outside, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->requests, __ATOMIC_SEQ_CST) == 0)
		return true;
	__atomic_store_n(&v->is_outside, 0, __ATOMIC_RELAXED);
	return false;
}

static void come_back(struct vcpu *v)
{
	__atomic_store_n(&v->is_outside, 0, __ATOMIC_RELAXED);
}

/* ---- Interrupts ---- */

/* True if the 8259s have an interrupt for this vCPU; *vector is its vector. */
static bool pic_wants(struct machine *m, const struct vcpu *v, u8 *vector)
{
	bool wants;

	if (v->index != 0 || !lapic_lint0(v->lapic))
		return false;
	machine_lock(m);
	wants = pic_is_asserted(&m->pic) && (lapic_takes_extint(v->lapic) || ioapic_takes_extint(&m->ioapic));
	if (wants)
		*vector = pic_peek(&m->pic);
	machine_unlock(m);
	return wants;
}

static void pic_irq_taken(struct machine *m, u8 vector)
{
	machine_lock(m);
	pic_acknowledge_vector(&m->pic, vector);
	machine_unlock(m);
}

/* May the guest end its interrupt without an exit? No other interrupt waits for the end, and no line is level. */
static bool may_end_quietly(const struct vcpu *v)
{
	return ((v->offered_irq & OFFER_LAPIC) || lapic_is_serving(v->lapic)) && lapic_has_one_edge(v->lapic);
}

/* Put the interrupt of the highest priority into the page. That withdraws an offer that was not taken. */
static void offer_irq(struct vcpu *v)
{
	struct machine *m = v->machine;
	struct vcpu_page *page = v->page;
	u8 vector = 0;

	v->offered_irq = lapic_pick(v->lapic, &vector, &page->tpr_threshold) ? OFFER_LAPIC : OFFER_NONE;
	if (pic_wants(m, v, &vector))
		v->offered_irq = OFFER_PIC;
	page->intr_pending = v->offered_irq != OFFER_NONE;
	v->offered_irq |= v->nmis_waiting ? OFFER_NMIS : 0;
	page->intr_vector = vector;
	/* Not every processor keeps the interrupt shadow until the HLT, so the HLT is executed here. */
	if ((page->shadow & SHADOW_STI) && !(page->dirty & GROUP_STEP) &&
	    v->mp_state == VCPU_RUNNABLE && vcpu_steps_over_hlt(v))
		v->mp_state = VCPU_HALTED;
	if (v->pv.eoi_word)
		kvm_pv_eoi_arm(&v->pv, may_end_quietly(v));
}

/* The guest took the interrupt on offer. */
static void irq_taken(struct vcpu *v)
{
	if (v->offered_irq & OFFER_PIC)
		pic_irq_taken(v->machine, v->page->intr_vector);
	else
		lapic_accept(v->lapic, v->page->intr_vector);
	v->offered_irq = OFFER_NONE;
	vcpu_request_self(v, VCPU_REQUEST_OFFER);
}

static void pv_eoi_done(struct vcpu *v)
{
	lapic_end(v->lapic);
	vcpu_request_self(v, VCPU_REQUEST_OFFER);
}

/* An exit while an interrupt is on offer. */
static void check_offer(struct vcpu *v)
{
	if ((v->offered_irq & OFFER_NMIS) && !v->page->nmi_pending)
		vcpu_request_self(v, VCPU_REQUEST_NMI);
	if (!(v->offered_irq & ~OFFER_NMIS))
		return;
	if (!v->page->intr_pending)
		irq_taken(v);
	else if (v->page->cr8 != lapic_cr8(v->lapic))
		vcpu_request_self(v, VCPU_REQUEST_OFFER);
}

/* ---- Requests ---- */

/* The bootstrap processor starts at the reset vector again, all others wait for a startup (SDM Vol. 3 8.4.2). */
static void serve_init(struct vcpu *v)
{
	lapic_reset(v->lapic);
	vcpu_fetch_groups(v, GROUP_CR);
	vcpu_init_registers(v->page);
	kvmclock_reset(&v->machine->kvmclock, v->index);
	v->pv = (struct kvm_pv){ .eoi_word = NULL };
	v->is_kicked = false;
	v->page->nmi_pending = v->nmis_waiting = 0;
	v->mp_state = lapic_base(v->lapic) & LAPIC_BASE_BSP ? VCPU_RUNNABLE : VCPU_WAIT_FOR_SIPI;
	machine_report_online(v->machine, v);
}

static void serve_startup(struct vcpu *v, u8 vector)
{
	if (v->mp_state != VCPU_WAIT_FOR_SIPI)
		return;
	vcpu_startup_registers(v->page, vector);
	v->mp_state = VCPU_RUNNABLE;
	machine_report_online(v->machine, v);
}

/* As in hardware, one NMI may wait while another is in service. */
static void take_nmis(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u32 most = page->shadow & SHADOW_NMI ? 1 : 2;
	u32 count = (u32)page->nmi_pending + v->nmis_waiting + __atomic_exchange_n(&v->nmis, 0, __ATOMIC_SEQ_CST);

	if (count == 0)
		return;
	page->nmi_pending = 1;
	v->nmis_waiting = (u8)((count < most ? count : most) - 1);
}

static __attribute__((noinline)) void serve_rare(struct vcpu *v, u32 requests)
{
	if (requests & VCPU_REQUEST_PAUSE)
		machine_park(v->machine, v);
	if (requests & VCPU_REQUEST_INIT)
		serve_init(v);
	if (requests & VCPU_REQUEST_STARTUP)
		serve_startup(v, (u8)(requests >> VCPU_REQUEST_VECTOR_SHIFT));
	if ((requests & VCPU_REQUEST_NMI) && v->mp_state != VCPU_WAIT_FOR_SIPI)
		take_nmis(v);
	if (requests & VCPU_REQUEST_TIME)
		vcpu_set_tsc_offset(v);
	if (requests & VCPU_REQUEST_KICK)
		v->is_kicked = true;
	if (requests & VCPU_REQUEST_CLOCK)
		kvmclock_update(&v->machine->kvmclock, v->index);
}

static void report_steal(struct vcpu *v)
{
	const struct machine *m = v->machine;

	if (v->pv.steal_msr)
		kvm_pv_report_steal(&v->pv, &m->memory, rt_time_ns(&m->time, v->page->steal_tsc));
}

static void serve_requests(struct vcpu *v)
{
	u32 requests = __atomic_exchange_n(&v->requests, 0, __ATOMIC_SEQ_CST);

	if (requests & VCPU_REQUEST_RARE)
		serve_rare(v, requests);
	if (requests & (VCPU_REQUEST_SERVICE | VCPU_REQUEST_TIMER)) {
		v->page->deadline_tsc = machine_run_timers(v->machine, v, requests & VCPU_REQUEST_SERVICE);
		/*
		 * Timers that fired raised interrupts, which are requests to this thread. The code below serves them,
		 * and requests of other threads whose cause came before.
		 */
		__atomic_fetch_and(&v->requests, ~(VCPU_REQUEST_TIMER | VCPU_REQUEST_OFFER), __ATOMIC_SEQ_CST);
		report_steal(v);
	}
	if (requests == VCPU_REQUEST_LEAVE)
		return;
	lapic_collect(v->lapic);
	if (unlikely(v->page->cr8 != lapic_cr8(v->lapic)))
		vcpu_store_cr8(v);
	offer_irq(v);
}

/* ---- The loop ---- */

/* What switches signal sets no device's timer. */
#define SETS_TIMERS (VMM_BIT_NIC - 1)

static void notified(struct vcpu *v, u64 bits)
{
	vcpu_request_self(v, bits & SETS_TIMERS ? VCPU_REQUEST_SERVICE : VCPU_REQUEST_TIMER);
	if (v->index == 0 && (bits || console_port_has_deferred_bits(&v->machine->console)))
		machine_notified(v->machine, bits);
}

static bool is_interrupted(const struct vcpu *v)
{
	return v->page->nmi_pending || (v->page->intr_pending && (v->page->rflags & RFLAGS_IF));
}

/* A halted vCPU runs again when an interrupt can be delivered, or an NMI came; one that naps also when it is time. */
static bool may_run(struct vcpu *v)
{
	const struct host *host = v->machine->host;

	if (v->mp_state == VCPU_HALTED && (v->is_kicked || is_interrupted(v))) {
		v->mp_state = VCPU_RUNNABLE;
		v->is_kicked = false;
	} else if (v->mp_state == VCPU_NAPPING && (is_interrupted(v) || host->tsc(host->ctx) >= v->nap_tsc)) {
		v->mp_state = VCPU_RUNNABLE;
	}
	return v->mp_state == VCPU_RUNNABLE;
}

static void wait_idle(struct vcpu *v)
{
	const struct host *host = v->machine->host;
	u64 bits = 0, deadline = v->page->deadline_tsc;

	if (v->mp_state == VCPU_NAPPING)
		deadline = min_u64(deadline, v->nap_tsc);
	if ((machine_late(v->machine) & LATE_WORK) != 0) {
		machine_serve_late(v->machine, v);
		return;
	}
	if (v->index == 0)
		machine_notify_console(v->machine);
	if (!go_outside(v))
		return;
	(void)!host->wait(host->ctx, deadline, &bits);
	come_back(v);
	notified(v, bits);
}

static __attribute__((noinline)) void run_ended(struct vcpu *v, struct host_run run)
{
	if (run.status == ST_NOTIFIED)
		notified(v, run.bits);
	else
		machine_stop(v->machine, v->index, STOP_BAD_STATE, false, "vcpu_run: status %u", (u32)run.status);
}

/* Enter the guest and handle its exits until there is a request. */
static void run_guest(struct vcpu *v)
{
	const struct host *host = v->machine->host;
	struct host_run run;

	while (go_outside(v)) {
		run = host->vcpu_run(host->ctx, v->index);
		come_back(v);
		if (unlikely(v->offered_irq != OFFER_NONE))
			check_offer(v);
		if (unlikely(kvm_pv_eoi_taken(&v->pv)))
			pv_eoi_done(v);
		if (unlikely(run.status != ST_OK)) {
			run_ended(v, run);
			return;
		}
		vcpu_handle_exit(v);
	}
}

void vcpu_loop(struct vcpu *v)
{
	while (!machine_is_stopped(v->machine)) {
		if (__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE) != 0)
			serve_requests(v);
		if (v->index == 0 && console_port_has_deferred_bits(&v->machine->console))
			machine_notified(v->machine, 0);
		if (may_run(v))
			run_guest(v);
		else
			wait_idle(v);
	}
	machine_leave(v->machine, v);
}
