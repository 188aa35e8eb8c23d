/* SPDX-License-Identifier: MIT */
/*
 * vcpu_request.c - what all other files of the VMM ask of a vCPU or of the machine: a request to the vCPU's thread, the
 * copies of CR8 and of the TSC offset in its page, and the machine's end. Nothing here calls another file of this room.
 */
#include <stdarg.h>
#include <stdio.h>

#include "machine.h"
#include "vcpu.h"

/*
 * Pairs with go_outside(): either the thread sees the request before it leaves the VMM, or this function sees that the
 * thread has left, and signals it once.
 */
static void kick(struct vcpu *v)
{
	if (__atomic_load_n(&v->is_outside, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&v->is_outside, 0, __ATOMIC_SEQ_CST))
		v->machine->host->signal_vcpu(v->machine->host->ctx, v->index);
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	__atomic_fetch_or(&v->requests, requests, __ATOMIC_SEQ_CST);
	kick(v);
}

void vcpu_request_nmi(struct vcpu *v)
{
	__atomic_fetch_add(&v->nmis, 1, __ATOMIC_SEQ_CST);
	vcpu_request(v, VCPU_REQUEST_NMI);
}

void vcpu_request_init(struct vcpu *v)
{
	u32 old = __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST), new;

	do {
		new = (old & ((1u << VCPU_REQUEST_VECTOR_SHIFT) - 1) & ~VCPU_REQUEST_STARTUP) | VCPU_REQUEST_INIT;
	} while (!__atomic_compare_exchange_n(&v->requests, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	kick(v);
}

void vcpu_request_startup(struct vcpu *v, u8 vector)
{
	u32 old = __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST), new;

	do {
		if (old & VCPU_REQUEST_STARTUP)
			return;
		new = old | VCPU_REQUEST_STARTUP | (u32)vector << VCPU_REQUEST_VECTOR_SHIFT;
	} while (!__atomic_compare_exchange_n(&v->requests, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	kick(v);
}

void vcpu_load_cr8(struct vcpu *v)
{
	u32 cr8 = lapic_cr8(v->lapic);

	if (v->page->cr8 == cr8)
		return;
	v->page->cr8 = cr8;
	v->page->dirty |= GROUP_GPR;
}

void vcpu_store_cr8(struct vcpu *v)
{
	lapic_set_cr8(v->lapic, v->page->cr8);
}

void vcpu_set_tsc_offset(struct vcpu *v)
{
	v->page->tsc_offset = v->machine->tsc_offset + lapic_tsc_adjust(v->lapic);
	v->page->dirty |= GROUP_TIME;
}

void machine_stop(struct machine *m, u32 vcpu, enum vm_reason reason, bool wants_restart, const char *format, ...)
{
	u32 expected = NOT_STOPPED;
	va_list args;

	if (!__atomic_compare_exchange_n(&m->stop_info.is_set, &expected, STOPPING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return;
	m->stop_info.reason = reason;
	m->stop_info.wants_restart = wants_restart;
	m->stop_info.vcpu = vcpu;
	va_start(args, format);
	vsnprintf(m->stop_info.text, sizeof(m->stop_info.text), format, args);
	va_end(args);
	__atomic_store_n(&m->stop_info.is_set, STOPPED, __ATOMIC_RELEASE);
	for (u32 i = 0; i < m->vcpu_count; i++)
		vcpu_request(&m->vcpu[i], VCPU_REQUEST_SERVICE);
}
