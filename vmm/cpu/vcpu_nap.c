/* SPDX-License-Identifier: MIT */
/*
 * vcpu_nap.c - a vCPU that polls a clock to let time pass, as firmware does: an exit for each read, and a busy pCPU for
 * as long as it lasts. It is the same loop while the registers that functions keep are the same at each read, and the
 * vCPU has accessed no other port. A driver that polls memory in steps of a delay may look like one, too: so the sleep
 * is short.
 */
#include "machine.h"
#include "range.h"
#include "vcpu.h"

/*
 * From how many reads on it sleeps between them, and for which part of the time since the first: a delay lasts an
 * eighth longer at most, and 200 us.
 */
#define POLLS_MIN 8u
#define NAP_PART 8u
#define NAPS_PER_SECOND_MIN 5000u

/* System V and EFI keep different registers: those that both do, and RSI and RDI, which EFI does. */
static u64 loop_mark(const struct vcpu_page *page)
{
	static const u8 kept[] = {
		GPR_RSP, GPR_RBX, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	};
	u64 mark = page->rip;

	for (u32 i = 0; i < sizeof(kept); i++)
		mark = (mark ^ page->gpr[kept[i]]) * 0x9e3779b97f4a7c15ull;
	return mark;
}

void vcpu_nap(struct vcpu *v)
{
	const struct machine *m = v->machine;
	struct vcpu_polls *p = &v->polls;
	u64 now = m->host->tsc(m->host->ctx), mark = loop_mark(v->page);

	if (mark != p->mark || p->count == 0) {
		*p = (struct vcpu_polls){ .mark = mark, .start_tsc = now, .count = 1 };
		return;
	}
	if (++p->count <= POLLS_MIN)
		return;
	v->nap_tsc = now + min_u64((now - p->start_tsc) / NAP_PART, m->info->tsc_hz / NAPS_PER_SECOND_MIN);
	v->mp_state = VCPU_NAPPING;
	vcpu_request_self(v, VCPU_REQUEST_LEAVE);
}
