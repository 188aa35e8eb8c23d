/*
 * vcpu.c - the loop of a vCPU's thread: serve requests, offer an interrupt, enter, handle the exit.
 *
 * An exit that touches no device goes straight back into the guest; interrupts and timers are looked at only after
 * somebody asked for it (VCPU_REQUEST_SERVICE).
 */
#include "vcpu.h"

#include <string.h>

#include "machine.h"
#include "syscalls.h"

void vcpu_init(struct vcpu *v, struct machine *machine, u32 index, struct vcpu_page *page)
{
	memset(v, 0, sizeof(*v));
	v->machine = machine;
	v->index = index;
	v->page = page;
	v->lapic = &machine->lapic[index];
	v->activity = index == 0 ? VCPU_RUNS : VCPU_WAITS_FOR_STARTUP;
	v->misc_enable = 1;	/* fast strings */
	v->requests = VCPU_REQUEST_SERVICE;
	page->tsc_offset = machine->tsc_offset;
	page->dirty |= GROUP_TIME;
}

/* Pairs with enter_away: either the thread sees the request before it leaves, or we see that it is away. */
void vcpu_request(struct vcpu *v, u32 requests)
{
	__atomic_fetch_or(&v->requests, requests, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->is_away, __ATOMIC_SEQ_CST))
		v->machine->host->signal_vcpu(v->machine->host->ctx, v->index);
}

/* False: a request came in between, look at it first. */
static bool enter_away(struct vcpu *v)
{
	__atomic_store_n(&v->is_away, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->requests, __ATOMIC_SEQ_CST) == 0)
		return true;
	__atomic_store_n(&v->is_away, 0, __ATOMIC_RELAXED);
	return false;
}

static void leave_away(struct vcpu *v)
{
	__atomic_store_n(&v->is_away, 0, __ATOMIC_RELAXED);
}

/* ---- Interrupts ---- */

static bool pic_wants(const struct machine *m, const struct vcpu *v)
{
	return v->index == 0 && machine_is_pc(m) && pic_is_asserted(&m->pic) &&
	       (lapic_takes_extint(v->lapic) || ioapic_takes_extint(&m->ioapic));
}

/* Put the best candidate into the page. Whatever was offered before and not taken is withdrawn by that. */
static void offer(struct vcpu *v)
{
	struct machine *m = v->machine;
	struct vcpu_page *page = v->page;
	u8 vector = 0;

	v->offered = OFFER_NONE;
	if (pic_wants(m, v)) {
		v->offered = OFFER_PIC;
		vector = pic_peek(&m->pic);
	} else if (lapic_pick(v->lapic, &vector)) {
		v->offered = OFFER_LAPIC;
	}
	page->intr_pending = v->offered != OFFER_NONE;
	page->intr_vector = vector;
	page->tpr_threshold = lapic_tpr_threshold(v->lapic);
}

/* The guest took what was offered. */
static void accepted(struct vcpu *v)
{
	if (v->offered == OFFER_PIC)
		(void)pic_acknowledge(&v->machine->pic);
	else
		lapic_accept(v->lapic, v->page->intr_vector);
	v->offered = OFFER_NONE;
	vcpu_request(v, VCPU_REQUEST_OFFER);
}

static void load_cr8(struct vcpu *v)
{
	u32 cr8 = lapic_cr8(v->lapic);

	if (v->page->cr8 == cr8)
		return;
	v->page->cr8 = cr8;
	v->page->dirty |= GROUP_GPR;
}

static void store_cr8(struct vcpu *v)
{
	if (v->page->cr8 == lapic_cr8(v->lapic))
		return;
	lapic_set_cr8(v->lapic, v->page->cr8);
	vcpu_request(v, VCPU_REQUEST_OFFER);
}

/* ---- Requests ---- */

static void startup(struct vcpu *v)
{
	if (v->activity != VCPU_WAITS_FOR_STARTUP)
		return;
	vcpu_reset_registers(v->page, __atomic_load_n(&v->startup_vector, __ATOMIC_ACQUIRE));
	v->page->tsc_offset = v->machine->tsc_offset;
	v->activity = VCPU_RUNS;
}

static void serve_requests(struct vcpu *v)
{
	u32 requests = __atomic_exchange_n(&v->requests, 0, __ATOMIC_SEQ_CST);

	if (requests & VCPU_REQUEST_INIT)
		v->activity = VCPU_WAITS_FOR_STARTUP;
	if (requests & VCPU_REQUEST_STARTUP)
		startup(v);
	if (requests & VCPU_REQUEST_NMI)
		v->page->nmi_pending = 1;
	if (requests & VCPU_REQUEST_SERVICE) {
		machine_run_timers(v->machine, v);
		/* Timers that fired raised interrupts, which are requests to ourselves: what follows serves them. */
		__atomic_fetch_and(&v->requests, ~(VCPU_REQUEST_SERVICE | VCPU_REQUEST_OFFER), __ATOMIC_SEQ_CST);
		v->page->deadline_tsc = machine_deadline(v->machine, v);
	}
	offer(v);
	load_cr8(v);
}

/* ---- The loop ---- */

static void notified(struct vcpu *v, u64 bits)
{
	vcpu_request(v, VCPU_REQUEST_SERVICE);
	if (v->index == 0)
		machine_notified(v->machine, bits);
}

/* A halted vCPU runs again when an interrupt can be delivered (or an NMI came). */
static bool wakes(const struct vcpu *v)
{
	if (v->activity == VCPU_WAITS_FOR_STARTUP)
		return false;
	return v->page->nmi_pending || (v->page->intr_pending && (v->page->rflags & RFLAGS_IF));
}

static void idle(struct vcpu *v)
{
	const struct host *host = v->machine->host;
	u64 bits = 0;

	if (wakes(v)) {
		v->activity = VCPU_RUNS;
		return;
	}
	if (v->index == 0)
		console_port_tell(&v->machine->console);
	if (!enter_away(v))
		return;
	(void)!host->wait(host->ctx, v->page->deadline_tsc, &bits);
	leave_away(v);
	notified(v, bits);
}

static void run(struct vcpu *v)
{
	const struct host *host = v->machine->host;
	enum status status;
	u64 bits = 0;

	if (!enter_away(v))
		return;
	status = host->vcpu_run(host->ctx, v->index, &bits);
	leave_away(v);
	if (status != ST_OK && status != ST_NOTIFIED) {
		machine_end(v->machine, v->index, WHY_BAD_STATE, false, "vcpu_run: status %u", (u32)status);
		return;
	}
	if (v->offered != OFFER_NONE && !v->page->intr_pending)
		accepted(v);
	store_cr8(v);
	if (status == ST_NOTIFIED) {
		notified(v, bits);
		return;
	}
	v->last_exit = v->page->exit.reason;
	vcpu_handle_exit(v);
}

void vcpu_loop(struct vcpu *v)
{
	while (!machine_ended(v->machine)) {
		if (__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE) != 0)
			serve_requests(v);
		if (v->index == 0 && v->machine->console.late_bits)
			machine_notified(v->machine, 0);
		if (v->activity == VCPU_RUNS)
			run(v);
		else
			idle(v);
	}
}
