/*
 * control.c - the VMM's side of the control page it shares with root, and what arrives by notification at thread 0.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "syscalls.h"

static u32 load(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void set_phase(struct machine *m, enum vmm_phase phase)
{
	store(&m->control->phase, phase);
	m->host->signal_root(m->host->ctx);
}

/*
 * Stand still until root says otherwise; the guest's clocks stand still with us. Console bits are kept for afterwards.
 */
static void pause_while_wanted(struct machine *m, u64 *console_bits)
{
	u64 since = m->host->tsc(m->host->ctx), bits;

	console_port_tell(&m->console);
	store(&m->control->is_paused, 1);
	m->host->signal_root(m->host->ctx);
	while (load(&m->control->want_paused)) {
		bits = 0;
		(void)!m->host->wait(m->host->ctx, DEADLINE_NONE, &bits);
		*console_bits |= bits & VMM_BIT_CONSOLE;
	}
	machine_time_skip(m, m->host->tsc(m->host->ctx) - since);
	store(&m->control->is_paused, 0);
	m->host->signal_root(m->host->ctx);
}

void machine_notified(struct machine *m, u64 bits)
{
	bits |= m->console.late_bits;
	m->console.late_bits = 0;
	if ((bits & VMM_BIT_CONTROL) && load(&m->control->want_paused))
		pause_while_wanted(m, &bits);
	if ((bits & VMM_BIT_CONTROL) && load(&m->control->power_button) != m->presses_seen) {
		m->presses_seen = load(&m->control->power_button);
		acpi_pm_press_button(&m->acpi_pm);
	}
	if (bits & VMM_BIT_CONSOLE)
		console_port_signalled(&m->console);
}

void machine_report_running(struct machine *m)
{
	set_phase(m, PHASE_RUNNING);
}

void machine_report_end(struct machine *m)
{
	struct vmm_control *c = m->control;
	const struct vcpu *v = &m->vcpu[m->ending.vcpu];

	/* 2^30 ticks: about a second for the console to take the guest's last words. */
	if (m->vcpu_count)
		console_port_flush(&m->console, m->host->tsc(m->host->ctx) + BIT64(30));
	c->reason = m->ending.reason;
	c->wants_restart = m->ending.wants_restart;
	c->last_exit = v->last_exit;
	c->rip = v->page ? v->page->rip : 0;
	memcpy(c->text, m->ending.text, sizeof(c->text));
	set_phase(m, PHASE_ENDED);
}
