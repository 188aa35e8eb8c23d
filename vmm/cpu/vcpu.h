/* SPDX-License-Identifier: MIT */
/*
 * vcpu.h - one vCPU as its thread in the VMM sees it: its page, the interrupt on offer, whether it runs or waits.
 *
 * Everything here belongs to the vCPU's own thread. Other threads reach it through `requests` and `is_outside` only.
 */
#ifndef VOS_VCPU_H
#define VOS_VCPU_H

#include "insn_cache.h"
#include "kvm_pv.h"
#include "vcpu_page.h"
#include "x86.h"

struct machine;
struct lapic;

enum vcpu_mp_state {
	VCPU_RUNNABLE, VCPU_HALTED, VCPU_WAIT_FOR_SIPI,
	VCPU_NAPPING,		/* until nap_tsc, or an interrupt: it polls a clock */
};

enum offer_source { OFFER_NONE, OFFER_LAPIC, OFFER_PIC };
#define OFFER_NMIS 4u	/* a further NMI waits for the end of nmi_pending */

/* Bits of `requests`. */
#define VCPU_REQUEST_SERVICE BIT32(0)	/* devices' timers may have changed, interrupts too */
#define VCPU_REQUEST_OFFER BIT32(1)	/* interrupts may have changed, timers have not */
#define VCPU_REQUEST_NMI BIT32(2)
#define VCPU_REQUEST_INIT BIT32(3)
#define VCPU_REQUEST_STARTUP BIT32(4)	/* after INIT, if both are set; vector in the topmost byte */
#define VCPU_REQUEST_TIME BIT32(5)	/* the machine's TSC offset has changed */
#define VCPU_REQUEST_CLOCK BIT32(6)	/* write the kvm-clock record again */
#define VCPU_REQUEST_PAUSE BIT32(7)	/* machine_park() */
#define VCPU_REQUEST_LEAVE BIT32(8)	/* leave run(): mp_state has changed, or there are deferred bits */
#define VCPU_REQUEST_KICK BIT32(9)	/* ends the HLT that it is in, or its next one */
#define VCPU_REQUEST_TIMER BIT32(10)	/* timers may be due, or the own APIC's was set */
#define VCPU_REQUEST_RARE 0x2fcu
#define VCPU_REQUEST_VECTOR_SHIFT 24

/* Results of CPUID, except for leaves that depend on the vCPU's state. */
#define CPUID_CACHE_ENTRIES 16u
struct cpuid_cache_entry { u32 leaf, subleaf, eax, ebx, ecx, edx; };

struct msr;
#define MSR_CACHE_ENTRIES 16u
#define STORED_MSRS 16u

/* Reads of a clock in a loop (vcpu_nap.c). */
struct vcpu_polls {
	u64 mark;		/* of the loop */
	u64 start_tsc;		/* host TSC */
	u32 count;		/* 0 after an access to another port */
};

struct vcpu {
	struct machine *machine;
	u64 late_tsc;		/* host TSC at which devices that have put off a notification serve it; 0: none has */
	u64 devices_tsc;	/* vCPU 0: host TSC at which a device's timer is due; else DEADLINE_NONE */
	u64 nap_tsc;		/* host TSC at which VCPU_NAPPING ends */
	struct vcpu_polls polls;
	struct vcpu_page *page;
	struct lapic *lapic;
	u32 index;
	u32 requests;		/* any thread sets bits (atomic), the own one takes them */
	u8 is_outside;		/* atomic: in vcpu_run or wait, and not signalled yet: a request needs a signal */
	u8 mp_state;		/* enum vcpu_mp_state */
	u8 offered_irq;		/* enum offer_source of the interrupt in intr_pending, and OFFER_NMIS */
	u8 nmis_waiting;	/* beside the one in nmi_pending */
	u32 nmis;		/* atomic: with VCPU_REQUEST_NMI: how many */
	u32 cr8;		/* as last seen in the page */
	u32 parked;		/* atomic: the pause (machine.pause) that this thread has seen */
	u64 stored_msrs[STORED_MSRS];	/* MSRs that are stored and have no effect (guest_msr.c) */
	bool is_kicked;		/* the next HLT does not last */
	bool is_gpa_known;	/* exit.mem.gpa belongs to the only access of the instruction being emulated */
	struct kvm_pv pv;
	struct insn insn;	/* the last one decoded anew */
	struct insn_cache *insns;
	struct cpuid_cache_entry cpuid_cache[CPUID_CACHE_ENTRIES];	/* by leaf */
	const struct msr *msr_cache[MSR_CACHE_ENTRIES];		/* by index: the table rows used last */
};

void vcpu_init(struct vcpu *v, struct machine *machine, u32 index, struct vcpu_page *page, struct insn_cache *insns);

