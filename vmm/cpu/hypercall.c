/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - KVM's hypercalls that are offered in CPUID (guest_cpuid): an interrupt to many vCPUs at once, and a
 * wake-up for one that waits for a lock. Number in RAX, arguments in RBX, RCX, RDX, RSI, result in RAX.
 */
#include "machine.h"
#include "vcpu.h"

enum { HC_KICK_CPU = 5, HC_SEND_IPI = 10 };
enum { KVM_EPERM = 1, KVM_EINVAL = 22, KVM_ENOSYS = 1000 };

#define ICR_DESTINATION 0x800u		/* logical, and */
#define ICR_SHORTHAND 0xc0000u		/* shorthands: the bitmap says who */

static u64 failure(u32 error)
{
	return 0 - (u64)error;
}

/* RBX: none; RCX: APIC ID. */
static u64 kick(struct vcpu *v, const u64 argument[4])
{
	struct machine *m = v->machine;

	if (argument[1] < m->vcpu_count)
		vcpu_request(&m->vcpu[argument[1]], VCPU_REQUEST_KICK);
	return 0;
}

/* RBX, RCX: bitmap of 128 APICs from ID RDX on; RSI: interrupt command without a destination. */
static u64 send_ipi(struct vcpu *v, const u64 argument[4])
{
	u64 icr = argument[3], sent = 0;
	struct irq_message message = { .vector = (u8)icr, .delivery = (u8)(icr >> 8 & 7) };

	if (icr & (ICR_DESTINATION | ICR_SHORTHAND))
		return failure(KVM_EINVAL);
	if (message.delivery != DELIVER_FIXED && message.delivery != DELIVER_NMI)
		return failure(KVM_EINVAL);
	for (u32 word = 0; word < 2; word++)
		for (u64 bits = argument[word]; bits; bits &= bits - 1) {
			u64 id = argument[2] + word * 64 + (u64)__builtin_ctzll(bits);

			if (id < argument[2] || id >= v->machine->vcpu_count)
				continue;
			message.destination = (u32)id;
			sent += lapic_bus_deliver(&v->machine->lapics, &message);
		}
	return sent;
}

static u64 call(struct vcpu *v, u32 number, const u64 argument[4])
{
	if (number != HC_KICK_CPU && number != HC_SEND_IPI)
		return failure(KVM_ENOSYS);
	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	if (x86_cpl(v->page) != 0)
		return failure(KVM_EPERM);
	return number == HC_KICK_CPU ? kick(v, argument) : send_ipi(v, argument);
}

void vcpu_hypercall(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	const u64 argument[4] = {
		page->gpr[GPR_RBX], page->gpr[GPR_RCX], page->gpr[GPR_RDX], page->gpr[GPR_RSI],
	};

	page->gpr[GPR_RAX] = call(v, (u32)page->gpr[GPR_RAX], argument);
	page->dirty |= GROUP_GPR;
	(void)vcpu_skip(v);
}
