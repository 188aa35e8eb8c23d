/*
 * vcpu.h - one vCPU as its thread in the VMM sees it: its page, what it was offered, why it does not run.
 *
 * Everything here belongs to the vCPU's own thread, except `requests` and `is_away`, through which other threads reach
 * it.
 */
#ifndef VOS_VCPU_H
#define VOS_VCPU_H

#include "insn_cache.h"
#include "vcpu_page.h"
#include "x86.h"

struct machine;
struct lapic;

enum vcpu_activity { VCPU_RUNS, VCPU_HALTED, VCPU_WAITS_FOR_STARTUP };

enum offer_source { OFFER_NONE, OFFER_LAPIC, OFFER_PIC };

/* Bits of `requests`. */
#define VCPU_REQUEST_SERVICE BIT32(0)	/* timers may be due or have been set, interrupts may have changed */
#define VCPU_REQUEST_OFFER BIT32(1)	/* interrupts may have changed, timers have not */
#define VCPU_REQUEST_NMI BIT32(2)
#define VCPU_REQUEST_INIT BIT32(3)
#define VCPU_REQUEST_STARTUP BIT32(4)	/* after INIT, if both are set; vector in the topmost byte */
#define VCPU_REQUEST_TIME BIT32(5)	/* the machine's TSC offset has changed */
#define VCPU_REQUEST_CLOCK BIT32(6)	/* write the kvm-clock record again */
#define VCPU_REQUEST_PAUSE BIT32(7)	/* machine_park() */
#define VCPU_REQUEST_RARE 0xfcu
#define VCPU_REQUEST_VECTOR_SHIFT 24

struct vcpu {
	struct machine *machine;
	struct vcpu_page *page;
	struct lapic *lapic;
	u32 index;
	u32 requests;		/* any thread sets bits (atomic), the own one takes them */
	u8 is_away;		/* atomic: in vcpu_run or wait and not signalled yet, so a request needs a signal */
	u8 activity;		/* enum vcpu_activity */
	u8 offered;		/* enum offer_source of what is in intr_pending */
	u32 last_exit;		/* enum exit_reason */
	u32 cr8;		/* as last seen in the page */
	u32 parked;		/* atomic: the pause (machine.pause) that this thread has seen */
	u64 misc_enable;	/* MSRs that only remember */
	u64 hwcr;
	bool is_gpa_known;	/* exit.mem.gpa is that of the only access of the instruction being emulated */
	struct insn insn;	/* the last one decoded anew */
	struct insn_cache insns;
};

void vcpu_init(struct vcpu *v, struct machine *machine, u32 index, struct vcpu_page *page);

/* Any thread: ask the vCPU's thread for something, waking it if it is away. What it is about is written before. */
void vcpu_request(struct vcpu *v, u32 requests);
/* INIT takes back a startup that has not been obeyed; of several startups the first counts. */
void vcpu_request_init(struct vcpu *v);
void vcpu_request_startup(struct vcpu *v, u8 vector);

/* The page's TSC offset, from the machine's and the vCPU's own adjustment. */
void vcpu_set_tsc_offset(struct vcpu *v);

/* Run until the machine ends. */
void vcpu_loop(struct vcpu *v);

/* One exit, already in the page. (exits.c; separate for tests) */
void vcpu_handle_exit(struct vcpu *v);

/* ---- vcpu_insn.c ---- */

/* Make these groups of the page valid. */
void vcpu_need(struct vcpu *v, u32 groups);

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

/* Step over the instruction that caused this exit. False as above. */
bool vcpu_skip(struct vcpu *v);

/* Step over the next instruction if it is HLT; without any effect on the guest if it is not. */
bool vcpu_steps_over_hlt(struct vcpu *v);

/* After an instruction was completed in software: the single-step trap, if the guest asked for one. */
void vcpu_completed(struct vcpu *v);

/* Fetch, decode and emulate the instruction at CS:RIP. */
void vcpu_emulate(struct vcpu *v);

/* Power on: fills and marks all groups. In real mode at the reset vector F000:FFF0. */
void vcpu_reset_registers(struct vcpu_page *page);
/* INIT: CR must be filled. As above, but what INIT leaves alone stays. */
void vcpu_init_registers(struct vcpu_page *page);
/* Startup, after one of the two: in real mode at vector << 12. */
void vcpu_startup_registers(struct vcpu_page *page, u8 vector);

#endif
