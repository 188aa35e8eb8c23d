/* SPDX-License-Identifier: MIT */
/*
 * control.c - the VMM's side of the control page it shares with root, and what arrives by notification at thread 0.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "syscalls.h"

static u32 load_word(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store_word(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void set_phase(struct machine *m, enum vmm_phase phase)
{
	store_word(&m->control->phase, phase);
	m->host->signal_root(m->host->ctx);
}

void machine_notify_console(struct machine *m)
{
	machine_lock(m);
	console_port_notify(&m->console);
	machine_unlock(m);
}

/* ---- Pause ---- */

/* Sleep until a notification comes or the deadline passes; add its bits to *kept. */
static void wait_keeping_bits(struct machine *m, u64 deadline, u64 *kept)
{
	u64 bits = 0;

	(void)!m->host->wait(m->host->ctx, deadline, &bits);
	*kept |= bits;
}

static void wake_others(struct machine *m)
{
	for (u32 i = 1; i < m->vcpu_count; i++)
		m->host->signal_vcpu(m->host->ctx, i);
}

static bool others_are_parked(const struct machine *m)
{
	for (u32 i = 1; i < m->vcpu_count; i++)
		if (load_word(&m->vcpu[i].parked) != m->pause)
			return false;
	return true;
}

void machine_park(struct machine *m, struct vcpu *v)
{
	for (;;) {
		u32 pause = load_word(&m->pause);
		u64 bits;

		store_word(&v->parked, pause);
		if (!(pause & 1))
			return;
		m->host->signal_vcpu(m->host->ctx, 0);
		(void)!m->host->wait(m->host->ctx, DEADLINE_NONE, &bits);
	}
}

/*
 * All threads stop until root ends the pause. The guest's clocks stop at the moment when the last vCPU has stopped.
 */
static void pause_while_wanted(struct machine *m, u64 *bits)
{
	u32 wanted = load_word(&m->control->want_paused);
	u64 since;

	store_word(&m->pause, m->pause + 1);
	for (u32 i = 1; i < m->vcpu_count; i++)
		vcpu_request(&m->vcpu[i], VCPU_REQUEST_PAUSE);
	while (!others_are_parked(m) && !machine_is_stopped(m))
		wait_keeping_bits(m, DEADLINE_NONE, bits);
	since = m->host->tsc(m->host->ctx);
	machine_notify_console(m);
	if (!machine_is_stopped(m)) {
		store_word(&m->control->is_paused, wanted);
		m->host->signal_root(m->host->ctx);
	}
	while (load_word(&m->control->want_paused) == wanted && !machine_is_stopped(m))
		wait_keeping_bits(m, DEADLINE_NONE, bits);
	if (!machine_is_stopped(m))
		machine_time_skip(m, m->host->tsc(m->host->ctx) - since);
	store_word(&m->pause, m->pause + 1);
	wake_others(m);
	store_word(&m->control->is_paused, wanted + 1);
	m->host->signal_root(m->host->ctx);
}

static void serve_nmi_button(struct machine *m)
{
	u32 presses = load_word(&m->control->nmi_button);

	if (presses == m->nmis_seen)
		return;
	m->nmis_seen = presses;
	vcpu_request_nmi(&m->vcpu[0]);
}

void machine_notified(struct machine *m, u64 bits)
{
	bits |= console_port_take_deferred_bits(&m->console);
	while ((bits & VMM_BIT_CONTROL) && (load_word(&m->control->want_paused) & 1) && !machine_is_stopped(m))
		pause_while_wanted(m, &bits);
	if (bits & VMM_BIT_CONTROL)
		serve_nmi_button(m);
	machine_lock(m);
	if ((bits & VMM_BIT_CONTROL) && load_word(&m->control->power_button) != m->presses_seen) {
		m->presses_seen = load_word(&m->control->power_button);
		acpi_pm_press_button(&m->acpi_pm);
	}
	if (bits & VMM_BIT_CONTROL)
		machine_serve_disks(m);
	if (bits & VMM_BIT_CONTROL)
		machine_serve_nics(m);
	if (bits & VMM_BIT_CONTROL)
		machine_serve_cd(m);
	if (bits & VMM_BIT_CONSOLE)
		console_port_signalled(&m->console);
	if (bits & VMM_BIT_DISK)
		machine_poll_disks(m);
	machine_poll_nics(m, bits);
	machine_unlock(m);
}

/* ---- Start and end ---- */

void machine_report_online(struct machine *m, const struct vcpu *v)
{
	if (v->mp_state != VCPU_WAIT_FOR_SIPI)
		__atomic_fetch_or(&m->control->vcpus_online, BIT64(v->index), __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&m->control->vcpus_online, ~BIT64(v->index), __ATOMIC_RELAXED);
}

void machine_start(struct machine *m)
{
	store_word(&m->is_started, 1);
	wake_others(m);
}

void machine_leave(struct machine *m, const struct vcpu *v)
{
	if (v->index == 0)
		return;
	__atomic_fetch_add(&m->left, 1, __ATOMIC_ACQ_REL);
	m->host->signal_vcpu(m->host->ctx, 0);
}

/* Thread 0 waits at most a second for the other threads to end their loops, after which they use no device. */
static void wait_for_others(struct machine *m)
{
	u64 deadline = m->host->tsc(m->host->ctx) + BIT64(30), bits;

	while (machine_is_started(m) && load_word(&m->left) + 1 < m->vcpu_count &&
	       m->host->tsc(m->host->ctx) < deadline)
		(void)!m->host->wait(m->host->ctx, deadline, &bits);
	while (load_word(&m->stop_info.is_set) != STOPPED)
		m->host->yield(m->host->ctx);
}

void machine_report_suspended(struct machine *m, bool is_suspended)
{
	store_word(&m->control->is_suspended, is_suspended);
}

void machine_report_no_medium(struct machine *m)
{
	store_word(&m->control->no_medium, 1);
}

void machine_report_running(struct machine *m)
{
	machine_report_online(m, &m->vcpu[0]);
	set_phase(m, PHASE_RUNNING);
}

void machine_report_stop(struct machine *m)
{
	struct vmm_control *c = m->control;
	const struct vcpu_page *page;

	wait_for_others(m);
	page = m->vcpu[m->stop_info.vcpu].page;	/* NULL: the machine stopped before it had vCPUs */
	/* 2^30 ticks: about a second for the console to take the guest's last output. */
	if (m->vcpu_count) {
		machine_lock(m);
		machine_keep_variables(m);
		console_port_flush(&m->console, m->host->tsc(m->host->ctx) + BIT64(30));
		machine_unlock(m);
	}
	c->reason = m->stop_info.reason;
	c->wants_restart = m->stop_info.wants_restart;
	c->last_exit = page ? page->exit.reason : 0;
	c->rip = page ? page->rip : 0;
	memcpy(c->text, m->stop_info.text, sizeof(c->text));
	set_phase(m, PHASE_ENDED);
}