/* Any thread: make a request to the vCPU's thread and wake it if it is outside. Write its data before the call. */
void vcpu_request(struct vcpu *v, u32 requests);
void vcpu_request_nmi(struct vcpu *v);
/* INIT cancels a startup that has not been served; of several startups only the first counts. */
void vcpu_request_init(struct vcpu *v);
void vcpu_request_startup(struct vcpu *v, u8 vector);

/* The own thread: a request to itself. */
static inline void vcpu_request_self(struct vcpu *v, u32 requests)
{
	__atomic_fetch_or(&v->requests, requests, __ATOMIC_RELAXED);
}

/* The page's TSC offset, from the machine's and the vCPU's own adjustment. */
void vcpu_set_tsc_offset(struct vcpu *v);

/*
 * While the guest runs, CR8 is in the page and the APIC's TPR is its copy. vcpu_store_cr8() updates the copy before the
 * APIC is asked for anything that depends on it; vcpu_load_cr8() writes the APIC's value back to the page.
 */
void vcpu_store_cr8(struct vcpu *v);
void vcpu_load_cr8(struct vcpu *v);

/* Run until the machine ends. */
void vcpu_loop(struct vcpu *v);

/* Empty the caches of exits.c. */
void vcpu_exits_init(struct vcpu *v);
/* IA32_APIC_BASE has changed: CPUID may answer something else. */
static inline void vcpu_drop_cpuid_cache(struct vcpu *v)
{
	for (u32 i = 0; i < CPUID_CACHE_ENTRIES; i++)	/* a leaf that belongs into another entry: never found */
		v->cpuid_cache[i] = (struct cpuid_cache_entry){ .leaf = i ^ 1 };
}

/* One exit, already in the page. (exits.c; separate for tests) */
void vcpu_handle_exit(struct vcpu *v);

/* It has read a clock that firmware polls: it may sleep now. (vcpu_nap.c) */
void vcpu_nap(struct vcpu *v);

/* VMCALL or VMMCALL. (hypercall.c) */
void vcpu_hypercall(struct vcpu *v);

/* ---- vcpu_insn.c ---- */

/* Make these groups of the page valid. */
void vcpu_fetch_groups(struct vcpu *v, u32 groups);

/*
 * Give the guest an exception; combines with one whose delivery was interrupted, as the processor does (SDM Vol. 3
 * 6.15, #DF).
 */
void vcpu_inject(struct vcpu *v, struct fault fault);

/*
 * Fetch and decode the instruction at CS:RIP; good until the next call. NULL: the guest got a fault for it, or the
 * machine ended. Needs nothing; CODE is filled afterwards, or SEG and CR are.
 */
const struct insn *vcpu_decode(struct vcpu *v);

/* Step over the next instruction if it is HLT. If it is not, nothing of the guest changes. */
bool vcpu_steps_over_hlt(struct vcpu *v);

/* After an instruction was completed in software: the single-step trap, if the guest asked for one. */
void vcpu_completed(struct vcpu *v);

/* The instruction that caused this exit is done: go on at next_rip. */
static inline void vcpu_step(struct vcpu *v, u64 next_rip)
{
	struct vcpu_page *page = v->page;

	page->rip = next_rip;
	page->dirty |= GROUP_STEP;
	if (unlikely(page->rflags & RFLAGS_TF))
		vcpu_completed(v);
}

/* RIP of the instruction behind the one that caused this exit; 0: not known without decoding. */
static inline u64 vcpu_next_rip(const struct vcpu *v)
{
	const struct vcpu_page *page = v->page;
	u64 next = page->rip + page->exit.insn_len;
	const struct insn *insn;

	if (page->exit.insn_len)	/* outside 64-bit mode it may wrap */
		return likely((next ^ page->rip) >> 32 == 0) ? next : 0;
	insn = insn_cache_find(v->insns, page);
	return likely(insn) ? next + insn->len : 0;
}

/* Step over the instruction that caused this exit. False as for vcpu_decode. */
bool vcpu_skip_slow(struct vcpu *v);

static inline __attribute__((always_inline)) bool vcpu_skip(struct vcpu *v)
{
	u64 next = vcpu_next_rip(v);

	if (unlikely(!next))
		return vcpu_skip_slow(v);
	vcpu_step(v, next);
	return true;
}

/* Fetch, decode and emulate the instruction at CS:RIP. */
void vcpu_emulate(struct vcpu *v);

/* Power on: fills and marks all groups. In real mode at the reset vector F000:FFF0. */
void vcpu_reset_registers(struct vcpu_page *page);
/* INIT: CR must be filled. As above, but what INIT leaves alone stays. */
void vcpu_init_registers(struct vcpu_page *page);
/* Startup, after one of the two: in real mode at vector << 12. */
void vcpu_startup_registers(struct vcpu_page *page, u8 vector);

#endif
